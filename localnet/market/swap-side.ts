/**
 * What the market does when it is attached to a chain: pools there, swaps for it, and answers that
 * take from the wallet. Loaded only then, since it brings Solana's client library along.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { attachPools, type ChainPools, type MarketChain } from "./chain-pools.ts";
import { createDrains, type Drain, drainSchema } from "./drains.ts";
import type { FaultyAnswers } from "./faults.ts";
import type { Prices } from "./prices.ts";
import type { SwapKind } from "./swap-answer.ts";
import { type SwapCounts, serveSwap } from "./swap-endpoint.ts";

export type SwapSideOptions = {
  readonly chain: MarketChain;
  readonly prices: Prices;
  readonly answers: FaultyAnswers;
  readonly counts: SwapCounts;
  /** Milliseconds; 0: only when told to. */
  readonly followMs: number;
};

export type SwapSide = ChainPools & {
  setDrain(drain: Drain | undefined): void;
  /** As in the control request; throws a ZodError if it is none. */
  parseDrain(value: unknown): Drain;
  serve(kind: SwapKind, request: IncomingMessage, response: ServerResponse): void;
  close(): void;
};

export function openSwapSide(options: SwapSideOptions): SwapSide {
  const { chain, prices, answers, counts, followMs } = options;
  const pools = attachPools(chain, prices);
  const drains = createDrains();
  const timer = followMs > 0 ? setInterval(pools.follow, followMs).unref() : undefined;
  const swapping = { chain, tamper: drains.apply, answers, counts };
  return {
    ...pools,
    setDrain: drains.set,
    parseDrain: (value) => drainSchema.parse(value),
    serve: (kind, request, response) => serveSwap(swapping, kind, { request, response }),
    close: () => clearInterval(timer),
  };
}
