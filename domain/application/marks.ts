/**
 * Marks now: what one unit of a mint gives in the cost mint, from the cached quotes that orders use,
 * else asked from their source. Requests under way are shared by the cache. A source that fails or is
 * slow leaves a mint without a mark, which is no error.
 */
import type { Timers } from "../ports/clock.ts";
import type { Quote } from "../ports/quotes.ts";
import type { Mark, Marks } from "../pricing/valuation.ts";
import type { Mint } from "../primitives/ids.ts";
import type { PairPrices } from "./orders/pair-prices.ts";

/** Mints asked for at most in one call, the first ones; those at hand are not counted. */
export const MAX_MARKS_ASKED = 64;

export type MarkSource = (mints: readonly Mint[], waitMs: number) => Promise<Marks>;

export type MarkOptions = {
  readonly pairs: Pick<PairPrices, "cached" | "ask">;
  /** Configured tokens: there is no price for a mint whose decimals nobody knows. */
  readonly tokens: ReadonlyMap<Mint, unknown>;
  readonly costMint: Mint;
  readonly timers: Timers;
};

/** What is known after `waitMs` milliseconds at most. Never rejects. */
export function createMarkSource({ pairs, tokens, costMint, timers }: MarkOptions): MarkSource {
  const directionOf = (mint: Mint) => ({ inputMint: mint, outputMint: costMint });

  async function ask(mints: readonly Mint[], found: (mint: Mint, mark: Mark) => void) {
    const answers = mints.map(async (mint) => {
      const outcome = await pairs.ask(directionOf(mint));
      const mark = outcome.kind === "quoted" ? markOf(outcome.quote) : undefined;
      if (mark) found(mint, mark);
    });
    await Promise.allSettled(answers);
  }

  return async (mints, waitMs) => {
    const marks = new Map<Mint, Mark>();
    const unknown: Mint[] = [];
    for (const mint of mints) {
      if (!tokens.has(mint) || mint === costMint) continue;
      const quote = pairs.cached(directionOf(mint));
      const mark = quote && markOf(quote);
      if (mark) marks.set(mint, mark);
      else unknown.push(mint);
    }
    if (unknown.length === 0 || waitMs <= 0) return marks;
    const asked = ask(unknown.slice(0, MAX_MARKS_ASKED), (mint, mark) => marks.set(mint, mark));
    await atMost(asked, waitMs, timers);
    // Answers that are late change the caller's marks no more.
    return new Map(marks);
  };
}

const markOf = ({ inAmount, outAmount, obtainedAtUs }: Quote): Mark | undefined =>
  inAmount > 0n && outAmount > 0n
    ? { price: { numerator: outAmount, denominator: inAmount }, timeUs: obtainedAtUs }
    : undefined;

function atMost(job: Promise<void>, waitMs: number, timers: Timers): Promise<void> {
  return new Promise((resolve) => {
    const cancel = timers.schedule(waitMs, resolve);
    void job.then(() => {
      cancel();
      resolve();
    });
  });
}
