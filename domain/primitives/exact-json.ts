/** JSON without rounding: an integer that a number cannot hold exactly stays the text that it was. */

/** Sixteen digits in a row where a value may begin: only then can there be such an integer. */
const LONG_INTEGER = /[:[,]\s*-?\d{16}/;
const INTEGER = /^-?\d+$/;

/** Integers beyond ±(2^53 - 1) come as strings of their digits. Throws for what is no JSON. */
export function parseExactJson(text: string): unknown {
  // A reviver visits every value, which costs more than all the rest: most answers need none.
  return LONG_INTEGER.test(text) ? JSON.parse(text, keepDigits) : JSON.parse(text);
}

function keepDigits(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  if (typeof value !== "number" || Number.isSafeInteger(value)) return value;
  const source = context?.source ?? "";
  return INTEGER.test(source) ? source : value;
}
