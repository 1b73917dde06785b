/**
 * Finds, for each slippage model, the figures of the paper venue that come nearest to live fills: every candidate of a small grid is
 * asked what the paper venue would have said, and the smallest mean of the absolute errors wins.
 */

import { slippageModelsOf } from "../../adapters/config/engine-config.ts";
import { loadConfig } from "../../adapters/config.ts";
import { calibrate, type ExecutedTrade } from "../../domain/pricing/calibration.ts";
import type { SlippageModel } from "../../domain/pricing/slippage/model.ts";

export const MODELS = ["fixed", "volatility", "square-root", "route-impact"] as const;
export type ModelName = (typeof MODELS)[number];

/** Keys of the configuration with the values to try, by model. */
const GRID: Readonly<Record<ModelName, readonly (readonly [string, readonly number[]])[]>> = {
  fixed: [["paper.slippageBps", [50, 75, 100]]],
  volatility: [
    ["paper.volatility.latencyMs", [0, 100, 200, 400, 800, 1_600]],
    ["paper.volatility.floorBps", [0, 1, 2, 3, 5, 8, 12]],
  ],
  "square-root": [
    ["paper.squareRoot.impactBpsAtDepth", [1, 10, 25, 50, 100, 200]],
    ["paper.squareRoot.depthUsd", [1_000_000, 5_000_000, 25_000_000, 125_000_000]],
  ],
  "route-impact": [
    ["paper.routeImpact.sharePercent", [0, 5, 10, 25, 50, 100]],
    ["paper.routeImpact.floorBps", [0, 1, 2, 3, 5, 10]],
  ],
};

export type Fit = {
  readonly model: ModelName;
  /** `KEY=VALUE` of the configuration. */
  readonly settings: readonly string[];
  /** Predicted less executed, mean of absolutes, hundredths of a basis point. */
  readonly meanAbsolute: bigint;
};

/** All combinations of a model's values, as settings. */
export function candidatesOf(model: ModelName): string[][] {
  return GRID[model].reduce<string[][]>(
    (before, [key, values]) =>
      before.flatMap((settings) => values.map((value) => [...settings, `${key}=${value}`])),
    [[]],
  );
}

export function modelWith(model: ModelName, settings: readonly string[]): SlippageModel {
  const loaded = loadConfig({ set: settings }, {});
  if (loaded.kind === "wrong") throw new Error(loaded.problems.join("; "));
  const found = slippageModelsOf(loaded.config.paper).get(model);
  if (!found) throw new Error(`no model ${model}`);
  return found;
}

/**
 * `trades`: what the paper venue had to go by, with what the live venue made of it. Throws without any. Of candidates that are
 * equally good the first, the one with the smallest figures, is taken.
 */
export function fitModel(model: ModelName, trades: readonly ExecutedTrade[]): Fit {
  let best: Fit | undefined;
  for (const settings of candidatesOf(model)) {
    const [compared] = calibrate(trades, [modelWith(model, settings)]).models;
    if (!compared) throw new Error("there is nothing to calibrate with");
    const { meanAbsolute } = compared.error;
    if (!best || meanAbsolute < best.meanAbsolute) best = { model, settings, meanAbsolute };
  }
  if (!best) throw new Error(`no candidates for ${model}`);
  return best;
}
