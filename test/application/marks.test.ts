/** Marks now: at hand, asked, shared, late, failed. */
import { describe, expect, it } from "vitest";
import { createCachedQuotes } from "../../adapters/quotes/cached.ts";
import { createMarkSource, MAX_MARKS_ASKED } from "../../domain/application/marks.ts";
import { createPairPrices } from "../../domain/application/orders/pair-prices.ts";
import type { QuoteOutcome, QuoteRequest } from "../../domain/ports/quotes.ts";
import type { Mint } from "../../domain/primitives/ids.ts";
import { createManualTime, settle } from "../support/manual-time.ts";
import { BONK, POLICY, quoteOf, SOL, USDC } from "../support/order-samples.ts";

type Answer = (request: QuoteRequest) => QuoteOutcome | Promise<QuoteOutcome>;

const quoted = (request: QuoteRequest, outAmount: bigint): QuoteOutcome => ({
  kind: "quoted",
  cacheHit: false,
  stale: false,
  quote: quoteOf({
    inputMint: request.inputMint,
    outputMint: request.outputMint,
    inAmount: request.amount,
    outAmount,
    obtainedAtUs: 7,
  }),
});
const failed: QuoteOutcome = {
  kind: "failed",
  class: "unreachable",
  message: "gone",
  retryAfterMs: undefined,
};

function world(answer: Answer, tokens = POLICY.tokens) {
  const { clock, timers, advanceMs, pending } = createManualTime();
  const asked: QuoteRequest[] = [];
  const source = {
    quote: async (request: QuoteRequest) => {
      asked.push(request);
      return answer(request);
    },
  };
  const quotes = createCachedQuotes({ source, clock });
  const pairs = createPairPrices(quotes, { ...POLICY, tokens });
  const marks = createMarkSource({ pairs, tokens, costMint: USDC, timers });
  return { marks, asked, advanceMs, pending, quotes };
}

describe("marks now", () => {
  it("ask for one whole token, and then take what the cache remembers", async () => {
    const { marks, asked, pending } = world((request) => quoted(request, 150_250_000n));
    const first = await marks([SOL, USDC], 100);
    expect([...first]).toEqual([
      [SOL, { price: { numerator: 150_250_000n, denominator: 1_000_000_000n }, timeUs: 7 }],
    ]);
    expect(asked).toEqual([{ inputMint: SOL, outputMint: USDC, amount: 1_000_000_000n }]);
    expect(await marks([SOL], 100)).toEqual(first);
    // Nothing is waited for, and nothing asked, where nobody waits.
    expect(await marks([SOL], 0)).toEqual(first);
    expect(asked).toHaveLength(1);
    expect(pending()).toBe(0);
  });

  it("ask for more of what is worth little, like orders do", async () => {
    const { marks, asked } = world((request) => quoted(request, request.amount / 5_000n));
    const found = await marks([BONK], 100);
    const amounts = asked.map(({ amount }) => amount);
    expect(amounts.length).toBeGreaterThan(1);
    expect(found.get(BONK)?.price.numerator).toBeGreaterThanOrEqual(1_000_000n);
  });

  it("share one request under way", async () => {
    let release: (outcome: QuoteOutcome) => void = () => undefined;
    const answer = new Promise<QuoteOutcome>((resolve) => {
      release = resolve;
    });
    const { marks, asked } = world(() => answer);
    const both = Promise.all([marks([SOL], 100), marks([SOL], 100)]);
    await settle();
    release(quoted({ inputMint: SOL, outputMint: USDC, amount: 1n }, 1_000_000n));
    const [one, other] = await both;
    expect(asked).toHaveLength(1);
    expect(one).toEqual(other);
    expect(one.size).toBe(1);
  });

  it("are none, and no error, where the source fails, breaks or gives nothing", async () => {
    const answers: Answer[] = [
      () => failed,
      () => Promise.reject(new Error("broken")),
      (request) => quoted(request, 0n),
    ];
    for (const answer of answers) {
      const { marks, pending } = world(answer);
      expect(await marks([SOL], 100)).toEqual(new Map());
      expect(pending()).toBe(0);
    }
  });

  it("come when the wait is over without the late ones, which are at hand later", async () => {
    let release: (outcome: QuoteOutcome) => void = () => undefined;
    const late = new Promise<QuoteOutcome>((resolve) => {
      release = resolve;
    });
    const { marks, advanceMs, pending } = world((request) =>
      request.inputMint === SOL ? late : quoted(request, 5_000_000n),
    );
    const waiting = marks([SOL, BONK], 50);
    await advanceMs(50);
    const found = await waiting;
    expect([...found.keys()]).toEqual([BONK]);
    release(quoted({ inputMint: SOL, outputMint: USDC, amount: 1n }, 1_000_000n));
    await settle();
    expect([...found.keys()]).toEqual([BONK]);
    expect((await marks([SOL], 0)).has(SOL)).toBe(true);
    expect(pending()).toBe(0);
  });

  it("are asked for a bounded number of mints, and for configured ones only", async () => {
    const sol = POLICY.tokens.get(SOL);
    if (!sol) throw new Error("SOL is configured");
    const mints = Array.from({ length: MAX_MARKS_ASKED + 5 }, (_, i) => `mint-${i}` as Mint);
    const tokens = new Map(mints.map((mint) => [mint, { ...sol, mint }]));
    const { marks, asked } = world((request) => quoted(request, 1_000_000n), tokens);
    expect((await marks(["unknown" as Mint, ...mints], 100)).size).toBe(MAX_MARKS_ASKED);
    expect(asked).toHaveLength(MAX_MARKS_ASKED);
    // What is at hand now is not asked for again, so the rest is.
    expect((await marks(mints, 100)).size).toBe(MAX_MARKS_ASKED + 5);
  });
});
