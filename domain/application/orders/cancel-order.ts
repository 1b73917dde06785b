/** Cancels an order that is not executed yet. Cancels are never shed. */
import { isTerminal, type OrderState } from "../../order/state.ts";
import type { OrderId } from "../../primitives/ids.ts";
import type { CancelResult, Engine, SubmitResult } from "../engine.types.ts";
import { loadOrder } from "./load-order.ts";
import { isReached, type OrderEntry } from "./order-entry.ts";
import { refused } from "./refusals.ts";
import type { RunParts } from "./run-order.ts";
import type { WaitOn } from "./wait-on-order.ts";

/** The driver looks at a cancel between two steps; the longest of them is a quote that times out. */
const CANCEL_WAIT_MS = 10_000;

type CancelParts = Pick<RunParts, "store" | "codec" | "open"> & { readonly waitOn: WaitOn };

export function createCancel(parts: CancelParts): Engine["cancel"] {
  const { open, waitOn } = parts;
  const cancel: Engine["cancel"] = async (orderId, context) => {
    const { principal, message } = context;
    const entry = open.get(orderId);
    const order = entry?.draft ?? (await loadOrder(parts, orderId)).order;
    if (!order || order.principal !== principal) {
      return refused("ORDER_NOT_FOUND", `order ${orderId} does not exist`);
    }
    if (!entry) {
      if (isTerminal(order)) return { kind: "already-final", order };
      // It began while it was read; or this engine has given it up.
      return open.get(orderId) ? cancel(orderId, context) : undecided(orderId);
    }
    const result = await decided(entry, { by: principal, message }, waitOn);
    if (result.kind === "refused" && result.refusal.reason === "REQUEST_ID_REUSED") {
      // What was open was another body under the id of an order that has ended.
      return cancel(orderId, context);
    }
    if (result.kind !== "order") return result;
    return isTerminal(order) ? finalOnceDurable(result.order) : outcomeOf(result.order);
  };
  return cancel;
}

function decided(
  entry: OrderEntry,
  request: OrderEntry["cancels"][number],
  waitOn: WaitOn,
): Promise<SubmitResult> {
  // An end that is decided is waited for until it is durable.
  if (entry.draft && isTerminal(entry.draft)) return waitOn(entry, "FINALIZED", CANCEL_WAIT_MS);
  entry.cancels.push(request);
  entry.wake?.();
  return waitOn(entry, "CANCEL_DECIDED", CANCEL_WAIT_MS);
}

const undecided = (orderId: OrderId): CancelResult => ({
  kind: "unknown",
  orderId,
  cause: "the cancel was not decided when the wait was over",
});

/** The end was decided before the cancel came; it is one only when the log has it. */
const finalOnceDurable = (order: OrderState): CancelResult =>
  isTerminal(order) ? { kind: "already-final", order } : undecided(order.orderId);

function outcomeOf(order: OrderState): CancelResult {
  if (!isReached(order, "CANCEL_DECIDED")) return undecided(order.orderId);
  if (order.phase === "cancelled") return { kind: "cancelled", order };
  return { kind: isTerminal(order) ? "already-final" : "too-late", order };
}
