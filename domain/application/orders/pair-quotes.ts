/**
 * Prices for orders, in the direction of the trade: a buy is quoted from quote to base, a sell and a swap from base to quote.
 *
 * A pair's price comes from a quote for a reference amount, so that all orders share one cached quote; the amount is one whole token
 * of what is spent, or more where that would be worth too few units to tell a price by. Swaps, and whatever limits its price
 * impact, are quoted for exactly their amount.
 */
import type { QuoteAnswer } from "../../order/commands.ts";
import type { OrderRequest } from "../../order/events.ts";
import type { Policy } from "../../order/policy.ts";
import { countsOf, inputMintOf, outputMintOf } from "../../order/trade.ts";
import type { Quote, QuoteOutcome, QuoteRequest, Quotes } from "../../ports/quotes.ts";
import { divCeil, U64_MAX } from "../../primitives/amount.ts";

/** A reference quote is precise enough when it gives this many smallest units: rounding is then below 0.01 bps. */
const PRECISE_UNITS = 1_000_000n;
const SCALE_STEP = 1_000n;

export type OrderQuotes = {
  /** The answer at hand, without waiting. */
  readonly cached: (request: OrderRequest) => QuoteAnswer | undefined;
  readonly ask: (request: OrderRequest) => Promise<QuoteAnswer>;
};

export function createOrderQuotes(quotes: Quotes, policy: Policy): OrderQuotes {
  /** Reference amount per direction; at most two per pair of configured tokens. */
  const references = new Map<string, bigint>();

  function pairRequest(request: OrderRequest): QuoteRequest {
    const inputMint = inputMintOf(request);
    const outputMint = outputMintOf(request);
    const wholeToken = 10n ** BigInt(policy.tokens.get(inputMint)?.decimals ?? 0);
    const amount = references.get(`${inputMint}/${outputMint}`) ?? wholeToken;
    return { inputMint, outputMint, amount };
  }

  async function askPair(request: OrderRequest): Promise<QuoteOutcome> {
    for (;;) {
      const asked = pairRequest(request);
      const outcome = await quotes.quote(asked);
      const larger = asked.amount * SCALE_STEP;
      const precise = outcome.kind === "failed" || outcome.quote.outAmount >= PRECISE_UNITS;
      if (precise || larger > U64_MAX) return outcome;
      references.set(`${asked.inputMint}/${asked.outputMint}`, larger);
    }
  }

  function cachedPair(request: OrderRequest): Quote | undefined {
    const quote = quotes.cached(pairRequest(request));
    return quote && quote.outAmount >= PRECISE_UNITS ? quote : undefined;
  }

  return {
    cached: (request) => {
      const pair = needsPair(request) ? cachedPair(request) : undefined;
      if (needsPair(request) && !pair) return undefined;
      const route = needsRoute(request) ? routeRequest(request, pair) : undefined;
      const quote = route ? quotes.cached(route) : pair;
      if (!quote) return undefined;
      return { kind: "quoted", basis: route ? "route" : "pair", quote, cacheHit: true };
    },
    ask: async (request) => {
      const pair = needsPair(request) ? await askPair(request) : undefined;
      if (pair?.kind === "failed") return pair;
      if (pair && !needsRoute(request)) return { ...pair, basis: "pair" };
      const outcome = await quotes.quote(routeRequest(request, pair?.quote));
      return outcome.kind === "failed" ? outcome : { ...outcome, basis: "route" };
    },
  };
}

const needsRoute = (request: OrderRequest): boolean =>
  request.action === "SWAP" || request.maxPriceImpactBps !== undefined;

/** A route is quoted by what is spent: where the amount counts what is received, the pair's price says how much that is. */
const needsPair = (request: OrderRequest): boolean =>
  !needsRoute(request) || countsOf(request) === "output";

/** Throws when the amount has to be estimated and there is no pair to do it by. */
function routeRequest(request: OrderRequest, pair: Quote | undefined): QuoteRequest {
  const inputMint = inputMintOf(request);
  const outputMint = outputMintOf(request);
  const amount = BigInt(request.amount);
  if (countsOf(request) === "input") return { inputMint, outputMint, amount };
  if (!pair) throw new Error("an amount of the output needs the pair's price to be quoted by");
  const spent = divCeil(amount * pair.inAmount, pair.outAmount);
  return { inputMint, outputMint, amount: spent > U64_MAX ? U64_MAX : spent };
}
