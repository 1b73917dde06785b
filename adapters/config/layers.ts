/** The sources of the configuration as layers of plain values: file, environment, flags. */
import { readFileSync, statSync } from "node:fs";
import { PASSPHRASE_VARIABLE } from "../signer/passphrase.ts";
import { environmentName, KEYS, nearest, nearestKey, readValue } from "./keys.ts";

export type Tree = { readonly [key: string]: unknown };
export type Layer = { readonly source: string; readonly values: Tree };

export type Environment = Readonly<Record<string, string | undefined>>;

const PREFIX = "ORDERSTREAM_";
/** Where the configuration file is; not a key of the file itself. */
export const CONFIG_VARIABLE = "ORDERSTREAM_CONFIG";
const MAX_FILE_BYTES = 1024 * 1024;
const MAX_SECRET_BYTES = 4 * 1024;

export const isTree = (value: unknown): value is Tree =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** `problems` are whole sentences. */
export type Read<T> = { readonly value: T; readonly problems: readonly string[] };

export function fileLayer(file: string): Read<Layer> {
  const layer = (values: Tree): Layer => ({ source: file, values });
  const text = readText(file, "the configuration file", MAX_FILE_BYTES);
  if (text.problems.length > 0) return { value: layer({}), problems: text.problems };
  let parsed: unknown;
  try {
    parsed = JSON.parse(text.value);
  } catch (error) {
    const problem = `${file} is not valid JSON: ${messageOf(error)}`;
    return { value: layer({}), problems: [problem] };
  }
  if (!isTree(parsed)) {
    return { value: layer({}), problems: [`${file} must hold one JSON object`] };
  }
  if (isTree(parsed.jupiter) && parsed.jupiter.apiKey !== undefined) {
    const problem =
      `${file}: \`jupiter.apiKey\` must not stand in a configuration file; ` +
      `give its file as \`jupiter.apiKeyFile\`, or ${environmentName("jupiter.apiKey")}`;
    return { value: layer({}), problems: [problem] };
  }
  return { value: layer(parsed), problems: [] };
}

/**
 * The file's own name, the folder of recorded data that tests of this project read, and the passphrase
 * of wallets, which is in no configuration.
 */
const NOT_KEYS: ReadonlySet<string> = new Set([
  CONFIG_VARIABLE,
  "ORDERSTREAM_REAL_DATA",
  PASSPHRASE_VARIABLE,
]);

/**
 * Every variable that begins with ORDERSTREAM_ must be a known one: a misspelt limit is no limit.
 */
export function environmentLayers(environment: Environment): Read<Layer[]> {
  const keyOf = new Map([...KEYS.keys()].map((key) => [environmentName(key), key]));
  const problems: string[] = [];
  const value: Layer[] = [];
  for (const [name, given] of Object.entries(environment)) {
    if (!name.startsWith(PREFIX) || NOT_KEYS.has(name) || given === undefined) continue;
    const key = keyOf.get(name);
    if (key !== undefined && KEYS.get(key) === "other") problems.push(fileOnly(name, key));
    else if (key === undefined) {
      problems.push(unknownName("environment variable", name, nearest(name, keyOf.keys())));
    } else {
      value.push(oneValue(name, key, given));
    }
  }
  return { value, problems };
}

/** `KEY=VALUE` of `--set`. */
export function settingLayers(settings: readonly string[]): Read<Layer[]> {
  const problems: string[] = [];
  const value: Layer[] = [];
  for (const setting of settings) {
    const equals = setting.indexOf("=");
    const key = setting.slice(0, Math.max(0, equals));
    const kind = KEYS.get(key);
    if (equals < 0) problems.push(`--set ${setting}: must be KEY=VALUE such as cache.ttlMs=500`);
    else if (key === "jupiter.apiKey") {
      const instead = `use ${environmentName(key)} or jupiter.apiKeyFile`;
      problems.push(`--set jupiter.apiKey: other users see command lines; ${instead}`);
    } else if (kind === undefined || kind === "other") {
      problems.push(notSettable(key));
    } else value.push(oneValue(`--set ${key}`, key, setting.slice(equals + 1)));
  }
  return { value, problems };
}

/** What is no plain value cannot be written as one. */
const fileOnly = (source: string, key: string): string =>
  `${source}: \`${key}\` is no plain value; it can be given in the configuration file only`;

function notSettable(key: string): string {
  const source = `--set ${key}`;
  const whole = [...KEYS].find(
    ([name, kind]) => kind === "other" && (key === name || key.startsWith(`${name}.`)),
  );
  if (whole) return fileOnly(source, whole[0]);
  const member = [...KEYS.keys()].find((name) => name.startsWith(`${key}.`));
  if (member !== undefined) {
    return `${source}: \`${key}\` is a group of keys; set one of them, such as \`${member}\``;
  }
  return `${source}: ${unknownName("key", key, nearestKey(key))}`;
}

/** One key with its text, as a flag or a variable gives it. */
export function oneValue(source: string, key: string, given: string): Layer {
  const value = readValue(KEYS.get(key) ?? "text", given);
  const values = key.split(".").reduceRight<unknown>((inner, name) => ({ [name]: inner }), value);
  return { source, values: values as Tree };
}

export const unknownName = (what: string, name: string, near: string | undefined): string =>
  `unknown ${what} \`${name}\`${near === undefined ? "" : `; did you mean \`${near}\`?`}`;

/** The later layer wins; lists are replaced, groups are merged. */
export function merge(below: Tree, above: Tree): Tree {
  const merged: Record<string, unknown> = { ...below };
  for (const [key, value] of Object.entries(above)) {
    const under = Object.hasOwn(merged, key) ? merged[key] : undefined;
    // First funds belong together: one's own must not be mixed with the default ones.
    const whole = key === "funds" || !isTree(under) || !isTree(value);
    Object.defineProperty(merged, key, {
      value: whole ? value : merge(under, value),
      enumerable: true,
      configurable: true,
      writable: true,
    });
  }
  return merged;
}

/** A secret in a file of its own; line ends around it are not part of it. `what`: such as "the API key file". */
export function readSecret(file: string, what: string): Read<string> {
  const text = readText(file, what, MAX_SECRET_BYTES);
  return { ...text, value: text.value.trim() };
}

function readText(file: string, what: string, maxBytes: number): Read<string> {
  try {
    const { size } = statSync(file);
    if (size > maxBytes) {
      return { value: "", problems: [`${what} ${file} is larger than ${maxBytes} bytes`] };
    }
    return { value: readFileSync(file, "utf8"), problems: [] };
  } catch (error) {
    return { value: "", problems: [`cannot read ${what} ${file}: ${messageOf(error)}`] };
  }
}

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);
