/** What a slippage model is asked with: 1.5 SOL are sold at 150.25, nothing else is known. */
import {
  type MarketFacts,
  NOTHING_KNOWN,
  type SlippageInput,
} from "../../domain/pricing/slippage/model.ts";
import { ORDER_ID } from "./given.ts";
import { SOL, USDC } from "./order-samples.ts";

export const slippageInput = (
  changes: Partial<Omit<SlippageInput, "market">> & { market?: Partial<MarketFacts> } = {},
): SlippageInput => ({
  side: "sell",
  baseMint: SOL,
  quoteMint: USDC,
  quotedIn: 1_500_000_000n,
  quotedOut: 225_375_000n,
  routeImpact: undefined,
  seed: ORDER_ID,
  ...changes,
  market: { ...NOTHING_KNOWN, ...changes.market },
});
