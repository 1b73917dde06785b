/**
 * Keeps to the number of requests that a Jupiter plan allows: 60 seconds that slide, counted over a
 * whole organisation. It goes by the configured number and by what answers say is left.
 */
import type { Clock } from "../../domain/ports/clock.ts";
import { US_PER_MS } from "../../domain/primitives/time.ts";
import { readRetryAfterMs } from "./jupiter-answer.ts";

const WINDOW_US = 60_000 * US_PER_MS;

export type Turn =
  /** The request may be sent after so many milliseconds, and counts from now on. */
  | { readonly kind: "granted"; readonly waitMs: number; readonly ticket: number }
  /** The wait would be longer than allowed; nothing was counted. */
  | { readonly kind: "full"; readonly retryAfterMs: number };

export type RequestLimiter = {
  /** Turns are given first come, first served. Milliseconds. */
  take(maxWaitMs: number): Turn;
  /** What the answer to a granted request says of the limit. */
  note(
    ticket: number,
    answer: { readonly status: number; readonly headers: Pick<Headers, "get"> },
  ): void;
};

export type Quota = {
  /** Undefined: no limit is known. */
  readonly requestsPerMinute: number | undefined;
  /** Nobody configured it: an answer that says what is left is believed instead. */
  readonly isAssumed: boolean;
};

/**
 * A limit of 0 or nothing is none. Known limits: 30 requests a minute without a key, 60 with the free
 * one (Jupiter's portal, rate limits); any other host is not ours to guess.
 */
export function quotaOf(
  host: string,
  { apiKey, requestsPerMinute }: { apiKey?: string; requestsPerMinute?: number },
): Quota {
  if (requestsPerMinute !== undefined) {
    return { requestsPerMinute: requestsPerMinute || undefined, isAssumed: false };
  }
  const isJupiter = host === "jup.ag" || host.endsWith(".jup.ag");
  return { requestsPerMinute: isJupiter ? (apiKey ? 60 : 30) : undefined, isAssumed: true };
}

export function createRequestLimiter(
  { requestsPerMinute: limit, isAssumed }: Quota,
  clock: Clock,
): RequestLimiter {
  /** When requests of the last minute were, or are to be, sent; ascending. */
  const times: number[] = [];
  let granted = 0;
  let notBeforeUs = 0;
  /** What is left until the reset, by the last answer that told. */
  let stated: { left: number; readonly resetUs: number } | undefined;
  let toldAtUs = Number.NEGATIVE_INFINITY;

  function earliestUs(nowUs: number): number {
    let atUs = Math.max(nowUs, notBeforeUs);
    if (stated && stated.left <= 0) atUs = Math.max(atUs, stated.resetUs);
    const isTold = isAssumed && nowUs < toldAtUs + WINDOW_US;
    if (limit === undefined || isTold || times.length < limit) return atUs;
    return Math.max(atUs, (times[times.length - limit] ?? 0) + WINDOW_US);
  }

  return {
    take(maxWaitMs) {
      const nowUs = clock.monotonicUs();
      const past = times.findIndex((time) => time > nowUs - WINDOW_US);
      times.splice(0, past < 0 ? times.length : past);
      const atUs = earliestUs(nowUs);
      const waitMs = Math.ceil((atUs - nowUs) / US_PER_MS);
      if (waitMs > maxWaitMs) return { kind: "full", retryAfterMs: waitMs };
      if (limit !== undefined) times.push(atUs);
      granted += 1;
      if (stated && atUs >= stated.resetUs) stated = undefined;
      if (stated) stated.left -= 1;
      return { kind: "granted", waitMs, ticket: granted };
    },
    note(ticket, { status, headers }) {
      const nowUs = clock.monotonicUs();
      const waitUs =
        (readRetryAfterMs(headers, clock.nowUs() / US_PER_MS) ?? Number.NaN) * US_PER_MS;
      if (status === 429) notBeforeUs = Math.max(notBeforeUs, nowUs + (waitUs || 0));
      const remaining = headers.get("x-ratelimit-remaining") ?? "";
      if (!/^\d{1,9}$/.test(remaining) || Number.isNaN(waitUs)) return;
      // Requests after this one may not be counted in it yet.
      const left = Number(remaining) - (granted - ticket);
      stated = { left, resetUs: nowUs + waitUs };
      toldAtUs = nowUs;
    },
  };
}
