/** Prices over time: generated ones are a function of seed and step, recorded ones of the file. */
import { readFile } from "node:fs/promises";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CANDLE_HEADER, parseCandles, recording } from "../../localnet/market/candles.ts";
import { formatUsd, parseFixed, USD } from "../../localnet/market/fixed-point.ts";
import { createPrices, generatedPrice, STEP_MS } from "../../localnet/market/prices.ts";
import { TOKENS, tokenBySymbol } from "../../localnet/tokens.ts";
import { hasRealData, realDataPath } from "../support/real-data.ts";

const SOL = TOKENS[0];
if (!SOL) throw new Error("no tokens");

describe("generated prices", () => {
  const steps = Array.from({ length: 500 }, (_, index) => index);

  test("the same seed gives the same prices, another seed others", () => {
    const walk = (seed: number) => steps.map((step) => generatedPrice(SOL, seed, step));
    expect(walk(1)).toEqual(walk(1));
    expect(walk(1)).not.toEqual(walk(2));
    expect(new Set(walk(1)).size).toBeGreaterThan(100);
  });

  test("they stay near the anchor and move in small steps", () => {
    const anywhere = fc.integer({ min: 0, max: 10_000_000 });
    fc.assert(
      fc.property(fc.integer(), anywhere, (seed, step) => {
        const price = generatedPrice(SOL, seed, step);
        expect(price).toBeGreaterThan(144n * USD);
        expect(price).toBeLessThan(156n * USD);
        const moved = generatedPrice(SOL, seed, step + 1) - price;
        // 10 bps of the anchor.
        expect(moved < 0n ? -moved : moved).toBeLessThan((150n * USD) / 1_000n);
      }),
    );
  });

  test("time comes from the clock and goes by at the given speed", () => {
    let nowMs = 5_000;
    const at = (speed: number) => createPrices({ seed: 3, speed, nowMs: () => nowMs });
    const [slow, fast] = [at(1), at(60)];
    nowMs += 7_000;
    expect(slow.now().priceOf(SOL)).toBe(generatedPrice(SOL, 3, 7_000 / STEP_MS));
    expect(fast.now().priceOf(SOL)).toBe(generatedPrice(SOL, 3, (60 * 7_000) / STEP_MS));
    // 7 s and 420 s in slots of 400 ms.
    expect([slow.now().slot, fast.now().slot]).toEqual([400_000_017, 400_001_050]);
  });

  test("staked SOL follows SOL, and a fixed price stands until it is let go", () => {
    const staked = tokenBySymbol("jitosol");
    if (!staked) throw new Error("no JitoSOL");
    const prices = createPrices({ seed: 3, speed: 1, nowMs: () => 0 });
    const before = prices.now().priceOf(SOL);
    prices.override(SOL, 100n * USD);
    expect(prices.now().priceOf(SOL)).toBe(100n * USD);
    expect(prices.now().priceOf(staked)).toBe(120n * USD);
    prices.override(SOL, undefined);
    expect(prices.now().priceOf(SOL)).toBe(before);
  });
});

describe("recorded candles", () => {
  const rows = "60000,10,14,8,12,1\n120000,12,13,10,11,1\n240000,11,11,11,11,1\n";
  const parse = (text: string) => parseCandles(`${CANDLE_HEADER}\n${text}`);
  const price = (offsetMs: number) => formatUsd(recording(parse(rows)).priceAt(offsetMs));

  test("a rising minute goes open, low, high, close; a falling one open, high, low, close", () => {
    expect([0, 10_000, 20_000, 40_000, 59_999].map(price)).toEqual([
      "10",
      "9",
      "8",
      "14",
      "12.0001",
    ]);
    expect([60_000, 80_000, 100_000].map(price)).toEqual(["12", "13", "10"]);
  });

  test("the close stands in a gap, and the end goes back to the start", () => {
    expect(price(130_000)).toBe("11");
    expect(recording(parse(rows)).durationMs).toBe(240_000);
    expect(price(240_000)).toBe("10");
    expect(price(240_000 * 1_000 + 20_000)).toBe("8");
  });

  test.each([
    ["timestamp,open\n1,2", "line 1"],
    [CANDLE_HEADER, "line 2"],
    [`${CANDLE_HEADER}\n60000,1,1,1,1,1\n60000,1,1,1,1,1`, "line 3"],
    [`${CANDLE_HEADER}\n60000,1,1,1,1`, "line 2"],
    [`${CANDLE_HEADER}\n60000,1,0.5,1,1,1`, "line 2"],
    [`${CANDLE_HEADER}\n60000,1,1,0,1,1`, "line 2"],
    [`${CANDLE_HEADER}\n60000,1e3,1e3,1,1,1`, "line 2"],
    [`${CANDLE_HEADER}\nx,1,1,1,1,1`, "line 2"],
  ])("%j is refused with the line", (text, line) => {
    expect(() => parseCandles(text)).toThrow(line);
  });

  test("decimals are exact both ways", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 10n ** 26n }), (value) => {
        expect(parseFixed(formatUsd(value))).toBe(value);
      }),
    );
  });

  const file = "prices/sol-usdt-perp-1m-binance-20250520-20250603.csv";
  test.skipIf(!hasRealData(file))("two weeks of SOL reach the recorded extremes", async () => {
    const text = await readFile(realDataPath(file), "utf8");
    const candles = parseCandles(text);
    expect(candles).toHaveLength(20_160);
    const play = recording(candles);
    expect(formatUsd(play.priceAt(0))).toBe("166.69");
    let [low, high] = [1_000n * USD, 0n];
    for (let offsetMs = 0; offsetMs < play.durationMs; offsetMs += 20_000) {
      const now = play.priceAt(offsetMs);
      if (now < low) low = now;
      if (now > high) high = now;
    }
    expect([formatUsd(low), formatUsd(high)]).toEqual(["150.48", "187.67"]);
  });
});

const expectedFile = "expected.json";
test.skipIf(!hasRealData(expectedFile))(
  "mints and decimals agree with recorded transactions",
  async () => {
    const names = [
      "jup-route-sol-to-usdc-1hop-wrapunwrap-3.json",
      "jup-routev2-jitosol-to-orca-4hop.json",
      "jup-routev2-cycj-to-usdc-3hop-complex-t22.json",
    ];
    const known = new Map(TOKENS.map(({ mint, decimals }) => [mint, decimals]));
    const seen = new Set<string>();
    for (const name of names) {
      const text = await readFile(realDataPath(`transactions/${name}`), "utf8");
      const balance = /"mint":\s*"(\w+)"[^}]*?"uiTokenAmount":\s*\{[^}]*?"decimals":\s*(\d+)/g;
      for (const [, mint = "", decimals] of text.matchAll(balance)) {
        if (!known.has(mint)) continue;
        seen.add(mint);
        expect(known.get(mint)).toBe(Number(decimals));
      }
    }
    expect(seen.size).toBeGreaterThanOrEqual(4);
  },
);
