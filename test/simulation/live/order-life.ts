/** Which event may follow which in the stream of a live order; a cancel request may stand anywhere before the end. */
import type { OrderEvent } from "../../../domain/order/events.ts";

type Type = OrderEvent["type"];

const ENDS = ["OrderFailed", "OrderCancelled", "OrderExpired"] as const;
const OBSTRUCTED = ["RetryScheduled", ...ENDS] as const;
const SEEN = [
  ...(["AttemptConfirmed", "AttemptFailed", "AttemptExpired", "OutcomeUnknown"] as const),
] as const;
const SENT = [
  ...SEEN,
  ...(["AttemptSubmitted", "SubmissionRefused", "SubmissionUnknown"] as const),
] as const;

const NEXT: { readonly [T in Type]?: readonly Type[] } = {
  OrderRequested: ["OrderValidated", "OrderRejected", "OrderCancelled", "OrderExpired"],
  OrderValidated: ["QuoteObtained", "QuoteFailed", "OrderRejected", ...OBSTRUCTED],
  QuoteFailed: ["RetryScheduled", "OrderFailed"],
  RetryScheduled: ["QuoteObtained", "QuoteFailed", "OrderRejected", ...OBSTRUCTED],
  QuoteObtained: ["FundsReserved", "OrderRejected", ...OBSTRUCTED],
  FundsReserved: ["SimulationPassed", "SimulationFailed", "GateRefused", ...OBSTRUCTED],
  SimulationFailed: ["RetryScheduled", "OrderFailed"],
  SimulationPassed: ["AttemptSigned", "SigningRefused", ...OBSTRUCTED],
  GateRefused: ["OrderFailed"],
  SigningRefused: ["OrderFailed"],
  AttemptSigned: SENT,
  AttemptSubmitted: SENT,
  SubmissionRefused: SENT,
  SubmissionUnknown: SENT,
  AttemptConfirmed: ["OrderFilled", "FillVoided", "OutcomeUnknown"],
  OrderFilled: ["FillFinalized", "FillVoided", "OutcomeUnknown"],
  FillVoided: [...SEEN, "OutcomeResolved"],
  AttemptFailed: OBSTRUCTED,
  AttemptExpired: OBSTRUCTED,
  OutcomeUnknown: [
    ...(["AttemptConfirmed", "AttemptFailed", "AttemptExpired"] as const),
    ...(["OutcomeResolved", "FillVoided"] as const),
  ],
  OutcomeResolved: ["OrderFilled", ...ENDS],
};

export const mayFollow = (before: Type, next: Type): boolean =>
  NEXT[before]?.includes(next) ?? false;

const TERMINAL: ReadonlySet<string> = new Set<Type>([
  ...ENDS,
  ...(["OrderRejected", "FillFinalized"] as const),
]);

export const isLiveEnding = (type: string): boolean => TERMINAL.has(type);
