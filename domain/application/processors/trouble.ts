/** A failure that is tried again: what it is, and when the next try is due. */
import type { Timers } from "../../ports/clock.ts";
import type { Position } from "../../ports/event-store.ts";
import { maxOf } from "../../primitives/amount.ts";

export type Trouble = {
  /** Notes a failure at a position; the pause before the next try doubles each time. */
  readonly met: (
    error: unknown,
    position: Position | undefined,
  ) => { readonly message: string; readonly pauseMs: number };
  /** Something succeeded: all is well again once it is further on than where it failed. */
  readonly over: (position: Position | undefined, caughtUp: boolean) => void;
  readonly message: () => string | undefined;
};

export function createTrouble(limits: {
  readonly firstPauseMs: number;
  readonly longestPauseMs: number;
}): Trouble {
  let message: string | undefined;
  let failedAt: Position | undefined;
  let nextPauseMs = limits.firstPauseMs;

  return {
    met: (error, position) => {
      message = error instanceof Error ? error.message : String(error);
      if (position !== undefined) failedAt = maxOf(failedAt ?? position, position);
      const pauseMs = nextPauseMs;
      nextPauseMs = Math.min(pauseMs * 2, limits.longestPauseMs);
      return { message, pauseMs };
    },
    over: (position, caughtUp) => {
      if (!caughtUp && failedAt !== undefined && (position ?? 0n) <= failedAt) return;
      message = undefined;
      failedAt = undefined;
      nextPauseMs = limits.firstPauseMs;
    },
    message: () => message,
  };
}

/** Resolves after the pause, or at once when the signal aborts. */
export function pause(timers: Timers, pauseMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      cancel();
      signal.removeEventListener("abort", end);
      resolve();
    };
    const cancel = timers.schedule(pauseMs, end);
    signal.addEventListener("abort", end);
    if (signal.aborted) end();
  });
}
