/**
 * What a paper trade would give and take. Integers only; every rounding goes against the trader.
 *
 * With P = quote per base and s the slippage: buy out = ⌊in / (P(1+s))⌋, sell out = ⌊in × P(1−s)⌋; counted by the
 * output: buy in = ⌈out × P(1+s)⌉, sell in = ⌈out / (P(1−s))⌉. A swap is a sell at the route's own price, so its out
 * is ⌊route out × (1−s)⌋ when the route was quoted for exactly this amount.
 */
import { BPS, divCeil, divFloor, maxOf, minOf } from "../primitives/amount.ts";
import type { Ratio } from "../primitives/ratio.ts";

/** Slippage in parts per million: 50 bps is 5,000. */
export type Ppm = bigint;
export const PPM = 1_000_000n;
export const PPM_PER_BPS = 100n;

/** Spends quote for base (`buy`) or base for quote (`sell`; a swap is one). */
export type Side = "buy" | "sell";

export type Trade = {
  readonly side: Side;
  /** Which amount is given: what is spent or what is received. */
  readonly counts: "input" | "output";
  /** Smallest units of the counted mint. */
  readonly amount: bigint;
  /** Smallest units of quote per smallest unit of base. */
  readonly price: Ratio;
};

export type Amounts = { readonly amountIn: bigint; readonly amountOut: bigint };

/** Amounts of a trade under slippage, 0 ≤ slippagePpm < 1,000,000. More slippage never gives the trader more. */
export function tradeAmounts(trade: Trade, slippagePpm: Ppm): Amounts {
  const { amount, counts, price, side } = trade;
  // The effective price as a fraction: worse for a buyer is higher, for a seller lower.
  const factor = side === "buy" ? PPM + slippagePpm : PPM - slippagePpm;
  const numerator = price.numerator * factor;
  const denominator = price.denominator * PPM;
  if (counts === "input") {
    const amountOut =
      side === "buy"
        ? divFloor(amount * denominator, numerator)
        : divFloor(amount * numerator, denominator);
    return { amountIn: amount, amountOut };
  }
  const amountIn =
    side === "buy"
      ? divCeil(amount * numerator, denominator)
      : divCeil(amount * denominator, numerator);
  return { amountIn, amountOut: amount };
}

/**
 * The worst amounts that a tolerance t allows against quoted ones. For what is spent: at least ⌈out × (1 − t)⌉, Jupiter's
 * otherAmountThreshold rule. For what is received: at most ⌊in × (1 + t)⌋ for a buy, ⌊in / (1 − t)⌋ for a sell, so that slippage
 * of exactly t is allowed on either side.
 */
export function worstAmounts(
  quoted: Amounts,
  { counts, side }: Pick<Trade, "counts" | "side">,
  toleranceBps: number,
): Amounts {
  const tolerance = BigInt(toleranceBps);
  const { amountIn, amountOut } = quoted;
  if (counts === "input") {
    return { amountIn, amountOut: divCeil(amountOut * (BPS - tolerance), BPS) };
  }
  if (side === "buy") return { amountIn: divFloor(amountIn * (BPS + tolerance), BPS), amountOut };
  // Whoever tolerates everything is limited by more than any other tolerance allows.
  const most = tolerance >= BPS ? amountIn * BPS * BPS : divFloor(amountIn * BPS, BPS - tolerance);
  return { amountIn: most, amountOut };
}

/** Whether amounts are at least as good for the trader as the worst allowed. */
export const withinLimit = (amounts: Amounts, worst: Amounts): boolean =>
  amounts.amountIn <= worst.amountIn && amounts.amountOut >= worst.amountOut;

/** The stricter of two limits. */
export const stricter = (a: Amounts, b: Amounts): Amounts => ({
  amountIn: minOf(a.amountIn, b.amountIn),
  amountOut: maxOf(a.amountOut, b.amountOut),
});

/**
 * How much worse the trader came off than a reference, in hundredths of a basis point, rounded half up; negative is better.
 * Counted on the side that was not given: less received, or more spent.
 */
export function slippageCentiBps(
  actual: Amounts,
  reference: Amounts,
  counts: Trade["counts"],
): bigint {
  const [lost, of] =
    counts === "input"
      ? [reference.amountOut - actual.amountOut, reference.amountOut]
      : [actual.amountIn - reference.amountIn, reference.amountIn];
  if (of === 0n) return 0n;
  const scaledLoss = lost * BPS * 100n * 2n + of;
  const divisor = of * 2n;
  const quotient = scaledLoss / divisor;
  return scaledLoss < 0n && scaledLoss % divisor !== 0n ? quotient - 1n : quotient;
}

/** 4975 hundredths are "49.75". */
export function formatCentiBps(value: bigint): string {
  const sign = value < 0n ? "-" : "";
  const digits = (value < 0n ? -value : value).toString().padStart(3, "0");
  return `${sign}${digits.slice(0, -2)}.${digits.slice(-2)}`;
}
