/** The MEV model: tables worked out by hand, and its laws. 1 bps is 100 ppm. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type MevInput, mevModel } from "../../domain/pricing/mev.ts";
import {
  DEFAULT_MEV,
  type MevOptions,
  RISK_CLASSES,
  type RiskFigures,
} from "../../domain/pricing/mev-options.ts";
import { type Protection, protectionPpm } from "../../domain/pricing/mev-protection.ts";
import { tradeAmounts, withinLimit, worstAmounts } from "../../domain/pricing/paper-fill.ts";
import { ORDER_ID } from "../support/given.ts";

/** Draws 780,234 for "mev". */
const SEED = ORDER_ID;
const USD = 1_000_000n;

const input = (changes: Partial<MevInput> = {}): MevInput => ({
  usdMicros: 50_000n * USD,
  slippageToleranceBps: 200,
  modelSlippagePpm: 5_000n,
  priorityFeeLamports: 0n,
  tipLamports: 0n,
  protect: undefined,
  fits: () => true,
  seed: SEED,
  ...changes,
});

const changed = (figures: Partial<RiskFigures>): MevOptions => {
  const { LOW, MEDIUM, HIGH, CRITICAL } = DEFAULT_MEV.classes;
  return {
    ...DEFAULT_MEV,
    classes: {
      LOW: { ...LOW, ...figures },
      MEDIUM: { ...MEDIUM, ...figures },
      HIGH: { ...HIGH, ...figures },
      CRITICAL: { ...CRITICAL, ...figures },
    },
  };
};

/** Everybody who has no protection is attacked. */
const CERTAIN = changed({ probabilityPpm: 1_000_000 });
const model = mevModel(DEFAULT_MEV);
const certain = mevModel(CERTAIN);

describe("protection", () => {
  it.each<[string, Partial<Protection>, bigint]>([
    ["nothing", {}, 0n],
    ["a fee of 2,500: 200,000 × 2,500 / 102,500", { priorityFeeLamports: 2_500n }, 4_878n],
    ["a fee of 100,000: half of 200,000", { priorityFeeLamports: 100_000n }, 100_000n],
    ["a tip of 100,000: half of 600,000", { tipLamports: 100_000n }, 300_000n],
    ["both: 1 − 0.9 × 0.7", { priorityFeeLamports: 100_000n, tipLamports: 100_000n }, 370_000n],
    ["the protected route", { protect: true }, 700_000n],
    [
      "all of them: 1 − 0.9 × 0.7 × 0.3",
      { priorityFeeLamports: 100_000n, tipLamports: 100_000n, protect: true },
      811_000n,
    ],
    [
      "a tip where protection is declined",
      { priorityFeeLamports: 100_000n, tipLamports: 100_000n, protect: false },
      100_000n,
    ],
  ])("%s takes away its share", (_, given, expected) => {
    expect(protectionPpm(input(given), DEFAULT_MEV)).toBe(expected);
  });
});

describe("risk class", () => {
  it.each<[bigint, string, number]>([
    [0n, "LOW", 5_000],
    [1_000n * USD - 1n, "LOW", 5_000],
    [1_000n * USD, "MEDIUM", 20_000],
    [10_000n * USD - 1n, "MEDIUM", 20_000],
    [10_000n * USD, "HIGH", 80_000],
    [100_000n * USD, "CRITICAL", 200_000],
    [10n ** 30n, "CRITICAL", 200_000],
  ])("of %d millionths of a dollar is %s", (usdMicros, riskClass, sandwichProbabilityPpm) => {
    expect(model.assess(input({ usdMicros })).assessment).toEqual({
      ...{ riskClass, sandwichProbabilityPpm },
      ...{ protectionPpm: 0, attacked: false, impactPpm: 0 },
    });
  });

  it("is not guessed where the worth is unknown", () => {
    const { assessment, warnings } = certain.assess(input({ usdMicros: undefined }));
    expect(assessment).toBeUndefined();
    expect(warnings).toEqual([expect.stringMatching(/^MEV_VALUE_UNKNOWN: /)]);
  });
});

describe("an attack", () => {
  it.each<[string, Partial<MevInput>, boolean, number]>([
    ["costs what the class says", {}, true, 10_000],
    ["is drawn against 900,000 of a million", { priorityFeeLamports: 100_000n }, true, 10_000],
    ["is drawn against 700,000 of a million", { tipLamports: 100_000n }, false, 0],
    ["costs the room that 100 bps leave", { slippageToleranceBps: 100 }, true, 5_000],
    ["costs nothing where none is left", { slippageToleranceBps: 50 }, true, 0],
    ["costs nothing beyond the tolerance", { slippageToleranceBps: 40 }, true, 0],
    ["costs what fits the limit", { fits: (ppm) => ppm <= 12_345n }, true, 7_345],
    ["costs nothing where nothing fits", { fits: () => false }, true, 0],
    ["of a critical trade", { usdMicros: 10n ** 12n }, true, 15_000],
    [
      "stays below the whole",
      { slippageToleranceBps: 10_000, modelSlippagePpm: 999_998n },
      true,
      1,
    ],
  ])("%s", (_, changes, attacked, impactPpm) => {
    expect(certain.assess(input(changes)).assessment).toMatchObject({ attacked, impactPpm });
  });

  it("costs nothing where the protection is what the class wants", () => {
    const calm = mevModel({ ...changed({ probabilityPpm: 1_000_000, wantedProtectionPpm: 0 }) });
    const { assessment, warnings } = calm.assess(input());
    expect(assessment).toMatchObject({ attacked: true, impactPpm: 0 });
    expect(warnings).toEqual([
      expect.stringMatching(/^MEV_RISK_HIGH: /),
      expect.stringMatching(/^MEV_ATTACKED: .* tried/),
    ]);
  });

  it("comes as often as the chance says", () => {
    let attacks = 0;
    for (let n = 0; n < 10_000; n++) {
      if (model.assess(input({ seed: `order-${n}` })).assessment?.attacked) attacks += 1;
    }
    // 8 % of 10,000 with a deviation of 27: five of them on each side.
    expect(attacks).toBeGreaterThan(665);
    expect(attacks).toBeLessThan(935);
  });
});

describe("warnings", () => {
  const warnings = (changes: Partial<MevInput>, options = CERTAIN) =>
    mevModel(options).assess(input(changes)).warnings;

  it("tell the numbers and what would help", () => {
    expect(warnings({ usdMicros: 50_123_456_789n })).toEqual([
      "MEV_RISK_HIGH: a trade of 50123.45 US dollars is sandwiched with a chance of 100 % when nothing " +
        "protects it, and its tolerance leaves an attacker up to 200 bps: smaller trades and a tighter " +
        "tolerance help",
      "MEV_UNDER_PROTECTED: 0 % of the risk is taken away, 60 % is wanted for HIGH: `mev.protect` would do",
      "MEV_ATTACKED: a sandwich worsened the trade by 1 %",
    ]);
  });

  it("say nothing of a protected small trade", () => {
    expect(warnings({ usdMicros: 5n * USD, protect: true }, DEFAULT_MEV)).toEqual([]);
  });

  // HIGH wants 600,000: the tip alone never gives it. CRITICAL wants 800,000: 1 − 0.3 × (1 − t) needs t = 1/3,
  // which is 333,334 ppm rounded up: 600,000 × 125,001 / 225,001.
  it.each<[string, Partial<MevInput>, string]>([
    ["without anything", { usdMicros: 10n ** 12n }, "`mev.protect` and a tip of 125001 lamports"],
    [
      "with the route",
      { usdMicros: 10n ** 12n, protect: true },
      "80 % is wanted for CRITICAL: a tip of 125001 lamports would do",
    ],
    ["declined", { protect: false }, "60 % is wanted for HIGH: `mev.protect` would do"],
    [
      "of a medium trade",
      { usdMicros: 2_000n * USD },
      "30 % is wanted for MEDIUM: `mev.protect` would do",
    ],
  ])("advise the smallest change: %s", (_, changes, expected) => {
    expect(warnings(changes)).toContainEqual(expect.stringContaining(expected));
  });

  it("advise a tip that is enough, and one lamport less is not", () => {
    const wanted = 800_000n;
    const given = input({ protect: true });
    expect(protectionPpm({ ...given, tipLamports: 125_001n }, CERTAIN)).toBeGreaterThanOrEqual(
      wanted,
    );
    expect(protectionPpm({ ...given, tipLamports: 125_000n }, CERTAIN)).toBeLessThan(wanted);
  });

  it("do not promise what no tip can give", () => {
    const options = changed({ wantedProtectionPpm: 1_000_000 });
    expect(warnings({ protect: true }, options)).toContainEqual(
      expect.stringMatching(/^MEV_UNDER_PROTECTED: .*split the trade$/),
    );
  });
});

describe("figures", () => {
  it.each<[string, MevOptions]>([
    ["a higher class with less probability", changedOne("HIGH", { probabilityPpm: 19_999 })],
    ["a higher class with less impact", changedOne("CRITICAL", { impactPpm: 9_999 })],
    ["a higher class that wants less", changedOne("MEDIUM", { wantedProtectionPpm: 99_999 })],
    ["two classes that begin together", changedOne("HIGH", { fromUsd: 1_000 })],
    ["a lowest class that begins above zero", changedOne("LOW", { fromUsd: 1 })],
    ["an impact of everything", changedOne("CRITICAL", { impactPpm: 1_000_000 })],
    ["a share of everything", routed(1_000_000)],
    ["half a ppm", routed(0.5)],
  ])("%s are none", (_, options) => {
    expect(() => mevModel(options)).toThrow(/^figures of the MEV model/);
  });

  function changedOne(name: (typeof RISK_CLASSES)[number], figures: Partial<RiskFigures>) {
    const { classes } = DEFAULT_MEV;
    return { ...DEFAULT_MEV, classes: { ...classes, [name]: { ...classes[name], ...figures } } };
  }

  function routed(routePpm: number): MevOptions {
    return { ...DEFAULT_MEV, protection: { ...DEFAULT_MEV.protection, routePpm } };
  }
});

describe("laws", () => {
  const lamports = fc.oneof(fc.bigInt(0n, 2_000_000n), fc.bigInt(0n, 2n ** 64n - 1n));
  const inputs = fc.record({
    usdMicros: fc.oneof(fc.bigInt(0n, 10n ** 12n), fc.bigInt(0n, 10n ** 30n)),
    slippageToleranceBps: fc.nat(10_000),
    modelSlippagePpm: fc.oneof(fc.bigInt(0n, 20_000n), fc.bigInt(0n, 999_999n)),
    priorityFeeLamports: lamports,
    tipLamports: lamports,
    protect: fc.option(fc.boolean(), { nil: undefined }),
    seed: fc.uuid(),
  });
  const trades = fc.record({
    side: fc.constantFrom("buy" as const, "sell" as const),
    counts: fc.constantFrom("input" as const, "output" as const),
    amount: fc.oneof(fc.bigInt(1n, 300n), fc.bigInt(1n, 10n ** 13n)),
    price: fc.record({
      numerator: fc.bigInt(1n, 10n ** 12n),
      denominator: fc.bigInt(1n, 10n ** 12n),
    }),
  });

  it("an attack never fails a trade that its limit would let pass, and takes all that is left", () => {
    let bitten = 0;
    fc.assert(
      fc.property(inputs, trades, (given, trade) => {
        const worst = worstAmounts(tradeAmounts(trade, 0n), trade, given.slippageToleranceBps);
        const fits = (ppm: bigint) =>
          ppm < 1_000_000n && withinLimit(tradeAmounts(trade, ppm), worst);
        const { assessment } = certain.assess({ ...given, fits });
        if (!assessment) throw new Error("no assessment");
        const total = given.modelSlippagePpm + BigInt(assessment.impactPpm);
        if (assessment.impactPpm > 0 || fits(given.modelSlippagePpm)) {
          expect(fits(total)).toBe(true);
        }
        const { impactPpm, wantedProtectionPpm } = CERTAIN.classes[assessment.riskClass];
        const bites = assessment.attacked && assessment.protectionPpm < wantedProtectionPpm;
        if (!bites) expect(assessment.impactPpm).toBe(0);
        const isAll =
          assessment.impactPpm === impactPpm ||
          total >= BigInt(given.slippageToleranceBps) * 100n ||
          !fits(total + 1n);
        expect(isAll || !bites).toBe(true);
        if (assessment.impactPpm > 0) bitten += 1;
      }),
      { numRuns: 1_000, seed: 7 },
    );
    expect(bitten).toBeGreaterThan(50);
  });

  const more = fc.bigInt(0n, 10n ** 9n);

  it("more fee or tip never leaves more of the chance, and never brings an attack", () => {
    fc.assert(
      fc.property(inputs, more, more, (given, fee, tip) => {
        const before = certain.assess({ ...given, fits: () => true }).assessment;
        const after = certain.assess({
          ...given,
          fits: () => true,
          priorityFeeLamports: given.priorityFeeLamports + fee,
          tipLamports: given.tipLamports + tip,
        }).assessment;
        if (!before || !after) throw new Error("no assessment");
        expect(after.protectionPpm).toBeGreaterThanOrEqual(before.protectionPpm);
        expect(after.protectionPpm).toBeLessThan(1_000_000);
        if (after.attacked) expect(before.attacked).toBe(true);
        expect(after.impactPpm).toBeLessThanOrEqual(before.impactPpm);
      }),
    );
  });

  it("demanding protection is never less than not asking, and declining never more", () => {
    fc.assert(
      fc.property(inputs, (given) => {
        const of = (protect: boolean | undefined) =>
          protectionPpm({ ...given, protect }, DEFAULT_MEV);
        expect(of(true) >= of(undefined) && of(undefined) >= of(false)).toBe(true);
      }),
    );
  });

  it("a bigger trade never has a lower class, chance or impact", () => {
    fc.assert(
      fc.property(inputs, fc.bigInt(0n, 10n ** 12n), (given, extra) => {
        const assess = (usdMicros: bigint) => {
          const { assessment } = certain.assess({ ...given, usdMicros, fits: () => true });
          if (!assessment) throw new Error("no assessment");
          return { ...assessment, place: RISK_CLASSES.indexOf(assessment.riskClass) };
        };
        const [small, big] = [assess(given.usdMicros), assess(given.usdMicros + extra)];
        expect(big.place).toBeGreaterThanOrEqual(small.place);
        expect(big.sandwichProbabilityPpm).toBeGreaterThanOrEqual(small.sandwichProbabilityPpm);
        expect(big.impactPpm).toBeGreaterThanOrEqual(small.impactPpm);
      }),
    );
  });
});
