/** The machine's own clock and timers. */
import type { Clock, Timers } from "../../domain/ports/clock.ts";

const NS_PER_US = 1_000n;
/** Date gives whole milliseconds; a larger distance from it means that the wall clock was set. */
const LARGEST_DRIFT_US = 2_000;

/** Microseconds by the monotonic clock, kept to the wall clock. */
export function createSystemClock(): Clock {
  const monotonicUs = (): number => Number(process.hrtime.bigint() / NS_PER_US);
  let offsetUs = Date.now() * 1_000 - monotonicUs();
  return {
    nowUs: () => {
      const monotonic = monotonicUs();
      const wallUs = Date.now() * 1_000;
      if (Math.abs(monotonic + offsetUs - wallUs) > LARGEST_DRIFT_US) offsetUs = wallUs - monotonic;
      return monotonic + offsetUs;
    },
    monotonicUs,
  };
}

/** setTimeout holds at most this many milliseconds; longer delays are waited for in pieces. */
const LONGEST_TIMEOUT_MS = 2_000_000_000;

export function createSystemTimers(): Timers {
  const schedule: Timers["schedule"] = (delayMs, callback) => {
    if (delayMs <= LONGEST_TIMEOUT_MS) {
      const timer = setTimeout(callback, delayMs);
      return () => clearTimeout(timer);
    }
    let cancelRest = (): void => {};
    const timer = setTimeout(() => {
      cancelRest = schedule(delayMs - LONGEST_TIMEOUT_MS, callback);
    }, LONGEST_TIMEOUT_MS);
    return () => {
      clearTimeout(timer);
      cancelRest();
    };
  };
  return { schedule };
}
