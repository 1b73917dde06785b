/** The slippage models against tables computed by hand, and what they say of themselves. */
import { describe, expect, it } from "vitest";
import { fixedSlippage } from "../../domain/pricing/slippage/fixed.ts";
import { routeImpactSlippage } from "../../domain/pricing/slippage/route-impact.ts";
import { squareRootSlippage } from "../../domain/pricing/slippage/square-root.ts";
import { volatilitySlippage } from "../../domain/pricing/slippage/volatility.ts";
import { sqrtCeil, sqrtFloor } from "../../domain/primitives/square-root.ts";
import { BONK, SOL, USDC } from "../support/order-samples.ts";
import { slippageInput } from "../support/slippage-input.ts";

const USD = 1_000_000n;
const fixed = fixedSlippage(75);

describe("volatility", () => {
  // σ·√τ·√(2/π): √(2/π) = 0.797884…, √0.8 = 0.894427…; rounded up, the floor on top.
  it.each<[number | undefined, number, number, bigint]>([
    [1_000, 1_000, 0, 798n],
    [1_000, 4_000, 0, 1_596n],
    [1_000, 250, 0, 399n],
    [150, 800, 5, 608n],
    [undefined, 800, 5, 608n],
    [0, 800, 5, 500n],
    [1_000, 0, 5, 500n],
    [1, 1, 0, 1n],
    [1_000_000, 60_000, 0, 999_999n],
  ])("%s ppm per √s over %i ms, floor %i bps: %i ppm", (sigma, latencyMs, floorBps, ppm) => {
    const model = volatilitySlippage({ defaultPpm: 150, latencyMs, floorBps });
    const volatilityPpm = sigma === undefined ? undefined : BigInt(sigma);
    expect(model.slippage(slippageInput({ market: { volatilityPpm } })).ppm).toBe(ppm);
  });

  it("records what it came from", () => {
    const model = volatilitySlippage({ defaultPpm: 150, latencyMs: 800, floorBps: 5 });
    expect(model.name).toBe("volatility");
    expect(model.slippage(slippageInput({ market: { volatilityPpm: 300n } })).terms).toEqual({
      volatilityPpmPerSqrtSecond: "300",
      volatilitySource: "quotes",
      latencyMs: "800",
      movePpm: "215",
      floorPpm: "500",
    });
    const unseen = model.slippage(slippageInput());
    expect(unseen.terms).toMatchObject({ volatilitySource: "configured", movePpm: "108" });
    expect(unseen.warnings).toBeUndefined();
  });
});

describe("square root", () => {
  const model = squareRootSlippage({
    impactBpsAtDepth: 100,
    depthUsd: 5_000_000,
    depthUsdOf: new Map([[`${USDC}/${BONK}`, 50_000]]),
    otherwise: fixed,
  });
  const of = (usdMicros: bigint, impact?: [bigint, bigint]) =>
    model.slippage(
      slippageInput({
        market: { usdMicros },
        routeImpact: impact && { numerator: impact[0], denominator: impact[1] },
      }),
    ).ppm;

  // 10,000 ppm × √(Q / 5,000,000).
  it.each<[string, bigint, bigint]>([
    ["nothing", 0n, 0n],
    ["a millionth of a dollar", 1n, 1n],
    ["200 dollars: √0.00004 = 0.0063245…", 200n * USD, 64n],
    ["50,000 dollars: a hundredth of the depth", 50_000n * USD, 1_000n],
    ["the depth", 5_000_000n * USD, 10_000n],
    ["four times the depth", 20_000_000n * USD, 20_000n],
    ["u64: 1,920 times as much as there is", 2n ** 64n - 1n, 999_999n],
  ])("%s", (_, usdMicros, ppm) => {
    expect(of(usdMicros)).toBe(ppm);
  });

  it("charges only what exceeds the impact that the quote has in it", () => {
    expect(of(50_000n * USD, [4n, 10_000n])).toBe(600n);
    expect(of(50_000n * USD, [1n, 1_000n])).toBe(0n);
    expect(of(50_000n * USD, [9n, 10n])).toBe(0n);
    expect(of(50_000n * USD, [-9n, 10n])).toBe(1_000n);
  });

  it("knows the depth of a pair in either order of its mints", () => {
    const market = { usdMicros: 500n * USD };
    for (const mints of [
      { baseMint: BONK, quoteMint: USDC },
      { baseMint: USDC, quoteMint: BONK },
    ]) {
      const { ppm, terms } = model.slippage(slippageInput({ ...mints, market }));
      expect([ppm, terms.depthUsd]).toEqual([1_000n, "50000"]);
    }
    const other = model.slippage(slippageInput({ baseMint: SOL, quoteMint: USDC, market }));
    expect(other).toEqual({
      ppm: 100n,
      terms: {
        usdMicros: "500000000",
        depthUsd: "5000000",
        impactPpm: "100",
        quotedImpactPpm: "0",
      },
    });
  });

  it("asks the fixed one where nothing says what the trade is worth, and says so", () => {
    expect(model.needsUsd).toBe(true);
    expect(model.slippage(slippageInput())).toEqual({
      ppm: 7_500n,
      terms: { fallback: "fixed", fallbackPpm: "7500" },
      warnings: [expect.stringMatching(/^MARKET_UNKNOWN: .* worth .* model fixed$/)],
    });
  });
});

describe("route impact", () => {
  const model = routeImpactSlippage({ sharePercent: 50, floorBps: 10, otherwise: fixed });

  // 1,000 ppm + half of the impact, both rounded up.
  it.each<[string, bigint, bigint, bigint]>([
    ["12 bps", 12n, 10_000n, 1_600n],
    ["none", 0n, 1n, 1_000n],
    ["a tenth of a ppm", 1n, 10_000_000n, 1_001n],
    ["3 ppm", 3n, 1_000_000n, 1_002n],
    ["an improvement", -5n, 10n, 1_000n],
    ["all", 1n, 1n, 501_000n],
    ["more than all", 7n, 2n, 501_000n],
  ])("%s", (_, numerator, denominator, ppm) => {
    const routeImpact = { numerator, denominator };
    expect(model.slippage(slippageInput({ routeImpact })).ppm).toBe(ppm);
  });

  it("is capped, and records what it came from", () => {
    const steep = routeImpactSlippage({ sharePercent: 1_000, floorBps: 0, otherwise: fixed });
    const routeImpact = { numerator: 1n, denominator: 5n };
    expect(steep.slippage(slippageInput({ routeImpact }))).toEqual({
      ppm: 999_999n,
      terms: { routeImpactPpm: "200000", sharePercent: "1000", floorPpm: "0" },
    });
  });

  it("asks the fixed one where the quote tells no impact, and says so", () => {
    expect(model.slippage(slippageInput())).toEqual({
      ppm: 7_500n,
      terms: { fallback: "fixed", fallbackPpm: "7500" },
      warnings: [expect.stringMatching(/^MARKET_UNKNOWN: .* impact/)],
    });
  });
});

describe("square roots", () => {
  it.each<[bigint, bigint, bigint]>([
    [0n, 0n, 0n],
    [1n, 1n, 1n],
    [2n, 1n, 2n],
    [4n, 2n, 2n],
    [99n, 9n, 10n],
    [100n, 10n, 10n],
    [10n ** 40n, 10n ** 20n, 10n ** 20n],
    [10n ** 40n - 1n, 10n ** 20n - 1n, 10n ** 20n],
  ])("of %s", (value, floor, ceil) => {
    expect([sqrtFloor(value), sqrtCeil(value)]).toEqual([floor, ceil]);
  });

  it("of a negative number are a mistake", () => {
    expect(() => sqrtFloor(-1n)).toThrow("no square root of -1");
  });
});
