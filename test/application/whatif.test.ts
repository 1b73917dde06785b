/** Recorded executions decided again: cases worked out by hand, what stays out, and that the same policy changes nothing. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { slippageModelsOf } from "../../adapters/config/engine-config.ts";
import { loadConfig } from "../../adapters/config.ts";
import {
  gainBps,
  type WhatIfOrder,
  type WhatIfPolicy,
} from "../../domain/application/audit/whatif.ts";
import { type WhatIfOptions, whatIfLog } from "../../domain/application/audit/whatif-log.ts";
import type { OrderCommand } from "../../domain/order/commands.ts";
import { decide } from "../../domain/order/decide.ts";
import type { OrderEvent } from "../../domain/order/events.ts";
import type { StoredEvent } from "../../domain/ports/event-store.ts";
import { mevModel } from "../../domain/pricing/mev.ts";
import { DEFAULT_MEV, type MevOptions } from "../../domain/pricing/mev-options.ts";
import { fixedSlippage } from "../../domain/pricing/slippage/fixed.ts";
import type { AccountId } from "../../domain/primitives/ids.ts";
import { codec, orderAfter, START_US, sealAll } from "../support/given.ts";
import { createLogWriter, type LogWriter } from "../support/log-writer.ts";
import { lives } from "../support/order-fates.ts";
import { run } from "../support/order-lives.ts";
import {
  BONK,
  recordQuote,
  request,
  reserve,
  SOL,
  simulate,
  USDC,
  validate,
} from "../support/order-samples.ts";

const policyOf = (changes: Partial<WhatIfPolicy> = {}): WhatIfPolicy => ({
  slippageModels: new Map([["fixed", fixedSlippage(50)]]),
  slippageModel: undefined,
  slippageToleranceBps: undefined,
  mev: mevModel(DEFAULT_MEV),
  outcomes: undefined,
  ...changes,
});

const loaded = loadConfig({}, {});
if (loaded.kind === "wrong") throw new Error(loaded.problems.join("\n"));
const models = slippageModelsOf(loaded.config.paper);

const FIXED_100 = policyOf({ slippageModels: new Map([["fixed", fixedSlippage(100)]]) });

async function whatIf(
  stored: readonly StoredEvent[],
  policy: WhatIfPolicy,
  options: Partial<WhatIfOptions> = {},
) {
  const orders: WhatIfOrder[] = [];
  const store = {
    readAll: async (after: bigint | "start", limit: number) =>
      stored.filter(({ position }) => after === "start" || position > after).slice(0, limit),
  };
  const summary = await whatIfLog(
    { store, codec },
    {
      policy,
      until: stored.at(-1)?.position,
      onOrder: async (order) => {
        orders.push(order);
        return true;
      },
      ...options,
    },
  );
  return { orders, summary };
}

function logOf(write: (log: LogWriter) => void): readonly StoredEvent[] {
  const log = createLogWriter();
  log.openAccount("main", [{ mint: SOL, amount: "100000000000" }]);
  write(log);
  return log.stored;
}

describe("a recorded execution", () => {
  it("is none of a live order: the chain decided that", async () => {
    const { orders, summary } = await whatIf(
      logOf((log) => {
        for (const life of ["final", "second-try", "void"] as const) log.live(life).finish();
        log.order().finish();
      }),
      FIXED_100,
    );
    expect(orders).toHaveLength(1);
    expect(summary).toMatchObject({
      orders: 4,
      changes: { worse: 1 },
      notRedecided: { live: 3, "no-execution": 0 },
    });
  });

  it("is decided again under another model: a sale", async () => {
    const { orders, summary } = await whatIf(
      logOf((log) => log.order().finish()),
      FIXED_100,
    );
    // 1.5 SOL at 150.25 are 225.375 USDC: less 0.5 %, and less 1 %.
    expect(orders).toMatchObject([
      {
        recorded: { kind: "filled", amountOut: 224_248_125n, slippagePpm: 5_000n },
        whatIf: { kind: "filled", amountOut: 223_121_250n, slippagePpm: 10_000n },
        change: "worse",
        difference: { mint: USDC, gain: -1_126_875n, of: 224_248_125n },
      },
    ]);
    expect(summary).toEqual({
      orders: 1,
      changes: { same: 0, better: 0, worse: 1, "filled-to-failed": 0, "failed-to-filled": 0 },
      fallbacks: 0,
      pairs: [
        {
          ...{ baseMint: SOL, quoteMint: USDC, mint: USDC },
          ...{ gain: -1_126_875n, of: 224_248_125n, fills: 1 },
        },
      ],
      notRedecided: { simulated: 0, "unknown-model": 0, live: 0, "no-execution": 0 },
    });
  });

  it("is decided again under another model: what is spent for a counted purchase", async () => {
    const stored = logOf((log) =>
      log.order({ request: { action: "BUY", amount: 1_000_000_000n, isBaseInput: true } }).finish(),
    );
    const { orders } = await whatIf(stored, FIXED_100);
    expect(orders).toMatchObject([
      {
        recorded: { amountIn: 151_001_250n, amountOut: 1_000_000_000n },
        whatIf: { amountIn: 151_752_500n, amountOut: 1_000_000_000n },
        change: "worse",
        difference: { mint: USDC, gain: -751_250n, of: 151_001_250n },
      },
    ]);
  });

  it("fails where the tolerance is tighter, and the other way round", async () => {
    const stored = logOf((log) => {
      log.order().finish();
      log.order({ outcome: "slippage" }).finish();
    });
    const tight = await whatIf(stored, policyOf({ slippageToleranceBps: 49 }));
    expect(tight.orders).toMatchObject([
      {
        change: "filled-to-failed",
        whatIf: { kind: "failed", reason: "SLIPPAGE_EXCEEDED" },
        difference: undefined,
      },
      { change: "same", recorded: { kind: "failed" } },
    ]);
    const wide = await whatIf(stored, policyOf({ slippageToleranceBps: 50 }));
    expect(wide.orders.map(({ change }) => change)).toEqual(["same", "failed-to-filled"]);
    expect(wide.summary.changes).toMatchObject({ same: 1, "failed-to-filled": 1 });
    expect(wide.summary.pairs).toMatchObject([{ fills: 1, gain: 0n }]);
  });

  it("uses the model that is named, and each order's own otherwise", async () => {
    const stored = logOf((log) => log.order().finish());
    const slippageModels = new Map([
      ["fixed", fixedSlippage(50)],
      ["other", { name: "other", slippage: () => ({ ppm: 0n, terms: {} }) }],
    ]);
    const named = await whatIf(stored, policyOf({ slippageModels, slippageModel: "other" }));
    expect(named.orders).toMatchObject([
      { change: "better", whatIf: { model: "other", amountOut: 225_375_000n } },
    ]);
    const own = await whatIf(stored, policyOf({ slippageModels }));
    expect(own.summary.changes.same).toBe(1);
  });
});

describe("what cannot be decided again", () => {
  it("by the model itself is decided by its fallback, and counted", async () => {
    const stored = logOf((log) => log.order().finish());
    const policy = policyOf({ slippageModels: models, slippageModel: "square-root" });
    const { orders, summary } = await whatIf(stored, policy);
    expect(orders).toMatchObject([
      { recorded: { fallback: undefined }, whatIf: { model: "square-root", fallback: "fixed" } },
    ]);
    expect(summary.fallbacks).toBe(1);
  });

  it("is counted by its reason", async () => {
    const stored = logOf((log) => {
      log.order({ outcome: "rejected" }).finish();
      log.order({ outcome: "no-route" }).finish();
      log.order({ outcome: "cancelled" }).finish();
      log.order({ outcome: "poor" }).finish();
      log.order();
      log.order().finish();
    });
    const { orders, summary } = await whatIf(stored, FIXED_100);
    expect(orders).toHaveLength(1);
    expect(summary).toMatchObject({
      orders: 6,
      notRedecided: { simulated: 0, "unknown-model": 0, "no-execution": 5 },
    });
  });

  it("says so of a model that is not configured, and of a simulated order", async () => {
    const stored = logOf((log) => log.order().finish());
    const unknown = await whatIf(stored, policyOf({ slippageModels: new Map() }));
    expect(unknown.summary.notRedecided).toMatchObject({ "unknown-model": 1 });
    const simulated = await whatIf(
      sealAll(
        eventsOf(
          request({ isSimulated: true, expectedPrice: "150" }),
          validate(),
          {
            type: "UseExpectedPrice",
          },
          reserve(),
          simulate(),
        ),
      ),
      FIXED_100,
    );
    expect(simulated.summary).toMatchObject({ orders: 1, notRedecided: { simulated: 1 } });
  });
});

describe("the range", () => {
  const stored = logOf((log) => {
    log.openAccount("desk", [{ mint: SOL, amount: "100000000000" }]);
    log.order().finish();
    log.advanceMs(60_000);
    log.order({ request: { account: "desk" } }).finish();
    log.advanceMs(60_000);
    log.order().finish();
  });
  const at = (seconds: number): number => START_US + seconds * 1_000_000;
  const times = async (options: Partial<WhatIfOptions>) =>
    (await whatIf(stored, FIXED_100, options)).orders.map(({ order }) =>
      Math.round((order.requestedAtUs - START_US) / 60_000_000),
    );

  it("is of the time of the request, from inclusive and to exclusive", async () => {
    expect(await times({})).toEqual([0, 1, 2]);
    expect(await times({ fromUs: at(30) })).toEqual([1, 2]);
    expect(await times({ toUs: at(90) })).toEqual([0, 1]);
    expect(await times({ fromUs: at(30), toUs: at(90) })).toEqual([1]);
    const second = (await whatIf(stored, FIXED_100)).orders[1]?.order.requestedAtUs ?? 0;
    expect(await times({ fromUs: second })).toEqual([1, 2]);
    expect(await times({ toUs: second })).toEqual([0]);
  });

  it("is of one account", async () => {
    expect(await times({ account: "desk" as AccountId })).toEqual([1]);
    expect(await times({ account: "main" as AccountId })).toEqual([0, 2]);
  });

  it("follows an order that was requested in it to its execution after it", async () => {
    const slow = logOf((log) => {
      const order = log.order();
      log.advanceMs(60_000);
      log.order().finish();
      order.finish();
    });
    const { summary } = await whatIf(slow, FIXED_100, { toUs: at(30) });
    expect(summary).toMatchObject({ orders: 1, changes: { worse: 1 } });
  });

  it("reads no further than its orders go", async () => {
    const log = createLogWriter();
    log.openAccount("main", [{ mint: SOL, amount: "100000000000" }]);
    log.order({ outcome: "cancelled" }).finish();
    log.advanceMs(60_000);
    log.order().finish();
    const last = log.stored.at(-1);
    if (!last) throw new Error("no events");
    const damaged = [...log.stored.slice(0, -1), { ...last, data: new Uint8Array([0]) }];
    const { summary } = await whatIf(damaged, FIXED_100, { toUs: at(30) });
    expect(summary.notRedecided["no-execution"]).toBe(1);
    await expect(whatIf(damaged, FIXED_100, { toUs: at(90) })).rejects.toThrow(/no JSON/);
  });

  it("ends when nobody listens any more", async () => {
    const { summary } = await whatIf(stored, FIXED_100, { onOrder: async () => false });
    expect(summary.orders).toBe(1);
  });
});

describe("gain in basis points", () => {
  it.each<[bigint, bigint, bigint]>([
    [0n, 10n, 0n],
    [5n, 0n, 0n],
    [1n, 10_000n, 1n],
    [19_999n, 100_000_000n, 1n],
    [-1n, 10_000n, -1n],
    [-1n, 100_000_000n, -1n],
    [-10_001n, 100_000_000n, -2n],
  ])("of %d in %d is %d, rounded down", (gain, of, expected) => {
    expect(gainBps({ gain, of })).toBe(expected);
  });
});

/** What these commands decide, one after the other. */
function eventsOf(...commands: readonly OrderCommand[]): OrderEvent[] {
  const events: OrderEvent[] = [];
  for (const command of commands) events.push(...decide(orderAfter(events), command));
  return events;
}

describe("laws", () => {
  it("the policy of then gives no difference: whatever orders live through", async () => {
    let decided = 0;
    await fc.assert(
      fc.asyncProperty(lives, async (drawn) => {
        const life = run(drawn);
        const moment = life.moments.find(
          ({ command, events }) => command.type === "Simulate" && events.length > 0,
        );
        const command = moment?.command;
        if (command?.type !== "Simulate") return;
        const { model, mev, outcomes } = command;
        const slippageModels = new Map([[moment?.before?.request.slippageModel ?? "", model]]);
        const policy = policyOf({ slippageModels, mev, outcomes });
        const { orders, summary } = await whatIf(life.stored, policy);
        const isSimulated = moment?.before?.request.isSimulated === true;
        expect(summary.notRedecided.simulated).toBe(isSimulated ? 1 : 0);
        expect(summary.changes.same).toBe(isSimulated ? 0 : 1);
        for (const { recorded, whatIf: again } of orders) expect(again).toEqual(recorded);
        decided += orders.length;
      }),
      { numRuns: 300, seed: 11 },
    );
    expect(decided).toBeGreaterThan(30);
  });

  const figures = { probabilityPpm: 1_000_000 };
  const { LOW, MEDIUM, HIGH, CRITICAL } = DEFAULT_MEV.classes;
  const CERTAIN: MevOptions = {
    ...DEFAULT_MEV,
    classes: {
      LOW: { ...LOW, ...figures },
      MEDIUM: { ...MEDIUM, ...figures },
      HIGH: { ...HIGH, ...figures },
      CRITICAL: { ...CRITICAL, ...figures },
    },
  };
  it("the policy of then gives no difference: every model, MEV and knobs, from the recorded facts", async () => {
    let attacked = 0;
    let failed = 0;
    const facts = fc.record({
      name: fc.constantFrom(...models.keys()),
      basis: fc.constantFrom("pair" as const, "route" as const),
      action: fc.constantFrom("BUY", "SELL"),
      isBaseInput: fc.boolean(),
      pair: fc.constantFrom([SOL, USDC] as const, [BONK, USDC] as const),
      amount: fc.bigInt(1_000n, 10n ** 12n),
      tolerance: fc.constantFrom(10, 60, 200, 1_000),
      usdMicros: fc.option(fc.bigInt(0n, 10n ** 12n), { nil: undefined }),
      volatilityPpm: fc.option(fc.bigInt(0n, 10_000n), { nil: undefined }),
      outcomes: fc.option(
        fc.record({
          successRateBps: fc.constantFrom(0, 5_000, 10_000),
          averageSlippageBps: fc.constantFrom(undefined, 40),
          delayMs: fc.constant(undefined),
          seed: fc.string(),
        }),
        { nil: undefined },
      ),
    });
    await fc.assert(
      fc.asyncProperty(facts, async (drawn) => {
        const { usdMicros, volatilityPpm, outcomes } = drawn;
        const model = models.get(drawn.name);
        if (!model) throw new Error("no such model");
        const mev = mevModel(CERTAIN);
        const [baseMint, quoteMint] = drawn.pair;
        const quote = recordQuote({ inputMint: baseMint, outputMint: quoteMint });
        const { answer } = quote;
        if (answer.kind === "failed") throw new Error("no quote");
        const stored = sealAll(
          eventsOf(
            request({
              ...{ baseMint, quoteMint, action: drawn.action, isBaseInput: drawn.isBaseInput },
              ...{ amount: drawn.amount, slippageToleranceBps: drawn.tolerance },
              mev: { simulate: true, tipLamports: 0n },
            }),
            validate(),
            { ...quote, answer: { ...answer, basis: drawn.basis } },
            { ...reserve(), available: () => 10n ** 30n },
            simulate({ model, mev, outcomes, market: { usdMicros, volatilityPpm } }),
          ),
        );
        const policy = policyOf({
          slippageModels: models,
          slippageModel: drawn.name,
          mev,
          outcomes,
        });
        const { orders, summary } = await whatIf(stored, policy);
        expect(orders.filter(({ change }) => change !== "same")).toEqual([]);
        for (const { recorded, whatIf: again } of orders) expect(again).toEqual(recorded);
        expect(summary.pairs.every(({ gain }) => gain === 0n)).toBe(true);
        for (const { recorded } of orders) if (recorded.kind === "failed") failed += 1;
        const calm = await whatIf(stored, { ...policy, mev: mevModel(DEFAULT_MEV) });
        attacked += calm.summary.changes.better;
        expect(calm.summary.changes.worse).toBe(0);
      }),
      { numRuns: 300, seed: 5 },
    );
    expect(attacked).toBeGreaterThan(20);
    expect(failed).toBeGreaterThan(20);
  });
});
