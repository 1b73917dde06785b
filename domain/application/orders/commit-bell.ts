/**
 * Tells watchers that a stream has grown. It carries no events: the log is the truth and watchers read it, so that nothing is
 * buffered for a slow one.
 */
import type { OrderId } from "../../primitives/ids.ts";

export type CommitBell = {
  readonly ring: (orderId: OrderId) => void;
  /** Resolves at the next ring after this call, or when the signal aborts. Leaves nothing behind. */
  readonly listen: (orderId: OrderId, signal: AbortSignal) => { readonly rung: Promise<void> };
  readonly listeners: () => number;
};

export function createCommitBell(): CommitBell {
  const waiting = new Map<OrderId, Set<() => void>>();
  let count = 0;
  return {
    ring: (orderId) => {
      for (const wake of waiting.get(orderId) ?? []) wake();
    },
    listen: (orderId, signal) => ({
      rung: new Promise((resolve) => {
        const wakers = waiting.get(orderId) ?? new Set();
        waiting.set(orderId, wakers);
        const wake = (): void => {
          signal.removeEventListener("abort", wake);
          if (wakers.delete(wake)) count -= 1;
          if (wakers.size === 0) waiting.delete(orderId);
          resolve();
        };
        wakers.add(wake);
        count += 1;
        signal.addEventListener("abort", wake);
        if (signal.aborted) wake();
      }),
    }),
    listeners: () => count,
  };
}
