/**
 * Prices for orders, in the direction of the trade: a buy is quoted from quote to base, a sell and a swap from base to quote.
 *
 * A pair's price comes from a shared reference quote (pair-prices.ts). Swaps, whatever limits its price impact, and whatever slips by
 * its route's impact are quoted for exactly their amount.
 */
import type { QuoteAnswer } from "../../order/commands.ts";
import type { OrderRequest } from "../../order/events.ts";
import { countsOf, inputMintOf, outputMintOf } from "../../order/trade.ts";
import type { Quote, QuoteRequest, Quotes } from "../../ports/quotes.ts";
import { ROUTE_IMPACT } from "../../pricing/slippage/route-impact.ts";
import { divCeil, U64_MAX } from "../../primitives/amount.ts";
import type { Direction, PairPrices } from "./pair-prices.ts";

export type OrderQuotes = {
  /** The answer at hand, without waiting. */
  readonly cached: (request: OrderRequest) => QuoteAnswer | undefined;
  readonly ask: (request: OrderRequest) => Promise<QuoteAnswer>;
};

export function createOrderQuotes(quotes: Quotes, pairs: PairPrices): OrderQuotes {
  return {
    cached: (request) => {
      const pair = needsPair(request) ? pairs.cached(directionOf(request)) : undefined;
      if (needsPair(request) && !pair) return undefined;
      const route = needsRoute(request) ? routeRequest(request, pair) : undefined;
      const quote = route ? quotes.cached(route) : pair;
      if (!quote) return undefined;
      const basis = route ? "route" : "pair";
      return { kind: "quoted", basis, quote, cacheHit: true, stale: false };
    },
    ask: async (request) => {
      const pair = needsPair(request) ? await pairs.ask(directionOf(request)) : undefined;
      if (pair?.kind === "failed") return pair;
      // A price of nothing cannot say how much to quote for: the order is judged by it.
      if (pair && (!needsRoute(request) || pair.quote.outAmount === 0n)) {
        return { ...pair, basis: "pair" };
      }
      const outcome = await quotes.quote(routeRequest(request, pair?.quote));
      return outcome.kind === "failed" ? outcome : { ...outcome, basis: "route" };
    },
  };
}

const directionOf = (request: OrderRequest): Direction => ({
  inputMint: inputMintOf(request),
  outputMint: outputMintOf(request),
});

const needsRoute = (request: OrderRequest): boolean =>
  request.action === "SWAP" ||
  request.maxPriceImpactBps !== undefined ||
  request.slippageModel === ROUTE_IMPACT;

/** A route is quoted by what is spent: where the amount counts what is received, the pair's price says how much that is. */
const needsPair = (request: OrderRequest): boolean =>
  !needsRoute(request) || countsOf(request) === "output";

/** Throws when the amount has to be estimated and there is no pair to do it by. */
function routeRequest(request: OrderRequest, pair: Quote | undefined): QuoteRequest {
  const direction = directionOf(request);
  const amount = BigInt(request.amount);
  if (countsOf(request) === "input") return { ...direction, amount };
  if (!pair) throw new Error("an amount of the output needs the pair's price to be quoted by");
  const spent = divCeil(amount * pair.inAmount, pair.outAmount);
  return { ...direction, amount: spent > U64_MAX ? U64_MAX : spent };
}
