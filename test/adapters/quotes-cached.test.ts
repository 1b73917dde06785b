/** The quote cache: age, single flight, bounds. Calls of the source are counted by the market. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createCachedQuotes } from "../../adapters/quotes/cached.ts";
import { createJupiterQuotes, type JupiterQuotes } from "../../adapters/quotes/jupiter.ts";
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
const cache = (changes: { ttlMs?: number; maxEntries?: number } = {}) =>
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
    expect(quotes.stats()).toEqual({ hits: 2, misses: 2, shared: 0, entries: 1 });
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
    expect(quotes.stats()).toEqual({ hits: 0, misses: 2, shared: 99, entries: 2 });
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
