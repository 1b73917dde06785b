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

function quote(text: string): string {
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
  for (const key of Object.keys(fields).sort()) {
    const value = fields[key];
    if (value === undefined) continue;
    if (out.length > 1) out += ",";
    out += `${quote(key)}:${canonicalJson(value)}`;
  }
  return `${out}}`;
}
