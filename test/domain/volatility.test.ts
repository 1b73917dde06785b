/** The moving average of squared returns: by hand, and in floating point written apart from it. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { seePrice, type Volatility, volatilityPpm } from "../../domain/pricing/volatility.ts";
import { START_US } from "../support/given.ts";

const SECOND = 1_000_000;
type Seen = readonly [price: bigint, atUs: number];
const fold = (...prices: readonly Seen[]): Volatility | undefined =>
  prices.reduce<Volatility | undefined>(
    (before, [numerator, atUs]) =>
      seePrice(before, { price: { numerator, denominator: 7n }, atUs }),
    undefined,
  );
const ppmOf = (...prices: readonly Seen[]) => volatilityPpm(fold(...prices));

describe("volatility", () => {
  it("is unknown before two prices were seen", () => {
    expect(volatilityPpm(undefined)).toBeUndefined();
    expect(ppmOf([100n, 0])).toBeUndefined();
  });

  it.each<[string, readonly Seen[], bigint]>([
    [
      "1 % in a second",
      [
        [100n, 0],
        [101n, SECOND],
      ],
      10_000n,
    ],
    [
      "1 % down in a second",
      [
        [100n, 0],
        [99n, SECOND],
      ],
      10_000n,
    ],
    [
      "1 % in four seconds: half of it per √second",
      [
        [100n, 0],
        [101n, 4 * SECOND],
      ],
      5_000n,
    ],
    // √(0.94 × 10^8) = 9,695.35…
    [
      "then nothing for a second",
      [
        [100n, 0],
        [101n, SECOND],
        [101n, 2 * SECOND],
      ],
      9_696n,
    ],
    // √(0.94 × 10^8 + 0.06 × (20,000 ppm)²) = √(1.18 × 10^8) = 10,862.78…
    [
      "then 2 %",
      [
        [10_000n, 0],
        [10_100n, SECOND],
        [10_302n, 2 * SECOND],
      ],
      10_863n,
    ],
    [
      "no change at all",
      [
        [100n, 0],
        [100n, SECOND],
      ],
      0n,
    ],
    [
      "more than doubled in a second: the most",
      [
        [1n, 0],
        [10n ** 19n, SECOND],
      ],
      1_000_000n,
    ],
  ])("%s", (_, prices, ppm) => {
    expect(ppmOf(...prices)).toBe(ppm);
  });

  it("passes over prices of nothing and prices less than 0.1 s after the last", () => {
    expect(ppmOf([100n, 0], [0n, SECOND], [101n, SECOND])).toBe(10_000n);
    expect(ppmOf([100n, 0], [200n, 99_999], [101n, SECOND])).toBe(10_000n);
    expect(ppmOf([100n, 0], [100n, 0], [101n, 100_000])).toBeGreaterThan(10_000n);
  });

  it("begins anew when the clock went back, and keeps what it knows", () => {
    const before = fold([100n, 10 * SECOND], [101n, 11 * SECOND]);
    const back = seePrice(before, { price: { numerator: 500n, denominator: 7n }, atUs: SECOND });
    expect(volatilityPpm(back)).toBe(10_000n);
    expect(back).toMatchObject({ atUs: SECOND, price: { numerator: 500n } });
  });

  it("is what floating point makes of it", () => {
    const steps = fc.array(
      fc.record({
        moveBps: fc.integer({ min: -300, max: 300 }),
        afterUs: fc.integer({ min: 100_000, max: 20 * SECOND }),
      }),
      { minLength: 1, maxLength: 60 },
    );
    fc.assert(
      fc.property(steps, (moves) => {
        let price = 10n ** 15n;
        let atUs = START_US;
        let state = seePrice(undefined, { price: { numerator: price, denominator: 1n }, atUs });
        let variance: number | undefined;
        for (const { moveBps, afterUs } of moves) {
          const next = (price * BigInt(10_000 + moveBps)) / 10_000n;
          atUs += afterUs;
          const change = Number(next - price) / Number(price);
          const seen = (change * change) / (afterUs / SECOND);
          variance = variance === undefined ? seen : 0.94 * variance + 0.06 * seen;
          price = next;
          state = seePrice(state, { price: { numerator: price, denominator: 1n }, atUs });
        }
        const expected = Math.sqrt(variance ?? 0) * 1e6;
        expect(Math.abs(Number(volatilityPpm(state)) - expected)).toBeLessThanOrEqual(1.01);
      }),
    );
  });
});
