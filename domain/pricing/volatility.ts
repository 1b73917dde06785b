/**
 * How much a price moves, from the quotes that were seen: an exponentially weighted moving average of squared returns per second.
 * A pure fold over one number of state, integers only.
 */
import { divCeil, minOf } from "../primitives/amount.ts";
import type { Ratio } from "../primitives/ratio.ts";
import { sqrtCeil } from "../primitives/square-root.ts";
import { type TimestampUs, US_PER_MS, US_PER_SECOND } from "../primitives/time.ts";

export type Volatility = {
  /** The last price, quote per base or the other way round, but always the same way. */
  readonly price: Ratio;
  readonly atUs: TimestampUs;
  /** Variance in 10^-6 ppm² per second; undefined before two prices were seen. */
  readonly variance: bigint | undefined;
};

/** λ of RiskMetrics (J.P. Morgan, Technical Document, 4th edition 1996), there for daily returns; here for each quote. */
const LAMBDA_PERCENT = 94n;
/** Quotes that are nearer to each other say more about rounding and routing than about the price. */
const NEAREST_US = 100 * US_PER_MS;
/** Returns are counted in thousandths of a ppm, so that calm pairs have a volatility too. */
const MILLI_PPM = 1_000_000_000n;
const VARIANCE_SCALE = 1_000_000n;
/** 100 % per √second: more is no price. */
const MOST_PPM = 1_000_000n;
const MOST_VARIANCE = MOST_PPM * MOST_PPM * VARIANCE_SCALE;

/**
 * Takes in one fresh price: σ² ← λ·σ² + (1 − λ)·r²/Δt, λ = 0.94, r the relative change, Δt the seconds since the last price; the first
 * two prices begin it with r²/Δt. Prices of nothing and prices less than 0.1 s after the last are passed over; when the clock went
 * back, the price is a new beginning and the variance stays.
 */
export function seePrice(
  before: Volatility | undefined,
  { price, atUs }: Pick<Volatility, "price" | "atUs">,
): Volatility | undefined {
  if (price.numerator <= 0n || price.denominator <= 0n) return before;
  if (before === undefined || atUs < before.atUs) {
    return { price, atUs, variance: before?.variance };
  }
  const elapsedUs = atUs - before.atUs;
  if (elapsedUs < NEAREST_US) return before;
  const from = before.price.numerator * price.denominator;
  const change = ((price.numerator * before.price.denominator - from) * MILLI_PPM) / from;
  const perSecond = divCeil(change * change * BigInt(US_PER_SECOND), BigInt(elapsedUs));
  const seen = minOf(perSecond, MOST_VARIANCE);
  const variance =
    before.variance === undefined
      ? seen
      : divCeil(before.variance * LAMBDA_PERCENT + seen * (100n - LAMBDA_PERCENT), 100n);
  return { price, atUs, variance };
}

/** σ in ppm per √second, rounded up, 0 to 1,000,000; undefined before two prices were seen. */
export const volatilityPpm = (volatility: Volatility | undefined): bigint | undefined =>
  volatility?.variance === undefined
    ? undefined
    : sqrtCeil(divCeil(volatility.variance, VARIANCE_SCALE));
