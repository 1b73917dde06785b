/** The limiter of requests: no minute has more than the plan allows, whatever is asked when. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createRequestLimiter, quotaOf } from "../../adapters/quotes/request-limiter.ts";
import { createManualClock } from "../support/manual-clock.ts";

const configured = (requestsPerMinute: number) => ({ requestsPerMinute, isAssumed: false });
const told = (status: number, headers: Record<string, string>) => ({
  ...{ status, headers: new Headers(headers) },
});

test("no sixty seconds have more requests than the limit, and none waits longer than allowed", () => {
  const steps = fc.array(
    fc.record({ afterMs: fc.nat(20_000), maxWaitMs: fc.constantFrom(0, 500, 30_000, 120_000) }),
    { minLength: 1, maxLength: 60 },
  );
  let waits = 0;
  let refusals = 0;
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5 }), steps, (limit, asked) => {
      const clock = createManualClock();
      const limiter = createRequestLimiter(configured(limit), clock);
      const sent: number[] = [];
      for (const { afterMs, maxWaitMs } of asked) {
        clock.advanceMs(afterMs);
        const nowMs = clock.monotonicUs() / 1_000;
        const turn = limiter.take(maxWaitMs);
        if (turn.kind === "full") {
          refusals += 1;
          expect(turn.retryAfterMs).toBeGreaterThan(maxWaitMs);
          expect(sent.filter((time) => time > nowMs - 60_000).length).toBeGreaterThanOrEqual(limit);
          continue;
        }
        if (turn.waitMs > 0) waits += 1;
        expect(turn.waitMs).toBeLessThanOrEqual(maxWaitMs);
        sent.push(nowMs + turn.waitMs);
      }
      expect(sent).toEqual(sent.toSorted((a, b) => a - b));
      for (const [index, time] of sent.entries()) {
        const before = sent[index - limit];
        if (before !== undefined) expect(time - before).toBeGreaterThanOrEqual(60_000);
      }
    }),
    { numRuns: 500 },
  );
  expect(waits).toBeGreaterThan(100);
  expect(refusals).toBeGreaterThan(100);
});

describe("the default", () => {
  test.each([
    ["127.0.0.1", "key", undefined],
    ["example.org", "key", undefined],
    ["notjup.ag", "key", undefined],
    ["api.jup.ag", "key", 60],
    ["lite-api.jup.ag", undefined, 30],
  ])("of %s with %s is %s", (host, apiKey, requestsPerMinute) => {
    const options = apiKey === undefined ? {} : { apiKey };
    expect(quotaOf(host, options)).toEqual({ requestsPerMinute, isAssumed: true });
    expect(quotaOf(host, { ...options, requestsPerMinute: 7 })).toEqual(configured(7));
    const off = { requestsPerMinute: undefined, isAssumed: false };
    expect(quotaOf(host, { ...options, requestsPerMinute: 0 })).toEqual(off);
  });

  test("gives way to what answers say, a configured limit does not", () => {
    for (const isAssumed of [true, false]) {
      const clock = createManualClock();
      const limiter = createRequestLimiter({ requestsPerMinute: 2, isAssumed }, clock);
      const first = limiter.take(0);
      if (first.kind === "full") throw new Error("full");
      const reset = String(clock.nowUs() / 1_000_000 + 60);
      const left = { "x-ratelimit-remaining": "3", "x-ratelimit-reset": reset };
      limiter.note(first.ticket, told(200, left));
      const kinds = [1, 2, 3, 4].map(() => limiter.take(0).kind);
      const [yes, no] = ["granted", "full"];
      expect(kinds).toEqual(isAssumed ? [yes, yes, yes, no] : [yes, no, no, no]);
    }
  });
});

test("requests under way count against what an earlier answer says is left", () => {
  const clock = createManualClock();
  const limiter = createRequestLimiter({ requestsPerMinute: undefined, isAssumed: true }, clock);
  const tickets = [1, 2, 3].map(() => limiter.take(0));
  const [first] = tickets;
  if (first?.kind !== "granted") throw new Error("full");
  const reset = String(clock.nowUs() / 1_000_000 + 5);
  const headers = { "x-ratelimit-remaining": "2", "x-ratelimit-reset": reset };
  limiter.note(first.ticket, told(200, headers));
  expect(limiter.take(0)).toEqual({ kind: "full", retryAfterMs: 5_000 });
  expect(limiter.take(5_000)).toMatchObject({ kind: "granted", waitMs: 5_000 });
});

test("a refusal holds everybody back until it says, and an earlier one does not shorten it", () => {
  const clock = createManualClock();
  const limiter = createRequestLimiter({ requestsPerMinute: undefined, isAssumed: true }, clock);
  const [first, second] = [limiter.take(0), limiter.take(0)];
  if (first.kind !== "granted" || second.kind !== "granted") throw new Error("full");
  limiter.note(second.ticket, told(429, { "retry-after": "8" }));
  limiter.note(first.ticket, told(429, { "retry-after": "2" }));
  expect(limiter.take(7_999)).toEqual({ kind: "full", retryAfterMs: 8_000 });
  clock.advanceMs(8_000);
  expect(limiter.take(0)).toMatchObject({ kind: "granted", waitMs: 0 });
});
