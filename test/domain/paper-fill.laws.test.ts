/** Laws of the arithmetic of paper fills, held against exact fractions. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type Amounts,
  PPM,
  slippageCentiBps,
  stricter,
  type Trade,
  tradeAmounts,
  withinLimit,
  worstAmounts,
} from "../../domain/pricing/paper-fill.ts";
import { BPS, U64_MAX } from "../../domain/primitives/amount.ts";
import type { Ratio } from "../../domain/primitives/ratio.ts";

const units = fc.oneof(
  fc.bigInt({ min: 1n, max: 1_000n }),
  fc.bigInt({ min: 1n, max: 10n ** 12n }),
  fc.bigInt({ min: 1n, max: U64_MAX }),
);
const ppm = fc.oneof(fc.bigInt({ min: 0n, max: 20_000n }), fc.bigInt({ min: 0n, max: PPM - 1n }));
const trades: fc.Arbitrary<Trade> = fc.record({
  side: fc.constantFrom("buy", "sell"),
  counts: fc.constantFrom("input", "output"),
  amount: units,
  price: fc.record({ numerator: units, denominator: units }),
});
const RUNS = { numRuns: 2_000 };

/** The trader's exact amount on the side that was not given, as a fraction. */
function exact({ side, counts, amount, price }: Trade, slippage: bigint): Ratio {
  const factor = side === "buy" ? PPM + slippage : PPM - slippage;
  const quote = price.numerator * factor;
  const base = price.denominator * PPM;
  // A buyer's input and a seller's output are counted in quote: amount × price; the others in base: amount / price.
  return (side === "buy") === (counts === "output")
    ? { numerator: amount * quote, denominator: base }
    : { numerator: amount * base, denominator: quote };
}

describe("laws", () => {
  it("more slippage never gives the trader more", () => {
    let differs = 0;
    fc.assert(
      fc.property(trades, ppm, ppm, (trade, a, b) => {
        const less = tradeAmounts(trade, a < b ? a : b);
        const more = tradeAmounts(trade, a < b ? b : a);
        expect(more.amountOut <= less.amountOut).toBe(true);
        expect(more.amountIn >= less.amountIn).toBe(true);
        if (more.amountIn !== less.amountIn || more.amountOut !== less.amountOut) differs++;
      }),
      RUNS,
    );
    expect(differs).toBeGreaterThan(RUNS.numRuns / 4);
  });

  it("rounding never favours the trader, and costs less than one unit", () => {
    let rounded = 0;
    fc.assert(
      fc.property(trades, ppm, (trade, slippage) => {
        const { numerator, denominator } = exact(trade, slippage);
        const { amountIn, amountOut } = tradeAmounts(trade, slippage);
        const given = trade.counts === "input" ? amountIn : amountOut;
        const other = trade.counts === "input" ? amountOut : amountIn;
        expect(given).toBe(trade.amount);
        const favour = other * denominator - numerator;
        const against = trade.counts === "input" ? -favour : favour;
        expect(against >= 0n && against < denominator).toBe(true);
        if (against > 0n) rounded++;
      }),
      RUNS,
    );
    expect(rounded).toBeGreaterThan(RUNS.numRuns / 4);
  });

  it("asking for the output of an input costs no more than it and gives the same again", () => {
    fc.assert(
      fc.property(trades, ppm, (trade, slippage) => {
        const { amountOut } = tradeAmounts({ ...trade, counts: "input" }, slippage);
        const back = tradeAmounts({ ...trade, counts: "output", amount: amountOut }, slippage);
        expect(back.amountIn <= trade.amount).toBe(true);
        const again = tradeAmounts({ ...trade, counts: "input", amount: back.amountIn }, slippage);
        expect(again.amountOut).toBe(amountOut);
      }),
      RUNS,
    );
  });

  it("buying and selling back at one price never gains, counted by input or by output", () => {
    fc.assert(
      fc.property(trades, ppm, ({ amount, price }, slippage) => {
        const bought = tradeAmounts({ side: "buy", counts: "input", amount, price }, slippage);
        const sold = tradeAmounts(
          { side: "sell", counts: "input", amount: bought.amountOut, price },
          slippage,
        );
        expect(sold.amountOut <= amount).toBe(true);
        const cost = tradeAmounts({ side: "buy", counts: "output", amount, price }, slippage);
        const proceeds = tradeAmounts({ side: "sell", counts: "input", amount, price }, slippage);
        expect(proceeds.amountOut <= cost.amountIn).toBe(true);
      }),
      RUNS,
    );
  });

  it("a wider tolerance never allows less, none allows the quote alone", () => {
    const bps = fc.integer({ min: 0, max: 10_000 });
    fc.assert(
      fc.property(trades, bps, bps, (trade, a, b) => {
        const quoted = tradeAmounts(trade, 0n);
        const narrow = worstAmounts(quoted, trade, Math.min(a, b));
        const wide = worstAmounts(quoted, trade, Math.max(a, b));
        expect(withinLimit(narrow, wide)).toBe(true);
        expect(withinLimit(quoted, narrow)).toBe(true);
        expect(worstAmounts(quoted, trade, 0)).toEqual(quoted);
        expect(stricter(narrow, wide)).toEqual(narrow);
        expect(stricter(wide, narrow)).toEqual(narrow);
      }),
      RUNS,
    );
  });

  it("the limit is never laxer than the tolerance says, and less than one unit stricter", () => {
    fc.assert(
      fc.property(trades, fc.bigInt({ min: 0n, max: 9_999n }), (trade, bps) => {
        const quoted = tradeAmounts(trade, 0n);
        const limit = worstAmounts(quoted, trade, Number(bps));
        const most =
          trade.side === "buy"
            ? quoted.amountIn * (BPS + bps) - limit.amountIn * BPS
            : quoted.amountIn * BPS - limit.amountIn * (BPS - bps);
        const stricterBy =
          trade.counts === "input" ? limit.amountOut * BPS - quoted.amountOut * (BPS - bps) : most;
        expect(stricterBy >= 0n && stricterBy < BPS).toBe(true);
      }),
      RUNS,
    );
  });

  it("slippage is positive for worse, negative for better, and off by half a hundredth at most", () => {
    const seen = { worse: 0, better: 0, same: 0 };
    const counts = fc.constantFrom("input" as const, "output" as const);
    const near = units.chain((a) =>
      fc.tuple(fc.constant(a), fc.oneof(units, fc.constant(a), fc.constant(a + 1n))),
    );
    fc.assert(
      fc.property(near, counts, ([reference, actual], counted) => {
        const amounts = (value: bigint): Amounts =>
          counted === "input"
            ? { amountIn: 1n, amountOut: value }
            : { amountIn: value, amountOut: 1n };
        const value = slippageCentiBps(amounts(actual), amounts(reference), counted);
        const lost = counted === "input" ? reference - actual : actual - reference;
        if (lost > 0n) seen.worse++;
        if (lost < 0n) seen.better++;
        if (lost === 0n) seen.same++;
        if (lost >= 0n) expect(value >= 0n).toBe(true);
        else expect(value <= 0n).toBe(true);
        // Half up: −1/2 ≤ value − exact ≤ 1/2 with the upper end reached, the lower not.
        const off = 2n * (value * reference - lost * 1_000_000n);
        expect(off > -reference && off <= reference).toBe(true);
      }),
      RUNS,
    );
    for (const count of Object.values(seen)) expect(count).toBeGreaterThan(100);
  });
});
