/** Exact prices and fractions: reading, writing, rounding half to even. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatAmount } from "../../domain/primitives/amount.ts";
import {
  decimalString,
  isDecimalPrice,
  priceFromRatio,
  ratioFromFraction,
  ratioFromPrice,
} from "../../domain/primitives/ratio.ts";

const RUNS = { numRuns: 1_000 };
const decimals = fc.integer({ min: 0, max: 18 });

describe("prices", () => {
  it.each([
    // 150.25 × 10^6 / 10^9, written as 15025 × 10^6 over 10^(2+9).
    ["150.25", 9, 6, { numerator: 15_025_000_000n, denominator: 100_000_000_000n }],
    ["2", 0, 0, { numerator: 2n, denominator: 1n }],
    ["0.00002468", 5, 6, { numerator: 2_468_000_000n, denominator: 10n ** 13n }],
  ])("%s for %i and %i decimals", (price, base, quote, ratio) => {
    expect(ratioFromPrice(price, base, quote)).toEqual(ratio);
  });

  it.each([
    "0",
    "0.0",
    "",
    ".5",
    "1.",
    "-1",
    "1e5",
    "NaN",
    "1.0000000000000000001",
    "1".repeat(21),
    "1\n",
  ])("%j is no price", (text) => {
    expect(isDecimalPrice(text)).toBe(false);
    expect(() => ratioFromPrice(text, 9, 6)).toThrow("not a price");
  });

  it("one with up to 18 digits is written as it was read", () => {
    const price = fc
      .tuple(fc.bigInt({ min: 1n, max: 10n ** 18n - 1n }), fc.integer({ min: 0, max: 18 }))
      .map(([units, places]) => formatAmount(units, places));
    fc.assert(
      fc.property(price, decimals, decimals, (text, base, quote) => {
        expect(isDecimalPrice(text)).toBe(true);
        expect(priceFromRatio(ratioFromPrice(text, base, quote), { base, quote })).toBe(text);
      }),
      RUNS,
    );
  });

  it.each([
    [{ numerator: 0n, denominator: 7n }, 18, "0"],
    [{ numerator: 1n, denominator: 3n }, 18, "0.333333333333333333"],
    [{ numerator: 2n, denominator: 3n }, 18, "0.666666666666666667"],
    [{ numerator: 1n, denominator: 300_000n }, 3, "0.00000333"],
    [{ numerator: 123_456n, denominator: 1n }, 3, "123000"],
    [{ numerator: 1_000n, denominator: 1n }, 2, "1000"],
    // Halves go to the even digit; a hair more goes up.
    [{ numerator: 125n, denominator: 100n }, 2, "1.2"],
    [{ numerator: 135n, denominator: 100n }, 2, "1.4"],
    [{ numerator: 1_250_001n, denominator: 1_000_000n }, 2, "1.3"],
    [{ numerator: 12_500n, denominator: 1n }, 2, "12000"],
    [{ numerator: 13_500n, denominator: 1n }, 2, "14000"],
    // Rounding up to one digit more.
    [{ numerator: 9_996n, denominator: 1_000n }, 3, "10"],
    [{ numerator: 9_995n, denominator: 1_000n }, 3, "10"],
    [{ numerator: 99_949n, denominator: 10_000n }, 3, "9.99"],
    [{ numerator: 9_999n, denominator: 1n }, 3, "10000"],
    [{ numerator: 9_999n, denominator: 10_000n }, 3, "1"],
  ])("%o to %i digits is %s", (ratio, digits, text) => {
    expect(decimalString(ratio, digits)).toBe(text);
  });

  it("to 18 digits is at most half a unit of the last digit off, and even where it is exactly half", () => {
    const seen = { half: 0, cut: 0 };
    const wide = fc.oneof(
      fc.bigInt({ min: 1n, max: 10n ** 40n }),
      fc.bigInt({ min: 1n, max: 10n ** 6n }),
    );
    const any = fc.record({ numerator: wide, denominator: wide });
    // Nineteen digits of which the last is a five.
    const halves = fc
      .bigInt({ min: 10n ** 17n, max: 10n ** 18n - 1n })
      .map((units) => ({ numerator: units * 10n + 5n, denominator: 10n }));
    fc.assert(
      fc.property(fc.oneof(any, halves), ({ numerator, denominator }) => {
        const text = decimalString({ numerator, denominator }, 18);
        const [, whole = "", fraction = ""] = /^(\d+)(?:\.(\d*[1-9]))?$/.exec(text) ?? [];
        const significant = (whole + fraction).replace(/^0+/, "");
        expect(significant.replace(/0+$/, "").length).toBeLessThanOrEqual(18);
        const units = BigInt(whole + fraction);
        const scale = 10n ** BigInt(fraction.length);
        const off = units * denominator - numerator * scale;
        // One unit of the last of 18 digits, in the scale of the text.
        const digits = significant.length;
        const unit = digits > 18 ? 10n ** BigInt(digits - 18) : 1n;
        const finer = digits < 18 ? 10n ** BigInt(18 - digits) : 1n;
        const distance = 2n * (off < 0n ? -off : off) * finer;
        expect(distance <= denominator * unit).toBe(true);
        if (off !== 0n) seen.cut++;
        if (off !== 0n && distance === denominator * unit) {
          seen.half++;
          expect(((units * finer) / unit) % 2n).toBe(0n);
        }
      }),
      RUNS,
    );
    expect(seen.cut).toBeGreaterThan(RUNS.numRuns / 4);
    expect(seen.half).toBeGreaterThan(RUNS.numRuns / 10);
  });

  it.each([
    ["0.0012", 12n, 10_000n],
    ["-0.5", -5n, 10n],
    ["1.2e-3", 12n, 10_000n],
    ["1.2E+3", 1_200n, 1n],
    ["5e1", 50n, 1n],
    ["0", 0n, 1n],
    ["1e-20", 1n, 10n ** 20n],
  ])("the fraction %s", (text, numerator, denominator) => {
    expect(ratioFromFraction(text)).toEqual({ numerator, denominator });
  });

  it.each(["", "NaN", "Infinity", "+1", ".5", "1.", "1e", "1e1000", "0x1", "1 ", "--1"])(
    "%j is no fraction",
    (text) => {
      expect(ratioFromFraction(text)).toBeUndefined();
    },
  );
});
