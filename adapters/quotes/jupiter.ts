/**
 * Quotes from Jupiter's Swap API v1 or anything compatible: several base URLs back each
 * other up, within limits of time and number. One exchange with one of them is in jupiter-calls.ts.
 */
import { setTimeout as pause } from "node:timers/promises";
import type { Clock } from "../../domain/ports/clock.ts";
import type {
  QuoteFailureClass,
  QuoteOutcome,
  QuoteRequest,
  Quotes,
} from "../../domain/ports/quotes.ts";
import { U64_MAX } from "../../domain/primitives/amount.ts";
import { createConcurrencyGate } from "./concurrency-gate.ts";
import { type Attempt, createJupiterCalls, type Failure, failed } from "./jupiter-calls.ts";
import { createEndpoint, type Endpoint } from "./jupiter-endpoint.ts";

/** A server that just failed is asked last for this long. */
const AVOID_US = 5_000_000;

export type JupiterOptions = {
  /**
   * Where `/quote` is appended, e.g. `https://api.jup.ag/swap/v1`; the first one is preferred.
   * `user:password@` is sent as basic authentication.
   */
  readonly baseUrls: readonly string[];
  /** Sent as `x-api-key` to every base URL. */
  readonly apiKey?: string;
  /** Longest wait for one HTTP answer, its body included. */
  readonly timeoutMs: number;
  /** Longest wait for all attempts of one quote together; default twice timeoutMs. */
  readonly totalTimeoutMs?: number;
  readonly clock: Clock;
  /** Pause before the second round of attempts; default 50. */
  readonly retryDelayMs?: number;
  /** Quotes asked for at a time (default 64) and waiting for their turn (default 4096). */
  readonly maxConcurrent?: number;
  readonly maxWaiting?: number;
};

export type JupiterQuotes = Quotes & {
  /** Ends the calls under way; every later quote fails. */
  close(): void;
};

type Failures = Map<Endpoint, Failure>;

/**
 * Which failure is reported when servers failed differently: the one that tells most about what to
 * do.
 */
const TELLING: readonly QuoteFailureClass[] = [
  "rate-limited",
  "timeout",
  "upstream-error",
  "malformed",
  "unreachable",
  "refused",
  "no-route",
];
/**
 * A second try right away may help with these: a keep-alive connection lost at the wrong moment,
 * one bad answer.
 */
const QUICK_RETRY: readonly QuoteFailureClass[] = ["unreachable", "upstream-error", "malformed"];

/**
 * Throws for a base URL that is none or has a query. `cached` never has anything: put a cache in
 * front.
 */
export function createJupiterQuotes(options: JupiterOptions): JupiterQuotes {
  const { clock, timeoutMs, retryDelayMs = 50 } = options;
  const totalUs = (options.totalTimeoutMs ?? 2 * timeoutMs) * 1_000;
  const endpoints = options.baseUrls.map((url) => createEndpoint(url, options.apiKey));
  if (endpoints.length === 0) throw new Error("at least one base URL is needed");
  const gate = createConcurrencyGate(options.maxConcurrent ?? 64, options.maxWaiting ?? 4_096);
  const calls = createJupiterCalls(clock);

  async function attempt(
    endpoint: Endpoint,
    request: QuoteRequest,
    untilUs: number,
  ): Promise<Attempt> {
    const nowUs = clock.monotonicUs();
    const blockedMs = Math.ceil((endpoint.blockedUntilUs - nowUs) / 1_000);
    if (blockedMs > 0) return failed("rate-limited", "still rate limited", blockedMs);
    const leftMs = Math.ceil((untilUs - nowUs) / 1_000);
    if (leftMs <= 0) return failed("timeout", "no time left to ask");
    const outcome = await calls.call(endpoint, request, Math.min(timeoutMs, leftMs));
    note(endpoint, outcome, clock.monotonicUs());
    return outcome;
  }

  /** Asks one server after the other; undefined if none settled it. */
  async function round(request: QuoteRequest, untilUs: number, failures: Failures) {
    for (const endpoint of inOrder(endpoints, clock.monotonicUs())) {
      const before = failures.get(endpoint);
      if (before && !QUICK_RETRY.includes(before.class)) continue;
      const outcome = await attempt(endpoint, request, untilUs);
      if (outcome.kind === "quoted") return outcome;
      failures.set(endpoint, outcome);
      if (outcome.final) return outcome;
    }
    return undefined;
  }

  async function ask(request: QuoteRequest, untilUs: number): Promise<QuoteOutcome> {
    const failures: Failures = new Map();
    let settled = await round(request, untilUs, failures);
    const again = [...failures.values()].some((failure) => QUICK_RETRY.includes(failure.class));
    if (!settled && again && !calls.closed()) {
      await pause(retryDelayMs);
      settled = await round(request, untilUs, failures);
    }
    if (settled?.kind === "quoted") return { ...settled, cacheHit: false, stale: false };
    return report(failures, settled);
  }

  return {
    cached: () => undefined,
    async quote(request) {
      try {
        if (calls.closed()) return failed("unreachable", "the quote source is closed");
        if (request.amount <= 0n || request.amount > U64_MAX) {
          return failed("refused", "the amount must be from 1 to 2^64 - 1");
        }
        const untilUs = clock.monotonicUs() + totalUs;
        return await gate.run<QuoteOutcome>(
          () => ask(request, untilUs),
          () => failed("rate-limited", "too many quotes are waiting"),
        );
      } catch {
        return failed("upstream-error", "the quote source broke");
      }
    },
    close: calls.close,
  };
}

/** Servers that failed lately come last, otherwise the order is the configured one. */
function inOrder(endpoints: readonly Endpoint[], nowUs: number): Endpoint[] {
  const late = (endpoint: Endpoint) => Number(endpoint.avoidUntilUs > nowUs);
  return endpoints.toSorted((a, b) => late(a) - late(b));
}

function note(endpoint: Endpoint, outcome: Attempt, nowUs: number): void {
  const judged = outcome.kind === "quoted" || outcome.final === true;
  endpoint.avoidUntilUs = judged ? 0 : nowUs + AVOID_US;
  if (outcome.kind === "failed" && outcome.class === "rate-limited") {
    endpoint.blockedUntilUs = nowUs + (outcome.retryAfterMs ?? 0) * 1_000;
  }
}

/** What settled it, else the most telling failure; the message names every server. */
function report(failures: Failures, settled: Failure | undefined): QuoteOutcome {
  const found = settled ? [settled] : [...failures.values()];
  const kind = TELLING.find((name) => found.some((failure) => failure.class === name));
  const waits = found.flatMap(({ retryAfterMs }) => retryAfterMs ?? []);
  const retryAfterMs = waits.length > 0 ? Math.min(...waits) : undefined;
  const message = [...failures].map(([at, failure]) => `${at.name}: ${failure.message}`).join("; ");
  return failed(kind ?? "upstream-error", message.slice(0, 1_000), retryAfterMs);
}
