/**
 * The keys of the configuration, read off its schema: which there are, what their environment
 * variables are called, how their values are read from text, and which one a wrong key was probably
 * meant to be.
 */
import { z } from "zod";
import { configSchema } from "./schema.ts";

export type Kind = "text" | "number" | "boolean" | "list" | "other";

/** Dotted paths of all keys with a value of their own, such as `cache.ttlMs`. */
export const KEYS: ReadonlyMap<string, Kind> = new Map(leaves(configSchema, ""));

/** Dotted paths of the groups too. */
const ALL_KEYS: readonly string[] = [
  ...new Set([...KEYS.keys()].flatMap((key) => [key.split(".")[0] ?? key, key])),
];

function* leaves(schema: z.ZodObject, prefix: string): Generator<[string, Kind]> {
  for (const [name, field] of Object.entries(schema.shape)) {
    const inner = unwrap(field);
    if (inner instanceof z.ZodObject) yield* leaves(inner, `${prefix}${name}.`);
    else yield [prefix + name, kindOf(inner)];
  }
}

function unwrap(schema: unknown): unknown {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable) {
    return unwrap(schema.unwrap());
  }
  return schema instanceof z.ZodPipe ? unwrap(schema.in) : schema;
}

function kindOf(schema: unknown): Kind {
  if (schema instanceof z.ZodNumber) return "number";
  if (schema instanceof z.ZodBoolean) return "boolean";
  if (schema instanceof z.ZodArray) {
    return unwrap(schema.element) instanceof z.ZodString ? "list" : "other";
  }
  return schema instanceof z.ZodRecord ? "other" : "text";
}

/** `cache.ttlMs` is ORDERSTREAM_CACHE_TTL_MS. */
export const environmentName = (key: string): string =>
  `ORDERSTREAM_${key
    .replaceAll(".", "_")
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .toUpperCase()}`;

/**
 * A text as the kind of value that a key wants; what it cannot be stays text, for the schema to
 * refuse.
 */
export function readValue(kind: Kind, given: string): unknown {
  switch (kind) {
    case "number":
      return /^-?\d{1,16}(\.\d{1,9})?$/.test(given) ? Number(given) : given;
    case "boolean":
      return given === "true" ? true : given === "false" ? false : given;
    case "list":
      return given === "" ? [] : given.split(",").map((item) => item.trim());
    default:
      return given;
  }
}

/** The known key that takes the fewest changes to reach, if it takes few. */
export const nearestKey = (wrong: string): string | undefined => nearest(wrong, ALL_KEYS);

/** Undefined where nothing is near: more than a third of the letters would have to change. */
export function nearest(wrong: string, known: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.floor(wrong.length / 3)) + 1;
  for (const candidate of known) {
    const distance = editDistance(wrong.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** Insertions, deletions and replacements that turn one text into the other. */
function editDistance(a: string, b: string): number {
  let above = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (above[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min((above[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, replaced));
    }
    above = row;
  }
  return above[b.length] ?? 0;
}
