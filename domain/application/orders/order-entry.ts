/**
 * One open order in memory: what is durable, what is decided and not durable yet, and who waits for it.
 */
import type { LandedSwap } from "../../chain/landed-swap.ts";
import type { OrderEvent, OrderEventData } from "../../order/events.ts";
import type { TradeCommand } from "../../order/request.ts";
import {
  evolve,
  isTerminal,
  type MaybeOrder,
  type OrderState,
  statusOf,
} from "../../order/state.ts";
import { type OrderId, orderStream, type StreamName } from "../../primitives/ids.ts";
import type { SubmitResult, WaitFor } from "../engine.types.ts";
import { type Sealed, type Sealer, type Tip, tipOf } from "../log/sealer.ts";

type Staged = Sealed<OrderEvent> & { readonly after: OrderState };

export type CancelRequest = {
  readonly by: string;
  readonly message: string;
};

export type Resolution = {
  readonly resolved: Omit<OrderEventData<"OutcomeResolved">, "attempt">;
  /** It landed and is final: what it moved, by the same answers. */
  readonly fill?: {
    readonly landed: LandedSwap;
    readonly node: string;
    readonly slot: number;
    readonly nodes: readonly string[];
  };
};

export type OrderEntry = {
  readonly orderId: OrderId;
  readonly stream: StreamName;
  /** The request as it came in this life of the process; undefined for recovered orders. */
  readonly command: TradeCommand | undefined;
  /** What is in the log. */
  committed: MaybeOrder;
  /** What will be, once the staged events are stored. */
  draft: MaybeOrder;
  tip: Tip;
  staged: Staged[];
  /** Evidence that staged events cite: they are not stored before it is durable. */
  cites: Promise<unknown> | undefined;
  /** Cancels that the driver has not looked at yet. */
  readonly cancels: CancelRequest[];
  /** What a person has proven of an unknown outcome, not looked at yet. */
  readonly resolutions: Resolution[];
  /** Ends the present waiting early. */
  wake: (() => void) | undefined;
  holdsSlot: boolean;
  /** It has had a slot before: later attempts go first. */
  hadSlot: boolean;
  /** Waiting for time, a slot or the end of the process; nothing is under way. */
  parked: boolean;
  /** How often it waited because what it lacks was held by orders that may be repeated requests. */
  doubts: number;
  readonly waiters: Set<Waiter>;
};

export type Waiter = {
  readonly waitFor: WaitFor | "CANCEL_DECIDED" | "RESOLVED";
  readonly settle: (result: SubmitResult) => void;
};

export function createEntry(
  orderId: OrderId,
  recovered?: { readonly order: OrderState; readonly tip: Tip },
  command?: TradeCommand,
): OrderEntry {
  return {
    orderId,
    stream: orderStream(orderId),
    command,
    committed: recovered?.order,
    draft: recovered?.order,
    tip: recovered?.tip,
    staged: [],
    cites: undefined,
    cancels: [],
    resolutions: [],
    wake: undefined,
    holdsSlot: false,
    hadSlot: (recovered?.order.attempt ?? 0) > 0,
    parked: false,
    doubts: 0,
    waiters: new Set(),
  };
}

/** Seals events behind what the order has and folds them into its draft. */
export function stage(
  entry: OrderEntry,
  events: readonly OrderEvent[],
  { sealer, actor }: { readonly sealer: Sealer; readonly actor: string },
): void {
  for (const event of events) {
    const sealed = sealer.seal({ stream: entry.stream, tip: entry.tip }, event, {
      actor,
      correlationId: entry.orderId,
    });
    const after = evolve(entry.draft, sealed.recorded);
    entry.draft = after;
    entry.tip = tipOf(sealed.recorded);
    entry.staged.push({ ...sealed, after });
  }
}

/** Whether a durable state is what a waiter waits for. */
export function isReached(order: OrderState, waitFor: Waiter["waitFor"]): boolean {
  switch (waitFor) {
    case "ACCEPTED":
      return true;
    case "SUBMITTED":
      return statusOf(order) !== "PENDING";
    case "CONFIRMED":
      return isConfirmed(order) || isTerminal(order);
    case "FINALIZED":
      return isTerminal(order) || order.phase === "unknown";
    case "RESOLVED":
      return order.resolvedBy !== undefined || isTerminal(order);
    case "CANCEL_DECIDED":
      return order.cancelRequestedBy !== undefined || isTerminal(order);
  }
}

/** Seen on the chain, or waiting out its delay on paper; that nobody knows is an answer too. */
const isConfirmed = (order: OrderState): boolean =>
  order.request.mode === "LIVE"
    ? order.phase === "provisional" || order.phase === "unknown"
    : statusOf(order) === "CONFIRMING";

/** Tells everybody whose point is reached. */
export function settleWaiters(entry: OrderEntry): void {
  const order = entry.committed;
  if (!order) return;
  for (const waiter of entry.waiters) {
    if (!isReached(order, waiter.waitFor)) continue;
    entry.waiters.delete(waiter);
    waiter.settle({ kind: "order", order });
  }
}

/** Answers whoever waits for the order's way with what is durable; commands about it have their own answers. */
export function answerNow(entry: OrderEntry): void {
  const order = entry.committed;
  if (!order) return;
  for (const waiter of entry.waiters) {
    if (waiter.waitFor === "CANCEL_DECIDED" || waiter.waitFor === "RESOLVED") continue;
    entry.waiters.delete(waiter);
    waiter.settle({ kind: "order", order });
  }
}

/** Ends all waiting with one answer. */
export function settleAll(entry: OrderEntry, result: SubmitResult): void {
  for (const waiter of entry.waiters) waiter.settle(result);
  entry.waiters.clear();
}
