/** The market models as people meet them: configured, asked for, told of a trade and of a recorded event. */
import { writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { tell } from "../../adapters/cli/orders/story.ts";
import { resultText } from "../../adapters/cli/orders/trade-text.ts";
import { tokenTable } from "../../adapters/cli/tokens.ts";
import { engineConfigOf } from "../../adapters/config/engine-config.ts";
import { type Config, loadConfig } from "../../adapters/config.ts";
import { tradeResultOf } from "../../adapters/grpc/mapping/result.ts";
import type { OrderEvent, OrderEventData } from "../../domain/order/events.ts";
import { NOTHING_KNOWN } from "../../domain/pricing/slippage/model.ts";
import { OrderStatus, TradeResult } from "../../proto/generated/orderstream/v1/trade_execution.ts";
import { stateAfter } from "../support/given.ts";
import {
  EXECUTED,
  FILLED,
  QUOTED,
  RESERVED,
  requested,
  VALIDATED,
} from "../support/order-events.ts";
import { POLICY, requestOf, SOL, USDC } from "../support/order-samples.ts";
import { slippageInput } from "../support/slippage-input.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { startFakeEngine } from "./fake-engine.ts";
import { run } from "./harness.ts";

const folder = temporaryFolder();
const tokens = tokenTable([...POLICY.tokens.values()]);

function fileOf(content: unknown): string {
  const file = folder.file("config.json");
  writeFileSync(file, JSON.stringify(content));
  return file;
}

function load(paper: unknown, set: readonly string[] = []): Config {
  const loaded = loadConfig({ config: fileOf({ paper }), set }, {});
  if (loaded.kind === "wrong") throw new Error(loaded.problems.join("\n"));
  return loaded.config;
}

const problems = (content: unknown, set: readonly string[] = []): string => {
  const loaded = loadConfig({ config: fileOf(content), set }, {});
  return loaded.kind === "wrong" ? loaded.problems.join("\n") : "";
};

describe("the configuration", () => {
  it("makes every model, each by its own figures", () => {
    const { policy, slippageModels, usdMints, outcomes } = engineConfigOf(
      load({
        slippageBps: 80,
        volatility: { defaultPpm: 1_000, latencyMs: 4_000, floorBps: 3 },
        squareRoot: {
          impactBpsAtDepth: 200,
          depthUsd: 5_000_000,
          depthUsdOf: { "usdc/SOL": 20_000 },
        },
        routeImpact: { sharePercent: 25, floorBps: 7 },
      }),
    );
    const market = { ...NOTHING_KNOWN, usdMicros: 200_000_000n };
    const routeImpact = { numerator: 4n, denominator: 10_000n };
    const answers = (input: typeof market, impact = routeImpact) =>
      [...slippageModels].map(([name, model]) => [
        name,
        model.slippage(slippageInput({ market: input, routeImpact: impact })).ppm,
      ]);
    // Square root: 20,000 ppm × √(200 / 20,000) = 2,000, of which the quote has 400.
    expect(answers(market)).toEqual([
      ["fixed", 8_000n],
      ["volatility", 1_896n],
      ["square-root", 1_600n],
      ["route-impact", 800n],
    ]);
    expect(slippageModels.get("square-root")?.slippage(slippageInput()).ppm).toBe(8_000n);
    expect([...policy.slippageModels]).toEqual([...slippageModels.keys()]);
    expect(usdMints).toEqual([USDC, "Es9vMFrzaCERmJfrF4H2FYD4KCoNkY11McCe8BenwNYB"]);
    expect(outcomes).toBeUndefined();
  });

  it("takes dollars as it is told, and those that are there otherwise", () => {
    expect(load({}, ["paper.usdTokens=sol"]).paper.usdMints).toEqual([SOL]);
    expect(load({}, ["paper.usdTokens="]).paper.usdMints).toEqual([]);
    const sol = { symbol: "SOL", mint: SOL, decimals: 9, minAmount: "1", maxAmount: "2" };
    const two = [sol, { ...sol, symbol: "USDC", mint: USDC, decimals: 6 }];
    const loaded = loadConfig({ config: fileOf({ tokens: two, firstAccount: null }) }, {});
    expect(loaded).toMatchObject({ config: { paper: { usdMints: [USDC] } } });
  });

  it("keeps no stale quotes by default, and those it is told to", () => {
    const config = load({}, ["cache.staleMs=30000", "cache.whenStale=mark"]);
    expect(config.cache).toEqual({ ttlMs: 2_000, staleMs: 30_000, whenStale: "mark" });
    expect(engineConfigOf(config).policy.maxStaleQuoteAgeMs).toBe(30_000);
    expect(load({}).cache).toEqual({ ttlMs: 2_000, staleMs: 0, whenStale: "refuse" });
  });

  it.each<[unknown, readonly string[], string]>([
    [
      {},
      ["defaults.slippageModel=linear"],
      "must be one of: fixed, volatility, square-root, route-impact",
    ],
    [
      {},
      ["paper.volatility.latencyMs=60001"],
      "`paper.volatility.latencyMs` must be a whole number from 0 to 60000",
    ],
    [
      {},
      ["paper.squareRoot.depthUsd=999"],
      "`paper.squareRoot.depthUsd` must be a whole number from 1000",
    ],
    [
      {},
      ["paper.routeImpact.sharePercent=1001"],
      "must be a whole number from 0 to 1000, not 1001",
    ],
    [{}, ["paper.usdTokens=SOL,sol"], "`paper.usdTokens.1` is there twice: sol"],
    [{}, ["paper.usdTokens=USDC,EURC"], "`paper.usdTokens.1` is no configured token: EURC"],
    [{}, ["cache.staleMs=2000"], "`cache.staleMs` must be 0 or above cache.ttlMs, 2000"],
    [
      {},
      ["cache.whenStale=mark"],
      '`cache.staleMs` must be above cache.ttlMs where cache.whenStale is "mark"',
    ],
    [{}, ["cache.whenStale=use"], '`cache.whenStale` must be "refuse" or "mark", not "use"'],
    [
      { paper: { squareRoot: { depthUsdOf: { "SOL/EURC": 5_000 } } } },
      [],
      "must be BASE/QUOTE of configured tokens, not SOL/EURC",
    ],
    [
      { paper: { squareRoot: { depthUsdOf: { "SOL/USDC": 5 } } } },
      [],
      "must be a whole number from 1000",
    ],
  ])("%j %j is refused", (content, set, message) => {
    expect(problems(content, set)).toContain(message);
  });
});

const MODELLED: OrderEventData<"PaperExecutionSimulated"> = {
  ...EXECUTED.data,
  model: "square-root",
  modelSlippagePpm: 4_000,
  terms: { depthUsd: "1000000", impactPpm: "4000" },
  market: { usdMicros: "225375000", volatilityPpm: 210 },
  mev: {
    riskClass: "HIGH",
    sandwichProbabilityPpm: 80_000,
    protectionPpm: 123_456,
    attacked: true,
    impactPpm: 1_234,
  },
  warnings: ["STALE_QUOTE: the market could not be asked; the price is 12345 ms old"],
};
const executed: OrderEvent = { type: "PaperExecutionSimulated", data: MODELLED };
const stale: OrderEvent = { type: "QuoteObtained", data: { ...QUOTED.data, stale: true } };

describe("a recorded event", () => {
  const context = { request: requestOf(), tokens, decimals: { base: 9, quote: 6 } };
  const told = (event: OrderEvent): string => tell(event, context).join("\n");

  it("tells model, figures, worth, attack and warnings of a fill", () => {
    const text = told(executed);
    for (const part of [
      "Model square-root: depthUsd 1000000, impactPpm 4000.",
      "Worth 225.375 US dollars.",
      "MEV: risk HIGH, chance of a sandwich 8 %, protection takes away 12.3456 % of it.",
      "It was attacked, at a cost of 0.1234 %; the model alone made 0.4 %.",
      "STALE_QUOTE: ",
    ]) {
      expect(text).toContain(part);
    }
    expect(told(EXECUTED)).not.toMatch(/MEV|Model fixed:|Worth/);
  });

  it("tells by which model a trade failed", () => {
    const failed: OrderEvent = {
      type: "SimulationFailed",
      data: {
        ...{ attempt: 1, class: "SLIPPAGE_EXCEEDED", message: "m" },
        paper: {
          ...{ limit: "2", value: "1", model: "volatility" },
          ...{ slippagePpm: 9, terms: { movePpm: "9" }, market: {} },
        },
      },
    };
    expect(told(failed)).toContain("Model volatility: movePpm 9.");
  });

  it("tells that a quote was stale", () => {
    expect(told(stale)).toContain("from the cache, stale: the market could not be asked.");
    expect(told(QUOTED)).not.toContain("stale");
  });
});

describe("a trade's result", () => {
  const past = [requested(), VALIDATED, stale, RESERVED, executed, FILLED];
  const result = tradeResultOf(stateAfter(past), { balances: [], position: "p" });

  it("carries model, MEV, mark and warnings over the wire", () => {
    expect(result).toMatchObject({
      slippageModel: "square-root",
      staleQuote: true,
      warnings: MODELLED.warnings,
      mev: {
        riskClass: "HIGH",
        tradeValueUsd: "225.375",
        sandwichProbabilityBps: 800,
        protectionBps: 1_235,
        attacked: true,
        impactBps: "12.34",
      },
    });
    const plain = [requested(), VALIDATED, QUOTED, RESERVED, EXECUTED, FILLED];
    const other = tradeResultOf(stateAfter(plain), { balances: [], position: "p" });
    expect(other).toMatchObject({ slippageModel: "fixed", staleQuote: false });
    expect(other.mev).toBeUndefined();
  });

  it("is told to people", () => {
    const text = resultText(result, tokens);
    expect(text).toMatch(/slippage +50\.00 bps against the quote, model square-root/);
    expect(text).toMatch(
      /MEV +HIGH risk at 225\.375 US dollars, 8\.00 % chance of a sandwich, protection 12\.35 %, attacked: 12\.34 bps/,
    );
    expect(text).toMatch(/quote +stale: the market could not be asked/);
    expect(resultText({ ...result, mev: undefined, staleQuote: false }, tokens)).not.toMatch(
      /MEV|stale: /,
    );
  });
});

it("trade --slippage-model --mev asks for just that", async () => {
  const status = OrderStatus.ORDER_STATUS_FILLED;
  const engine = await startFakeEngine({ executeTrade: () => TradeResult.create({ status }) });
  try {
    const line = "trade sell 1.5 SOL --for USDC --slippage-model volatility --mev";
    await run([...line.split(" "), "--grpc", engine.address]);
    await run([..."trade sell 1.5 SOL --for USDC".split(" "), "--grpc", engine.address]);
    expect(engine.requests.map(({ request }) => request)).toMatchObject([
      { slippageModel: "volatility", mev: { simulate: true } },
      { slippageModel: undefined, mev: undefined },
    ]);
  } finally {
    await engine.stop();
  }
});
