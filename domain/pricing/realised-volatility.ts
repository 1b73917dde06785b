/** Volatility of a recorded series of prices, in the unit of the volatility model: parts per million per √second. */
import { divCeil } from "../primitives/amount.ts";
import type { Ratio } from "../primitives/ratio.ts";
import { sqrtFloor } from "../primitives/square-root.ts";
import { type Distribution, distributionOf } from "./distribution.ts";
import { seePrice, type Volatility, volatilityPpm } from "./volatility.ts";

export type PricePoint = { readonly atMs: number; readonly price: Ratio };

export type SeriesVolatility = {
  readonly points: number;
  /** Square root of the sum of squared returns over the time that they took; ppm per √second, rounded to the nearest. */
  readonly realisedPpm: bigint;
  /** What the engine's own estimate would have been after each price from the second on. */
  readonly estimatedPpm: Distribution;
};

/** Returns are counted in billionths. */
const RETURN_SCALE = 1_000_000_000n;
const MS_PER_SECOND = 1_000n;
const US_PER_MS = 1_000;
const BILLIONTHS_PER_PPM = 1_000n;

/**
 * σ = √(Σ r² / Σ Δt), r the relative change from one price to the next: the realised volatility of Andersen and Bollerslev
 * ("Answering the Skeptics", 1998), its mean over time. Undefined for fewer than two points, or where time does not go on.
 */
export function seriesVolatility(points: readonly PricePoint[]): SeriesVolatility | undefined {
  let squares = 0n;
  let seen: Volatility | undefined;
  const estimates: bigint[] = [];
  for (const [index, { atMs, price }] of points.entries()) {
    const before = points[index - 1];
    if (before) squares += squaredReturn(before.price, price);
    seen = seePrice(seen, { price, atUs: atMs * US_PER_MS });
    const estimate = volatilityPpm(seen);
    if (before && estimate !== undefined) estimates.push(estimate);
  }
  const elapsedMs = (points.at(-1)?.atMs ?? 0) - (points[0]?.atMs ?? 0);
  const estimatedPpm = distributionOf(estimates);
  if (elapsedMs <= 0 || !estimatedPpm) return undefined;
  const billionths = sqrtFloor(divCeil(squares * MS_PER_SECOND, BigInt(elapsedMs)));
  return {
    points: points.length,
    realisedPpm: (billionths + BILLIONTHS_PER_PPM / 2n) / BILLIONTHS_PER_PPM,
    estimatedPpm,
  };
}

function squaredReturn(from: Ratio, to: Ratio): bigint {
  const before = from.numerator * to.denominator;
  const change = ((to.numerator * from.denominator - before) * RETURN_SCALE) / before;
  return change * change;
}
