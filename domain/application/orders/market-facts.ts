/**
 * What is known of the market when an order is executed: what the trade is worth in US dollars, and how much its price moves.
 */
import type { Token } from "../../order/policy.ts";
import type { OrderState } from "../../order/state.ts";
import { inputMintOf, outputMintOf, quotedAmounts } from "../../order/trade.ts";
import type { Quote } from "../../ports/quotes.ts";
import type { MarketFacts } from "../../pricing/slippage/model.ts";
import { divCeil, minOf, U64_MAX } from "../../primitives/amount.ts";
import type { Mint } from "../../primitives/ids.ts";
import type { PairPrices } from "./pair-prices.ts";

export type OrderFacts = {
  /** What is known without asking. */
  readonly atHand: (order: OrderState) => MarketFacts;
  /** Asks what the trade is worth where that is not at hand; a failure leaves it unknown. Never rejects. */
  readonly ask: (order: OrderState) => Promise<MarketFacts>;
};

export type FactsOptions = {
  readonly pairs: PairPrices;
  readonly tokens: ReadonlyMap<Mint, Token>;
  /** Mints that count as one US dollar a token; prices of others are asked against the first. */
  readonly usdMints: readonly Mint[];
};

const MICROS = 1_000_000n;

export function createOrderFacts({ pairs, tokens, usdMints }: FactsOptions): OrderFacts {
  const [usdMint] = usdMints;

  /** Rounded up: a larger trade is never cheaper. What no u64 holds is as large as the largest. */
  function usdMicros(units: bigint, mint: Mint): bigint | undefined {
    const token = tokens.get(mint);
    return token && minOf(divCeil(units * MICROS, 10n ** BigInt(token.decimals)), U64_MAX);
  }

  /** By the trade itself, where one of its sides is dollars. */
  function bothSides(order: OrderState): bigint | undefined {
    const { amountIn, amountOut } = quotedAmounts(order);
    const spent = inputMintOf(order.request);
    const received = outputMintOf(order.request);
    if (usdMints.includes(spent)) return usdMicros(amountIn, spent);
    return usdMints.includes(received) ? usdMicros(amountOut, received) : undefined;
  }

  function byQuote(order: OrderState, quote: Quote | undefined): bigint | undefined {
    if (!quote || !usdMint || quote.inAmount === 0n) return undefined;
    const { amountIn } = quotedAmounts(order);
    return usdMicros(divCeil(amountIn * quote.outAmount, quote.inAmount), usdMint);
  }

  function factsOf(order: OrderState, quote: Quote | undefined): MarketFacts {
    const inputMint = inputMintOf(order.request);
    const outputMint = outputMintOf(order.request);
    return {
      usdMicros: bothSides(order) ?? byQuote(order, quote),
      volatilityPpm: pairs.volatilityPpm({ inputMint, outputMint }),
    };
  }

  const toUsd = ({ request }: OrderState) =>
    usdMint && { inputMint: inputMintOf(request), outputMint: usdMint };

  return {
    atHand: (order) => {
      const direction = bothSides(order) === undefined ? toUsd(order) : undefined;
      return factsOf(order, direction && pairs.cached(direction));
    },
    ask: async (order) => {
      const direction = bothSides(order) === undefined ? toUsd(order) : undefined;
      const outcome = direction && (await pairs.ask(direction));
      return factsOf(order, outcome?.kind === "quoted" ? outcome.quote : undefined);
    },
  };
}
