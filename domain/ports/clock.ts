/** Time comes from here and from nowhere else, so that the simulator owns it. */
import type { TimestampUs } from "../primitives/time.ts";

export interface Clock {
  /** Wall clock, microseconds since the Unix epoch. May jump. */
  nowUs(): TimestampUs;
  /** Monotonic microseconds, for durations only. */
  monotonicUs(): number;
}

export interface Timers {
  /** Calls back once after `delayMs` milliseconds; the returned function cancels. */
  schedule(delayMs: number, callback: () => void): () => void;
}
