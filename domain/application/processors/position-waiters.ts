/** Readers that wait until a view holds what they wrote. */
import type { Timers } from "../../ports/clock.ts";
import type { Position } from "../../ports/event-store.ts";

export type PositionWaiters = {
  /**
   * True as soon as the target is reached; false after `timeoutMs`, when stopped, or when too
   * many wait.
   */
  wait(target: Position | undefined, timeoutMs: number): Promise<boolean>;
  /** Answers all whose target is reached by now. */
  look(): void;
  /** Answers false to all, now and later. */
  stop(): void;
};

const MAX_WAITERS = 10_000;

type Waiter = {
  readonly target: Position | undefined;
  readonly settle: (reached: boolean) => void;
};

export function createWaiters(
  timers: Timers,
  isReached: (target: Position | undefined) => boolean,
): PositionWaiters {
  const waiting = new Set<Waiter>();
  let stopped = false;

  return {
    wait(target, timeoutMs) {
      if (isReached(target)) return Promise.resolve(true);
      if (stopped || timeoutMs <= 0 || waiting.size >= MAX_WAITERS) return Promise.resolve(false);
      return new Promise((resolve) => {
        const settle = (reached: boolean): void => {
          waiting.delete(waiter);
          cancel();
          resolve(reached);
        };
        const waiter = { target, settle };
        const cancel = timers.schedule(timeoutMs, () => settle(false));
        waiting.add(waiter);
      });
    },
    look() {
      for (const { target, settle } of [...waiting]) if (isReached(target)) settle(true);
    },
    stop() {
      stopped = true;
      for (const { settle } of [...waiting]) settle(false);
    },
  };
}
