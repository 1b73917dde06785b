/** Which rare states an order's events show. */
import type { OrderEvent } from "../../domain/order/events.ts";
import type { Coverage, Sometimes } from "./coverage.ts";
import type { OrderRecord } from "./log-model.ts";
import { isEnding, type MoneyModel } from "./money-model.ts";
import { FULL_IMPACTS_PPM } from "./venue-plan.ts";

export type OrderMarks = {
  readonly onEvent: (order: OrderRecord, event: OrderEvent, money: MoneyModel) => void;
  /** The process dies with these orders in the log. */
  readonly onCrash: (orders: Iterable<OrderRecord>) => void;
};

export function createOrderMarks(coverage: Coverage): OrderMarks {
  const executed = new Set<string>();
  /** By account and mint: what failed simulations have given back. */
  const released = new Map<string, bigint>();
  const retrying = new Set<string>();

  function onEvent(order: OrderRecord, event: OrderEvent, money: MoneyModel): void {
    const before = order.events.at(-2);
    if (isEnding(event.type) && retrying.has(order.stream)) {
      coverage.mark("crash: while a retry is scheduled, then ended");
    }
    switch (event.type) {
      case "OrderRejected":
        markRejection(order, event, { coverage, money });
        return;
      case "FundsReserved":
        if (usesReleased(event, released)) {
          coverage.mark("order: reserves what a failed step has released");
        }
        return;
      case "OrderFailed":
        markFailure(event, coverage);
        if (before?.type === "SimulationFailed") markRelease(order, { released, coverage, money });
        return;
      case "OrderExpired":
        coverage.mark("order: expired");
        if (before?.type === "RetryScheduled") {
          coverage.mark("order: expired while a retry was scheduled");
        }
        return;
      case "OrderFilled":
        if (executed.has(order.stream)) {
          coverage.mark("crash: between execution and fill, then filled");
        }
        markFill(order, coverage);
        return;
      default:
        return;
    }
  }

  return {
    onEvent,
    onCrash: (orders) => {
      for (const { last, stream } of orders) {
        if (last().type === "PaperExecutionSimulated") executed.add(stream);
        if (last().type === "RetryScheduled") retrying.add(stream);
        if (last().type === "FundsReserved") {
          coverage.mark("crash: an order is reserved and asks what its trade is worth");
        }
      }
    },
  };
}

type Reserved = Extract<OrderEvent, { type: "FundsReserved" }>;

/** Without what failed simulations gave back there would have been too little. */
const usesReleased = (
  { data: { account, available, lines } }: Reserved,
  released: ReadonlyMap<string, bigint>,
): boolean =>
  available.some(({ mint, amount }) => {
    const needed = lines.reduce((sum, l) => sum + (l.mint === mint ? BigInt(l.amount) : 0n), 0n);
    return needed > BigInt(amount) - (released.get(`${account} ${mint}`) ?? 0n);
  });

function markRelease(
  order: OrderRecord,
  about: {
    readonly released: Map<string, bigint>;
    readonly coverage: Coverage;
    readonly money: MoneyModel;
  },
): void {
  const { account } = order.request;
  if (about.money.account(account)?.reserved.has(order.stream)) return;
  for (const { mint, amount } of order.data("FundsReserved")?.lines ?? []) {
    const key = `${account} ${mint}`;
    about.released.set(key, (about.released.get(key) ?? 0n) + BigInt(amount));
  }
  about.coverage.mark("order: a failed step's reservation is released");
}

type Rejected = Extract<OrderEvent, { type: "OrderRejected" }>;
type Failed = Extract<OrderEvent, { type: "OrderFailed" }>;

function markRejection(
  order: OrderRecord,
  event: Rejected,
  { coverage, money }: { readonly coverage: Coverage; readonly money: MoneyModel },
): void {
  const { reason, stage } = event.data;
  coverage.mark(`order: rejected at ${stage}`);
  if (reason === "ACCOUNT_CLOSED") {
    coverage.mark("account: an order after the closing is rejected");
  }
  if (reason === "INSUFFICIENT_FUNDS" && wouldSuffice(order, event, money)) {
    coverage.mark("order: rejected for funds that another order holds");
  }
}

function markFailure({ data: { reason, attempts } }: Failed, coverage: Coverage): void {
  if (reason === "SLIPPAGE_EXCEEDED") coverage.mark("order: slippage exceeded");
  if (reason === "SIMULATED_FAILURE") coverage.mark("order: failed by an outcome knob");
  if (reason === "NO_ROUTE") coverage.mark("order: no route");
  if (reason === "QUOTE_UNAVAILABLE" && attempts > 1) coverage.mark("order: retries exhausted");
}

function wouldSuffice({ request }: OrderRecord, event: Rejected, money: MoneyModel): boolean {
  const check = event.data.checks.at(-1);
  const mint = check?.check.replace("funds ", "") ?? "";
  const has = money.account(request.account)?.funds.get(mint) ?? 0n;
  return check !== undefined && has >= BigInt(check.value);
}

function markFill(order: OrderRecord, coverage: Coverage): void {
  const { request } = order;
  const quote = order.data("QuoteObtained");
  if (order.data("RetryScheduled")) coverage.mark("order: retried, then filled");
  if (request.isSimulated) coverage.mark("order: simulated, filled at its expected price");
  if (quote?.source.endsWith("absurd")) coverage.mark("order: filled at an absurd price");
  if (quote?.basis === "pair") coverage.mark("order: filled at a pair's price");
  if (quote?.basis === "route") coverage.mark("order: filled at a route's price");
  if (request.isBaseInput === (request.action === "BUY")) {
    coverage.mark("order: filled with a counted output");
  }
  if (quote?.stale) coverage.mark("order: filled from a stale quote");
  markModels(order, coverage);
}

const FILLED_BY: Readonly<Record<string, Sometimes>> = {
  fixed: "order: filled by the model fixed",
  volatility: "order: filled by the model volatility",
  "square-root": "order: filled by the model square-root",
  "route-impact": "order: filled by the model route-impact",
  mock: "order: filled by a drawn slippage",
};

function markModels(order: OrderRecord, coverage: Coverage): void {
  const executed = order.data("PaperExecutionSimulated");
  if (!executed) return;
  const { market, mev, model } = executed;
  const byModel = FILLED_BY[model];
  if (byModel) coverage.mark(byModel);
  if (model === "square-root" && market.usdMicros === undefined) {
    coverage.mark("order: filled without its worth in dollars, which its model needs");
  }
  if (!mev?.attacked || mev.impactPpm === 0) return;
  coverage.mark("order: attacked");
  if (!FULL_IMPACTS_PPM.has(mev.impactPpm)) {
    coverage.mark("order: attacked as far as its limit lets");
  }
}
