/** Laws of the local pools and routes, and one quote worked out by hand. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DEFAULTS } from "../../adapters/config/defaults.ts";
import { USD } from "../../localnet/market/fixed-point.ts";
import { bestRoute, POOLS, swapOut } from "../../localnet/market/pools.ts";
import { createPrices, type PriceSnapshot } from "../../localnet/market/prices.ts";
import { TOKENS, type Token, tokenByMint, tokenBySymbol } from "../../localnet/tokens.ts";

const U64_MAX = 2n ** 64n - 1n;
const market = createPrices({ seed: 7, speed: 1, nowMs: () => 0 }).now();

function token(symbol: string): Token {
  const found = tokenBySymbol(symbol);
  if (!found) throw new Error(symbol);
  return found;
}

/** Every price 1 US dollar, except those given. */
const priced = (prices: { readonly [symbol: string]: bigint }): PriceSnapshot => ({
  slot: 1,
  priceOf: ({ symbol }) => (prices[symbol] ?? 1n) * USD,
});

const pair = fc
  .tuple(fc.constantFrom(...TOKENS), fc.constantFrom(...TOKENS))
  .filter(([input, output]) => input !== output);
const amount = fc.bigInt({ min: 1n, max: 2n ** 60n });

describe("one pool", () => {
  const reserve = fc.bigInt({ min: 1n, max: 2n ** 70n });
  const feeBps = fc.bigInt({ min: 0n, max: 100n });

  test("more in never gives less out, and never all of it", () => {
    fc.assert(
      fc.property(reserve, reserve, feeBps, amount, amount, (rIn, rOut, fee, a, b) => {
        const reserves = { in: rIn, out: rOut };
        const [less, more] = a < b ? [a, b] : [b, a];
        expect(swapOut(reserves, more, fee)).toBeGreaterThanOrEqual(swapOut(reserves, less, fee));
        expect(swapOut(reserves, more, fee)).toBeLessThan(rOut);
      }),
    );
  });

  test("a larger size never has a better average price, rounding of one unit apart", () => {
    fc.assert(
      fc.property(reserve, reserve, feeBps, amount, amount, (rIn, rOut, fee, a, b) => {
        const reserves = { in: rIn, out: rOut };
        const [less, more] = a < b ? [a, b] : [b, a];
        const [outLess, outMore] = [swapOut(reserves, less, fee), swapOut(reserves, more, fee)];
        expect(outMore * less).toBeLessThanOrEqual((outLess + 1n) * more);
      }),
    );
  });

  test("splitting an order into there and back never earns", () => {
    fc.assert(
      fc.property(reserve, reserve, feeBps, amount, (rIn, rOut, fee, a) => {
        const out = swapOut({ in: rIn, out: rOut }, a, fee);
        const back = swapOut({ in: rOut - out, out: rIn + a }, out, fee);
        expect(back).toBeLessThanOrEqual(a);
      }),
    );
  });
});

describe("routes", () => {
  test("one SOL at 150 dollars, worked out by hand", () => {
    // Reserves 50,000,000 / 150 SOL and 50,000,000 USDC, 4 bps fee.
    const route = bestRoute(priced({ SOL: 150n }), {
      input: token("SOL"),
      output: token("USDC"),
      amount: 1_000_000_000n,
      directOnly: true,
    });
    expect(route?.outAmount).toBe(149_939_550n);
    // 0.9996 / (333333.333333333 + 0.9996), cut off at 28 decimals without trailing zeros
    expect(route?.priceImpact).toBe("0.00000299879100722553053087");
  });

  test("every pair trades, by one or two legs that join", () => {
    let twoLegs = 0;
    fc.assert(
      fc.property(pair, ([input, output]) => {
        // About 100 dollars.
        const size = (100n * USD * 10n ** BigInt(input.decimals)) / market.priceOf(input);
        const route = bestRoute(market, { input, output, amount: size, directOnly: false });
        const legs = route?.legs ?? [];
        expect(legs[0]).toMatchObject({ input, inAmount: size });
        expect(legs.at(-1)).toMatchObject({ output, outAmount: route?.outAmount });
        if (legs.length > 1) {
          twoLegs += 1;
          expect(legs[0]?.output).toBe(legs[1]?.input);
          expect(legs[0]?.outAmount).toBe(legs[1]?.inAmount);
        }
      }),
    );
    expect(twoLegs).toBeGreaterThan(0);
  });

  test("more in never gives less out", () => {
    let compared = 0;
    fc.assert(
      fc.property(pair, amount, amount, fc.boolean(), ([input, output], a, b, directOnly) => {
        const [less, more] = a < b ? [a, b] : [b, a];
        const small = bestRoute(market, { input, output, amount: less, directOnly });
        const large = bestRoute(market, { input, output, amount: more, directOnly });
        if (!small) return;
        compared += 1;
        expect(large?.outAmount).toBeGreaterThanOrEqual(small.outAmount);
        expect(large?.outAmount).toBeLessThanOrEqual(U64_MAX);
      }),
    );
    expect(compared).toBeGreaterThan(10);
  });

  test("impact grows with size and stays below one", () => {
    fc.assert(
      fc.property(fc.constantFrom(...POOLS), amount, amount, (pool, a, b) => {
        const [input, output] = pool.tokens;
        const [less, more] = a < b ? [a, b] : [b, a];
        const impact = (size: bigint) => {
          const request = { input, output, amount: size, directOnly: true };
          return bestRoute(market, request)?.priceImpact.padEnd(30, "0") ?? "0.";
        };
        expect(impact(less) <= impact(more)).toBe(true);
        expect(impact(more)).toMatch(/^0/);
      }),
    );
  });

  test("no route: dust, and a missing direct pool", () => {
    const dust = { input: token("BONK"), output: token("WETH"), amount: 1n, directOnly: false };
    expect(bestRoute(market, dust)).toBeUndefined();
    const direct = { ...dust, input: token("JUP"), output: token("RAY"), amount: 1_000_000n };
    expect(bestRoute(market, { ...direct, directOnly: true })).toBeUndefined();
    expect(bestRoute(market, direct)?.legs).toHaveLength(2);
  });

  test("the largest amount of all is exact and within u64", () => {
    const request = { input: token("SOL"), output: token("BONK"), amount: U64_MAX };
    const route = bestRoute(market, { ...request, directOnly: true });
    expect(route?.legs[0]?.inAmount).toBe(U64_MAX);
    const cheap: PriceSnapshot = { slot: 1, priceOf: (it) => (it.symbol === "BONK" ? 1n : USD) };
    expect(bestRoute(cheap, { ...request, directOnly: true })).toBeUndefined();
  });

  test("addresses look like Solana's and differ", () => {
    for (const { address } of POOLS) expect(address).toMatch(/^[1-9A-HJ-NP-Za-km-z]{32,44}$/);
    expect(new Set(POOLS.map(({ address }) => address)).size).toBe(POOLS.length);
  });
});

describe("depth", () => {
  test("1,000 dollars between any two of the engine's tokens move no price by 5 bps", () => {
    const engineTokens = DEFAULTS.tokens.map(({ mint, decimals }) => {
      const found = tokenByMint(mint);
      expect(found).toMatchObject({ mint, decimals });
      return found ?? token("SOL");
    });
    // Tokens of Token-2022 have one pool each: some pairs with them are three legs apart, and have no route.
    const far = new Set(["mSOL/PYUSD", "PYUSD/mSOL", "BERN/PYUSD", "PYUSD/BERN"]);
    for (const input of engineTokens) {
      for (const output of engineTokens.filter((each) => each !== input)) {
        if (far.has(`${input.symbol}/${output.symbol}`)) continue;
        const whole = 10n ** BigInt(input.decimals);
        const amount = (1_000n * USD * whole) / market.priceOf(input);
        const route = bestRoute(market, { input, output, amount, directOnly: false });
        expect(Number(route?.priceImpact), `${input.symbol}/${output.symbol}`).toBeLessThan(5e-4);
      }
    }
  });
});
