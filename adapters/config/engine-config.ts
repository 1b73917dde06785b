/** What the engine is started with, made of the configuration: limits, models, knobs. */
import type { EngineConfig } from "../../domain/application/engine.ts";
import type { LiveConfig } from "../../domain/application/live/live.types.ts";
import { JITO_TIP_ACCOUNTS } from "../../domain/chain/addresses.ts";
import { mevModel } from "../../domain/pricing/mev.ts";
import { PRIORITY_FEE_RULES } from "../../domain/pricing/priority-fee.ts";
import { fixedSlippage } from "../../domain/pricing/slippage/fixed.ts";
import type { SlippageModel } from "../../domain/pricing/slippage/model.ts";
import { routeImpactSlippage } from "../../domain/pricing/slippage/route-impact.ts";
import { squareRootSlippage } from "../../domain/pricing/slippage/square-root.ts";
import { volatilitySlippage } from "../../domain/pricing/slippage/volatility.ts";
import type { Config } from "../config.ts";

export function engineConfigOf(config: Config): EngineConfig {
  const { limits, defaults, paper, cache } = config;
  const slippageModels = slippageModelsOf(paper);
  return {
    policy: {
      tokens: new Map(config.tokens.map((token) => [token.mint, token])),
      blockedPairs: new Set(config.blockedPairs),
      slippageModels: new Set(slippageModels.keys()),
      slippageToleranceBelowBps: limits.slippageToleranceBelowBps,
      priorityFeeBelowLamports: limits.priorityFeeBelowLamports,
      maxQuoteAgeMs: limits.maxQuoteAgeMs,
      maxStaleQuoteAgeMs: cache.staleMs,
      livePriceBandBps: config.liveLimits.priceBandBps,
    },
    retry: config.retry,
    baseFeeLamports: paper.baseFeeLamports,
    slippageModels,
    mev: mevModel(paper.mev),
    outcomes: paper.outcomes,
    usdMints: paper.usdMints,
    paperDelayMs: paper.delayMs,
    defaults,
    limits,
    paperSlotsPerAccount: paper.slotsPerAccount,
    safety: config.safety,
  };
}

/** Independent nodes that must each prove that a transaction can never land. */
const NODES_REQUIRED = 2;

export function liveConfigOf(
  { liveLimits, defaults, jupiter }: Config,
  accounts: LiveConfig["accounts"],
): LiveConfig {
  const { acceptSingleNode, feeCapLamports, priceBandBps: _, ...limits } = liveLimits;
  return {
    ...limits,
    accounts,
    priorityFee: {
      ...PRIORITY_FEE_RULES,
      defaultLamports: defaults.priorityFeeLamports,
      capLamports: feeCapLamports,
    },
    proof: { nodesRequired: NODES_REQUIRED, acceptSingleNode },
    platformFeeBps: jupiter.platformFeeBps,
    tipAccounts: [...JITO_TIP_ACCOUNTS],
  };
}

/** Every model by its name. */
export function slippageModelsOf(paper: Config["paper"]): ReadonlyMap<string, SlippageModel> {
  const fixed = fixedSlippage(paper.slippageBps);
  const models = [
    fixed,
    volatilitySlippage(paper.volatility),
    squareRootSlippage({ ...paper.squareRoot, otherwise: fixed }),
    routeImpactSlippage({ ...paper.routeImpact, otherwise: fixed }),
  ];
  return new Map(models.map((model) => [model.name, model]));
}
