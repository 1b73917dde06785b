/** Laws of every slippage model, and of the fills that come of them: more size or more slippage never gives the trader more. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PPM, type Trade, tradeAmounts } from "../../domain/pricing/paper-fill.ts";
import { fixedSlippage } from "../../domain/pricing/slippage/fixed.ts";
import type { SlippageInput, SlippageModel } from "../../domain/pricing/slippage/model.ts";
import { routeImpactSlippage } from "../../domain/pricing/slippage/route-impact.ts";
import { squareRootSlippage } from "../../domain/pricing/slippage/square-root.ts";
import { volatilitySlippage } from "../../domain/pricing/slippage/volatility.ts";
import { U64_MAX } from "../../domain/primitives/amount.ts";
import type { Mint } from "../../domain/primitives/ids.ts";
import { sqrtCeil, sqrtFloor } from "../../domain/primitives/square-root.ts";
import { createCounter } from "../support/counter.ts";
import { BONK, SOL, USDC } from "../support/order-samples.ts";

const RUNS = { numRuns: 3_000 };
const small = (max: number) => fc.oneof(fc.nat(max), fc.constantFrom(0, max));

const models: fc.Arbitrary<SlippageModel> = fc
  .record({
    fixedBps: fc.integer({ min: 50, max: 200 }),
    volatility: fc.record({
      defaultPpm: small(1_000_000),
      latencyMs: small(60_000),
      floorBps: small(1_000),
    }),
    impactBpsAtDepth: fc.integer({ min: 1, max: 10_000 }),
    depthUsd: fc.integer({ min: 1_000, max: 1_000_000_000_000 }),
    pairDepthUsd: fc.integer({ min: 1_000, max: 10_000_000 }),
    routeImpact: fc.record({ sharePercent: small(1_000), floorBps: small(1_000) }),
    which: fc.constantFrom(0, 1, 2, 3),
  })
  .map(({ fixedBps, volatility, impactBpsAtDepth, depthUsd, pairDepthUsd, routeImpact, which }) => {
    const otherwise = fixedSlippage(fixedBps);
    const depthUsdOf = new Map([[`${SOL}/${USDC}`, pairDepthUsd]]);
    const all = [
      otherwise,
      volatilitySlippage(volatility),
      squareRootSlippage({ impactBpsAtDepth, depthUsd, depthUsdOf, otherwise }),
      routeImpactSlippage({ ...routeImpact, otherwise }),
    ];
    return all[which] ?? otherwise;
  });

const u64 = fc.oneof(
  fc.bigInt({ min: 0n, max: 10n ** 12n }),
  fc.bigInt({ min: 0n, max: U64_MAX }),
  fc.constantFrom(0n, 1n, U64_MAX),
);
const fraction = fc.record({
  numerator: fc.oneof(
    fc.bigInt({ min: -1_000n, max: 50_000n }),
    fc.bigInt({ min: -U64_MAX, max: U64_MAX }),
  ),
  denominator: fc.oneof(fc.constant(1_000_000n), fc.bigInt({ min: 1n, max: U64_MAX })),
});
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const inputs: fc.Arbitrary<SlippageInput> = fc.record({
  side: fc.constantFrom("buy", "sell"),
  baseMint: fc.constantFrom<Mint>(SOL, BONK),
  quoteMint: fc.constantFrom<Mint>(USDC, BONK),
  quotedIn: u64,
  quotedOut: u64,
  routeImpact: maybe(fraction),
  market: fc.record({
    usdMicros: maybe(u64),
    volatilityPpm: maybe(fc.bigInt({ min: 0n, max: 1_000_000n })),
  }),
  seed: fc.uuid(),
});

const EVERY = ["fixed", "volatility", "square-root", "route-impact"];

describe("every model", () => {
  it("is total: 0 to 999,999 ppm, texts for terms, the same answer for the same input", () => {
    const seen = createCounter();
    fc.assert(
      fc.property(models, inputs, (model, input) => {
        const { ppm, terms, warnings } = model.slippage(input);
        expect(ppm >= 0n && ppm < PPM).toBe(true);
        expect(Object.values(terms).every((term) => typeof term === "string")).toBe(true);
        expect(model.slippage(structuredClone(input))).toEqual({
          ppm,
          terms,
          ...(warnings && { warnings }),
        });
        seen.add(model.name);
        if (warnings) seen.add(`${model.name} warned`);
        if (ppm === PPM - 1n) seen.add("capped");
      }),
      RUNS,
    );
    seen.expectAll([...EVERY, "square-root warned", "route-impact warned", "capped"], 20);
  });

  it("never asks less of a larger trade, of a livelier market, of a longer way", () => {
    const seen = createCounter();
    fc.assert(
      fc.property(models, inputs, inputs, (model, input, other) => {
        const facts = (more: boolean): SlippageInput => ({
          ...input,
          market: {
            usdMicros: ordered(input.market.usdMicros, other.market.usdMicros, more),
            volatilityPpm: ordered(input.market.volatilityPpm, other.market.volatilityPpm, more),
          },
        });
        const less = model.slippage(facts(false)).ppm;
        const more = model.slippage(facts(true)).ppm;
        expect(less <= more).toBe(true);
        if (less < more) seen.add(model.name);
      }),
      RUNS,
    );
    seen.expectAll(["volatility", "square-root"], 50);
  });

  it("counts the route's own impact once: quoted and charged together never shrink with it", () => {
    const seen = createCounter();
    const impacts = fc.tuple(fc.nat(400_000), fc.nat(400_000));
    fc.assert(
      fc.property(models, inputs, impacts, (model, input, [a, b]) => {
        const total = (impact: number): bigint => {
          const routeImpact = { numerator: BigInt(impact), denominator: PPM };
          return model.slippage({ ...input, routeImpact }).ppm + BigInt(impact);
        };
        const [low, high] = [total(Math.min(a, b)), total(Math.max(a, b))];
        expect(low <= high).toBe(true);
        if (low < high) seen.add(model.name);
      }),
      RUNS,
    );
    seen.expectAll(EVERY, 50);
  });
});

/** The smaller or the larger of two; the one that is known where only one is. */
function ordered(a: bigint | undefined, b: bigint | undefined, more: boolean): bigint | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return a < b === more ? b : a;
}

describe("a fill", () => {
  const trades = fc.record({
    side: fc.constantFrom<Trade["side"]>("buy", "sell"),
    counts: fc.constantFrom<Trade["counts"]>("input", "output"),
    price: fc.record({
      numerator: fc.bigInt({ min: 1n, max: 10n ** 12n }),
      denominator: fc.bigInt({ min: 1n, max: 10n ** 12n }),
    }),
    amount: fc.bigInt({ min: 1n, max: 10n ** 15n }),
    larger: fc.bigInt({ min: 1n, max: 1_000n }),
    microsPerUnit: fc.bigInt({ min: 1n, max: 1_000n }),
  });

  it("of a larger trade has no better price, but for the rounding of one unit", () => {
    const seen = createCounter();
    fc.assert(
      fc.property(models, inputs, trades, (model, input, drawn) => {
        const { microsPerUnit, larger, amount, ...trade } = drawn;
        const fill = (units: bigint) => {
          const market = { ...input.market, usdMicros: units * microsPerUnit };
          const { ppm } = model.slippage({ ...input, side: trade.side, market });
          return { ...tradeAmounts({ ...trade, amount: units }, ppm), ppm };
        };
        const [one, more] = [fill(amount), fill(amount * larger)];
        if (trade.counts === "input") {
          // out / in of the larger one is below (out + 1) / in of the smaller one.
          expect(more.amountOut * one.amountIn <= (one.amountOut + 1n) * more.amountIn).toBe(true);
        } else {
          expect(more.amountIn * one.amountOut >= (one.amountIn - 1n) * more.amountOut).toBe(true);
        }
        if (one.ppm < more.ppm) seen.add(trade.counts);
      }),
      RUNS,
    );
    seen.expectAll(["input", "output"], 50);
  });
});

it("a square root is the number whose square is next", () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 2n ** 200n }), (value) => {
      const floor = sqrtFloor(value);
      const ceil = sqrtCeil(value);
      expect(floor * floor <= value && (floor + 1n) * (floor + 1n) > value).toBe(true);
      expect(ceil * ceil >= value && (ceil === 0n || (ceil - 1n) * (ceil - 1n) < value)).toBe(true);
    }),
  );
});
