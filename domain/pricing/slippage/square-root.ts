import { divCeil, maxOf } from "../../primitives/amount.ts";
import type { Mint } from "../../primitives/ids.ts";
import { sqrtCeil } from "../../primitives/square-root.ts";
import { PPM_PER_BPS } from "../paper-fill.ts";
import { impactPpm } from "./impact.ts";
import { capped, fallback, type SlippageModel } from "./model.ts";

export type SquareRootOptions = {
  /** k: impact of a trade as large as the depth, 1 to 10,000. */
  readonly impactBpsAtDepth: number;
  /** Depth of a pair that is not named below, whole US dollars, greater than 0. */
  readonly depthUsd: number;
  /** Whole US dollars by `base/quote` mints; either order is found. */
  readonly depthUsdOf: ReadonlyMap<string, number>;
  /** Asked where nothing says what the trade is worth. */
  readonly otherwise: SlippageModel;
};

const USD_MICROS = 1_000_000n;

/**
 * Impact grows with the square root of the size: k·√(Q/depth), Q and depth in US dollars.
 *
 * The square-root law of market impact: Almgren, Thum, Hauptmann and Li, "Direct Estimation of Equity Market Impact" (2005), who
 * fit an exponent of 3/5; Tóth et al., "Anomalous price impact and the critical nature of liquidity" (2011), who find 1/2 over four
 * decades of size. k in basis points at Q = depth. Where the quote is for this very amount its price has the route's own impact in it:
 * only what exceeds that is charged. Rounded up; 0 to 999,999 ppm.
 */
export function squareRootSlippage(options: SquareRootOptions): SlippageModel {
  const kPpm = BigInt(options.impactBpsAtDepth) * PPM_PER_BPS;
  const depthOf = (base: Mint, quote: Mint): bigint =>
    BigInt(
      options.depthUsdOf.get(`${base}/${quote}`) ??
        options.depthUsdOf.get(`${quote}/${base}`) ??
        options.depthUsd,
    );
  return {
    name: "square-root",
    needsUsd: true,
    slippage: (input) => {
      const { usdMicros } = input.market;
      if (usdMicros === undefined) {
        return fallback(
          options.otherwise,
          input,
          "nothing says what the trade is worth in dollars",
        );
      }
      const depthUsd = depthOf(input.baseMint, input.quoteMint);
      const impact = sqrtCeil(divCeil(kPpm * kPpm * usdMicros, depthUsd * USD_MICROS));
      const quotedPpm = impactPpm(input.routeImpact) ?? 0n;
      return {
        ppm: capped(maxOf(impact - quotedPpm, 0n)),
        terms: {
          usdMicros: usdMicros.toString(),
          depthUsd: depthUsd.toString(),
          impactPpm: impact.toString(),
          quotedImpactPpm: quotedPpm.toString(),
        },
      };
    },
  };
}

/** What a configuration may say. */
export const SQUARE_ROOT_LIMITS = {
  impactBpsAtDepth: { minimum: 1, maximum: 10_000 },
  depthUsd: { minimum: 1_000, maximum: 1_000_000_000_000 },
} as const;
