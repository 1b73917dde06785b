/** How long a call may take, by its deadline. */
import type { Deadline } from "@grpc/grpc-js";

/** Kept back from the deadline, so that the answer arrives before it: 200 ms, or a fifth of a short deadline. */
const MARGIN_MS = 200;
const MARGIN_SHARE = 5;

/** Milliseconds to the call's deadline; undefined where it has none. Never negative. */
export function remainingMs(deadline: Deadline, nowMs: number): number | undefined {
  const atMs = deadline instanceof Date ? deadline.getTime() : deadline;
  return Number.isFinite(atMs) ? Math.max(0, atMs - nowMs) : undefined;
}

/** Milliseconds that a handler may wait before it has to answer. */
export function waitMsOf(
  remaining: number | undefined,
  limits: { readonly defaultWaitMs: number; readonly maxWaitMs: number },
): number {
  if (remaining === undefined) return limits.defaultWaitMs;
  const margin = Math.min(MARGIN_MS, remaining / MARGIN_SHARE);
  return Math.floor(Math.min(limits.maxWaitMs, remaining - margin));
}
