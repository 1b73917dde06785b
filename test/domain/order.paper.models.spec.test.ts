/** What goes into a paper fill beside its price: facts, models with warnings, MEV, outcome knobs, stale quotes. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { OrderEvent } from "../../domain/order/events.ts";
import { type MevInput, type MevModel, mevModel } from "../../domain/pricing/mev.ts";
import { DEFAULT_MEV } from "../../domain/pricing/mev-options.ts";
import { NO_KNOBS } from "../../domain/pricing/outcomes.ts";
import { fixedSlippage } from "../../domain/pricing/slippage/fixed.ts";
import type { SlippageModel } from "../../domain/pricing/slippage/model.ts";
import { squareRootSlippage } from "../../domain/pricing/slippage/square-root.ts";
import { createCounter } from "../support/counter.ts";
import { given, stateAfter } from "../support/given.ts";
import { QUOTED, requested, VALIDATED } from "../support/order-events.ts";
import { reserve, simulate } from "../support/order-samples.ts";

const MARKET = { usdMicros: 225_375_000n, volatilityPpm: 210n };
const wanted = { mev: { simulate: true } };

/** An attack of so much on everything, without regard to any limit. */
const attacker = (impactPpm: number): MevModel => ({
  assess: () => ({
    assessment: {
      riskClass: "HIGH",
      sandwichProbabilityPpm: 1_000_000,
      protectionPpm: 0,
      attacked: true,
      impactPpm,
    },
    warnings: ["MEV_SANDWICHED: in a test"],
  }),
});

const model = (ppm: bigint): SlippageModel => ({
  name: "test",
  slippage: () => ({ ppm, terms: { made: "up" }, warnings: ["TEST: a warning"] }),
});

function reservedAt(changes: Record<string, unknown>, quoted: OrderEvent = QUOTED): OrderEvent[] {
  const past = [requested(changes), VALIDATED, quoted];
  return [...past, ...given(past).when(reserve(() => 10n ** 30n)).events];
}

describe("the facts of the market", () => {
  it("are recorded with the fill, with the model's figures and warnings", () => {
    const command = simulate({ market: MARKET, model: model(3_000n) });
    expect(given(reservedAt({})).when(command).events).toMatchObject([
      {
        type: "PaperExecutionSimulated",
        data: {
          model: "test",
          modelSlippagePpm: 3_000,
          slippagePpm: 3_000,
          terms: { made: "up" },
          market: { usdMicros: "225375000", volatilityPpm: 210 },
          warnings: ["TEST: a warning"],
        },
      },
    ]);
  });

  it("are recorded with a failure too", () => {
    const command = simulate({ market: MARKET, model: model(300_000n) });
    expect(given(reservedAt({})).when(command).events).toMatchObject([
      {
        type: "SimulationFailed",
        data: {
          class: "SLIPPAGE_EXCEEDED",
          paper: {
            model: "test",
            slippagePpm: 300_000,
            terms: { made: "up" },
            market: { usdMicros: "225375000", volatilityPpm: 210 },
          },
        },
      },
      { type: "OrderFailed", data: { reason: "SLIPPAGE_EXCEEDED" } },
    ]);
  });

  it("reach the model: its fallback is in the warnings of the fill", () => {
    const squareRoot = squareRootSlippage({
      ...{ impactBpsAtDepth: 100, depthUsd: 1_000_000, depthUsdOf: new Map() },
      otherwise: fixedSlippage(60),
    });
    // 10,000 ppm × √(225.375 / 1,000,000) = 150.12…
    const known = given(reservedAt({})).when(simulate({ market: MARKET, model: squareRoot }));
    expect(known.events).toMatchObject([{ data: { modelSlippagePpm: 151, warnings: [] } }]);
    const unknown = given(reservedAt({})).when(simulate({ model: squareRoot }));
    expect(unknown.events).toMatchObject([
      {
        data: {
          model: "square-root",
          modelSlippagePpm: 6_000,
          warnings: [expect.stringMatching(/^MARKET_UNKNOWN: /)],
        },
      },
    ]);
  });
});

describe("MEV", () => {
  it("is not asked for unless the order wants it", () => {
    const command = simulate({ mev: attacker(1_000) });
    const [event] = given(reservedAt({})).when(command).events;
    expect(event).toMatchObject({ data: { slippagePpm: 5_000, warnings: [] } });
    expect(event?.data).toHaveProperty("mev", undefined);
  });

  it("is told all that the order offers", () => {
    const seen: MevInput[] = [];
    const spy: MevModel = {
      assess: (input) => {
        seen.push(input);
        return { assessment: undefined, warnings: ["MEV_SPIED: nothing to say"] };
      },
    };
    const changes = {
      mev: { simulate: true, protect: true, tipLamports: 9n },
      priorityFeeLamports: 777n,
      slippageToleranceBps: 120,
    };
    const { events } = given(reservedAt(changes)).when(simulate({ mev: spy, market: MARKET }));
    expect(events).toMatchObject([{ data: { warnings: ["MEV_SPIED: nothing to say"] } }]);
    expect(seen).toMatchObject([
      {
        usdMicros: 225_375_000n,
        slippageToleranceBps: 120,
        modelSlippagePpm: 5_000n,
        priorityFeeLamports: 777n,
        tipLamports: 9n,
        protect: true,
        seed: stateAfter(reservedAt(changes)).orderId,
      },
    ]);
    // 120 bps below 225.375 USDC is the limit.
    expect(seen[0]?.fits(12_000n)).toBe(true);
    expect(seen[0]?.fits(12_001n)).toBe(false);
    expect(seen[0]?.fits(1_000_000n)).toBe(false);
  });

  it("worsens the fill by what an attack costs, on top of the model", () => {
    // 225.375 × (1 − 0.005 − 0.01) = 221.994375.
    const command = simulate({ mev: attacker(10_000) });
    expect(given(reservedAt(wanted)).when(command).events).toMatchObject([
      {
        data: {
          modelSlippagePpm: 5_000,
          slippagePpm: 15_000,
          amountOut: "221994375",
          mev: { riskClass: "HIGH", attacked: true, impactPpm: 10_000 },
          warnings: ["MEV_SANDWICHED: in a test"],
        },
      },
    ]);
  });

  it.each<[string, MevModel, RegExp]>([
    [
      "throws",
      {
        assess: () => {
          throw new Error("no\nfigures");
        },
      },
      /^MEV_MODEL_FAILED: no figures$/,
    ],
    ["attacks beyond the limit", attacker(15_001), /^MEV_MODEL_FAILED: .* 15001 ppm .* limit$/],
    ["takes everything", attacker(999_999), /^MEV_MODEL_FAILED: /],
    ["answers no number", attacker(Number.NaN), /^MEV_MODEL_FAILED: /],
    ["gives", attacker(-1), /^MEV_MODEL_FAILED: /],
  ])("that %s is a warning; the trade is filled without it", (_, mev, warning) => {
    const { events } = given(reservedAt(wanted)).when(simulate({ mev }));
    expect(events).toMatchObject([
      { type: "PaperExecutionSimulated", data: { slippagePpm: 5_000, amountOut: "224248125" } },
    ]);
    expect(events[0]?.data).toHaveProperty("warnings", [expect.stringMatching(warning)]);
    expect(events[0]?.data).toHaveProperty("mev", undefined);
  });

  it("of the engine never pushes a fill over the order's limit, whatever the limit hangs on", () => {
    const seen = createCounter();
    const figures = { probabilityPpm: 1_000_000, wantedProtectionPpm: 1_000_000 };
    const life = fc.record({
      toleranceBps: fc.integer({ min: 0, max: 4_999 }),
      impactPpm: fc.integer({ min: 0, max: 999_999 }),
      modelPpm: fc.oneof(fc.integer({ min: 0, max: 20_000 }), fc.integer({ min: 0, max: 400_000 })),
      action: fc.constantFrom("BUY", "SELL", "SWAP"),
      countsBase: fc.boolean(),
      amount: fc.oneof(
        fc.bigInt({ min: 1n, max: 2_000n }),
        fc.bigInt({ min: 1n, max: 10n ** 12n }),
      ),
      expectedPrice: fc.option(fc.constantFrom("150.25", "149", "151", "155"), { nil: undefined }),
    });
    fc.assert(
      fc.property(life, ({ toleranceBps, impactPpm, modelPpm, action, countsBase, ...drawn }) => {
        const changes = {
          ...{ ...drawn, action, slippageToleranceBps: toleranceBps, mev: { simulate: true } },
          isBaseInput: action === "SWAP" ? undefined : countsBase,
        };
        const past = reservedAt(changes);
        if (past.at(-1)?.type !== "FundsReserved") return;
        const risky = { fromUsd: 0, impactPpm, ...figures };
        const mev = mevModel({
          ...DEFAULT_MEV,
          classes: {
            LOW: risky,
            MEDIUM: { ...risky, fromUsd: 1 },
            HIGH: { ...risky, fromUsd: 2 },
            CRITICAL: { ...risky, fromUsd: 3 },
          },
        });
        const command = simulate({ mev, market: MARKET, model: model(BigInt(modelPpm)) });
        const calm = given(past).when(simulate({ model: model(BigInt(modelPpm)) })).events[0];
        const [event] = given(past).when(command).events;
        // An attack never fails what would have been filled without it.
        expect(event?.type).toBe(calm?.type);
        if (event?.type !== "PaperExecutionSimulated") return;
        const { data } = event;
        expect(BigInt(data.amountIn) <= BigInt(data.limitIn)).toBe(true);
        expect(BigInt(data.amountOut) >= BigInt(data.limitOut)).toBe(true);
        expect(data.slippagePpm).toBe(modelPpm + (data.mev?.impactPpm ?? Number.NaN));
        expect(data.warnings.join()).not.toContain("MEV_MODEL_FAILED");
        seen.add(data.mev?.impactPpm === impactPpm ? "in full" : "limited");
        if ((data.mev?.impactPpm ?? 0) > 0) seen.add("attacked");
      }),
      { numRuns: 2_000 },
    );
    seen.expectAll(["in full", "limited", "attacked"], 100);
  });
});

describe("the outcome knobs", () => {
  const knobs = { ...NO_KNOBS, seed: "s" };

  it("change nothing while none is turned", () => {
    const plain = given(reservedAt({})).when(simulate()).events;
    expect(given(reservedAt({})).when(simulate({ outcomes: knobs })).events).toEqual(plain);
  });

  it("fail the order, which holds nothing afterwards", () => {
    const past = reservedAt({});
    const outcomes = { ...knobs, successRateBps: 0 };
    const { events } = given(past).when(simulate({ outcomes, market: MARKET }));
    expect(events).toMatchObject([
      {
        type: "SimulationFailed",
        data: {
          class: "SIMULATED_FAILURE",
          paper: {
            model: "mock",
            slippagePpm: 0,
            limit: "success",
            value: expect.stringMatching(/^\d+ of 1000000, below 0 succeeds$/),
            market: { usdMicros: "225375000" },
          },
        },
      },
      { type: "OrderFailed", data: { attempts: 1, reason: "SIMULATED_FAILURE" } },
    ]);
    const order = stateAfter([...past, ...events]);
    expect(order.phase).toBe("failed");
    expect(order.reservation).toBeUndefined();
  });

  it("take the place of the model's slippage and of the delay", () => {
    const outcomes = { ...knobs, averageSlippageBps: 40, delayMs: 7 };
    const { events } = given(reservedAt({})).when(simulate({ outcomes, delayMs: 900 }));
    expect(events).toMatchObject([
      {
        data: {
          model: "mock",
          delayMs: 7,
          terms: {
            draw: expect.stringMatching(/succeeds$/),
            averageSlippageBps: "40",
            slippageDraw: expect.stringMatching(
              /^\d+ of 1000000, spread evenly over 0 to 8000 ppm$/,
            ),
          },
        },
      },
    ]);
    const data = events[0]?.type === "PaperExecutionSimulated" ? events[0].data : undefined;
    expect(data?.modelSlippagePpm).toBeLessThanOrEqual(8_000);
    expect(data?.slippagePpm).toBe(data?.modelSlippagePpm);
  });

  it("leave MEV and the limit in force", () => {
    const outcomes = { ...knobs, averageSlippageBps: 0 };
    const attacked = simulate({ outcomes, mev: attacker(20_000) });
    expect(given(reservedAt(wanted)).when(attacked).events).toMatchObject([
      { data: { model: "mock", modelSlippagePpm: 0, slippagePpm: 20_000 } },
    ]);
    const wild = { ...knobs, averageSlippageBps: 4_999 };
    const past = reservedAt({ slippageToleranceBps: 0 });
    expect(given(past).when(simulate({ outcomes: wild })).events).toMatchObject([
      { type: "SimulationFailed", data: { class: "SLIPPAGE_EXCEEDED", paper: { model: "mock" } } },
      { type: "OrderFailed" },
    ]);
  });
});

describe("a simulated order", () => {
  it("fills at its own price, whatever knobs, models and attackers say", () => {
    const changes = { isSimulated: true, expectedPrice: "160.5", mev: { simulate: true } };
    const past = [requested(changes), VALIDATED];
    const quoted = given(past).when({ type: "UseExpectedPrice" }).events;
    const reserved = given([...past, ...quoted]).when(reserve()).events;
    const command = simulate({
      outcomes: { ...NO_KNOBS, successRateBps: 0, averageSlippageBps: 500, delayMs: 5 },
      mev: attacker(1_000),
      model: model(9_000n),
    });
    const { events } = given([...past, ...quoted, ...reserved]).when(command);
    expect(events).toMatchObject([
      {
        type: "PaperExecutionSimulated",
        data: {
          model: "none",
          slippagePpm: 0,
          amountOut: "240750000",
          delayMs: 0,
          warnings: [expect.stringMatching(/^MEV_NOT_APPLIED: /)],
        },
      },
    ]);
    expect(events[0]?.data).toHaveProperty("mev", undefined);
  });
});

describe("a stale quote", () => {
  it("is told in the warnings of the fill, with its age", () => {
    const stale: OrderEvent = {
      type: "QuoteObtained",
      data: { ...QUOTED.data, stale: true, ageUs: 12_345_678 },
    };
    expect(given(reservedAt({}, stale)).when(simulate()).events).toMatchObject([
      { data: { warnings: [expect.stringMatching(/^STALE_QUOTE: .* 12345 ms old$/)] } },
    ]);
  });
});
