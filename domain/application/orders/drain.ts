/** The end of an engine's life: nothing new, and what is under way is settled. Open orders go on after a restart. */
import type { Timers } from "../../ports/clock.ts";
import type { Admission } from "./admission.ts";
import type { OpenOrders } from "./open-orders.ts";

const LOOK_MS = 20;

export const createDrain =
  ({ admission, open, timers }: { admission: Admission; open: OpenOrders; timers: Timers }) =>
  (timeoutMs: number): Promise<void> => {
    admission.beginDrain();
    return new Promise((resolve) => {
      let stopLooking = (): void => {};
      const finish = (): void => {
        stopTimer();
        stopLooking();
        resolve();
      };
      const stopTimer = timers.schedule(timeoutMs, finish);
      const look = (): void => {
        if (open.busy()) stopLooking = timers.schedule(LOOK_MS, look);
        else finish();
      };
      look();
    });
  };
