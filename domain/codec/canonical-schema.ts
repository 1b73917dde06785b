/**
 * Canonical JSON by schema: the same characters as `canonicalJson`, three times as fast, because the names of an event's fields are
 * sorted and quoted once and not for each event. Fields that the schema does not have are not written.
 */
import { z } from "zod";
import { type Canonical, canonicalJson } from "../primitives/canonical-json.ts";

type Write = (value: unknown) => string;

/** A writer for values of a schema. What is no plain object or list of known parts is written by `canonicalJson`. */
export function canonicalWriter(schema: unknown): (value: unknown) => string {
  if (schema instanceof z.ZodOptional) return canonicalWriter(schema.unwrap());
  // A transform only narrows the type here: input and output are the same text.
  if (schema instanceof z.ZodPipe) return canonicalWriter(schema.in);
  if (schema instanceof z.ZodObject) return objectWriter(schema);
  if (schema instanceof z.ZodArray) return listWriter(canonicalWriter(schema.element));
  return (value) => canonicalJson(value as Canonical);
}

function objectWriter(schema: z.ZodObject): Write {
  const fields = Object.keys(schema.shape)
    .sort()
    .map((name) => ({
      name,
      prefix: `${canonicalJson(name)}:`,
      write: canonicalWriter(schema.shape[name]),
    }));
  return (value) => {
    const object = value as Readonly<Record<string, unknown>>;
    let out = "";
    for (const { name, prefix, write } of fields) {
      const field = object[name];
      if (field === undefined) continue;
      out += out === "" ? prefix : `,${prefix}`;
      out += write(field);
    }
    return `{${out}}`;
  };
}

const listWriter =
  (write: Write): Write =>
  (value) => {
    let out = "";
    for (const item of value as readonly unknown[])
      out += out === "" ? write(item) : `,${write(item)}`;
    return `[${out}]`;
  };
