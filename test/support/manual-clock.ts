/** A clock that stands still until a test moves it. */
import type { Clock } from "../../domain/ports/clock.ts";

export type ManualClock = Clock & {
  advanceMs(durationMs: number): void;
  /** Moves the wall clock alone, as NTP or a person does. */
  jumpWallMs(durationMs: number): void;
};

/** Starts at 2026-01-01T00:00:00Z. */
export function createManualClock(): ManualClock {
  let wallUs = Date.UTC(2026, 0, 1) * 1_000;
  let monotonicUs = 1_000_000;
  return {
    nowUs: () => wallUs,
    monotonicUs: () => monotonicUs,
    advanceMs(durationMs) {
      wallUs += durationMs * 1_000;
      monotonicUs += durationMs * 1_000;
    },
    jumpWallMs(durationMs) {
      wallUs += durationMs * 1_000;
    },
  };
}
