/** Waiting for an order to reach a point. What ends the wait early never ends the order. */
import type { Timers } from "../../ports/clock.ts";
import type { SubmitResult } from "../engine.types.ts";
import { isReached, type OrderEntry, type Waiter } from "./order-entry.ts";

/** Resolves at the waited-for point, or with what is durable when `waitMs` is over. */
export type WaitOn = (
  entry: OrderEntry,
  waitFor: Waiter["waitFor"],
  waitMs: number,
) => Promise<SubmitResult>;

export const createWaitOn =
  (timers: Timers): WaitOn =>
  (entry, waitFor, waitMs) => {
    const now = entry.committed;
    if (now && isReached(now, waitFor)) return Promise.resolve({ kind: "order", order: now });
    return new Promise((resolve) => {
      const waiter: Waiter = {
        waitFor,
        settle: (result) => {
          cancelTimer();
          resolve(result);
        },
      };
      const cancelTimer = timers.schedule(waitMs, () => {
        entry.waiters.delete(waiter);
        resolve(asFarAsKnown(entry, "the store had not answered when the wait was over"));
      });
      entry.waiters.add(waiter);
    });
  };

/** What is durable of an order, or that it is unknown whether anything is. */
export function asFarAsKnown(entry: OrderEntry, cause: string): SubmitResult {
  const { committed: order, orderId } = entry;
  return order ? { kind: "order", order } : { kind: "unknown", orderId, cause };
}
