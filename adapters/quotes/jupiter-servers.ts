/**
 * The servers behind everything that is asked of Jupiter: several base URLs back each other up,
 * within limits of time, of number and of the plan. Paper quotes and live swaps of one engine share
 * them. One exchange with one of them is in jupiter-calls.ts.
 */
import { setTimeout as pause } from "node:timers/promises";
import type { Clock } from "../../domain/ports/clock.ts";
import type { QuoteFailureClass } from "../../domain/ports/quotes.ts";
import { createConcurrencyGate } from "./concurrency-gate.ts";
import {
  type Answered,
  type Attempt,
  createJupiterCalls,
  type Failure,
  failed,
  type Question,
} from "./jupiter-calls.ts";
import { createEndpoint, type Endpoint } from "./jupiter-endpoint.ts";
import { createRequestLimiter, quotaOf, type RequestLimiter } from "./request-limiter.ts";

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
  /** Longest wait for all attempts of one question together; default twice timeoutMs. */
  readonly totalTimeoutMs?: number;
  /** Of the plan, for each host; 0: no limit. Default: what Jupiter's own hosts give, else none. */
  readonly requestsPerMinute?: number;
  readonly clock: Clock;
  /** Pause before the second round of attempts; default 50. */
  readonly retryDelayMs?: number;
  /** Questions asked at a time (default 64) and waiting for their turn (default 4096). */
  readonly maxConcurrent?: number;
  readonly maxWaiting?: number;
};

export type JupiterServers = {
  /** Asks one server after the other until one answers, some of them twice. Never rejects. */
  ask<T>(question: Question<T>): Promise<Attempt<T>>;
  /** Ends the calls under way; everything asked later fails. */
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

/** Throws for a base URL that is none or has a query. */
export function createJupiterServers(options: JupiterOptions): JupiterServers {
  const { clock, timeoutMs, retryDelayMs = 50 } = options;
  const totalUs = (options.totalTimeoutMs ?? 2 * timeoutMs) * 1_000;
  const endpoints = endpointsOf(options);
  const gate = createConcurrencyGate(options.maxConcurrent ?? 64, options.maxWaiting ?? 4_096);
  const calls = createJupiterCalls(clock);
  const closing = new AbortController();
  const leftMs = (untilUs: number): number => Math.ceil((untilUs - clock.monotonicUs()) / 1_000);
  /** False when closed meanwhile. */
  const waited = (waitMs: number): Promise<boolean> =>
    pause(waitMs, true, { signal: closing.signal }).catch(() => false);

  /** Waits at most `maxWaitMs` for its turn with this server. */
  async function attempt<T>(
    endpoint: Endpoint,
    question: Question<T>,
    { untilUs, maxWaitMs }: { readonly untilUs: number; readonly maxWaitMs: number },
  ): Promise<Attempt<T>> {
    if (leftMs(untilUs) <= 0) return failed("timeout", "no time left to ask");
    const turn = endpoint.limiter.take(maxWaitMs);
    if (turn.kind === "full") {
      const message = "no request to it is left at the moment";
      return { ...failed("rate-limited", message, turn.retryAfterMs), unasked: true };
    }
    if (turn.waitMs > 0 && !(await waited(turn.waitMs))) return CLOSED;
    const limitMs = Math.min(timeoutMs, Math.max(leftMs(untilUs), 1));
    const outcome = await calls.call(endpoint, question, { ticket: turn.ticket, limitMs });
    const judged = outcome.kind === "answered" || outcome.final === true;
    endpoint.avoidUntilUs = judged ? 0 : clock.monotonicUs() + AVOID_US;
    return outcome;
  }

  /** Asks one server after the other; undefined if none settled it. */
  async function round<T>(question: Question<T>, untilUs: number, failures: Failures) {
    for (const endpoint of inOrder(endpoints, clock.monotonicUs())) {
      const before = failures.get(endpoint);
      if (before && !QUICK_RETRY.includes(before.class)) continue;
      const outcome = await attempt(endpoint, question, { untilUs, maxWaitMs: 0 });
      if (outcome.kind === "answered") return outcome;
      failures.set(endpoint, outcome);
      if (outcome.final) return outcome;
    }
    return undefined;
  }

  /** Nobody else answered: waits for the turn of a server that was passed over, if it comes in time. */
  async function lastResort<T>(question: Question<T>, untilUs: number, failures: Failures) {
    const [soonest] = [...failures]
      .filter(([, failure]) => failure.unasked)
      .toSorted(([, a], [, b]) => (a.retryAfterMs ?? 0) - (b.retryAfterMs ?? 0));
    if (!soonest || calls.closed()) return undefined;
    const [endpoint] = soonest;
    const maxWaitMs = Math.max(leftMs(untilUs) - 1, 0);
    const outcome = await attempt(endpoint, question, { untilUs, maxWaitMs });
    if (outcome.kind === "answered") return outcome;
    failures.set(endpoint, outcome);
    return outcome.final ? outcome : undefined;
  }

  async function askAll<T>(question: Question<T>, untilUs: number): Promise<Attempt<T>> {
    const failures: Failures = new Map();
    let settled: Answered<T> | Failure | undefined = await round(question, untilUs, failures);
    const again = [...failures.values()].some((failure) => QUICK_RETRY.includes(failure.class));
    if (!settled && again && !calls.closed() && (await waited(retryDelayMs))) {
      settled = await round(question, untilUs, failures);
    }
    settled ??= await lastResort(question, untilUs, failures);
    if (settled?.kind === "answered") return settled;
    return calls.closed() ? CLOSED : report(failures, settled);
  }

  return {
    async ask<T>(question: Question<T>): Promise<Attempt<T>> {
      try {
        if (calls.closed()) return CLOSED;
        const untilUs = clock.monotonicUs() + totalUs;
        return await gate.run<Attempt<T>>(
          () => askAll(question, untilUs),
          () => failed("rate-limited", "too many quotes are waiting"),
        );
      } catch {
        return failed("upstream-error", "the quote source broke");
      }
    },
    close() {
      calls.close();
      closing.abort();
    },
  };
}

const CLOSED = failed("unreachable", "the quote source is closed");

function endpointsOf(options: JupiterOptions): Endpoint[] {
  const limiters = new Map<string, RequestLimiter>();
  // Jupiter counts by organisation, whichever of its hosts is asked.
  const limiterOf = (host: string): RequestLimiter => {
    const group = host.replace(/^.*\.(?=jup\.ag$)/, "");
    const limiter =
      limiters.get(group) ?? createRequestLimiter(quotaOf(host, options), options.clock);
    limiters.set(group, limiter);
    return limiter;
  };
  const endpoints = options.baseUrls.map((url) => createEndpoint(url, options.apiKey, limiterOf));
  if (endpoints.length === 0) throw new Error("at least one base URL is needed");
  return endpoints;
}

/** Servers that failed lately come last, otherwise the order is the configured one. */
function inOrder(endpoints: readonly Endpoint[], nowUs: number): Endpoint[] {
  const late = (endpoint: Endpoint) => Number(endpoint.avoidUntilUs > nowUs);
  return endpoints.toSorted((a, b) => late(a) - late(b));
}

/** What settled it, else the most telling failure; the message names every server. */
function report(failures: Failures, settled: Failure | undefined): Failure {
  const found = settled ? [settled] : [...failures.values()];
  const kind = TELLING.find((name) => found.some((failure) => failure.class === name));
  const waits = found.flatMap(({ retryAfterMs }) => retryAfterMs ?? []);
  const retryAfterMs = waits.length > 0 ? Math.min(...waits) : undefined;
  const message = [...failures].map(([at, failure]) => `${at.name}: ${failure.message}`).join("; ");
  return failed(kind ?? "upstream-error", message.slice(0, 1_000), retryAfterMs);
}
