/** JSON of nodes: lamports beyond 2^53 must not be rounded by whoever reads them first. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { parseExactJson } from "../../domain/primitives/exact-json.ts";

it("keeps the digits of integers that a number cannot hold", () => {
  expect(parseExactJson("[9007199254740991,9007199254740993,-9007199254740993]")).toEqual([
    9_007_199_254_740_991,
    "9007199254740993",
    "-9007199254740993",
  ]);
  expect(parseExactJson('{"fee":18446744073709551615,"at":[ 1 ]}')).toEqual({
    fee: "18446744073709551615",
    at: [1],
  });
});

it("leaves everything else as it is", () => {
  for (const text of ['"9007199254740993"', "1e300", "0.1", '{"a":[12345678901234567890.5]}']) {
    expect(parseExactJson(text)).toEqual(JSON.parse(text));
  }
  expect(() => parseExactJson("{")).toThrow();
});

it("gives back every whole number, and any JSON without one as JSON.parse does", () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 64n), max: 2n ** 64n }), fc.jsonValue(), (big, value) => {
      const [read] = parseExactJson(`[${big}]`) as unknown[];
      expect(BigInt(String(read))).toBe(big);
      const text = JSON.stringify(value);
      if (!/\d{16}/.test(text)) expect(parseExactJson(text)).toEqual(JSON.parse(text));
    }),
  );
});
