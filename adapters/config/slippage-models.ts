/** `paper.volatility`, `paper.squareRoot` and `paper.routeImpact`: what each figure means stands beside the model. */
import { z } from "zod";
import { SQUARE_ROOT_LIMITS } from "../../domain/pricing/slippage/square-root.ts";
import { text, whole } from "./values.ts";

/** In the order in which messages list them. */
const MODELS = ["fixed", "volatility", "square-root", "route-impact"] as const;

export const slippageModel = z.enum(MODELS, `must be one of: ${MODELS.join(", ")}`);

const floorBps = whole(0, 1_000);

export const volatilitySchema = z.strictObject({
  defaultPpm: whole(0, 1_000_000),
  latencyMs: whole(0, 60_000),
  floorBps,
});

const MOST_PAIRS = 10_000;
const { depthUsd, impactBpsAtDepth } = SQUARE_ROOT_LIMITS;
const depth = whole(depthUsd.minimum, depthUsd.maximum);
const PAIRS = `must name at most ${MOST_PAIRS} pairs as BASE/QUOTE`;

export const squareRootSchema = z.strictObject({
  impactBpsAtDepth: whole(impactBpsAtDepth.minimum, impactBpsAtDepth.maximum),
  depthUsd: depth,
  depthUsdOf: z
    .record(text(100), depth, PAIRS)
    .refine((pairs) => Object.keys(pairs).length <= MOST_PAIRS, PAIRS),
});

export const routeImpactSchema = z.strictObject({ sharePercent: whole(0, 1_000), floorBps });

const TOKENS = "must be a list of 0 to 16 configured tokens";
export const usdTokensSchema = z.array(text(64), TOKENS).max(16, TOKENS).optional();
