/**
 * What every adapter behind the quotes port must do, shown against the local market with its
 * faults. The adapter is made anew for each test by `make`, from the base URLs of one or two
 * markets.
 */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Clock } from "../../domain/ports/clock.ts";
import type { QuoteOutcome, QuoteRequest, Quotes } from "../../domain/ports/quotes.ts";
import type { Mint } from "../../domain/primitives/ids.ts";
import type { Fault } from "../../localnet/market/faults.ts";
import { type Market, startMarket } from "../../localnet/market/server.ts";
import { tokenBySymbol } from "../../localnet/tokens.ts";
import { createManualClock, type ManualClock } from "../support/manual-clock.ts";

export const TIMEOUT_MS = 250;

export type MakeQuotes = (options: {
  readonly baseUrls: readonly string[];
  readonly timeoutMs: number;
  readonly clock: Clock;
}) => { readonly quotes: Quotes; readonly close: () => void };

/** Mint of a token of the local market. */
export function mintOf(symbol: string): Mint {
  const token = tokenBySymbol(symbol);
  if (!token) throw new Error(symbol);
  return token.mint as Mint;
}

export const oneSol = (changes: Partial<QuoteRequest> = {}): QuoteRequest => ({
  inputMint: mintOf("SOL"),
  outputMint: mintOf("USDC"),
  amount: 1_000_000_000n,
  ...changes,
});

/** Faults of a server, and the class that each must be reported as. */
const SERVER_FAULTS: readonly (readonly [string, Fault, string])[] = [
  ["500", { status: 500 }, "upstream-error"],
  ["503", { status: 503 }, "upstream-error"],
  ["429", { status: 429 }, "rate-limited"],
  ["401", { status: 401 }, "refused"],
  ["a redirect", { status: 302, location: "/swap/v1/quote" }, "upstream-error"],
  ["no answer", { hang: true }, "timeout"],
  ["a late answer", { delayMs: 60_000 }, "timeout"],
  ["a closed connection", { reset: true }, "unreachable"],
  ["half a body", { truncated: true }, "unreachable"],
  ["no JSON", { garbage: true }, "malformed"],
  ["an amount that is a number", { fields: { outAmount: 149939550 } }, "malformed"],
  ["an amount with a fraction", { fields: { outAmount: "1.5" } }, "malformed"],
  ["a negative amount", { fields: { outAmount: "-1" } }, "malformed"],
  ["an amount over u64", { fields: { outAmount: "18446744073709551616" } }, "malformed"],
  ["an empty route", { fields: { routePlan: [] } }, "malformed"],
  ["no route plan", { fields: { routePlan: null } }, "malformed"],
  ["an impact that is no number", { fields: { priceImpactPct: "much" } }, "malformed"],
  ["another input mint", { fields: { inputMint: mintOf("JUP") } }, "malformed"],
  ["another output mint", { fields: { outputMint: mintOf("JUP") } }, "malformed"],
  ["another amount in", { fields: { inAmount: "999999999" } }, "malformed"],
  ["another swap mode", { fields: { swapMode: "ExactOut" } }, "malformed"],
];

export function quotesContract(name: string, make: MakeQuotes): void {
  describe(`quotes contract: ${name}`, () => {
    let market: Market;
    let second: Market;
    let clock: ManualClock;
    let made: ReturnType<MakeQuotes>;

    beforeEach(async () => {
      [market, second] = await Promise.all([startMarket(), startMarket()]);
      for (const each of [market, second]) each.setPrice("SOL", "150");
      clock = createManualClock();
      use(market.swapUrl);
    });
    afterEach(async () => {
      made.close();
      await Promise.all([market.close(), second.close()]);
    });
    function use(...baseUrls: string[]): void {
      made?.close();
      made = make({ baseUrls, timeoutMs: TIMEOUT_MS, clock });
    }
    const ask = (changes: Partial<QuoteRequest> = {}): Promise<QuoteOutcome> =>
      made.quotes.quote(oneSol(changes));

    test("a quote in smallest units with its route, source and time", async () => {
      expect(await ask()).toEqual({
        kind: "quoted",
        cacheHit: false,
        stale: false,
        quote: {
          source: market.url,
          inputMint: mintOf("SOL"),
          outputMint: mintOf("USDC"),
          inAmount: 1_000_000_000n,
          // 50,000,000 USDC deep on each side at 150, 4 bps fee.
          outAmount: 149_939_550n,
          priceImpact: "0.00000299879100722553053087",
          route: [
            {
              ammKey: expect.stringMatching(/^\w{32,44}$/),
              label: "Localnet",
              inputMint: mintOf("SOL"),
              outputMint: mintOf("USDC"),
              inAmount: 1_000_000_000n,
              outAmount: 149_939_550n,
            },
          ],
          contextSlot: expect.stringMatching(/^4\d{8}$/),
          obtainedAtUs: clock.nowUs(),
        },
      });
    });

    test("a route of two legs", async () => {
      const outcome = await ask({ inputMint: mintOf("JUP"), outputMint: mintOf("BONK") });
      if (outcome.kind !== "quoted") throw new Error(outcome.message);
      const { route, outAmount } = outcome.quote;
      expect(route).toHaveLength(2);
      expect(route[0]?.outAmount).toBe(route[1]?.inAmount);
      expect(route[1]?.outAmount).toBe(outAmount);
    });

    test("amounts that no double holds arrive exactly", async () => {
      for (const amount of [9_007_199_254_740_993n, 18_446_744_073_709_551_615n]) {
        const outcome = await ask({ amount });
        expect(outcome).toMatchObject({ kind: "quoted", quote: { inAmount: amount } });
      }
    });

    test("what Jupiter does not promise may be missing or null", async () => {
      const bare = { contextSlot: null, timeTaken: null, swapUsdValue: null, platformFee: null };
      const leg = { inputMint: mintOf("SOL"), outputMint: mintOf("USDC"), inAmount: "7" };
      const swapInfo = { ...leg, outAmount: "8", ammKey: mintOf("JUP") };
      market.setFault({ fields: { ...bare, routePlan: [{ swapInfo, percent: 100, bps: null }] } });
      const outcome = await ask();
      expect(outcome).toMatchObject({ kind: "quoted", quote: { route: [{ label: "" }] } });
      expect(outcome).toHaveProperty("quote.contextSlot", undefined);
    });

    test("no route is final: nobody else is asked, nothing is asked twice", async () => {
      use(market.swapUrl, second.swapUrl);
      const outcome = await ask({
        outputMint: "LAYER4xPpTCb3QL8S9u41EAhAX7mhBn8Q6xMTwY2Yzc" as Mint,
      });
      expect(outcome).toMatchObject({ kind: "failed", class: "no-route" });
      expect(outcome).toHaveProperty("message", expect.stringContaining("TOKEN_NOT_TRADABLE"));
      expect([market.stats().quotes, second.stats().quotes]).toEqual([1, 0]);
    });

    test.each(["NO_ROUTES_FOUND", "COULD_NOT_FIND_ANY_ROUTE", "MARKET_NOT_FOUND"])(
      "%s is no-route",
      async (errorCode) => {
        market.setFault({ status: 400, errorCode });
        expect(await ask()).toMatchObject({ kind: "failed", class: "no-route" });
      },
    );

    test("a wrong request is refused, a senseless amount without asking", async () => {
      expect(await ask({ outputMint: mintOf("SOL") })).toMatchObject({ class: "refused" });
      expect(market.stats().quotes).toBe(1);
      for (const amount of [0n, -1n, 2n ** 64n]) {
        expect(await ask({ amount })).toMatchObject({ kind: "failed", class: "refused" });
      }
      expect(market.stats().quotes).toBe(1);
    });

    test.each(SERVER_FAULTS)("%s is told apart", async (_, fault, expected) => {
      market.setFault(fault);
      const outcome = await ask();
      expect(outcome).toMatchObject({ kind: "failed", class: expected });
      expect(outcome).toHaveProperty("message", expect.stringContaining(market.url));
    });

    test.each(SERVER_FAULTS)("%s: the next server answers", async (_, fault) => {
      use(market.swapUrl, second.swapUrl);
      market.setFault(fault);
      expect(await ask()).toMatchObject({ kind: "quoted", quote: { source: second.url } });
      expect(market.stats().quotes).toBe(1);
    });

    test("a server that is down is unreachable, and the next one answers", async () => {
      await market.close();
      expect(await ask()).toMatchObject({ kind: "failed", class: "unreachable" });
      use(market.swapUrl, second.swapUrl);
      expect(await ask()).toMatchObject({ kind: "quoted", quote: { source: second.url } });
    });

    test.each(SERVER_FAULTS.filter(([, fault]) => fault.reset || fault.status === 503))(
      "%s once: asked again at once",
      async (_, fault) => {
        market.setFault({ ...fault, count: 1 });
        expect(await ask()).toMatchObject({ kind: "quoted", quote: { source: market.url } });
        expect(market.stats().quotes).toBe(2);
      },
    );

    test("a rate limit says when to come back, and is respected until then", async () => {
      const reset = clock.nowUs() / 1_000_000 + 7;
      market.setFault({ status: 429, rateLimitReset: reset, count: 1 });
      const limited = { kind: "failed", class: "rate-limited" };
      expect(await ask()).toMatchObject({ ...limited, retryAfterMs: 7_000 });
      clock.advanceMs(3_000);
      expect(await ask()).toMatchObject({ ...limited, retryAfterMs: 4_000 });
      expect(market.stats().quotes).toBe(1);
      clock.advanceMs(4_000);
      expect(await ask()).toMatchObject({ kind: "quoted" });
    });

    test("retry-after counts in seconds", async () => {
      market.setFault({ status: 429, retryAfterS: 2 });
      expect(await ask()).toMatchObject({ class: "rate-limited", retryAfterMs: 2_000 });
    });

    test("in the second round only those are asked that may do better", async () => {
      use(market.swapUrl, second.swapUrl);
      market.setFault({ status: 401 });
      second.setFault({ status: 503 });
      expect(await ask()).toMatchObject({ kind: "failed", class: "upstream-error" });
      expect([market.stats().quotes, second.stats().quotes]).toEqual([1, 2]);
    });

    test("close ends what is under way, and nothing rejects", async () => {
      // Longer than the test may take, so that only close can end the call.
      made = make({ baseUrls: [market.swapUrl], timeoutMs: 600_000, clock });
      market.setFault({ hang: true });
      const asked = ask();
      await expect.poll(() => market.stats().faults).toBe(1);
      made.close();
      expect(await asked).toMatchObject({ kind: "failed", class: "unreachable" });
      expect(await ask()).toMatchObject({ kind: "failed", class: "unreachable" });
    });

    test("connections are kept alive", async () => {
      for (let amount = 1_000_000n; amount < 1_000_020n; amount++) {
        expect(await ask({ amount })).toMatchObject({ kind: "quoted" });
      }
      expect(market.stats().connections).toBeLessThanOrEqual(2);
    });

    test("while the source is away: a failure, or the quote of before that says so", async () => {
      const before = await ask();
      clock.advanceMs(10_000);
      market.setFault({ status: 503 });
      const outcome = await ask();
      if (outcome.kind === "failed") expect(outcome.class).toBe("upstream-error");
      else expect(outcome).toEqual({ ...before, cacheHit: true, stale: true });
      expect(made.quotes.cached(oneSol())).toBeUndefined();
      market.setFault(undefined);
      expect(await ask()).toMatchObject({ kind: "quoted", cacheHit: false, stale: false });
    });

    test("cached never waits and is a quote or nothing", async () => {
      expect(made.quotes.cached(oneSol())).toBeUndefined();
      const outcome = await ask();
      const cached = made.quotes.cached(oneSol());
      if (cached) expect(outcome).toHaveProperty("quote", cached);
      clock.advanceMs(60_000);
      expect(made.quotes.cached(oneSol())).toBeUndefined();
    });
  });
}
