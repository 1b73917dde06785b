/** The local quote server, asked through Jupiter's own client, and its control door. */
import { Configuration, type QuoteGetRequest, ResponseError, SwapApi } from "@jup-ag/api";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Market, startMarket } from "../../localnet/market/server.ts";
import { type Token, tokenBySymbol } from "../../localnet/tokens.ts";

function mint(symbol: string): string {
  const token: Token | undefined = tokenBySymbol(symbol);
  if (!token) throw new Error(symbol);
  return token.mint;
}

let market: Market;
beforeEach(async () => {
  market = await startMarket({ nowMs: () => 0 });
  market.setPrice("SOL", "150");
});
afterEach(() => market.close());

const request = (changes: Partial<QuoteGetRequest> = {}): QuoteGetRequest => ({
  inputMint: mint("SOL"),
  outputMint: mint("USDC"),
  amount: 1_000_000_000,
  ...changes,
});
const client = () => new SwapApi(new Configuration({ basePath: market.swapUrl }));

async function refusalOf(wanted: QuoteGetRequest) {
  try {
    await client().quoteGet(wanted);
  } catch (error) {
    if (error instanceof ResponseError) {
      return { status: error.response.status, body: await error.response.json() };
    }
    throw error;
  }
  throw new Error("quoted");
}

describe("quotes", () => {
  test("Jupiter's own client reads them", async () => {
    const quote = await client().quoteGet(request({ slippageBps: 100 }));
    expect(quote).toMatchObject({
      inputMint: mint("SOL"),
      outputMint: mint("USDC"),
      inAmount: "1000000000",
      outAmount: "149939550",
      // 149,939,550 × 0.99 = 148,440,154.5, rounded up
      otherAmountThreshold: "148440155",
      swapMode: "ExactIn",
      slippageBps: 100,
    });
    expect(quote.routePlan).toHaveLength(1);
  });

  test("the raw answer has the fields of recorded ones", async () => {
    const answer = await client().quoteGetRaw(request({ platformFeeBps: 20 }));
    const body = await answer.raw.json();
    expect(body).toMatchObject({
      platformFee: { feeBps: 20, amount: "299879" },
      outAmount: "149639671",
      contextSlot: 400_000_000,
      timeTaken: expect.any(Number),
      swapUsdValue: "150",
      priceImpactPct: expect.stringMatching(/^0\.0000029/),
      routePlan: [
        {
          percent: 100,
          bps: 10_000,
          swapInfo: {
            ammKey: expect.stringMatching(/^\w{32,44}$/),
            label: "Localnet",
            inAmount: "1000000000",
            outAmount: "149939550",
            updateContextSlot: "400000000",
          },
        },
      ],
    });
  });

  test("two hops between tokens without a pool of their own", async () => {
    const wanted = { inputMint: mint("JUP"), outputMint: mint("BONK"), amount: 10_000_000 };
    const { routePlan, outAmount } = await client().quoteGet(wanted);
    expect(routePlan).toHaveLength(2);
    expect(routePlan[0]?.swapInfo.outAmount).toBe(routePlan[1]?.swapInfo.inAmount);
    expect(routePlan[1]?.swapInfo.outAmount).toBe(outAmount);
  });

  test.each([
    ["TOKEN_NOT_TRADABLE", { outputMint: "LAYER4xPpTCb3QL8S9u41EAhAX7mhBn8Q6xMTwY2Yzc" }],
    ["COULD_NOT_FIND_ANY_ROUTE", { amount: 1, outputMint: mint("WETH") }],
    ["CIRCULAR_ARBITRAGE_IS_DISABLED", { outputMint: mint("SOL") }],
    ["NOT_SUPPORTED", { swapMode: "ExactOut" as const }],
    ["INVALID_REQUEST", { amount: 0 }],
    ["INVALID_REQUEST", { amount: -1 }],
    ["INVALID_REQUEST", { amount: 2 ** 64 }],
    ["INVALID_REQUEST", { slippageBps: 10_001 }],
    ["INVALID_REQUEST", { inputMint: "0x0" }],
  ])("refuses with %s: %j", async (errorCode, changes) => {
    const refused = await refusalOf(request(changes));
    expect(refused).toEqual({ status: 400, body: { errorCode, error: expect.any(String) } });
    expect(market.stats()).toMatchObject({ quotes: 1, refusals: 1 });
  });

  test("prices follow the seed", async () => {
    const other = await startMarket({ seed: 2, nowMs: () => 0 });
    const same = await startMarket({ seed: 2, nowMs: () => 0 });
    const quotes = await Promise.all(
      [market, other, same].map(async ({ swapUrl }) => {
        const api = new SwapApi(new Configuration({ basePath: swapUrl }));
        return (await api.quoteGet(request({ inputMint: mint("JUP") }))).outAmount;
      }),
    );
    await Promise.all([other.close(), same.close()]);
    expect(quotes[1]).toBe(quotes[2]);
    expect(quotes[0]).not.toBe(quotes[1]);
  });
});

describe("control", () => {
  const post = (body: unknown) =>
    fetch(`${market.url}/control`, { method: "POST", body: JSON.stringify(body) });

  test("a fault hits as many quotes as it says", async () => {
    await post({ fault: { status: 503, count: 2 } });
    expect((await refusalOf(request())).status).toBe(503);
    expect((await refusalOf(request())).status).toBe(503);
    expect((await client().quoteGet(request())).outAmount).toBe("149939550");
    const stats = await (await fetch(`${market.url}/control/stats`)).json();
    expect(stats).toMatchObject({ quotes: 3, faults: 2, refusals: 0, prices: { SOL: "150" } });
  });

  test("a fault without a count stays until it is cleared", async () => {
    await post({ fault: { status: 500 } });
    for (const _ of [1, 2, 3]) expect((await refusalOf(request())).status).toBe(500);
    await post({ fault: null });
    await client().quoteGet(request());
  });

  test("a price by mint, and free again", async () => {
    const before = (await client().quoteGet(request({ outputMint: mint("JUP") }))).outAmount;
    await post({ price: { token: mint("JUP"), price: "0.25" } });
    const { outAmount } = await client().quoteGet(request({ outputMint: mint("JUP") }));
    expect(BigInt(outAmount)).toBeGreaterThan(BigInt(before) + BigInt(before) / 2n);
    await post({ price: { token: "JUP", price: null } });
    expect((await client().quoteGet(request({ outputMint: mint("JUP") }))).outAmount).toBe(before);
  });

  test.each([
    { fault: { staus: 500 } },
    { price: { token: "NOPE", price: "1" } },
    { price: { token: "SOL", price: "0" } },
    "x",
  ])("refuses %j", async (body) => {
    const answer = await post(body);
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ errorCode: "INVALID_REQUEST" });
  });

  test("another path is not found, and close ends a hanging quote", async () => {
    expect((await fetch(`${market.url}/swap/v1/swap`)).status).toBe(404);
    market.setFault({ hang: true });
    const hanging = client().quoteGet(request());
    const ended = expect(hanging).rejects.toThrow();
    await expect.poll(() => market.stats().faults).toBe(1);
    await market.close();
    await ended;
  });
});

test.each([
  [{ file: "no-such.csv" }, "cannot be read"],
  [{ file: import.meta.filename, symbol: "NOPE" }, "unknown symbol NOPE; known are SOL"],
  [{ file: import.meta.filename }, "line 1: expected timestamp_ms"],
  [{ speed: 0 }, "speed"],
])("startMarket(%j) says what is wrong", async (options, message) => {
  await expect(startMarket(options)).rejects.toThrow(message);
});
