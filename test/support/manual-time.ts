/** Timers that fire when a test moves the clock, in the order of their time. */
import type { Timers } from "../../domain/ports/clock.ts";
import { createManualClock, type ManualClock } from "./manual-clock.ts";

type Pending = { readonly dueUs: number; readonly callback: () => void };

export type ManualTime = {
  readonly clock: ManualClock;
  readonly timers: Timers;
  /** Moves the clock and fires what is due; promises settle between two timers. */
  readonly advanceMs: (durationMs: number) => Promise<void>;
  readonly pending: () => number;
};

/** Lets everything run that can run without time passing. */
export const settle = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(() => setImmediate(() => setImmediate(resolve)));
  });

export function createManualTime(): ManualTime {
  const clock = createManualClock();
  const pending = new Set<Pending>();
  const next = (untilUs: number): Pending | undefined =>
    [...pending].filter(({ dueUs }) => dueUs <= untilUs).sort((a, b) => a.dueUs - b.dueUs)[0];

  return {
    clock,
    timers: {
      schedule: (delayMs, callback) => {
        const timer = { dueUs: clock.monotonicUs() + delayMs * 1_000, callback };
        pending.add(timer);
        return () => pending.delete(timer);
      },
    },
    advanceMs: async (durationMs) => {
      const untilUs = clock.monotonicUs() + durationMs * 1_000;
      await settle();
      for (let timer = next(untilUs); timer; timer = next(untilUs)) {
        pending.delete(timer);
        clock.advanceMs(Math.max(0, timer.dueUs - clock.monotonicUs()) / 1_000);
        timer.callback();
        await settle();
      }
      clock.advanceMs((untilUs - clock.monotonicUs()) / 1_000);
    },
    pending: () => pending.size,
  };
}
