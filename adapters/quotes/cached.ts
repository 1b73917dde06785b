/**
 * A short memory in front of a quote source: equal requests within the time to live are answered
 * from it, equal requests at the same time share one call. Failures are shared while under way but
 * never remembered. While the source is away an older quote may be given out instead, marked as
 * stale, if that is wanted.
 */
import type { Clock } from "../../domain/ports/clock.ts";
import type {
  Quote,
  QuoteFailureClass,
  QuoteOutcome,
  QuoteRequest,
  Quotes,
} from "../../domain/ports/quotes.ts";

export type CachedQuotesOptions = {
  readonly source: Pick<Quotes, "quote">;
  readonly clock: Clock;
  /** Age at which a quote is no longer given out, default 2000; 0 remembers nothing. */
  readonly ttlMs?: number;
  /** Age up to which a quote is kept for when the source is away; default 0: as long as it lives. */
  readonly staleMs?: number;
  /** What a kept quote is good for then: to be given out and marked (mark), or not (refuse, the default). */
  readonly whenStale?: "refuse" | "mark";
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
  /** Calls that failed and were answered by a stale quote; who joined them is not counted. */
  readonly stale: number;
  readonly entries: number;
};

export type CachedQuotes = Quotes & { stats(): CacheStats };

/** The source is not there. Whoever says that the pair or the request is wrong is there, and right. */
const AWAY: readonly QuoteFailureClass[] = [
  "timeout",
  "unreachable",
  "rate-limited",
  "upstream-error",
];

type Entry = { readonly quote: Quote; readonly arrivedUs: number };
type Failed = Extract<QuoteOutcome, { readonly kind: "failed" }>;

/** The source is trusted to end every call; should it throw, the outcome is a failure. */
export function createCachedQuotes(options: CachedQuotesOptions): CachedQuotes {
  const { source, clock, ttlMs = 2_000, maxEntries = 4_096, whenStale = "refuse" } = options;
  const keptMs = Math.max(ttlMs, options.staleMs ?? 0);
  // The order of insertion is the order of use: a hit is inserted anew.
  const entries = new Map<string, Entry>();
  const underWay = new Map<string, Promise<QuoteOutcome>>();
  const counts = { hits: 0, misses: 0, shared: 0, stale: 0 };

  // The wall clock may jump, so age is counted by the monotonic one.
  const ageUs = (entry: Entry): number => clock.monotonicUs() - entry.arrivedUs;

  function kept(key: string): Entry | undefined {
    const entry = entries.get(key);
    if (!entry || ageUs(entry) <= keptMs * 1_000) return entry;
    entries.delete(key);
    return undefined;
  }

  function cached(request: QuoteRequest): Quote | undefined {
    const key = keyOf(request);
    const entry = kept(key);
    if (!entry || ttlMs <= 0 || ageUs(entry) > ttlMs * 1_000) return undefined;
    entries.delete(key);
    entries.set(key, entry);
    counts.hits += 1;
    return entry.quote;
  }

  function remember(key: string, quote: Quote): void {
    if (keptMs <= 0) return;
    entries.delete(key);
    entries.set(key, { quote, arrivedUs: clock.monotonicUs() });
    const oldest = entries.keys().next();
    if (entries.size > maxEntries && !oldest.done) entries.delete(oldest.value);
  }

  function insteadOf(failure: Failed, key: string): QuoteOutcome {
    const entry = AWAY.includes(failure.class) ? kept(key) : undefined;
    if (!entry) return AWAY.includes(failure.class) ? withoutKept(failure) : failure;
    if (whenStale === "mark") {
      counts.stale += 1;
      return { kind: "quoted", quote: entry.quote, cacheHit: true, stale: true };
    }
    const ageMs = Math.floor(ageUs(entry) / 1_000);
    const message = `${failure.message}; a quote ${ageMs} ms old is refused (cache.whenStale)`;
    return { ...failure, message };
  }

  /** Where kept quotes are used, their limit may be why there was none. */
  function withoutKept(failure: Failed): Failed {
    if (whenStale !== "mark") return failure;
    const message = `${failure.message}; no quote of the last ${keptMs} ms is kept (cache.staleMs)`;
    return { ...failure, message };
  }

  async function askSource(request: QuoteRequest): Promise<QuoteOutcome> {
    try {
      return await source.quote(request);
    } catch (error) {
      const name = error instanceof Error ? error.name : typeof error;
      const message = `the quote source broke: ${name}`;
      return { kind: "failed", class: "upstream-error", message, retryAfterMs: undefined };
    }
  }

  async function ask(request: QuoteRequest, key: string): Promise<QuoteOutcome> {
    const outcome = await askSource(request);
    if (outcome.kind === "failed") return insteadOf(outcome, key);
    remember(key, outcome.quote);
    return outcome;
  }

  return {
    cached,
    async quote(request) {
      const quote = cached(request);
      if (quote) return { kind: "quoted", quote, cacheHit: true, stale: false };
      const key = keyOf(request);
      const joined = underWay.get(key);
      if (joined) {
        counts.shared += 1;
        return joined;
      }
      counts.misses += 1;
      // `finally` calls back later even if the source ended at once, so never before the `set`.
      const call = ask(request, key).finally(() => underWay.delete(key));
      underWay.set(key, call);
      return call;
    },
    stats: () => ({ ...counts, entries: entries.size }),
  };
}

const keyOf = ({ inputMint, outputMint, amount }: QuoteRequest): string =>
  `${inputMint}/${outputMint}/${amount}`;
