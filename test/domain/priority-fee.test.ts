/** Priority fee and tip: the rule by example, and its laws for any limit, prices and wishes. */
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import {
  MAX_UNIT_LIMIT,
  PRIORITY_FEE_RULES,
  type PriorityFee,
  type PriorityFeeRequest,
  priorityFee,
  type Urgency,
  unitLimitOf,
} from "../../domain/pricing/priority-fee.ts";
import { createCounter } from "../support/counter.ts";
import { hasRealData, realDataPath } from "../support/real-data.ts";

const URGENCIES: readonly Urgency[] = ["LOW", "NORMAL", "HIGH", "CRITICAL"];
const CAP = PRIORITY_FEE_RULES.capLamports;
const wish = (changes: Partial<PriorityFeeRequest> = {}): PriorityFeeRequest => ({
  ...{ urgency: "NORMAL", unitLimit: 200_000, prices: [], explicitLamports: undefined },
  ...{ tip: undefined, ...changes },
});
function fee(changes: Partial<PriorityFeeRequest> = {}): PriorityFee {
  const found = priorityFee(wish(changes));
  if (found.kind === "refused") throw new Error(found.message);
  return found;
}
const refusal = (changes: Partial<PriorityFeeRequest>): string => {
  const found = priorityFee(wish(changes));
  return found.kind === "refused" ? found.message : "a fee";
};
const hundred = Array.from({ length: 100 }, (_, index) => BigInt(index + 1) * 400n);
const tip = (lamports?: bigint) => ({ lamports });

describe("the unit limit", () => {
  test.each([
    [0, 1],
    [1, 2],
    [5, 6],
    [31_485, 37_782],
    [31_486, 37_784],
    [1_166_666, 1_400_000],
    [1_166_667, 1_400_000],
    [1_400_000, 1_400_000],
    [Number.MAX_SAFE_INTEGER, 1_400_000],
  ])("of %i units is %i", (units, limit) => expect(unitLimitOf(units)).toBe(limit));

  test("of what is no count of units is an error", () => {
    for (const units of [-1, 1.5, Number.NaN]) expect(() => unitLimitOf(units)).toThrow("units");
  });
});

describe("by urgency", () => {
  test("a percentile of the prices by nearest rank, in any order", () => {
    const totals = URGENCIES.map((urgency) => {
      const found = fee({ urgency, prices: hundred.toReversed() });
      expect(found).toMatchObject({ source: "observed", samples: 100 });
      return [found.percentile, found.observedPriceMicroLamports, found.totalLamports];
    });
    expect(totals).toEqual([
      [50, 20_000n, 4_000n],
      [75, 30_000n, 6_000n],
      [90, 36_000n, 7_200n],
      [95, 38_000n, 7_600n],
    ]);
  });

  test.each<[string, bigint[]]>([
    ["none", []],
    ["zeros only", Array<bigint>(150).fill(0n)],
  ])("defaults where prices are %s", (_, prices) => {
    const found = URGENCIES.map((urgency) => fee({ urgency, prices }));
    expect(found.map(({ totalLamports }) => totalLamports)).toEqual([1_000n, 2_500n, 5_000n, CAP]);
    expect(found.map(({ source }) => source)).toEqual(Array(4).fill("default"));
  });

  test("of few prices the rank is rounded up", () => {
    const found = URGENCIES.map((urgency) => fee({ urgency, prices: [30_000n, 10_000n, 20_000n] }));
    const prices = found.map((each) => each.observedPriceMicroLamports);
    expect(prices).toEqual([20_000n, 30_000n, 30_000n, 30_000n]);
  });

  test("zeros among prices are prices", () => {
    const found = fee({ prices: [0n, 0n, 0n, 50_000n] });
    expect(found).toMatchObject({ source: "observed", totalLamports: 1_000n });
  });

  test("at least 1,000 and at most the cap, the price rounded down", () => {
    expect(fee({ prices: [1n] })).toMatchObject({
      ...{ source: "observed", unitPriceMicroLamports: 5_000n, priorityFeeLamports: 1_000n },
      ...{ tipLamports: 0n, totalLamports: 1_000n },
    });
    // Jupiter's own example: 388,876 units, an estimate of 785,154.
    expect(fee({ prices: [785_154n], unitLimit: 388_876 })).toMatchObject({
      ...{ unitPriceMicroLamports: 25_715n, priorityFeeLamports: 10_000n, totalLamports: CAP },
    });
    // At the largest limit whole micro-lamports do not reach the cap.
    expect(fee({ prices: [10n ** 9n], unitLimit: MAX_UNIT_LIMIT })).toMatchObject({
      ...{ unitPriceMicroLamports: 7_142n, priorityFeeLamports: 9_999n },
    });
  });
});

describe("with a tip", () => {
  test.each<[bigint, bigint, bigint]>([
    // By prices 400, at least 2,000 with a tip.
    [2_000n, 1_000n, 1_000n],
    [15_000n, 2_000n, 1_000n],
    [20_000n, 2_800n, 1_200n],
    [50_000n, 7_000n, 3_000n],
    [90_000n, 7_000n, 3_000n],
  ])("nobody named it: 70 to 30, at a price of %i", (price, feeLamports, tipLamports) => {
    const found = fee({ prices: [price], tip: tip() });
    expect([found.priorityFeeLamports, found.tipLamports]).toEqual([feeLamports, tipLamports]);
    expect(fee({ prices: [price], tip: tip(0n) })).toEqual(found);
  });

  test("as named: the fee is what is left, at least 1,000 as far as the cap allows", () => {
    const pairs = [1_000n, 4_000n, 9_500n, CAP].map((lamports) => {
      const found = fee({ prices: [20_000n], tip: tip(lamports) });
      return [found.priorityFeeLamports, found.tipLamports];
    });
    expect(pairs).toEqual([
      [3_000n, 1_000n],
      [1_000n, 4_000n],
      [500n, 9_500n],
      [0n, CAP],
    ]);
    expect(refusal({ tip: tip(CAP + 1n) })).toBe(
      "priority fee and tip of 10001 lamports: over the cap of 10000",
    );
    expect(refusal({ tip: tip(999n) })).toContain("below the least that is taken, 1000");
  });
});

describe("an explicit fee", () => {
  test("is what was named, whatever others pay", () => {
    for (const explicitLamports of [0n, 500n, 1_000n, 7_777n, CAP]) {
      const found = fee({ explicitLamports, prices: hundred, urgency: "CRITICAL" });
      expect(found).toMatchObject({ source: "explicit", totalLamports: explicitLamports });
    }
  });

  test("over the cap is refused, not clamped, alone or with the tip that was named", () => {
    expect(refusal({ explicitLamports: CAP + 1n })).toBe(
      "the priority fee of 10001 lamports: over the cap of 10000",
    );
    expect(refusal({ explicitLamports: CAP + 1n, tip: tip() })).toContain("over the cap");
    expect(refusal({ explicitLamports: CAP - 999n, tip: tip(1_000n) })).toContain("over the cap");
    expect(fee({ explicitLamports: CAP - 1_000n, tip: tip(1_000n) })).toMatchObject({
      ...{ priorityFeeLamports: 9_000n, tipLamports: 1_000n, totalLamports: CAP },
    });
    expect(priorityFee(wish({ explicitLamports: 2n ** 64n - 1n }))).toMatchObject({
      ...{ limitLamports: CAP, valueLamports: 2n ** 64n - 1n },
    });
  });

  test("alone on a route with a tip, is the whole: the tip comes out of it", () => {
    expect(fee({ explicitLamports: CAP, tip: tip() })).toMatchObject({
      ...{ priorityFeeLamports: 7_000n, tipLamports: 3_000n, totalLamports: CAP },
    });
    expect(refusal({ explicitLamports: 1_999n, tip: tip() })).toContain("least with a tip, 2000");
    expect(refusal({ explicitLamports: 500n, tip: tip(1_000n) })).toContain("least with a tip");
  });
});

const lamports = fc.oneof(
  fc.bigInt({ min: 0n, max: 12_000n }),
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
);
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const wishes: fc.Arbitrary<PriorityFeeRequest> = fc.record({
  urgency: fc.constantFrom(...URGENCIES),
  unitLimit: fc.oneof(
    fc.integer({ min: 1, max: MAX_UNIT_LIMIT }),
    fc.constantFrom(1, 3, 7, 999_999),
  ),
  prices: fc.array(fc.oneof(fc.constant(0n), fc.bigInt({ min: 0n, max: 10n ** 6n }), lamports), {
    maxLength: 200,
  }),
  explicitLamports: maybe(lamports),
  tip: maybe(fc.record({ lamports: maybe(lamports) })),
});
const ruleChanges = fc.record({
  minimumLamports: fc.bigInt({ min: 0n, max: 3_000n }),
  minimumWithTipLamports: fc.bigInt({ min: 0n, max: 5_000n }),
  minimumTipLamports: fc.bigInt({ min: 0n, max: 2_000n }),
  capLamports: fc.bigInt({ min: 0n, max: 200_000n }),
});

test("laws: never above the cap, never charged more than the fee, nothing but what was named", () => {
  const counter = createCounter();
  fc.assert(
    fc.property(wishes, maybe(ruleChanges), (request, changed) => {
      const rules = { ...PRIORITY_FEE_RULES, ...changed };
      const { explicitLamports: explicit } = request;
      const named = request.tip?.lamports || undefined;
      const found = priorityFee(request, rules);
      if (found.kind === "refused") {
        counter.add("refused");
        // What the rules make by themselves is never refused, but where the cap has no room for a tip.
        const { minimumWithTipLamports, minimumTipLamports, minimumLamports } = rules;
        const least = [minimumWithTipLamports, minimumTipLamports + minimumLamports];
        const noRoom = least.some((lamports) => lamports > rules.capLamports);
        expect(explicit !== undefined || named !== undefined || noRoom).toBe(true);
        return;
      }
      counter.add(found.source, found.tipLamports > 0n ? "tip" : "no tip");
      const { unitPriceMicroLamports, totalLamports, tipLamports } = found;
      const meant = totalLamports - tipLamports;
      const limit = BigInt(request.unitLimit);
      const charged = (unitPriceMicroLamports * limit + 999_999n) / 1_000_000n;
      expect(charged).toBe(found.priorityFeeLamports);
      expect(charged).toBeLessThanOrEqual(meant);
      expect(charged + tipLamports).toBeLessThanOrEqual(rules.capLamports);
      expect(unitPriceMicroLamports).toBeGreaterThanOrEqual(0n);
      // One more micro-lamport would cost more than is meant for it.
      expect((unitPriceMicroLamports + 1n) * limit).toBeGreaterThan(meant * 1_000_000n);
      if (request.tip) {
        expect(totalLamports).toBeGreaterThanOrEqual(rules.minimumWithTipLamports);
        expect(tipLamports).toBeGreaterThanOrEqual(rules.minimumTipLamports);
      } else expect(tipLamports).toBe(0n);
      if (named !== undefined && request.tip) expect(tipLamports).toBe(named);
      if (explicit !== undefined) expect(totalLamports).toBe(explicit + (named ?? 0n));
    }),
    { numRuns: 5_000 },
  );
  counter.expectAll(["refused", "explicit", "observed", "default", "tip", "no tip"], 20);
});

test("as it is used: the tip is fixed before the simulation, the fee after it, never above the first", () => {
  fc.assert(
    fc.property(wishes, fc.integer({ min: 1, max: MAX_UNIT_LIMIT }), (request, unitLimit) => {
      const first = priorityFee({ ...request, unitLimit: MAX_UNIT_LIMIT, prices: [] });
      if (first.kind === "refused" || !request.tip) return;
      const { tipLamports, totalLamports } = first;
      const isExplicit = first.source === "explicit";
      const explicitLamports = isExplicit ? totalLamports - tipLamports : undefined;
      const fixed = { tip: { lamports: tipLamports }, explicitLamports };
      const second = priorityFee({ ...request, ...fixed, unitLimit });
      expect(second).toMatchObject({ kind: "fee", tipLamports });
      if (isExplicit) expect(second).toMatchObject({ totalLamports });
    }),
    { numRuns: 2_000 },
  );
});

test.skipIf(!hasRealData("rpc"))("recorded answers of nodes are data of this form", () => {
  const file = realDataPath("rpc/getRecentPrioritizationFees-mainnet-150.json");
  const schema = z.object({ result: z.array(z.object({ prioritizationFee: z.int() })) });
  const { result } = schema.parse(JSON.parse(readFileSync(file, "utf8")));
  const prices = result.map(({ prioritizationFee }) => BigInt(prioritizationFee));
  expect(fee({ prices, urgency: "HIGH" })).toMatchObject({
    ...{ source: "default", samples: 150, totalLamports: 5_000n },
  });
});
