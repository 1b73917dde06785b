/** How the driver of an order waits: for a time, for a turn, for an answer; and how it is woken before. */
import type { OrderState } from "../../order/state.ts";
import type { Clock, Timers } from "../../ports/clock.ts";
import { type TimestampUs, US_PER_MS } from "../../primitives/time.ts";
import type { OrderEntry } from "./order-entry.ts";

export type OrderWaits = {
  /** Waits for a turn or a time, whichever is given and first; or until somebody wakes the entry. */
  readonly pause: (
    entry: OrderEntry,
    until: { readonly untilUs: TimestampUs | undefined; readonly turn?: Promise<void> },
  ) => Promise<"turn" | "woken">;
  /** False: the order was woken, or its time was over, before the promise was fulfilled. */
  readonly until: (
    entry: OrderEntry,
    order: OrderState,
    promise: Promise<unknown>,
  ) => Promise<boolean>;
};

const nothing = (): void => {};

export function createOrderWaits({
  clock,
  timers,
}: {
  readonly clock: Clock;
  readonly timers: Timers;
}): OrderWaits {
  const pause: OrderWaits["pause"] = (entry, { untilUs, turn }) =>
    new Promise((resolve) => {
      let over = false;
      const done = (why: "turn" | "woken"): void => {
        // A turn that comes after the waking must not touch the entry's next pause.
        if (over) return;
        over = true;
        cancel?.();
        entry.wake = undefined;
        entry.parked = false;
        resolve(why);
      };
      const wake = (): void => done("woken");
      const cancel =
        untilUs === undefined
          ? undefined
          : timers.schedule(Math.max(0, Math.ceil((untilUs - clock.nowUs()) / US_PER_MS)), wake);
      entry.wake = wake;
      entry.parked = true;
      turn?.then(() => done("turn"));
    });

  return {
    pause,
    until: async (entry, order, promise) => {
      if (entry.cancels.length > 0) return false;
      // A rejection ends the waiting too: whoever awaits the promise itself sees it.
      const turn = promise.then(nothing, nothing);
      const waiting = pause(entry, { untilUs: order.request.expiresAtUs, turn });
      // Something is under way all the same: a drain waits for it.
      entry.parked = false;
      return (await waiting) === "turn";
    },
  };
}
