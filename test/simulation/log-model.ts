/**
 * Reads every event the moment it is durable, from its raw bytes, and checks what must hold for each prefix of the log:
 * gapless chains, an order's life, money, fills. It shares no rule with the engine.
 */
import type { MemoryLog } from "../../adapters/event-store/memory.ts";
import type { DomainEvent } from "../../domain/codec/registry.ts";
import type { OrderEvent, OrderEventData, OrderRequest } from "../../domain/order/events.ts";
import type { StoredEvent } from "../../domain/ports/event-store.ts";
import { createChainLinks } from "./chain-links.ts";
import { type TradeRecord, wrongFailure, wrongFill } from "./fill-check.ts";
import { createMoneyModel, isEnding, type MoneyModel } from "./money-model.ts";
import type { Venue } from "./venue-plan.ts";

export type Report = (invariant: string, detail: string) => void;

/** An order as its raw events tell it. */
export type OrderRecord = {
  readonly stream: string;
  readonly request: OrderRequest;
  readonly principal: string;
  readonly events: OrderEvent[];
  readonly hashes: string[];
  readonly last: () => OrderEvent;
  readonly data: <T extends OrderEvent["type"]>(type: T) => OrderEventData<T> | undefined;
};

export type LogModel = {
  /** Takes in what has been added to the log since the last call. */
  readonly absorb: () => void;
  readonly order: (stream: string) => OrderRecord | undefined;
  readonly orders: () => Iterable<OrderRecord>;
  /** Request ids of the commands that an account has obeyed. */
  readonly commands: (account: string) => ReadonlySet<string>;
  readonly money: MoneyModel;
  /** Largest recorded time, microseconds. */
  readonly clockUs: () => number;
};

/** An order may be asked to be cancelled, or have its time over, wherever nothing is signed. */
const NOT_SIGNED = ["OrderCancelRequested", "OrderCancelled", "OrderExpired"] as const;
const ATTEMPT_ENDS = ["AttemptConfirmed", "AttemptFailed", "AttemptExpired"] as const;
const SENT = [
  ...ATTEMPT_ENDS,
  ...(["AttemptSubmitted", "SubmissionRefused", "SubmissionUnknown"] as const),
  ...(["OutcomeUnknown", "OrderCancelRequested"] as const),
] as const;
const DEAD = ["RetryScheduled", "OrderFailed", ...NOT_SIGNED] as const;
const LIVE_FOLLOWS = {
  SimulationPassed: ["AttemptSigned", "SigningRefused", ...DEAD],
  GateRefused: ["OrderFailed"],
  SigningRefused: ["OrderFailed"],
  AttemptSigned: SENT,
  AttemptSubmitted: SENT,
  SubmissionRefused: SENT,
  SubmissionUnknown: SENT,
  AttemptConfirmed: ["AttemptConfirmed", "OrderFilled", "FillVoided", "OrderCancelRequested"],
  AttemptFailed: DEAD,
  AttemptExpired: DEAD,
  OutcomeUnknown: [...ATTEMPT_ENDS, "OutcomeResolved", "OrderCancelRequested"],
  OutcomeResolved: ["OrderFilled", ...DEAD],
  FillFinalized: [],
  FillVoided: SENT,
} as const satisfies Partial<Record<OrderEvent["type"], readonly OrderEvent["type"][]>>;

const FOLLOWS: Readonly<Record<OrderEvent["type"], readonly OrderEvent["type"][]>> = {
  OrderRequested: ["OrderValidated", "OrderRejected", "OrderCancelRequested", "OrderExpired"],
  OrderValidated: [
    ...(["QuoteObtained", "QuoteFailed", "OrderRejected"] as const),
    ...(["OrderCancelRequested", "OrderExpired"] as const),
  ],
  QuoteFailed: ["RetryScheduled", "OrderFailed"],
  RetryScheduled: [
    ...(["QuoteObtained", "QuoteFailed", "OrderRejected"] as const),
    ...(["OrderCancelRequested", "OrderExpired"] as const),
  ],
  QuoteObtained: ["FundsReserved", "OrderRejected", "OrderCancelRequested", "OrderExpired"],
  FundsReserved: [
    ...(["PaperExecutionSimulated", "SimulationFailed"] as const),
    ...(["OrderCancelRequested", "OrderExpired"] as const),
  ],
  PaperExecutionSimulated: ["OrderFilled", "OrderCancelRequested"],
  SimulationFailed: ["OrderFailed"],
  OrderCancelRequested: ["OrderCancelled", "OrderFilled"],
  OrderFilled: [],
  OrderFailed: [],
  OrderRejected: [],
  OrderCancelled: [],
  OrderExpired: [],
  ...LIVE_FOLLOWS,
};

export function createLogModel(options: {
  readonly log: MemoryLog;
  readonly logId: string;
  readonly rules: Venue;
  readonly report: Report;
  /** Told every order event after it was folded. */
  readonly onOrderEvent: (order: OrderRecord, event: OrderEvent, money: MoneyModel) => void;
}): LogModel {
  const { log, logId, rules, report, onOrderEvent } = options;
  const links = createChainLinks(logId, report);
  const orders = new Map<string, OrderRecord>();
  const commands = new Map<string, Set<string>>();
  const money = createMoneyModel();
  let seen = 0;

  function absorb(): void {
    for (; seen < log.events.length; seen++) {
      const stored = log.events[seen];
      if (!stored) return;
      const data = new TextDecoder().decode(stored.data);
      const hash = links.take(stored, data);
      const event = { type: stored.type, data: JSON.parse(data) } as DomainEvent;
      if (stored.stream.startsWith("order-")) onOrder(stored, event as OrderEvent, hash);
      else if (stored.stream.startsWith("account-")) onAccount(stored.stream.slice(8), event);
    }
  }

  function onAccount(name: string, event: DomainEvent): void {
    const account = money.account(name);
    if (event.type === "AccountOpened" ? account : !account?.open) {
      report("life of an account", `${event.type} at account ${name}`);
    }
    if (event.type === "AccountClosed") {
      for (const { request, last, stream } of orders.values()) {
        if (request.account === name && !isEnding(last().type)) {
          report("an account closes without open orders", `${name}, ${stream}`);
        }
      }
    }
    const obeyed = commands.get(name) ?? new Set();
    commands.set(name, obeyed);
    const { requestId } = event.data as { readonly requestId: string };
    if (obeyed.has(requestId)) report("a command is obeyed once", `${name} ${requestId}`);
    obeyed.add(requestId);
    money.onAccount(name, event);
    const wrong = money.overdrawn(name);
    if (wrong) report("never overdrawn", `after ${event.type}: ${wrong}`);
  }

  function onOrder({ stream }: StoredEvent, event: OrderEvent, hash: string): void {
    const order = orders.get(stream) ?? begin(stream, event);
    if (!order) return;
    const before = order.events.at(-1);
    order.events.push(event);
    order.hashes.push(hash);
    const executed = order.data("PaperExecutionSimulated") !== undefined;
    if (before) {
      const allowed =
        before.type === "OrderCancelRequested"
          ? event.type === (executed ? "OrderFilled" : "OrderCancelled")
          : FOLLOWS[before.type].includes(event.type);
      if (!allowed) report("life of an order", `${stream}: ${event.type} after ${before.type}`);
    }
    money.onOrder(stream, order.request, event);
    const wrong = money.overdrawn(order.request.account) ?? wrongEvent(order, event);
    if (wrong) report("money of an order", `${stream} ${event.type}: ${wrong}`);
    onOrderEvent(order, event, money);
  }

  function begin(stream: string, event: OrderEvent): OrderRecord | undefined {
    if (event.type !== "OrderRequested") {
      report("life of an order", `${stream} begins with ${event.type}`);
      return undefined;
    }
    const { request, principal, accountOwner } = event.data;
    const owner = money.account(request.account)?.owner;
    if (owner !== principal || owner !== accountOwner) {
      report("only the owner trades", `${stream}: ${principal} on ${request.account}`);
    }
    const events: OrderEvent[] = [];
    const order: OrderRecord = {
      ...{ stream, request, principal, events, hashes: [] },
      last: () => events.at(-1) ?? event,
      data: (type) => {
        const found = events.findLast((other) => other.type === type);
        return found?.data as OrderEventData<typeof type> | undefined;
      },
    };
    orders.set(stream, order);
    return order;
  }

  function wrongEvent(order: OrderRecord, event: OrderEvent): string | undefined {
    if (event.type === "OrderValidated" && !money.account(order.request.account)?.open) {
      return "validated on a closed account";
    }
    if (event.type === "PaperExecutionSimulated") {
      const record = tradeOf(order);
      return record ? wrongFill(record, event.data, rules) : "executed without a reservation";
    }
    if (event.type === "SimulationFailed") {
      const record = tradeOf(order);
      return record ? wrongFailure(record, event.data, rules) : "failed without a reservation";
    }
    if (event.type !== "OrderFilled") return undefined;
    const executed = order.data("PaperExecutionSimulated");
    const { amountIn, amountOut, fees } = event.data;
    const same =
      executed?.amountIn === amountIn &&
      executed.amountOut === amountOut &&
      JSON.stringify(executed.fees) === JSON.stringify(fees);
    return same ? undefined : "filled with other amounts than executed";
  }

  return {
    absorb,
    order: (stream) => orders.get(stream),
    orders: () => orders.values(),
    commands: (account) => commands.get(account) ?? new Set(),
    money,
    clockUs: links.clockUs,
  };
}

function tradeOf(order: OrderRecord): TradeRecord | undefined {
  const validated = order.data("OrderValidated");
  const quote = order.data("QuoteObtained");
  const reserved = order.data("FundsReserved");
  const first = order.events.find((event) => event.type === "QuoteObtained");
  if (!validated || !quote || !reserved || first?.type !== "QuoteObtained") return undefined;
  return {
    orderId: order.stream.slice("order-".length),
    request: order.request,
    decimals: { base: validated.baseDecimals, quote: validated.quoteDecimals },
    quote,
    firstPrice: first.data.price,
    reserved,
  };
}
