/** One value, one text: canonical JSON and what it refuses. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Canonical, canonicalJson } from "../../domain/primitives/canonical-json.ts";

const text = fc.string({ unit: "binary" }).filter((value) => value.isWellFormed());
const { value: canonical } = fc.letrec<{ value: Canonical }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    text,
    fc.maxSafeInteger(),
    fc.boolean(),
    fc.array(tie("value"), { maxLength: 5 }),
    fc.dictionary(text, tie("value"), { maxKeys: 6 }),
  ),
}));

const isRecord = (value: Canonical): value is { readonly [key: string]: Canonical } =>
  typeof value === "object" && !Array.isArray(value);

/** The same value with the keys of its objects in reverse order of insertion. */
function reversed(value: Canonical): Canonical {
  if (Array.isArray(value)) return value.map(reversed);
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, inner]) => [key, reversed(inner)]),
  );
}

describe("canonical JSON", () => {
  it.each<[Canonical, string]>([
    [{ b: 1, a: "x", c: [true, false] }, '{"a":"x","b":1,"c":[true,false]}'],
    [{}, "{}"],
    [[], "[]"],
    [{ a: undefined, b: {} }, '{"b":{}}'],
    [-0, "0"],
    [[Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER], "[9007199254740991,-9007199254740991]"],
    // The escapes of RFC 8785, 3.2.2.2: short ones, lower-case hex, no others.
    [
      '\b\t\n\f\r"\\/\u0000\u001f\u007f\u2028é😀',
      '"\\b\\t\\n\\f\\r\\"\\\\/\\u0000\\u001f\u007f\u2028é😀"',
    ],
    // Sorted by UTF-16 units, as in RFC 8785, 3.2.3: the emoji's surrogates come before U+FB33.
    [
      { "€": 1, "\r": 2, \ufb33: 3, "1": 4, "😀": 5, "\u0080": 6, ö: 7 },
      '{"\\r":2,"1":4,"\u0080":6,"ö":7,"€":1,"😀":5,"\ufb33":3}',
    ],
    [{ "10": 1, "9": 2 }, '{"10":1,"9":2}'],
  ])("of %j is %s", (value, expected) => {
    expect(canonicalJson(value)).toBe(expected);
  });

  it("sorts many keys as it sorts few", () => {
    const names = fc.uniqueArray(text, { minLength: 33, maxLength: 80 });
    fc.assert(
      fc.property(names, (keys) => {
        const sorted = keys.toSorted((a, b) => (a < b ? -1 : 1));
        const members = sorted.map((key) => `${canonicalJson(key)}:0`);
        const value = Object.fromEntries(keys.map((key) => [key, 0]));
        expect(canonicalJson(value)).toBe(`{${members.join(",")}}`);
      }),
      { numRuns: 50 },
    );
  });

  it("is JSON of the same value, and does not depend on the order of keys", () => {
    let objects = 0;
    fc.assert(
      fc.property(canonical, (value) => {
        const written = canonicalJson(value);
        expect(canonicalJson(reversed(value))).toBe(written);
        const back: Canonical = JSON.parse(written);
        expect(canonicalJson(back)).toBe(written);
        expect(back).toEqual(value === 0 ? 0 : JSON.parse(JSON.stringify(value)));
        if (isRecord(value) && Object.keys(value).length > 1) objects++;
      }),
      { numRuns: 1_000 },
    );
    expect(objects).toBeGreaterThan(50);
  });

  const lone = "lone surrogate";
  it.each<[string, unknown, string]>([
    ["a fraction", 0.5, "not a safe integer: 0.5"],
    ["an integer past 2^53", 2 ** 53, "not a safe integer: 9007199254740992"],
    ["no number", Number.NaN, "not a safe integer: NaN"],
    ["infinity", Number.POSITIVE_INFINITY, "not a safe integer: Infinity"],
    ["a high surrogate alone", "a\ud800", lone],
    ["a low surrogate alone", { a: ["\udc00"] }, lone],
    ["surrogates the wrong way round", "\udc00\ud800", lone],
    ["a lone surrogate in a key", { "\ud800": 1 }, lone],
    ["null", { a: null }, "null is not part"],
    ["a bigint", [1n], "bigint is not part"],
    ["a hole in a list", [undefined], "undefined is not part"],
    ["a function", { a: () => 1 }, "function is not part"],
  ])("refuses %s", (_, value, message) => {
    expect(() => canonicalJson(value as Canonical)).toThrow(message);
  });
});

describe("what is no plain object", () => {
  it.each([[new Map([["a", 1]])], [new Date(0)], [/a/]])("%s is refused", (value) => {
    expect(() => canonicalJson(Object(value))).toThrow(/plain objects/);
  });
});
