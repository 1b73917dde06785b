/**
 * What can happen to the permission to trade: an operator halts and resumes, the circuit breaker opens and closes. That a
 * breaker is half-open is no event: it follows from the time (`untilUs`).
 */
import { z } from "zod";
import type { Hash, OrderId, Principal, RequestId } from "../primitives/ids.ts";
import { REQUEST_ID_PATTERN } from "../primitives/ids.ts";

const requestId = z
  .string()
  .regex(REQUEST_ID_PATTERN)
  .transform((value) => value as RequestId);
const fingerprint = z
  .string()
  .regex(/^[0-9a-f]{64}$/)
  .transform((value) => value as Hash);
const by = z
  .string()
  .min(1)
  .transform((value) => value as Principal);
const orderId = z
  .string()
  .min(1)
  .transform((value) => value as OrderId);

/** Every command of an operator leaves its id and the fingerprint of its body: sent again, it changes nothing. */
const command = {
  requestId,
  fingerprint,
  scope: z.enum(["all", "account", "mint"]),
  /** Name of the account or address of the mint; absent where everything is meant. */
  target: z.string().min(1).optional(),
  reason: z.string().min(1),
  by,
};

export const SAFETY_EVENTS = {
  TradingHalted: { version: 1, schema: z.object(command) },
  TradingResumed: { version: 1, schema: z.object(command) },
  BreakerOpened: {
    version: 1,
    schema: z.object({
      cause: z.enum(["unknown-outcomes", "errors", "trial-failed"]),
      /** How many were counted, and the count that opens the breaker; 1 and 1 for a trial. */
      count: z.int().min(1),
      limit: z.int().min(1),
      /** Milliseconds that unknown outcomes were counted over. */
      windowMs: z.int().min(1).optional(),
      /** Of the last one that counted. */
      outcome: z.enum(["unknown", "expired", "infrastructure-error"]),
      /** The order that had it. */
      orderId,
      coolDownMs: z.int().min(1),
      /** Half-open from then on: one order at a time may try. */
      untilUs: z.int().min(0),
    }),
  },
  BreakerClosed: {
    version: 1,
    schema: z.object({
      cause: z.enum(["trial-succeeded", "operator"]),
      by,
      /** The order whose trial succeeded. */
      orderId: orderId.optional(),
      /** Of an operator's command. */
      requestId: requestId.optional(),
      fingerprint: fingerprint.optional(),
      reason: z.string().min(1).optional(),
    }),
  },
} as const;

export type SafetyEventType = keyof typeof SAFETY_EVENTS;
export type SafetyEventData<T extends SafetyEventType> = z.output<
  (typeof SAFETY_EVENTS)[T]["schema"]
>;
export type SafetyEvent = {
  [T in SafetyEventType]: { readonly type: T; readonly data: SafetyEventData<T> };
}[SafetyEventType];
