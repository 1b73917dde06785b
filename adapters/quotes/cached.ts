/**
 * A short memory in front of a quote source: equal requests within the time to live are answered
 * from it, equal requests at the same time share one call. Failures are shared while under way but
 * never remembered.
 */
import type { Clock } from "../../domain/ports/clock.ts";
import type { Quote, QuoteOutcome, QuoteRequest, Quotes } from "../../domain/ports/quotes.ts";

export type CachedQuotesOptions = {
  readonly source: Pick<Quotes, "quote">;
  readonly clock: Clock;
  /** Age at which a quote is no longer given out, default 2000; 0 remembers nothing. */
  readonly ttlMs?: number;
  /** Quotes remembered at most, default 4096; the least recently used one goes first. */
  readonly maxEntries?: number;
};

export type CacheStats = {
  /** Answers from memory, of `cached` and `quote`. */
  readonly hits: number;
  /** Calls of the source. */
  readonly misses: number;
  /** Requests that joined a call under way. */
  readonly shared: number;
  readonly entries: number;
};

export type CachedQuotes = Quotes & { stats(): CacheStats };

/** The source is trusted to end every call; should it throw, the outcome is a failure. */
export function createCachedQuotes(options: CachedQuotesOptions): CachedQuotes {
  const { source, clock, ttlMs = 2_000, maxEntries = 4_096 } = options;
  // The order of insertion is the order of use: a hit is inserted anew.
  const entries = new Map<string, { readonly quote: Quote; readonly arrivedUs: number }>();
  const underWay = new Map<string, Promise<QuoteOutcome>>();
  let hits = 0;
  let misses = 0;
  let shared = 0;

  function cached(request: QuoteRequest): Quote | undefined {
    const key = keyOf(request);
    const entry = entries.get(key);
    if (!entry) return undefined;
    entries.delete(key);
    // The wall clock may jump, so age is counted by the monotonic one.
    if (clock.monotonicUs() - entry.arrivedUs > ttlMs * 1_000) return undefined;
    entries.set(key, entry);
    hits += 1;
    return entry.quote;
  }

  function remember(key: string, quote: Quote): void {
    if (ttlMs <= 0) return;
    entries.delete(key);
    entries.set(key, { quote, arrivedUs: clock.monotonicUs() });
    const oldest = entries.keys().next();
    if (entries.size > maxEntries && !oldest.done) entries.delete(oldest.value);
  }

  async function ask(request: QuoteRequest, key: string): Promise<QuoteOutcome> {
    try {
      const outcome = await source.quote(request);
      if (outcome.kind === "quoted") remember(key, outcome.quote);
      return outcome;
    } catch (error) {
      const name = error instanceof Error ? error.name : typeof error;
      const message = `the quote source broke: ${name}`;
      return { kind: "failed", class: "upstream-error", message, retryAfterMs: undefined };
    }
  }

  return {
    cached,
    async quote(request) {
      const quote = cached(request);
      if (quote) return { kind: "quoted", quote, cacheHit: true };
      const key = keyOf(request);
      const joined = underWay.get(key);
      if (joined) {
        shared += 1;
        return joined;
      }
      misses += 1;
      // `finally` calls back later even if the source ended at once, so never before the `set`.
      const call = ask(request, key).finally(() => underWay.delete(key));
      underWay.set(key, call);
      return call;
    },
    stats: () => ({ hits, misses, shared, entries: entries.size }),
  };
}

const keyOf = ({ inputMint, outputMint, amount }: QuoteRequest): string =>
  `${inputMint}/${outputMint}/${amount}`;
