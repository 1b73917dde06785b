/**
 * An order as its events tell it. State keeps the events' own data (decimal strings, safe integers): it is canonical
 * data itself, so that two states can be compared by one hash.
 */
import type { RecordedEvent } from "../codec/codec.ts";
import type { Hasher } from "../ports/hasher.ts";
import { type Canonical, canonicalJson } from "../primitives/canonical-json.ts";
import type { Hash } from "../primitives/ids.ts";
import { orderIdOfStream } from "../primitives/ids.ts";
import type { TimestampUs } from "../primitives/time.ts";
import type { OrderEvent, OrderEventData } from "./events.ts";
import { applyLive } from "./live-state.ts";
import type { MaybeOrder, OrderState, OrderStatus, Phase } from "./order-state.ts";

export type {
  MaybeOrder,
  OrderState,
  OrderStatus,
  Phase,
  SignedAttempt,
} from "./order-state.ts";

const TERMINAL: ReadonlySet<Phase> = new Set<Phase>([
  "filled",
  "failed",
  "rejected",
  "cancelled",
  "expired",
]);

/** Nothing can happen to the order any more. */
export const isTerminal = (order: OrderState): boolean => TERMINAL.has(order.phase);

/** Of the fill, else of the last attempt that was signed. */
export const signatureOf = ({ fill, signedAttempts }: OrderState): string | undefined =>
  fill?.txSignature ?? signedAttempts?.at(-1)?.signature;

export function statusOf(order: OrderState): OrderStatus {
  switch (order.phase) {
    case "requested":
    case "validated":
    case "quoted":
    case "reserved":
      return "PENDING";
    case "simulated":
    case "dead":
      return "PENDING";
    case "executed":
      return (order.execution?.delayMs ?? 0) > 0 ? "CONFIRMING" : "SUBMITTED";
    case "signed":
      return "SUBMITTED";
    case "submitted":
    case "landed":
    case "provisional":
      return "CONFIRMING";
    case "unknown":
      return "OUTCOME_UNKNOWN";
    case "filled":
      return "FILLED";
    case "failed":
      return "FAILED";
    case "rejected":
      return "REJECTED";
    case "cancelled":
      return "CANCELLED";
    case "expired":
      return "EXPIRED";
  }
}

/** Percent complete by phase; a table, not a promise of time. */
export const PERCENT_COMPLETE: Readonly<Record<Phase, number>> = {
  requested: 5,
  validated: 15,
  quoted: 35,
  reserved: 50,
  simulated: 60,
  dead: 60,
  signed: 70,
  submitted: 75,
  unknown: 75,
  executed: 80,
  landed: 85,
  provisional: 95,
  filled: 100,
  failed: 100,
  rejected: 100,
  cancelled: 100,
  expired: 100,
};

/** Folds one event. Throws when the event cannot follow: a stream that this program did not write, or a broken engine. */
export function evolve(order: MaybeOrder, recorded: RecordedEvent<OrderEvent>): OrderState {
  const { event } = recorded;
  if (event.type === "OrderRequested") {
    if (order) throw new Error(`${recorded.stream}: requested twice`);
    return begin(event.data, recorded);
  }
  if (!order) throw new Error(`${recorded.stream}: begins with ${event.type}`);
  if (recorded.revision !== order.revision + 1) {
    throw new Error(`${recorded.stream}: revision ${recorded.revision} after ${order.revision}`);
  }
  if (recorded.metadata.prevHash !== order.hash) {
    throw new Error(
      `${recorded.stream}@${recorded.revision}: follows another event than the last one`,
    );
  }
  if (isTerminal(order)) throw new Error(`${recorded.stream}: ${event.type} after the end`);
  return {
    ...apply(order, event, recorded.metadata.recordedAtUs),
    revision: recorded.revision,
    hash: recorded.hash,
    updatedAtUs: recorded.metadata.recordedAtUs,
  };
}

function begin(
  data: OrderEventData<"OrderRequested">,
  { stream, revision, hash, metadata }: RecordedEvent,
): OrderState {
  const orderId = orderIdOfStream(stream);
  if (!orderId || revision !== 0)
    throw new Error(`${stream}@${revision}: no place for an order to begin`);
  return {
    phase: "requested",
    orderId,
    ...data,
    revision,
    hash,
    requestedAtUs: metadata.recordedAtUs,
    updatedAtUs: metadata.recordedAtUs,
    attempt: 0,
    stepsUs: {},
  };
}

type LaterEvent = Exclude<OrderEvent, { type: "OrderRequested" }>;

function apply(order: OrderState, event: LaterEvent, atUs: TimestampUs): OrderState {
  switch (event.type) {
    case "OrderValidated":
      return {
        ...order,
        phase: "validated",
        decimals: { base: event.data.baseDecimals, quote: event.data.quoteDecimals },
        stepsUs: { validated: atUs },
      };
    case "OrderRejected":
      return end(order, "rejected", event.data);
    case "QuoteObtained":
      return {
        ...withoutRetry(order),
        phase: "quoted",
        attempt: event.data.attempt,
        quote: event.data,
        firstQuotePrice: order.firstQuotePrice ?? event.data.price,
        stepsUs: { ...order.stepsUs, quoted: atUs },
      };
    case "QuoteFailed":
      return {
        ...withoutRetry(order),
        attempt: event.data.attempt,
        lastError: { reason: event.data.class, message: event.data.message },
      };
    case "FundsReserved":
      return {
        ...order,
        phase: "reserved",
        reservation: event.data.lines,
        stepsUs: { ...order.stepsUs, reserved: atUs },
      };
    case "PaperExecutionSimulated":
      return {
        ...order,
        phase: "executed",
        execution: event.data,
        stepsUs: { ...order.stepsUs, executed: atUs },
      };
    case "SimulationFailed":
      return { ...order, lastError: { reason: event.data.class, message: event.data.message } };
    case "RetryScheduled":
      return {
        ...release(order),
        phase: "validated",
        // An attempt that was never signed may be begun again under its own number.
        attempt: event.data.nextAttempt - 1,
        nextRetryAtUs: event.data.notBeforeUs,
        lastError: { reason: event.data.reason, message: event.data.message },
      };
    case "OrderFilled":
      return event.data.live
        ? { ...withoutError(order), phase: "provisional", fill: event.data }
        : { ...withoutError(release(order)), phase: "filled", fill: event.data };
    case "OrderFailed":
      return end(order, "failed", event.data);
    case "OrderCancelRequested":
      return { ...order, cancelRequestedBy: event.data.by };
    case "OrderCancelled":
      return end(order, "cancelled", { reason: "CANCELLED", message: event.data.message });
    case "OrderExpired":
      return end(order, "expired", { reason: "EXPIRED", message: event.data.message });
    default:
      return applyLive(order, event, atUs);
  }
}

function end(
  order: OrderState,
  phase: Phase,
  { reason, message }: { readonly reason: string; readonly message: string },
): OrderState {
  return { ...withoutRetry(release(order)), phase, lastError: { reason, message } };
}

/** What the order held is free, and the attempt that it was held for is over. */
function release({ reservation: _, signed: __, landing: ___, ...order }: OrderState): OrderState {
  return order;
}

function withoutRetry({ nextRetryAtUs: _, ...order }: OrderState): OrderState {
  return order;
}

function withoutError({ lastError: _, ...order }: OrderState): OrderState {
  return order;
}

/** sha256 over the canonical state: equal hashes are equal states. */
export const stateHash = (order: OrderState, hasher: Hasher): Hash =>
  hasher.sha256(canonicalJson(order as Canonical));

/** Folds a whole stream, or its beginning; undefined when there are no events. */
export function foldOrder(events: Iterable<RecordedEvent>): MaybeOrder {
  let order: MaybeOrder;
  for (const recorded of events) order = evolve(order, recorded as RecordedEvent<OrderEvent>);
  return order;
}
