/** Timers that fire when a test says so. */
import type { Timers } from "../../domain/ports/clock.ts";

export type ManualTimers = Timers & {
  /** Delays of what is scheduled, in milliseconds, as they were asked for. */
  readonly delays: () => readonly number[];
  /** Fires all that is scheduled now. */
  readonly fire: () => void;
};

export function createManualTimers(): ManualTimers {
  const scheduled = new Set<{ readonly delayMs: number; readonly callback: () => void }>();
  return {
    schedule: (delayMs, callback) => {
      const entry = { delayMs, callback };
      scheduled.add(entry);
      return () => {
        scheduled.delete(entry);
      };
    },
    delays: () => [...scheduled].map(({ delayMs }) => delayMs),
    fire: () => {
      for (const entry of [...scheduled]) {
        scheduled.delete(entry);
        entry.callback();
      }
    },
  };
}
