/**
 * Jupiter's limit on requests: a sliding window over all clients of one organisation, told in three
 * headers (`x-ratelimit-remaining`, `-current`, `-reset` in Unix seconds) on each answer.
 */
import { z } from "zod";

export const rateLimitSchema = z.strictObject({
  requests: z.int().min(0).max(1_000_000),
  /** Default 60,000. */
  windowMs: z.int().min(1).max(3_600_000).default(60_000),
});
export type RateLimit = z.infer<typeof rateLimitSchema>;

export type RateLimiter = {
  /** Undefined lifts the limit. */
  set(limit: RateLimit | undefined): void;
  /** Counts a request, unless it is over the limit. */
  take(): { readonly allowed: boolean; readonly headers: { readonly [name: string]: string } };
};

/** Wall-clock milliseconds, for the time of the reset. */
export function createRateLimiter(nowMs: () => number = Date.now): RateLimiter {
  let limit: RateLimit | undefined;
  let times: number[] = [];
  return {
    set(wanted) {
      limit = wanted;
      times = [];
    },
    take() {
      if (!limit) return { allowed: true, headers: {} };
      const now = nowMs();
      const { requests, windowMs } = limit;
      times = times.filter((time) => time > now - windowMs);
      const allowed = times.length < requests;
      if (allowed) times.push(now);
      const resetMs = (times[0] ?? now) + windowMs;
      return {
        allowed,
        headers: {
          "x-ratelimit-remaining": String(requests - times.length),
          "x-ratelimit-current": String(times.length),
          "x-ratelimit-reset": String(Math.ceil(resetMs / 1000)),
        },
      };
    },
  };
}
