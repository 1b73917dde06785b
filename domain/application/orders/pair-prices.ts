/**
 * Prices of pairs, from quotes for a reference amount, so that all orders share one cached quote; and how much those prices move.
 * The amount is one whole token of what is spent, or more where that would be worth too few units to tell a price by.
 */
import type { Policy } from "../../order/policy.ts";
import type { Quote, QuoteOutcome, QuoteRequest, Quotes } from "../../ports/quotes.ts";
import { seePrice, type Volatility, volatilityPpm } from "../../pricing/volatility.ts";
import { U64_MAX } from "../../primitives/amount.ts";
import type { Mint } from "../../primitives/ids.ts";

/** A reference quote is precise enough when it gives this many smallest units: rounding is then below 0.01 bps. */
const PRECISE_UNITS = 1_000_000n;
const SCALE_STEP = 1_000n;

export type Direction = { readonly inputMint: Mint; readonly outputMint: Mint };

export type PairPrices = {
  /** The quote at hand, without waiting. */
  readonly cached: (direction: Direction) => Quote | undefined;
  readonly ask: (direction: Direction) => Promise<QuoteOutcome>;
  /**
   * Volatility of the pair by the fresh reference quotes of this direction, else of the other one, ppm per √second; undefined before
   * two were seen. Quotes for amounts of their own play no part: their price impact differs.
   */
  readonly volatilityPpm: (direction: Direction) => bigint | undefined;
};

const keyOf = ({ inputMint, outputMint }: Direction): string => `${inputMint}/${outputMint}`;

export function createPairPrices(quotes: Quotes, { tokens }: Policy): PairPrices {
  /** By direction; at most two per pair of configured tokens. */
  const references = new Map<string, bigint>();
  const volatilities = new Map<string, Volatility>();

  function referenceOf({ inputMint, outputMint }: Direction): QuoteRequest {
    const wholeToken = 10n ** BigInt(tokens.get(inputMint)?.decimals ?? 0);
    const amount = references.get(keyOf({ inputMint, outputMint })) ?? wholeToken;
    return { inputMint, outputMint, amount };
  }

  function observe(direction: Direction, outcome: QuoteOutcome): void {
    if (outcome.kind === "failed" || outcome.stale || outcome.cacheHit) return;
    const { inAmount, outAmount, obtainedAtUs: atUs } = outcome.quote;
    const price = { numerator: outAmount, denominator: inAmount };
    const seen = seePrice(volatilities.get(keyOf(direction)), { price, atUs });
    if (seen) volatilities.set(keyOf(direction), seen);
  }

  return {
    cached: (direction) => {
      const quote = quotes.cached(referenceOf(direction));
      return quote && quote.outAmount >= PRECISE_UNITS ? quote : undefined;
    },
    ask: async (direction) => {
      for (;;) {
        const asked = referenceOf(direction);
        const outcome = await quotes.quote(asked);
        const larger = asked.amount * SCALE_STEP;
        const precise = outcome.kind === "failed" || outcome.quote.outAmount >= PRECISE_UNITS;
        if (precise || larger > U64_MAX) {
          observe(direction, outcome);
          return outcome;
        }
        references.set(keyOf(direction), larger);
      }
    },
    volatilityPpm: ({ inputMint, outputMint }) =>
      volatilityPpm(volatilities.get(`${inputMint}/${outputMint}`)) ??
      volatilityPpm(volatilities.get(`${outputMint}/${inputMint}`)),
  };
}
