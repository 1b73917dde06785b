/** Cancels an order that is not executed yet. Cancels are never shed. */
import { isTerminal, type OrderState } from "../order/state.ts";
import type { CancelResult, Engine } from "./engine.types.ts";
import { loadOrder } from "./load-order.ts";
import { refused } from "./refusals.ts";
import type { RunParts } from "./run-order.ts";
import type { WaitOn } from "./wait-on-order.ts";

/** The driver looks at a cancel between two steps; the longest of them is a quote that times out. */
const CANCEL_WAIT_MS = 10_000;

export function createCancel(
  parts: Pick<RunParts, "store" | "codec" | "open"> & { readonly waitOn: WaitOn },
): Engine["cancel"] {
  const { open, waitOn } = parts;
  return async (orderId, { principal, message }) => {
    const entry = open.get(orderId);
    const order = entry?.draft ?? (await loadOrder(parts, orderId)).order;
    if (!order || order.principal !== principal) {
      return refused("ORDER_NOT_FOUND", `order ${orderId} does not exist`);
    }
    if (!entry) return { kind: "already-final", order };
    const ends = isTerminal(order);
    if (!ends) {
      entry.cancels.push({ by: principal, message });
      entry.wake?.();
    }
    // An end that is decided is waited for until it is durable.
    const result = await waitOn(entry, ends ? "FINALIZED" : "CANCEL_DECIDED", CANCEL_WAIT_MS);
    if (result.kind !== "order") return result;
    return ends ? { kind: "already-final", order: result.order } : outcomeOf(result.order);
  };
}

function outcomeOf(order: OrderState): CancelResult {
  if (order.phase === "cancelled") return { kind: "cancelled", order };
  return { kind: isTerminal(order) ? "already-final" : "too-late", order };
}
