/** Answers that record nothing. */
import { FAILURES, type FailureReason } from "../../order/failures.ts";
import type { Refused } from "../engine.types.ts";

/** How long a caller that was shed should stay away, milliseconds. */
const SHED_RETRY_MS = 1_000;

export function refused(reason: FailureReason, message: string): Refused {
  const shed = FAILURES[reason].status === "RESOURCE_EXHAUSTED";
  return {
    kind: "refused",
    refusal: { reason, message, ...(shed ? { retryAfterMs: SHED_RETRY_MS } : {}) },
  };
}
