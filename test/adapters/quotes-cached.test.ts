/** The quote cache: age, single flight, bounds. Calls of the source are counted by the market. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type CachedQuotesOptions, createCachedQuotes } from "../../adapters/quotes/cached.ts";
import { createJupiterQuotes, type JupiterQuotes } from "../../adapters/quotes/jupiter.ts";
import type { Fault } from "../../localnet/market/faults.ts";
import { type Market, startMarket } from "../../localnet/market/server.ts";
import { oneSol } from "../contracts/quotes.contract.ts";
import { createManualClock, type ManualClock } from "../support/manual-clock.ts";

let market: Market;
let clock: ManualClock;
let source: JupiterQuotes;
beforeEach(async () => {
  market = await startMarket();
  clock = createManualClock();
  source = createJupiterQuotes({ baseUrls: [market.swapUrl], timeoutMs: 1_000, clock });
});
afterEach(async () => {
  source.close();
  await market.close();
});
const cache = (changes: Partial<CachedQuotesOptions> = {}) =>
  createCachedQuotes({ source, clock, ...changes });
const asked = () => market.stats().quotes;

describe("time to live", () => {
  test("two seconds by the monotonic clock", async () => {
    const quotes = cache();
    const first = await quotes.quote(oneSol());
    clock.advanceMs(2_000);
    clock.jumpWallMs(86_400_000);
    const hit = await quotes.quote(oneSol());
    expect(hit).toEqual({ ...first, cacheHit: true });
    expect(quotes.cached(oneSol())).toBe(first.kind === "quoted" ? first.quote : "nothing");
    expect(asked()).toBe(1);

    clock.advanceMs(1);
    clock.jumpWallMs(-86_400_000);
    expect(quotes.cached(oneSol())).toBeUndefined();
    expect(await quotes.quote(oneSol())).toMatchObject({ kind: "quoted", cacheHit: false });
    expect(asked()).toBe(2);
    expect(quotes.stats()).toEqual({ hits: 2, misses: 2, shared: 0, stale: 0, entries: 1 });
  });

  test("a hit does not lengthen it", async () => {
    const quotes = cache();
    await quotes.quote(oneSol());
    for (const _ of [1, 2]) {
      clock.advanceMs(1_000);
      expect(quotes.cached(oneSol())).toBeDefined();
    }
    clock.advanceMs(1_000);
    expect(quotes.cached(oneSol())).toBeUndefined();
  });

  test("of zero remembers nothing", async () => {
    const quotes = cache({ ttlMs: 0 });
    await quotes.quote(oneSol());
    expect(quotes.cached(oneSol())).toBeUndefined();
    expect(quotes.stats().entries).toBe(0);
  });
});

describe("while the source is away", () => {
  const AWAY: readonly (readonly [string, Fault])[] = [
    ["upstream-error", { status: 503 }],
    ["rate-limited", { status: 429, retryAfterS: 1 }],
    ["unreachable", { reset: true }],
  ];

  test.each(AWAY)("%s: an older quote is given out and marked", async (_, fault) => {
    const quotes = cache({ staleMs: 30_000, whenStale: "mark" });
    const first = await quotes.quote(oneSol());
    clock.advanceMs(29_999);
    expect(quotes.cached(oneSol())).toBeUndefined();
    market.setFault(fault);
    expect(await quotes.quote(oneSol())).toEqual({ ...first, cacheHit: true, stale: true });
    expect(quotes.stats()).toEqual({ hits: 0, misses: 2, shared: 0, stale: 1, entries: 1 });
    // Never as if it were fresh.
    expect(quotes.cached(oneSol())).toBeUndefined();
  });

  test("to the end of its time and not longer, by the monotonic clock", async () => {
    const quotes = cache({ staleMs: 30_000, whenStale: "mark" });
    await quotes.quote(oneSol());
    market.setFault({ status: 503 });
    clock.jumpWallMs(86_400_000);
    clock.advanceMs(30_000);
    expect(await quotes.quote(oneSol())).toMatchObject({ stale: true });
    clock.advanceMs(1);
    const outcome = await quotes.quote(oneSol());
    expect(outcome).toHaveProperty(
      "message",
      expect.stringMatching(/; no quote of the last 30000 ms is kept \(cache.staleMs\)$/),
    );
    expect(quotes.stats()).toMatchObject({ stale: 1, entries: 0 });
  });

  test("all who share the call share the mark, and a fresh answer ends it", async () => {
    const quotes = cache({ ttlMs: 0, staleMs: 30_000, whenStale: "mark" });
    await quotes.quote(oneSol());
    market.setFault({ status: 503 });
    const both = await Promise.all([quotes.quote(oneSol()), quotes.quote(oneSol())]);
    expect(both.map((outcome) => outcome.kind === "quoted" && outcome.stale)).toEqual([true, true]);
    market.setFault(undefined);
    expect(await quotes.quote(oneSol())).toMatchObject({ kind: "quoted", stale: false });
  });

  test("a source that says no is there: nothing older is given out", async () => {
    const quotes = cache({ staleMs: 30_000, whenStale: "mark" });
    await quotes.quote(oneSol());
    clock.advanceMs(2_001);
    market.setFault({ status: 400, errorCode: "NO_ROUTES_FOUND" });
    expect(await quotes.quote(oneSol())).toMatchObject({ kind: "failed", class: "no-route" });
    market.setFault({ garbage: true });
    expect(await quotes.quote(oneSol())).toMatchObject({ kind: "failed", class: "malformed" });
  });

  test("it is refused unless that is configured, and the failure says so", async () => {
    const quotes = cache({ staleMs: 30_000 });
    await quotes.quote(oneSol());
    clock.advanceMs(5_000);
    market.setFault({ status: 503 });
    const outcome = await quotes.quote(oneSol());
    expect(outcome).toMatchObject({ kind: "failed", class: "upstream-error" });
    expect(outcome).toHaveProperty(
      "message",
      expect.stringContaining("a quote 5000 ms old is refused (cache.whenStale)"),
    );
    expect(quotes.stats().stale).toBe(0);
  });

  test("of a quote that was never had there is none", async () => {
    const quotes = cache({ staleMs: 30_000, whenStale: "mark" });
    market.setFault({ status: 503 });
    expect(await quotes.quote(oneSol())).toMatchObject({ kind: "failed" });
  });
});

describe("single flight", () => {
  test("a hundred equal requests are one call, another amount is another", async () => {
    const quotes = cache();
    const other = oneSol({ amount: 2_000_000_000n });
    const calls = Array.from({ length: 100 }, () => quotes.quote(oneSol()));
    const outcomes = await Promise.all([...calls, quotes.quote(other)]);
    expect(asked()).toBe(2);
    expect(new Set(outcomes.slice(0, 100)).size).toBe(1);
    expect(outcomes[0]).toMatchObject({ kind: "quoted", cacheHit: false });
    expect(outcomes[100]).toMatchObject({ quote: { inAmount: 2_000_000_000n } });
    expect(quotes.stats()).toEqual({ hits: 0, misses: 2, shared: 99, stale: 0, entries: 2 });
  });

  test("a failure is shared but not remembered", async () => {
    const quotes = cache();
    market.setFault({ status: 400, errorCode: "NO_ROUTES_FOUND", count: 1 });
    const both = await Promise.all([quotes.quote(oneSol()), quotes.quote(oneSol())]);
    expect(both.map(({ kind }) => kind)).toEqual(["failed", "failed"]);
    expect(asked()).toBe(1);
    expect(await quotes.quote(oneSol())).toMatchObject({ kind: "quoted", cacheHit: false });
  });

  test.each([
    [
      "throws",
      () => {
        throw new Error("broken");
      },
    ],
    ["rejects", () => Promise.reject(new Error("broken"))],
  ])("a source that %s gives a failure, each time anew", async (_, quote) => {
    let calls = 0;
    const broken = {
      quote: () => {
        calls += 1;
        return quote();
      },
    };
    const quotes = createCachedQuotes({ source: broken, clock });
    for (const _ of [1, 2]) {
      expect(await quotes.quote(oneSol())).toMatchObject({ class: "upstream-error" });
    }
    expect(calls).toBe(2);
  });
});

test("no more entries than allowed; the least recently used goes", async () => {
  const quotes = cache({ maxEntries: 2 });
  const [a, b, c] = [1n, 2n, 3n].map((sol) => oneSol({ amount: sol * 1_000_000_000n }));
  if (!a || !b || !c) throw new Error("three requests");
  await quotes.quote(a);
  await quotes.quote(b);
  quotes.cached(a);
  await quotes.quote(c);
  expect([a, b, c].map((request) => quotes.cached(request) !== undefined)).toEqual([
    true,
    false,
    true,
  ]);
  expect(quotes.stats().entries).toBe(2);
});
