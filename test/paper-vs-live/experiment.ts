/**
 * The same orders on the paper venue and on the localnet, at the same moment. A first half of them calibrates the paper models; on the
 * second half each model is judged by its default and by its calibrated figures.
 */
import { join } from "node:path";
import { openSqliteReader } from "../../adapters/event-store/sqlite-reader.ts";
import { createNodeHasher } from "../../adapters/hasher/node.ts";
import { paperFill } from "../../domain/application/audit/calibration.ts";
import { foldLog } from "../../domain/application/audit/replay-all.ts";
import { createCodec } from "../../domain/codec/codec.ts";
import { isTerminal, type OrderState, statusOf } from "../../domain/order/state.ts";
import { type ExecutedTrade, priceErrorCentiBps } from "../../domain/pricing/calibration.ts";
import type { Amounts } from "../../domain/pricing/paper-fill.ts";
import {
  type TradeRequest,
  TradingMode,
  WaitFor,
} from "../../proto/generated/orderstream/v1/trade_execution.ts";
import { type EngineProcess, execute } from "../support/engine-process.ts";
import { type Fit, fitModel, MODELS, type ModelName } from "./fit.ts";
import { type MixedOrder, mixedOrders } from "./orders.ts";
import { type Errors, errorsOf } from "./report.ts";
import { type ComparisonOptions, openComparison } from "./world.ts";

export type ExperimentOptions = ComparisonOptions & {
  readonly orders: number;
  readonly inFlight: number;
  readonly onProgress?: (line: string) => void;
};

export type Judged = {
  readonly model: ModelName;
  readonly settings: readonly string[];
  /** On the second half. */
  readonly before: Errors;
  readonly after: Errors;
};

export type Experiment = {
  readonly orders: number;
  /** Live orders by how they ended, and of the failed ones why. */
  readonly live: Readonly<Record<string, number>>;
  /** Live fills against their own quotes. */
  readonly liveAgainstQuote: Errors;
  readonly otherSwaps: number;
  /** Smallest mean error in the first half. */
  readonly best: ModelName;
  readonly judged: readonly Judged[];
  readonly seconds: number;
};

type OrdersOf = ReadonlyMap<string, OrderState>;

const LIVE_TIMEOUT_MS = 120_000;
const codec = createCodec(createNodeHasher());

const liveId = (index: number): string => `${index}-live`;
const paperId = (index: number, model: ModelName): string => `${index}-${model}`;

/** Rejects when the world does not come up, or when too little was filled to say anything. */
export async function runExperiment(options: ExperimentOptions): Promise<Experiment> {
  const begunMs = performance.now();
  const { folder, seed, orders: count, inFlight, onProgress = () => undefined } = options;
  const orders = mixedOrders(seed, count);
  const half = Math.floor(count / 2);
  const world = await openComparison(options);
  try {
    const run = (from: number, to: number, paper: readonly EngineProcess[]): Promise<void> =>
      inParallel({ from, to, workers: inFlight }, (index) => {
        if (index % 50 === 0) onProgress(`order ${index} of ${count}`);
        return submit(orders, index, { live: world.engine, paper });
      });
    await run(0, half, [world.engine]);
    const first = await foldOrders(join(folder, "live"));
    const fits = MODELS.map((model) =>
      fitModel(model, tradesOf(first, model, { from: 0, to: half })),
    );
    for (const { model, settings } of fits) onProgress(`${model}: ${settings.join(" ")}`);
    const calibrated = await world.paperEngine(fits.flatMap(({ settings }) => settings));
    await run(half, count, [world.engine, calibrated]);

    const all = await foldOrders(join(folder, "live"));
    const papers = { before: all, after: await foldOrders(join(folder, "paper")) };
    const second = { from: half, to: count };
    return {
      orders: count,
      live: endsOf(all, count),
      liveAgainstQuote: errorsOf(quoteErrors(all, count)),
      otherSwaps: world.traders.sent(),
      best: bestOf(fits),
      judged: fits.map(({ model, settings }) => ({
        ...{ model, settings },
        before: errorsOf(paperErrors(papers.before, all, { model, ...second })),
        after: errorsOf(paperErrors(papers.after, all, { model, ...second })),
      })),
      seconds: Math.round((performance.now() - begunMs) / 1_000),
    };
  } finally {
    await world.close();
  }
}

const bestOf = (fits: readonly Fit[]): ModelName => {
  const [first, ...others] = fits;
  if (!first) throw new Error("no models");
  return others.reduce((best, one) => (one.meanAbsolute < best.meanAbsolute ? one : best), first)
    .model;
};

/** One order, live and by every paper model of each engine, sent at the same moment. */
async function submit(
  orders: readonly MixedOrder[],
  index: number,
  { live, paper }: { readonly live: EngineProcess; readonly paper: readonly EngineProcess[] },
): Promise<void> {
  const order = orders[index];
  if (!order) throw new Error(`no order ${index}`);
  const request: Partial<TradeRequest> = {
    ...{ action: order.action, amount: order.amount, sourceService: "paper-vs-live" },
    ...{ baseMint: order.base.mint, quoteMint: order.quote.mint },
    waitFor: WaitFor.WAIT_FOR_FINALIZED,
  };
  const papers = paper.flatMap(({ client }) =>
    MODELS.map((slippageModel) =>
      execute(client, {
        ...{ ...request, requestId: paperId(index, slippageModel), slippageModel },
        ...{ mode: TradingMode.TRADING_MODE_PAPER, account: "paper" },
      }),
    ),
  );
  const onChain = execute(
    live.client,
    {
      ...{ ...request, requestId: liveId(index) },
      ...{ mode: TradingMode.TRADING_MODE_LIVE, account: "live" },
    },
    LIVE_TIMEOUT_MS,
  );
  await Promise.all([onChain, ...papers]);
}

async function inParallel(
  { from, to, workers }: { readonly from: number; readonly to: number; readonly workers: number },
  work: (index: number) => Promise<void>,
): Promise<void> {
  let next = from;
  const worker = async (): Promise<void> => {
    while (next < to) {
      const index = next;
      next += 1;
      await work(index);
    }
  };
  await Promise.all(Array.from({ length: workers }, worker));
}

/** All orders of a log that have ended, by request id. Reads beside the engine. */
async function foldOrders(data: string): Promise<OrdersOf> {
  const found = new Map<string, OrderState>();
  const store = openSqliteReader(join(data, "log.db"));
  try {
    await foldLog(
      { store, codec },
      {
        until: await store.end(),
        onEvent: ({ after }) => {
          if (after && isTerminal(after)) found.set(after.request.requestId, after);
        },
      },
    );
  } finally {
    await store.close();
  }
  return found;
}

/** Only what is final and filled. */
function amountsOf(order: OrderState | undefined): Amounts | undefined {
  if (order?.phase !== "filled" || !order.fill) return undefined;
  return { amountIn: BigInt(order.fill.amountIn), amountOut: BigInt(order.fill.amountOut) };
}

type Range = { readonly from: number; readonly to: number };

const indexes = ({ from, to }: Range): number[] =>
  Array.from({ length: to - from }, (_, at) => from + at);

/** What the paper venue knew of each order, with what the live venue made of it. */
const tradesOf = (orders: OrdersOf, model: ModelName, range: Range): ExecutedTrade[] =>
  indexes(range).flatMap((index) => {
    const paper = orders.get(paperId(index, model));
    const executed = amountsOf(orders.get(liveId(index)));
    if (!executed || !paper || !amountsOf(paper)) return [];
    const found = paperFill(paper).case;
    return found.kind === "trade" ? [{ ...found.trade, executed }] : [];
  });

/** Paper fills against live fills of the same orders, where both were filled. */
const paperErrors = (
  papers: OrdersOf,
  lives: OrdersOf,
  { model, ...range }: Range & { readonly model: ModelName },
): bigint[] =>
  indexes(range).flatMap((index) => {
    const paper = amountsOf(papers.get(paperId(index, model)));
    const live = amountsOf(lives.get(liveId(index)));
    return paper && live ? [priceErrorCentiBps(paper, live, "input")] : [];
  });

const quoteErrors = (orders: OrdersOf, count: number): bigint[] =>
  indexes({ from: 0, to: count }).flatMap((index) => {
    const order = orders.get(liveId(index));
    const slippage = amountsOf(order) && order?.fill?.slippageVsQuotedCentiBps;
    return slippage === undefined ? [] : [BigInt(slippage)];
  });

function endsOf(orders: OrdersOf, count: number): Record<string, number> {
  const ends: Record<string, number> = {};
  for (const index of indexes({ from: 0, to: count })) {
    const order = orders.get(liveId(index));
    const reason = order?.lastError ? ` (${order.lastError.reason})` : "";
    const end = order ? `${statusOf(order)}${reason}` : "not ended";
    ends[end] = (ends[end] ?? 0) + 1;
  }
  return ends;
}
