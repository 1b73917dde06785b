/** What the paper venue of a run is like: its models with their figures, its MEV, its outcome knobs. */
import type { EngineConfig } from "../../domain/application/engine.ts";
import { mevModel } from "../../domain/pricing/mev.ts";
import { DEFAULT_MEV, type MevOptions } from "../../domain/pricing/mev-options.ts";
import { NO_KNOBS, type OutcomeKnobs } from "../../domain/pricing/outcomes.ts";
import { fixedSlippage } from "../../domain/pricing/slippage/fixed.ts";
import type { SlippageModel } from "../../domain/pricing/slippage/model.ts";
import { routeImpactSlippage } from "../../domain/pricing/slippage/route-impact.ts";
import { squareRootSlippage } from "../../domain/pricing/slippage/square-root.ts";
import { volatilitySlippage } from "../../domain/pricing/slippage/volatility.ts";
import type { Mint } from "../../domain/primitives/ids.ts";
import type { Random } from "./random.ts";

/** All that decides what a fill comes to beside its quote and its order. */
export type Venue = Pick<
  EngineConfig,
  "slippageModels" | "mev" | "outcomes" | "usdMints" | "paperDelayMs" | "baseFeeLamports"
>;

export const MODEL_NAMES = ["fixed", "volatility", "square-root", "route-impact"] as const;

export function drawVenue(random: Random, usdMint: Mint): Venue {
  return {
    slippageModels: drawModels(random),
    mev: mevModel(random.chance(0.7) ? EAGER : DEFAULT_MEV),
    outcomes: random.chance(0.25) ? drawKnobs(random) : undefined,
    usdMints: random.chance(0.9) ? [usdMint] : [],
    paperDelayMs: random.pick([0, 0, 40, 1_500]),
    baseFeeLamports: 5_000n,
  };
}

function drawModels(random: Random): ReadonlyMap<string, SlippageModel> {
  const otherwise = fixedSlippage(random.pick([50, 100, 200]));
  const models = [
    otherwise,
    volatilitySlippage({
      defaultPpm: random.pick([0, 150, 5_000]),
      latencyMs: random.pick([0, 800, 5_000]),
      floorBps: random.pick([0, 5, 100]),
    }),
    squareRootSlippage({
      impactBpsAtDepth: random.pick([20, 100, 1_000]),
      depthUsd: random.pick([10_000, 5_000_000]),
      depthUsdOf: new Map(),
      otherwise,
    }),
    routeImpactSlippage({
      sharePercent: random.pick([0, 50, 100]),
      floorBps: random.pick([0, 10]),
      otherwise,
    }),
  ];
  return new Map(models.map((model) => [model.name, model]));
}

const drawKnobs = (random: Random): OutcomeKnobs => ({
  ...NO_KNOBS,
  successRateBps: random.pick([0, 5_000, 9_000, 10_000]),
  averageSlippageBps: random.pick([undefined, 0, 40, 400]),
  delayMs: random.pick([undefined, 0, 300]),
  seed: `knobs ${random.between(0, 9)}`,
});

/** Every trade that is not well protected is attacked, for more than most tolerances leave. */
const risky = { probabilityPpm: 900_000, impactPpm: 12_000, wantedProtectionPpm: 600_000 };
const EAGER: MevOptions = {
  ...DEFAULT_MEV,
  classes: {
    LOW: { fromUsd: 0, ...risky },
    MEDIUM: { fromUsd: 100, ...risky },
    HIGH: { fromUsd: 1_000, ...risky },
    CRITICAL: { fromUsd: 5_000, ...risky, impactPpm: 300_000 },
  },
};

/** What attacks cost that no limit has made smaller. */
export const FULL_IMPACTS_PPM: ReadonlySet<number> = new Set(
  [EAGER, DEFAULT_MEV].flatMap(({ classes }) =>
    Object.values(classes).map(({ impactPpm }) => impactPpm),
  ),
);
