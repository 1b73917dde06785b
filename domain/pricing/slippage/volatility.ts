import { divCeil } from "../../primitives/amount.ts";
import { sqrtCeil } from "../../primitives/square-root.ts";
import { PPM_PER_BPS } from "../paper-fill.ts";
import { capped, type SlippageModel } from "./model.ts";

export type VolatilityOptions = {
  /** σ where the engine has not seen two prices of the pair yet, ppm per √second; 0 to 1,000,000. */
  readonly defaultPpm: number;
  /** From the quote to the trade, 0 to 60,000. */
  readonly latencyMs: number;
  /** Paid without any move: half the spread; 0 to 1,000. */
  readonly floorBps: number;
};

/** 2/π in 10^-12, rounded up. */
const TWO_OVER_PI = 636_619_772_368n;
const TWO_OVER_PI_SCALE = 1_000_000_000_000n;
const MS_PER_SECOND = 1_000n;

/**
 * The move of the price that is to be expected while the trade is under way: slippage = σ·√τ·√(2/π) + floor.
 *
 * A price that diffuses with volatility σ is N(0, σ²τ) away after the time τ; the mean of |N(0, σ²τ)| is σ·√τ·√(2/π) (half-normal
 * distribution). Taken as always adverse: a limit order gets the favourable moves seldom and the others always.
 * σ in ppm per √second from the market, else as configured; τ = `latencyMs`. Rounded up; 0 to 999,999 ppm. Size plays no part.
 */
export function volatilitySlippage(options: VolatilityOptions): SlippageModel {
  const { defaultPpm, latencyMs, floorBps } = options;
  const floorPpm = BigInt(floorBps) * PPM_PER_BPS;
  return {
    name: "volatility",
    slippage: ({ market }) => {
      const sigma = market.volatilityPpm ?? BigInt(defaultPpm);
      const squared = sigma * sigma * BigInt(latencyMs) * TWO_OVER_PI;
      const movePpm = sqrtCeil(divCeil(squared, MS_PER_SECOND * TWO_OVER_PI_SCALE));
      return {
        ppm: capped(movePpm + floorPpm),
        terms: {
          volatilityPpmPerSqrtSecond: sigma.toString(),
          volatilitySource: market.volatilityPpm === undefined ? "configured" : "quotes",
          latencyMs: latencyMs.toString(),
          movePpm: movePpm.toString(),
          floorPpm: floorPpm.toString(),
        },
      };
    },
  };
}
