import { PPM_PER_BPS } from "../paper-fill.ts";
import type { SlippageModel } from "./model.ts";

/** Bounds of the fixed model: below 50 bps it flatters most pairs, above 200 bps nothing under the default tolerance fills. */
export const FIXED_SLIPPAGE_BPS = { minimum: 50, maximum: 200, default: 50 } as const;

/**
 * The same slippage for every trade: the usual first assumption of back-testers. `slippageBps` in basis points, 50 to 200.
 */
export function fixedSlippage(slippageBps: number): SlippageModel {
  if (slippageBps < FIXED_SLIPPAGE_BPS.minimum || slippageBps > FIXED_SLIPPAGE_BPS.maximum) {
    throw new Error(`fixed slippage of ${slippageBps} bps is outside 50 to 200`);
  }
  const ppm = BigInt(slippageBps) * PPM_PER_BPS;
  return { name: "fixed", slippage: () => ({ ppm, terms: {} }) };
}
