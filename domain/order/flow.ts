/**
 * What to do next, as data: the process manager. After a crash it is recomputed from the stream; there is no other
 * recovery code.
 */
import { type TimestampUs, US_PER_MS } from "../primitives/time.ts";
import type { OrderState, Phase } from "./state.ts";

export type Step =
  | "Validate"
  | "Quote"
  | "Reserve"
  /** Paper: execute at the modelled market. Live: build, simulate on the chain, pass the gate. */
  | "Simulate"
  | "Sign"
  /** Hand the bytes to every sender once. */
  | "Submit"
  /** Find out what became of them; the same bytes go on meanwhile. */
  | "Await"
  /** Paper: fill when the delay is over. Live: read what the transaction moved. */
  | "Settle"
  | "Finalize"
  /** Decide what follows a dead attempt. */
  | "Conclude";

export type Action =
  | { readonly kind: Step }
  /** Do nothing before `untilUs`, then `next`. */
  | { readonly kind: "WaitUntil"; readonly untilUs: TimestampUs; readonly next: Step }
  | { readonly kind: "Done" };

export function nextAction(order: OrderState): Action {
  switch (order.phase) {
    case "requested":
      return { kind: "Validate" };
    case "validated":
      return order.nextRetryAtUs === undefined
        ? { kind: "Quote" }
        : { kind: "WaitUntil", untilUs: order.nextRetryAtUs, next: "Quote" };
    case "quoted":
      return { kind: "Reserve" };
    case "reserved":
      return { kind: "Simulate" };
    case "executed":
      return afterExecution(order);
    case "simulated":
      return { kind: "Sign" };
    case "signed":
      return { kind: "Submit" };
    case "submitted":
    case "unknown":
      return { kind: "Await" };
    case "landed":
      return { kind: "Settle" };
    case "provisional":
      return { kind: "Finalize" };
    case "dead":
      return { kind: "Conclude" };
    case "filled":
    case "failed":
    case "rejected":
    case "cancelled":
    case "expired":
      return { kind: "Done" };
  }
}

function afterExecution(order: OrderState): Action {
  const untilUs = settlesAtUs(order);
  return untilUs === 0 ? { kind: "Settle" } : { kind: "WaitUntil", untilUs, next: "Settle" };
}

/** When the delay of an executed order is over. */
export function settlesAtUs(order: OrderState): TimestampUs {
  const delayMs = order.execution?.delayMs ?? 0;
  // Without a delay it settles at once, whatever the wall clock does.
  return delayMs === 0 ? 0 : (order.stepsUs.executed ?? order.updatedAtUs) + delayMs * US_PER_MS;
}

const NOT_EXECUTED: ReadonlySet<Phase> = new Set<Phase>([
  "requested",
  "validated",
  "quoted",
  "reserved",
  "simulated",
  "dead",
]);

/**
 * Nothing is at the venue: a cancel or the end of the order's time ends it. What is executed is settled, what is signed is followed
 * to its end.
 */
export const isNotExecuted = (order: OrderState): boolean => NOT_EXECUTED.has(order.phase);

/** Whether the order's time is over. What was over on arrival is refused by validation instead, with the check on record. */
export function isExpiryDue(order: OrderState, nowUs: TimestampUs): boolean {
  const { expiresAtUs } = order.request;
  if (expiresAtUs === undefined || nowUs < expiresAtUs || !isNotExecuted(order)) return false;
  return order.phase !== "requested" || expiresAtUs > order.requestedAtUs;
}
