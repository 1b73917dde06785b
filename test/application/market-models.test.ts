/** What the engine finds out about the market for its models: at hand where it can, by asking where it must, never at a trade's cost. */
import { describe, expect, it } from "vitest";
import type { EngineConfig } from "../../domain/application/engine.ts";
import type { SubmitResult } from "../../domain/application/engine.types.ts";
import type { OrderState } from "../../domain/order/state.ts";
import type { QuoteOutcome, QuoteRequest } from "../../domain/ports/quotes.ts";
import { fixedSlippage } from "../../domain/pricing/slippage/fixed.ts";
import { routeImpactSlippage } from "../../domain/pricing/slippage/route-impact.ts";
import { squareRootSlippage } from "../../domain/pricing/slippage/square-root.ts";
import { volatilitySlippage } from "../../domain/pricing/slippage/volatility.ts";
import { type Mint, SOL_MINT } from "../../domain/primitives/ids.ts";
import {
  ACCOUNT,
  CONFIG,
  createWorld,
  LOCAL,
  quoteFor,
  storyOf,
  submit,
  trade,
  USDC_MINT,
  type World,
  withFunds,
} from "../support/engine-world.ts";
import { settle } from "../support/manual-time.ts";

const JUP = "JUPyiwrYJFskUPiHa7hkeR8VUtAeFoSYbKedZNsDvCN" as Mint;
const fixed = fixedSlippage(50);
const models = [
  fixed,
  volatilitySlippage({ defaultPpm: 150, latencyMs: 1_000, floorBps: 0 }),
  squareRootSlippage({
    ...{ impactBpsAtDepth: 100, depthUsd: 1_000_000, depthUsdOf: new Map() },
    otherwise: fixed,
  }),
  routeImpactSlippage({ sharePercent: 50, floorBps: 10, otherwise: fixed }),
];
const token = { symbol: "JUP", mint: JUP, decimals: 6, minAmount: 1n, maxAmount: 10n ** 18n };
const config: Partial<EngineConfig> = {
  slippageModels: new Map(models.map((model) => [model.name, model])),
  policy: {
    ...CONFIG.policy,
    tokens: new Map([...CONFIG.policy.tokens, [JUP, token]]),
    slippageModels: new Set(models.map(({ name }) => name)),
  },
};

const newWorld = async (changes: Partial<EngineConfig> = {}): Promise<World> =>
  withFunds(await createWorld({ config: { ...config, ...changes } }));

function orderOf(result: SubmitResult): OrderState {
  if (result.kind !== "order") throw new Error(JSON.stringify(result));
  return result.order;
}

const down: QuoteOutcome = {
  kind: "failed",
  class: "unreachable",
  message: "connection refused",
  retryAfterMs: undefined,
};

const fresh = (world: World, pair: QuoteRequest): QuoteOutcome => ({
  kind: "quoted",
  quote: quoteFor(pair, world.time.clock.nowUs()),
  cacheHit: false,
  stale: false,
});

/** Sells 3 SOL for JUP: neither side is dollars. */
const sellForJup = (requestId: string, slippageModel: string) =>
  trade(requestId, { action: "SELL", quoteMint: JUP, amount: 3_000_000_000n, slippageModel });

describe("what a trade is worth", () => {
  it.each([
    ["what is spent", { amount: 150_000_000n }, "150000000"],
    ["what is received", { action: "SELL", amount: 2_000_000_000n }, "300000000"],
  ] as const)("is at hand where %s is dollars", async (_, changes, usdMicros) => {
    const world = await newWorld();
    const result = await submit(world, trade("r1", { ...changes, slippageModel: "square-root" }));
    expect(orderOf(result).execution?.market).toEqual({ usdMicros });
    expect(world.market.asked).toEqual([]);
  });

  it("comes from a cached price where one is at hand", async () => {
    const world = await newWorld();
    const order = orderOf(await submit(world, sellForJup("r1", "square-root")));
    // 3 SOL at 150: 10,000 ppm × √(450 / 1,000,000) = 212.13…
    expect(order.execution).toMatchObject({
      model: "square-root",
      modelSlippagePpm: 213,
      market: { usdMicros: "450000000" },
    });
    expect(world.market.asked).toEqual([]);
  });

  it("is asked for where a model cannot do without; what is decided is durable before", async () => {
    const world = await newWorld();
    world.market.warm = false;
    const answer = Promise.withResolvers<QuoteOutcome>();
    const pair = { inputMint: SOL_MINT, outputMint: JUP, amount: 1_000_000_000n };
    world.market.script.push(fresh(world, pair), answer.promise);
    const running = submit(world, sellForJup("r1", "square-root"));
    await settle();
    expect(world.market.asked[1]).toEqual({ ...pair, outputMint: USDC_MINT });
    expect(world.log.events.at(-1)?.type).toBe("FundsReserved");
    const quote = quoteFor({ ...pair, outputMint: USDC_MINT }, world.time.clock.nowUs());
    answer.resolve({ kind: "quoted", quote, cacheHit: false, stale: false });
    expect(orderOf(await running).execution).toMatchObject({
      modelSlippagePpm: 213,
      market: { usdMicros: "450000000" },
      warnings: [],
    });
  });

  it("stays unknown where nobody answers, which never fails the trade", async () => {
    const world = await newWorld();
    world.market.warm = false;
    const pair = { inputMint: SOL_MINT, outputMint: JUP, amount: 1_000_000_000n };
    world.market.script.push(fresh(world, pair), down);
    const order = orderOf(
      await submit(world, { ...sellForJup("r1", "square-root"), mev: { simulate: true } }),
    );
    expect(order.phase).toBe("filled");
    expect(order.execution).toMatchObject({
      modelSlippagePpm: 5_000,
      market: {},
      warnings: [
        expect.stringMatching(/^MARKET_UNKNOWN: /),
        expect.stringMatching(/^MEV_VALUE_UNKNOWN: /),
      ],
    });
    expect(world.market.asked).toHaveLength(2);
    expect(world.faults).toEqual([]);
  });

  it("is not asked for by models that can do without", async () => {
    const world = await newWorld();
    world.market.warm = false;
    for (const model of ["fixed", "volatility", "route-impact"]) {
      const result = await submit(world, sellForJup(model, model));
      expect(orderOf(result).execution?.market.usdMicros).toBeUndefined();
    }
    expect(world.market.asked.map(({ outputMint }) => outputMint)).toEqual([JUP, JUP, JUP]);
  });

  it("is not asked for by a simulated order, which asks nobody", async () => {
    const world = await newWorld();
    world.market.warm = false;
    const simulated = {
      ...sellForJup("r1", "square-root"),
      ...{ isSimulated: true, expectedPrice: "300", mev: { simulate: true } },
    };
    const order = orderOf(await submit(world, simulated));
    expect(order).toMatchObject({ phase: "filled", execution: { model: "none", market: {} } });
    expect(world.market.asked).toEqual([]);
  });

  it("holds up no cancel: the order is cancelled and its funds are free", async () => {
    const world = await newWorld();
    world.market.warm = false;
    const pair = { inputMint: SOL_MINT, outputMint: JUP, amount: 1_000_000_000n };
    const never = Promise.withResolvers<QuoteOutcome>();
    world.market.script.push(fresh(world, pair), never.promise);
    const accepted = orderOf(await submit(world, sellForJup("r1", "square-root"), "ACCEPTED"));
    await settle();
    const cancelled = await world.engine.cancel(accepted.orderId, {
      principal: LOCAL,
      message: "",
    });
    expect(cancelled.kind).toBe("cancelled");
    expect(world.engine.balances(ACCOUNT)?.every(({ reserved }) => reserved === 0n)).toBe(true);
    expect(world.time.pending()).toBe(0);
  });

  it("is asked for again by the next life of the process", async () => {
    const world = await newWorld();
    world.market.warm = false;
    const pair = { inputMint: SOL_MINT, outputMint: JUP, amount: 1_000_000_000n };
    const never = Promise.withResolvers<QuoteOutcome>();
    world.market.script.push(fresh(world, pair), never.promise);
    void submit(world, sellForJup("r1", "square-root"), "ACCEPTED");
    await settle();
    expect(world.log.events.at(-1)?.type).toBe("FundsReserved");
    const next = await world.restart();
    const order = orderOf(await submit(next, sellForJup("r1", "square-root")));
    expect(order.execution?.market.usdMicros).toBe("450000000");
  });
});

describe("volatility", () => {
  it("comes from the fresh quotes of the pair, in the direction of the trade or the other", async () => {
    const world = await newWorld({ outcomes: undefined });
    world.market.warm = false;
    const sell = (requestId: string) =>
      submit(
        world,
        trade(requestId, { action: "SELL", amount: 10n ** 9n, slippageModel: "volatility" }),
      );
    expect(orderOf(await sell("r1")).execution?.terms.volatilitySource).toBe("configured");
    await world.time.advanceMs(1_000);
    const pair = { inputMint: SOL_MINT, outputMint: USDC_MINT, amount: 1_000_000_000n };
    const quote = { ...quoteFor(pair, world.time.clock.nowUs()), outAmount: 150_150_000n };
    world.market.script.push({ kind: "quoted", quote, cacheHit: false, stale: false });
    // 0.1 % in a second: 1,000 ppm per √s, of which 797.88… are to be expected.
    expect(orderOf(await sell("r2")).execution).toMatchObject({
      modelSlippagePpm: 798,
      market: { volatilityPpm: 1_000 },
      terms: { volatilitySource: "quotes" },
    });
    const buy = orderOf(await submit(world, trade("r3", { slippageModel: "volatility" })));
    expect(buy.execution?.market.volatilityPpm).toBe(1_000);
  });

  it("learns nothing from quotes that are old or cached", async () => {
    const world = await newWorld();
    world.market.warm = false;
    const pair = { inputMint: SOL_MINT, outputMint: USDC_MINT, amount: 1_000_000_000n };
    const moved = { ...quoteFor(pair, world.time.clock.nowUs()), outAmount: 151_000_000n };
    for (const [index, marks] of [
      { cacheHit: false, stale: false },
      { cacheHit: true, stale: true },
      { cacheHit: true, stale: false },
    ].entries()) {
      const quote = { ...moved, obtainedAtUs: world.time.clock.nowUs() };
      world.market.script.push({ kind: "quoted", quote, ...marks });
      await submit(world, trade(`r${index}`, { action: "SELL", amount: 10n ** 9n }));
      await world.time.advanceMs(1_000);
    }
    const order = orderOf(await submit(world, trade("last")));
    expect(order.execution?.market.volatilityPpm).toBeUndefined();
  });
});

it("a model of the route's impact is quoted for exactly the amount", async () => {
  const world = await newWorld();
  world.market.warm = false;
  const amount = 77_000_000n;
  const asked = { inputMint: USDC_MINT, outputMint: SOL_MINT, amount };
  const quote = {
    ...quoteFor(asked, world.time.clock.nowUs()),
    priceImpact: "0.0012",
  };
  world.market.script.push({ kind: "quoted", quote, cacheHit: false, stale: false });
  const order = orderOf(
    await submit(world, trade("r1", { amount, slippageModel: "route-impact" })),
  );
  expect(world.market.asked).toEqual([asked]);
  expect(order).toMatchObject({
    quote: { basis: "route" },
    execution: { model: "route-impact", modelSlippagePpm: 1_600 },
  });
});

describe("a stale quote", () => {
  const staleOf = (world: World, ageMs: number): QuoteOutcome => {
    const pair = { inputMint: USDC_MINT, outputMint: SOL_MINT, amount: 1_000_000n };
    const quote = quoteFor(pair, world.time.clock.nowUs() - ageMs * 1_000);
    return { kind: "quoted", quote, cacheHit: true, stale: true };
  };

  it("fills within its own limit of age, and says what it is", async () => {
    const world = await newWorld();
    world.market.warm = false;
    world.market.script.push(staleOf(world, 60_000));
    const result = await submit(world, trade("r1"));
    const order = orderOf(result);
    expect(storyOf(world, result)).toContain("OrderFilled");
    expect(order.quote).toMatchObject({ stale: true, cacheHit: true });
    expect(order.quote?.checks[0]).toMatchObject({ check: "quote_age_us", limit: "60000000" });
    expect(order.execution?.warnings).toEqual([
      expect.stringMatching(/^STALE_QUOTE: .* 60000 ms old$/),
    ]);
  });

  it("is refused beyond it", async () => {
    const world = await newWorld();
    world.market.warm = false;
    world.market.script.push(staleOf(world, 60_001));
    expect(orderOf(await submit(world, trade("r1"))).lastError?.reason).toBe("QUOTE_TOO_OLD");
  });
});
