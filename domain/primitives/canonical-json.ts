/**
 * Canonical JSON: RFC 8785 restricted to null-free plain data, well-formed strings, booleans, safe integers, arrays and objects.
 * The same value always gives the same characters, so that a hash over them means something.
 */
export type Canonical = string | number | boolean | readonly Canonical[] | CanonicalObject;
export type CanonicalObject = { readonly [key: string]: Canonical | undefined };

/** Object keys are sorted by UTF-16 code units; absent values are left out. Throws on anything outside the subset. */
export function canonicalJson(value: Canonical): string {
  switch (typeof value) {
    case "string":
      return quote(value);
    case "boolean":
      return value ? "true" : "false";
    case "number":
      if (!Number.isSafeInteger(value)) throw new Error(`not a safe integer: ${value}`);
      return Object.is(value, -0) ? "0" : String(value);
    case "object":
      if (value === null) throw new Error("null is not part of canonical data");
      return Array.isArray(value) ? list(value) : object(value as CanonicalObject);
    default:
      throw new Error(`${typeof value} is not part of canonical data`);
  }
}

/** Characters that JSON writes as they are: most texts have no others, and need no look for escapes. */
const PLAIN = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/;

function quote(text: string): string {
  if (PLAIN.test(text)) return `"${text}"`;
  if (!text.isWellFormed()) throw new Error("string with a lone surrogate");
  return JSON.stringify(text);
}

function list(items: readonly Canonical[]): string {
  let out = "[";
  for (let i = 0; i < items.length; i++) {
    if (i > 0) out += ",";
    out += canonicalJson(items[i] as Canonical);
  }
  return `${out}]`;
}

function object(fields: CanonicalObject): string {
  const prototype: unknown = Object.getPrototypeOf(fields);
  if (prototype !== Object.prototype && prototype !== null) {
    throw new Error("only plain objects are canonical data");
  }
  let out = "{";
  for (const key of sorted(Object.keys(fields))) {
    const value = fields[key];
    if (value === undefined) continue;
    if (out.length > 1) out += ",";
    out += `${quote(key)}:${canonicalJson(value)}`;
  }
  return `${out}}`;
}

/** Above this many, insertion costs more than it saves. */
const FEW_KEYS = 32;

/** In place, by UTF-16 code units. Objects have few keys, mostly in order already, and Array.sort allocates. */
function sorted(keys: string[]): string[] {
  if (keys.length > FEW_KEYS) return keys.sort();
  for (let i = 1; i < keys.length; i++) {
    const key = keys[i] ?? "";
    let at = i;
    for (let before = keys[at - 1]; before !== undefined && before > key; before = keys[at - 1]) {
      keys[at] = before;
      at -= 1;
    }
    keys[at] = key;
  }
  return keys;
}
