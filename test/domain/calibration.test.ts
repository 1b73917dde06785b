/** Executed trades against models, by hand: distribution, price error, refusals, fees, volatility of a series. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  chainCase,
  chainFees,
  ownFill,
  paperFill,
} from "../../domain/application/audit/calibration.ts";
import { JUPITER_PROGRAM } from "../../domain/chain/addresses.ts";
import { readTransaction } from "../../domain/chain/transaction.ts";
import {
  calibrate,
  type ExecutedTrade,
  feeReport,
  priceErrorCentiBps,
} from "../../domain/pricing/calibration.ts";
import { distributionOf } from "../../domain/pricing/distribution.ts";
import { slippageCentiBps } from "../../domain/pricing/paper-fill.ts";
import { seriesVolatility } from "../../domain/pricing/realised-volatility.ts";
import { fixedSlippage } from "../../domain/pricing/slippage/fixed.ts";
import { NOTHING_KNOWN, type SlippageModel } from "../../domain/pricing/slippage/model.ts";
import { squareRootSlippage } from "../../domain/pricing/slippage/square-root.ts";
import type { Mint } from "../../domain/primitives/ids.ts";
import {
  base58,
  fromHex,
  type SwapAnswer,
  swapAnswer,
  TOKEN,
  USDC_MINT,
  uint,
} from "../support/chain-answers.ts";
import { stateAfter } from "../support/given.ts";
import { FINAL_LIFE } from "../support/live-order-events.ts";
import { createLogWriter } from "../support/log-writer.ts";
import { USDC } from "../support/order-samples.ts";

const [BASE, QUOTE] = [TOKEN as Mint, USDC_MINT as Mint];

/** Sells 1,000,000 at a quote of 2,000,000 unless told otherwise. */
function sold(received: bigint, more: Partial<ExecutedTrade> = {}): ExecutedTrade {
  const quoted = { amountIn: 1_000_000n, amountOut: 2_000_000n };
  return {
    ...{ id: `t-${received}`, baseMint: BASE, quoteMint: QUOTE, quoted },
    trade: {
      ...{ side: "sell", counts: "input", amount: 1_000_000n },
      price: { numerator: 2n, denominator: 1n },
    },
    executed: { amountIn: 1_000_000n, amountOut: received },
    ...{ toleranceBps: 100, routeImpact: undefined, market: NOTHING_KNOWN },
    ...more,
  };
}

describe("distribution", () => {
  it("takes percentiles by nearest rank", () => {
    expect(distributionOf([])).toBeUndefined();
    const one = { n: 1, min: -7n, p10: -7n, p50: -7n, p90: -7n, max: -7n, meanAbsolute: 7n };
    expect(distributionOf([-7n])).toEqual(one);
    // Ranks 1, 5 and 9 of ten; the mean of 1..8, 10 and 20 is 6.6.
    expect(distributionOf([20n, 1n, 3n, 2n, -4n, 5n, 6n, 7n, 8n, 10n])).toEqual({
      ...{ n: 10, min: -4n, p10: -4n, p50: 5n, p90: 10n, max: 20n, meanAbsolute: 7n },
    });
  });

  it("orders and contains what it tells", () => {
    fc.assert(
      fc.property(
        fc.array(fc.bigInt({ min: -1_000n, max: 1_000n }), { minLength: 1 }),
        (values) => {
          const found = distributionOf(values);
          if (!found) throw new Error("values have a distribution");
          const { min, p10, p50, p90, max } = found;
          const told = [min, p10, p50, p90, max];
          expect(told).toEqual(told.toSorted((a, b) => Number(a - b)));
          for (const value of told) expect(values).toContain(value);
          expect(values.filter((value) => value <= p50).length * 2).toBeGreaterThanOrEqual(
            values.length,
          );
        },
      ),
    );
  });
});

describe("price error", () => {
  it.each([
    ["as quoted", "input", [100n, 200n], [100n, 200n], 0n],
    ["1 % less received", "input", [100n, 198n], [100n, 200n], 10_000n],
    ["half a percent more received", "input", [100n, 201n], [100n, 200n], -5_000n],
    ["1 % more spent", "output", [101n, 200n], [100n, 200n], 10_000n],
    ["half of the amount at the quoted price", "input", [50n, 100n], [100n, 200n], 0n],
    ["half of the amount 2 % worse", "input", [50n, 98n], [100n, 200n], 20_000n],
  ] as const)("%s", (_, counts, [amountIn, amountOut], [quotedIn, quotedOut], expected) => {
    const quoted = { amountIn: quotedIn, amountOut: quotedOut };
    expect(priceErrorCentiBps({ amountIn, amountOut }, quoted, counts)).toBe(expected);
  });

  it("is the slippage of a fill of the quoted amount", () => {
    const amount = fc.bigInt({ min: 1n, max: 2n ** 64n - 1n });
    fc.assert(
      fc.property(amount, amount, amount, (amountIn, quotedOut, amountOut) => {
        const quoted = { amountIn, amountOut: quotedOut };
        const executed = { amountIn, amountOut };
        const error = priceErrorCentiBps(executed, quoted, "input");
        expect(error).toBe(slippageCentiBps(executed, quoted, "input"));
      }),
    );
  });
});

describe("calibration", () => {
  const FIXED = fixedSlippage(50);

  it("tells predicted minus executed", () => {
    // 0, 25 and 75 bps worse than quoted; the model says 50.
    const trades = [sold(2_000_000n), sold(1_995_000n), sold(1_985_000n)];
    const { n, executed, outsideTolerance, models } = calibrate(trades, [FIXED]);
    expect({ n, outsideTolerance }).toEqual({ n: 3, outsideTolerance: 0 });
    expect(executed).toMatchObject({ min: 0n, p50: 2_500n, max: 7_500n, meanAbsolute: 3_333n });
    expect(models).toEqual([
      {
        ...{ model: "fixed", refused: 0, withoutInput: 0 },
        predicted: { ...distributionOf([5_000n, 5_000n, 5_000n]) },
        error: { ...distributionOf([5_000n, 2_500n, -2_500n]) },
      },
    ]);
  });

  it("counts what a model would have refused, and what no chain would have let through", () => {
    const trades = [
      sold(2_000_000n, { toleranceBps: 49 }),
      sold(1_980_000n, { toleranceBps: 100 }),
    ];
    const [first] = calibrate(trades, [FIXED]).models;
    expect(first?.refused).toBe(1);
    expect(calibrate(trades, []).outsideTolerance).toBe(0);
    expect(calibrate([sold(1_979_999n)], []).outsideTolerance).toBe(1);
  });

  it("gives a model the facts of the trade, and counts those that it lacked", () => {
    const model = squareRootSlippage({
      ...{ impactBpsAtDepth: 100, depthUsd: 1_000_000, depthUsdOf: new Map(), otherwise: FIXED },
    });
    // 10,000 dollars of a million: a tenth of 100 bps.
    const known = { market: { usdMicros: 10_000_000_000n, volatilityPpm: undefined } };
    const { models } = calibrate([sold(2_000_000n, known), sold(2_000_000n)], [model]);
    expect(models[0]).toMatchObject({ model: "square-root", withoutInput: 1 });
    expect(models[0]?.predicted).toMatchObject({ min: 1_000n, max: 5_000n });
  });

  it("seeds a model with the trade's own id", () => {
    const seeds: string[] = [];
    const model: SlippageModel = {
      name: "asks",
      slippage: ({ seed }) => {
        seeds.push(seed);
        return { ppm: 0n, terms: {} };
      },
    };
    calibrate([sold(5n), sold(6n)], [model]);
    expect(seeds).toEqual(["t-5", "t-6"]);
  });

  it("says nothing of nothing", () => {
    expect(calibrate([], [FIXED])).toEqual({
      ...{ n: 0, executed: undefined, outsideTolerance: 0, models: [] },
    });
  });
});

describe("recorded transactions", () => {
  const DOLLARS = new Map([[USDC_MINT, 6]]);
  const QUOTED = { amountIn: 2_000_000n, amountOut: 1_000_000n };
  const transactionOf = (answer: Partial<SwapAnswer>) => {
    const paid = { amountIn: 2_000_000n, amountOut: 999_000n };
    const read = readTransaction(swapAnswer({ quoted: QUOTED, paid, ...answer }));
    if (read.kind === "problem") throw new Error(read.problem);
    return read.transaction;
  };
  const caseOf = (answer: Partial<SwapAnswer> = {}) => chainCase(transactionOf(answer), DOLLARS);

  it("are quoted by their instruction and executed by their balances", () => {
    expect(caseOf()).toMatchObject({
      kind: "trade",
      feeBeforeRoute: 0n,
      trade: {
        quoted: QUOTED,
        executed: { amountIn: 2_000_000n, amountOut: 999_000n },
        toleranceBps: 50,
        market: { usdMicros: 1_000_000n, volatilityPpm: undefined },
      },
    });
  });

  it("leave a fee before the route out of the price", () => {
    const paid = { amountIn: 2_010_000n, amountOut: 999_000n };
    const routed = { amountIn: 2_000_000n, amountOut: 999_000n };
    expect(caseOf({ paid, routed })).toMatchObject({
      feeBeforeRoute: 10_000n,
      trade: { executed: routed },
    });
  });

  it.each<[string, Partial<SwapAnswer>]>([
    ["failed-slippage", { error: { InstructionError: [1, { Custom: 6_001 }] } }],
    ["failed-other", { error: "AccountInUse" }],
    ["no-quote", { quoted: { ...QUOTED, amountOut: 0n } }],
    ["too-small", { quoted: { ...QUOTED, amountOut: 9_999n } }],
    ["complex", { routed: { amountIn: 2_000_000n, amountOut: 1n } }],
  ])("are left out: %s", (reason, answer) => {
    expect(caseOf(answer)).toEqual({ kind: "excluded", reason });
  });

  /** The same swap by another instruction with the accounts of `shared_accounts_route`. */
  const called = (discriminator: string, ...numbers: readonly number[]) => {
    const whole = transactionOf({});
    const data = base58([...fromHex(discriminator), ...[7, 0, 0, 0, 0], ...numbers]);
    const instructions = whole.instructions.map((one) =>
      one.programId === JUPITER_PROGRAM && one.depth === 1 ? { ...one, data } : one,
    );
    return chainCase({ ...whole, instructions }, DOLLARS);
  };
  const TAIL = [...uint(50, 2), 0];

  it("count what is received where the route does: then all that was spent is the price", () => {
    // Exact out: 999,000 were asked for, 1,990,000 were quoted to be spent.
    const exactOut = called(
      "b0d169a89a7d453e",
      ...uint(999_000, 8),
      ...uint(1_990_000, 8),
      ...TAIL,
    );
    expect(exactOut).toMatchObject({
      kind: "trade",
      feeBeforeRoute: 0n,
      trade: {
        trade: { counts: "output", amount: 999_000n },
        quoted: { amountIn: 1_990_000n, amountOut: 999_000n },
        executed: { amountIn: 2_000_000n, amountOut: 999_000n },
      },
    });
  });

  it("say nothing where a token ledger decided what was spent: nothing was quoted for it", () => {
    const ledger = called("e6798f50779f6aaa", ...uint(999_000, 8), ...TAIL);
    expect(ledger).toEqual({ kind: "excluded", reason: "no-quote" });
  });

  it("are worth what their dollars are, on either side, and are of unknown worth without", () => {
    const worth = (dollars: ReadonlyMap<string, number>) => {
      const found = chainCase(transactionOf({}), dollars);
      return found.kind === "trade" ? found.trade.market.usdMicros : "none";
    };
    expect(worth(new Map([[USDC_MINT, 6]]))).toBe(1_000_000n);
    // What is spent comes first; more decimals than six are rounded up.
    expect(worth(new Map([...DOLLARS, [TOKEN, 9]]))).toBe(2_000n);
    expect(worth(new Map([[TOKEN, 12]]))).toBe(2n);
    expect(worth(new Map())).toBeUndefined();
  });

  it("are left out where the wallet swapped in a circle, or not through Jupiter", () => {
    const whole = transactionOf({});
    const outer = whole.instructions.find(({ programId }) => programId === JUPITER_PROGRAM);
    if (!outer) throw new Error("no route");
    const accounts = outer.accounts.map((key, at) => (at === 8 ? TOKEN : key));
    const circle = whole.instructions.map((one) => (one === outer ? { ...one, accounts } : one));
    expect(chainCase({ ...whole, instructions: circle }, DOLLARS)).toEqual({
      ...{ kind: "excluded", reason: "cycle" },
    });
    const others = whole.instructions.filter(({ programId }) => programId !== JUPITER_PROGRAM);
    expect(chainCase({ ...whole, instructions: others }, DOLLARS)).toEqual({
      ...{ kind: "excluded", reason: "no-jupiter-call" },
    });
  });

  it("tell what they paid", () => {
    const fees = [0n, 1_000n, 4_000n].map((priorityFee) =>
      chainFees(transactionOf({ priorityFee })),
    );
    const report = feeReport(fees, { LOW: 999n, HIGH: 1_000n });
    expect(report).toMatchObject({
      n: 3,
      tipLamports: undefined,
      atMost: [
        { name: "LOW", lamports: 999n, count: 1 },
        { name: "HIGH", lamports: 1_000n, count: 2 },
      ],
    });
    expect(report.baseFeeLamports).toMatchObject({ min: 5_000n, max: 5_000n });
    expect(report.priorityFeeLamports).toMatchObject({ min: 0n, p50: 1_000n, max: 4_000n });
    expect(report.unitPriceMicroLamports).toMatchObject({ n: 3, p50: 25_000n });
    expect(report.computeUnits).toMatchObject({ n: 3, p50: 100_000n });
  });
});

describe("paper fills", () => {
  const log = createLogWriter();
  log.openAccount("main", [
    { mint: "So11111111111111111111111111111111111111112" as Mint, amount: "9000000000" },
  ]);
  const order = log.order().finish();

  it("give their recorded amounts again, and the model's own prediction", () => {
    const fill = paperFill(order);
    expect(fill.isReproduced).toBe(true);
    if (fill.case.kind !== "trade") throw new Error("a paper fill is a trade");
    const [first] = calibrate([fill.case.trade], [fixedSlippage(50)]).models;
    expect(first?.error).toMatchObject({ min: 0n, max: 0n });
  });

  it("are found out where one unit is not what was recorded", () => {
    if (!order.fill) throw new Error("it is filled");
    const amountOut = (BigInt(order.fill.amountOut) + 1n).toString();
    expect(paperFill({ ...order, fill: { ...order.fill, amountOut } }).isReproduced).toBe(false);
  });

  it("know the route's impact and the market's facts where the log has them", () => {
    const { quote, execution } = order;
    if (!quote || !execution) throw new Error("it is quoted and executed");
    const informed = {
      ...order,
      quote: { ...quote, basis: "route" as const, priceImpact: "0.0025" },
      execution: { ...execution, market: { usdMicros: "225375000", volatilityPpm: 142 } },
    };
    const found = paperFill(informed).case;
    expect(found).toMatchObject({
      trade: { market: { usdMicros: 225_375_000n, volatilityPpm: 142n } },
    });
    const impact = found.kind === "trade" ? found.trade.routeImpact : undefined;
    expect(impact && (impact.numerator * 400n) / impact.denominator).toBe(1n);
    expect(paperFill(order).case).toMatchObject({
      trade: { routeImpact: undefined, market: NOTHING_KNOWN },
    });
  });

  it("at their own expected price say nothing about a model", () => {
    if (!order.quote) throw new Error("it is quoted");
    const simulated = { ...order, quote: { ...order.quote, basis: "expected" as const } };
    expect(paperFill(simulated).case).toEqual({ kind: "excluded", reason: "simulated" });
  });
});

describe("volatility of a series", () => {
  const point = (atMs: number, price: bigint) => ({
    atMs,
    price: { numerator: price, denominator: 1n },
  });

  it("is the root of squared changes over time", () => {
    // Changes of +1 % and -1 %: 2 × 10^-4 over 8 s, whose root is 5,000 ppm.
    const found = seriesVolatility([
      point(0, 10_000n),
      point(4_000, 10_100n),
      point(8_000, 9_999n),
    ]);
    expect(found).toMatchObject({ points: 3, realisedPpm: 5_000n, estimatedPpm: { n: 2 } });
    // The first estimate is that of the first change alone: 10^-4 over 4 s.
    expect(found?.estimatedPpm.min).toBe(5_000n);
  });

  it("is nothing for a price that does not move, and unknown for one price", () => {
    expect(seriesVolatility([point(0, 7n), point(60_000, 7n)])?.realisedPpm).toBe(0n);
    expect(seriesVolatility([point(0, 7n)])).toBeUndefined();
    expect(seriesVolatility([])).toBeUndefined();
  });

  it("does not depend on the unit of the price", () => {
    const price = fc.integer({ min: 1_000, max: 2_000 });
    fc.assert(
      fc.property(fc.array(price, { minLength: 2, maxLength: 20 }), (prices) => {
        const series = (scale: bigint) =>
          seriesVolatility(prices.map((value, at) => point(at * 1_000, BigInt(value) * scale)));
        expect(series(1n)).toEqual(series(1_000n));
      }),
    );
  });
});

describe("a live fill of the own log", () => {
  const filled = stateAfter(FINAL_LIFE);

  it("is compared with the quote of its own route, at its worth in dollars", () => {
    const fill = ownFill(filled, new Map([[USDC, 6]]));
    expect(fill).toMatchObject({
      isReproduced: true,
      case: {
        kind: "trade",
        trade: {
          quoted: { amountIn: 1_500_000_000n, amountOut: 225_375_000n },
          executed: { amountIn: 1_500_000_000n, amountOut: 224_248_125n },
          toleranceBps: 200,
          market: { usdMicros: 225_375_000n },
        },
      },
    });
  });

  it("is not reproduced where its amounts do not give its slippage", () => {
    if (!filled.fill) throw new Error("not filled");
    const amountOut = String(BigInt(filled.fill.amountOut) - 1n);
    const changed = { ...filled, fill: { ...filled.fill, amountOut } };
    expect(ownFill(changed, new Map()).isReproduced).toBe(false);
  });
});
