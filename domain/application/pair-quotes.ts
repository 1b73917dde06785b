/**
 * Prices for orders. A pair's price comes from a quote for a reference amount, so that all orders share one cached quote; the
 * amount is one whole base token, or more where that would be worth too few units of quote to tell a price by.
 */
import type { QuoteAnswer } from "../order/commands.ts";
import type { OrderRequest } from "../order/events.ts";
import type { Policy, Token } from "../order/policy.ts";
import { countsOf, inputMintOf, outputMintOf } from "../order/trade.ts";
import type { QuoteOutcome, QuoteRequest, Quotes } from "../ports/quotes.ts";
import { U64_MAX } from "../primitives/amount.ts";
import type { Mint } from "../primitives/ids.ts";

/** A reference quote is precise enough when it gives this many smallest units: rounding is then below 0.01 bps. */
const PRECISE_UNITS = 1_000_000n;
const SCALE_STEP = 1_000n;

export type OrderQuotes = {
  /** The answer at hand, without waiting. */
  readonly cached: (request: OrderRequest) => QuoteAnswer | undefined;
  readonly ask: (request: OrderRequest) => Promise<QuoteAnswer>;
};

export function createOrderQuotes(quotes: Quotes, policy: Policy): OrderQuotes {
  /** Reference amount per pair; at most one per pair of configured tokens. */
  const references = new Map<string, bigint>();

  const pairRequest = (base: Mint, quote: Mint): QuoteRequest => ({
    inputMint: base,
    outputMint: quote,
    amount: references.get(`${base}/${quote}`) ?? wholeToken(policy.tokens.get(base)),
  });

  const askPair = async (base: Mint, quote: Mint): Promise<QuoteOutcome> => {
    for (;;) {
      const request = pairRequest(base, quote);
      const outcome = await quotes.quote(request);
      const larger = request.amount * SCALE_STEP;
      const precise = outcome.kind === "failed" || outcome.quote.outAmount >= PRECISE_UNITS;
      if (precise || larger > U64_MAX) return outcome;
      references.set(`${base}/${quote}`, larger);
    }
  };

  return {
    cached: (request) => {
      const route = routeRequest(request);
      const asked = route ?? pairRequest(request.baseMint, request.quoteMint);
      const quote = quotes.cached(asked);
      if (!quote || (!route && quote.outAmount < PRECISE_UNITS)) return undefined;
      return { kind: "quoted", basis: route ? "route" : "pair", quote, cacheHit: true };
    },
    ask: async (request) => {
      const route = routeRequest(request);
      const outcome = route
        ? await quotes.quote(route)
        : await askPair(request.baseMint, request.quoteMint);
      return outcome.kind === "failed" ? outcome : { ...outcome, basis: route ? "route" : "pair" };
    },
  };
}

const wholeToken = (token: Token | undefined): bigint => 10n ** BigInt(token?.decimals ?? 0);

/**
 * Swaps, and whatever limits its price impact, are priced by the route for exactly their amount. Jupiter's ExactIn quotes need the
 * counted mint as input: an amount that counts the output is quoted in the other direction, for the same price.
 */
function routeRequest(request: OrderRequest): QuoteRequest | undefined {
  if (request.action !== "SWAP" && request.maxPriceImpactBps === undefined) return undefined;
  const amount = BigInt(request.amount);
  const spent = inputMintOf(request);
  const received = outputMintOf(request);
  return countsOf(request) === "input"
    ? { inputMint: spent, outputMint: received, amount }
    : { inputMint: received, outputMint: spent, amount };
}
