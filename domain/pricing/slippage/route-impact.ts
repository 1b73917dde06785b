import { divCeil } from "../../primitives/amount.ts";
import { PPM_PER_BPS } from "../paper-fill.ts";
import { impactPpm } from "./impact.ts";
import { capped, fallback, type SlippageModel } from "./model.ts";

/** Orders of this model are quoted by their route, for exactly their amount. */
export const ROUTE_IMPACT = "route-impact";

export type RouteImpactOptions = {
  /** Share of the route's impact that is lost once more, 0 to 1,000 percent. */
  readonly sharePercent: number;
  /** Paid by every trade, 0 to 1,000. */
  readonly floorBps: number;
  /** Asked where the quote does not tell the route's impact. */
  readonly otherwise: SlippageModel;
};

/**
 * The route's own word: slippage = share × impact + floor, impact being the quote's `priceImpactPct` (Jupiter Swap API v1: the
 * fraction by which this amount moves its route's pools).
 *
 * The quoted price holds that impact once. A pool that this trade moves much is one that another trade, landing first, moves as
 * easily: that is charged as a share of the same figure. A convention of this engine, without a claim to be measured; `floorBps` stands for
 * what moves without any trade. Rounded up; 0 to 999,999 ppm.
 */
export function routeImpactSlippage(options: RouteImpactOptions): SlippageModel {
  const { sharePercent, floorBps, otherwise } = options;
  const floorPpm = BigInt(floorBps) * PPM_PER_BPS;
  return {
    name: ROUTE_IMPACT,
    slippage: (input) => {
      const impact = impactPpm(input.routeImpact);
      if (impact === undefined) {
        return fallback(otherwise, input, "the quote does not tell the route's price impact");
      }
      return {
        ppm: capped(divCeil(impact * BigInt(sharePercent), 100n) + floorPpm),
        terms: {
          routeImpactPpm: impact.toString(),
          sharePercent: sharePercent.toString(),
          floorPpm: floorPpm.toString(),
        },
      };
    },
  };
}
