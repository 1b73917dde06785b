/**
 * What follows from what chain, senders and signer said. Nothing is signed again before the last attempt is proven dead, and nothing
 * at all once a person has ended a doubt, a cancel is recorded, trading is halted or the order's time is over.
 */
import { plainText } from "../primitives/plain-text.ts";
import { type TimestampUs, US_PER_MS } from "../primitives/time.ts";
import type { OrderCommand } from "./commands.ts";
import { retryDelayMs } from "./decide-quote.ts";
import { decideReserve } from "./decide-reserve.ts";
import type { OrderEvent } from "./events.ts";
import { FAILURES, type FailureReason, isFailureReason } from "./failures.ts";
import { isExpiryDue, isNotExecuted } from "./flow.ts";
import type { AttemptFailure, LiveCommand } from "./live-commands.ts";
import { liveFillOf } from "./live-fill.ts";
import type { RetryPolicy } from "./retry-policy.ts";
import type { OrderState, Phase } from "./state.ts";
import { required } from "./trade.ts";

const LIVE_COMMANDS: ReadonlySet<string> = new Set<LiveCommand["type"]>([
  "ReserveLive",
  "RecordSimulation",
  "RecordSimulationFailure",
  "RecordGateRefusal",
  "RecordObstacle",
  "Abandon",
  "Halt",
  "RecordSigned",
  "RecordSigningRefusal",
  "RecordSubmission",
  "RecordLanding",
  "RecordChainFailure",
  "RecordExpiry",
  "RecordUnknown",
  "RecordResolution",
  "RecordFill",
  "RecordFinality",
  "RecordFork",
  "Conclude",
]);

export const isLiveCommand = (command: OrderCommand): command is LiveCommand =>
  LIVE_COMMANDS.has(command.type);

/** In which phases a command has something to say; in every other one it gives no events. */
const PHASES: Readonly<Record<LiveCommand["type"], readonly Phase[]>> = {
  ReserveLive: ["quoted"],
  RecordSimulation: ["reserved"],
  RecordSimulationFailure: ["reserved"],
  RecordGateRefusal: ["reserved"],
  RecordObstacle: ["validated", "quoted", "reserved", "simulated"],
  Abandon: ["quoted", "reserved", "simulated"],
  Halt: ["requested", "validated", "quoted", "reserved", "simulated", "dead"],
  RecordSigned: ["simulated"],
  RecordSigningRefusal: ["simulated"],
  RecordSubmission: ["signed"],
  RecordLanding: ["signed", "submitted", "unknown"],
  RecordChainFailure: ["signed", "submitted", "unknown"],
  RecordExpiry: ["signed", "submitted", "unknown"],
  RecordUnknown: ["signed", "submitted", "landed", "provisional"],
  RecordResolution: ["unknown"],
  RecordFill: ["landed"],
  RecordFinality: ["provisional"],
  RecordFork: ["landed", "provisional"],
  Conclude: ["dead"],
};

/** Pure and total; for live orders only. */
export function decideLive(order: OrderState, command: LiveCommand): readonly OrderEvent[] {
  if (order.request.mode !== "LIVE" || !PHASES[command.type].includes(order.phase)) return [];
  const { attempt } = order;
  switch (command.type) {
    case "ReserveLive":
      return decideReserve(order, command);
    case "RecordSimulation":
      return [{ type: "SimulationPassed", data: { attempt, ...command.passed } }];
    case "RecordSimulationFailure":
      return simulationFailed(order, command);
    case "RecordGateRefusal": {
      const { rule, found, allowed } = command.refused;
      const message = `the transaction gate refused the transaction: ${rule}: found ${found}, allowed ${allowed}`;
      const refused: OrderEvent = { type: "GateRefused", data: { attempt, ...command.refused } };
      return [refused, failed(order, "GATE_REFUSED", message)];
    }
    case "RecordObstacle":
      return retryOrFail(order, command.failure, command);
    case "Abandon":
      return abandon(order, command);
    case "Halt":
      return [{ type: "OrderCancelled", data: { by: "safety", message: command.message } }];
    case "RecordSigned":
      // The one place where an attempt begins to exist for the outside.
      if (order.cancelRequestedBy !== undefined || order.wasUnknown === true) return [];
      return [{ type: "AttemptSigned", data: { attempt, ...command.signed } }];
    case "RecordSigningRefusal": {
      const refused: OrderEvent = { type: "SigningRefused", data: { attempt, ...command.refused } };
      return [refused, failed(order, "SIGNING_REFUSED", command.refused.message)];
    }
    case "RecordSubmission":
      return command.answers.map(({ sender, answer }) => submission(attempt, sender, answer));
    case "RecordLanding":
      return [
        ...undone(order, command.landing.slot),
        { type: "AttemptConfirmed", data: { attempt, ...command.landing } },
      ];
    case "RecordChainFailure":
      return [...undone(order), { type: "AttemptFailed", data: { attempt, ...command.failed } }];
    case "RecordExpiry":
      return [...undone(order), { type: "AttemptExpired", data: { attempt, ...command.expired } }];
    case "RecordUnknown":
      return [{ type: "OutcomeUnknown", data: { attempt, ...command.unknown } }];
    case "RecordResolution": {
      const { outcome, slot } = command.resolved;
      return [
        ...undone(order, outcome === "landed" ? slot : undefined),
        { type: "OutcomeResolved", data: { attempt, ...command.resolved } },
      ];
    }
    case "RecordFill":
      return [{ type: "OrderFilled", data: liveFillOf(order, command) }];
    case "RecordFinality": {
      const { slot, nodes } = command;
      return [
        {
          type: "FillFinalized",
          data: { attempt, fillId: fillIdOf(order), slot, nodes: [...nodes] },
        },
      ];
    }
    case "RecordFork":
      return [voided(order, command)];
    case "Conclude":
      return conclude(order, command);
  }
}

const voided = (
  order: OrderState,
  { message, nodes }: { readonly message: string; readonly nodes: readonly string[] },
): OrderEvent => ({
  type: "FillVoided",
  data: {
    ...{ attempt: order.attempt, fillId: fillIdOf(order), message, nodes: [...nodes] },
    slot: required(order.landing, "landing").slot,
  },
});

/** A provisional fill that nobody could follow up, and that turns out to have come to nothing, or to be in another slot. */
function undone(order: OrderState, slot?: number): OrderEvent[] {
  if (!order.fill || order.landing?.slot === slot) return [];
  return [voided(order, { message: "what became of it is known now: not this", nodes: [] })];
}

/** `<signature>:<slot>` of where the attempt landed. */
const fillIdOf = (order: OrderState): string =>
  `${required(order.signed, "signature").signature}:${required(order.landing, "landing").slot}`;

function submission(
  attempt: number,
  sender: string,
  answer: Extract<LiveCommand, { type: "RecordSubmission" }>["answers"][number]["answer"],
): OrderEvent {
  switch (answer.kind) {
    case "accepted":
      return {
        type: "AttemptSubmitted",
        data: { attempt, sender, answer: plainText(answer.answer) },
      };
    case "refused":
      return {
        type: "SubmissionRefused",
        data: { attempt, sender, reason: plainText(answer.reason) },
      };
    case "unknown":
      return {
        type: "SubmissionUnknown",
        data: { attempt, sender, cause: plainText(answer.cause) },
      };
  }
}

function simulationFailed(
  order: OrderState,
  command: Extract<LiveCommand, { type: "RecordSimulationFailure" }>,
): OrderEvent[] {
  const { chain, failure } = command;
  const { reason, message } = failure;
  return [
    {
      type: "SimulationFailed",
      data: { attempt: order.attempt, class: reason, message: plainText(message), chain },
    },
    ...retryOrFail(order, failure, command),
  ];
}

type RetryFacts = { readonly retry: RetryPolicy; readonly nowUs: TimestampUs };

function retryOrFail(
  order: OrderState,
  { reason, message, isRetryable, retryAfterMs }: AttemptFailure,
  { retry, nowUs }: RetryFacts,
): OrderEvent[] {
  // Before the first quote of an attempt its number is the next one.
  const attempt = order.phase === "validated" ? order.attempt + 1 : order.attempt;
  if (!isRetryable || attempt >= retry.attempts) return [failed(order, reason, message, attempt)];
  const delayMs = retryDelayMs(attempt, retry, retryAfterMs);
  return [
    {
      type: "RetryScheduled",
      data: {
        nextAttempt: attempt + 1,
        notBeforeUs: nowUs + delayMs * US_PER_MS,
        reason,
        message: plainText(message),
      },
    },
  ];
}

const failed = (
  order: OrderState,
  reason: FailureReason,
  message: string,
  attempts = order.attempt,
): OrderEvent => ({
  type: "OrderFailed",
  data: { attempts, reason, message: plainText(message) },
});

/** Nothing was signed under this number yet, so that it may be used again. */
const abandon = (
  order: OrderState,
  { message, nowUs }: Extract<LiveCommand, { type: "Abandon" }>,
): OrderEvent[] => [
  {
    type: "RetryScheduled",
    data: {
      nextAttempt: order.attempt,
      notBeforeUs: nowUs,
      reason: "PREPARATION_LOST",
      message: plainText(message),
    },
  },
];

/** After proven death: a new attempt, unless something forbids another signature or the reason would come again. */
function conclude(
  order: OrderState,
  { retry, nowUs, halted }: Extract<LiveCommand, { type: "Conclude" }>,
): OrderEvent[] {
  const { cancelRequestedBy: by, wasUnknown, lastError } = order;
  const message = lastError?.message ?? "the attempt is dead";
  if (by !== undefined) {
    return [{ type: "OrderCancelled", data: { by, message: `cancelled by ${by}; ${message}` } }];
  }
  const reason =
    lastError && isFailureReason(lastError.reason) ? lastError.reason : "FAILED_ON_CHAIN";
  if (wasUnknown) return [failed(order, reason, message)];
  if (halted !== undefined) {
    return [{ type: "OrderCancelled", data: { by: "safety", message: halted } }];
  }
  const { expiresAtUs } = order.request;
  if (expiresAtUs !== undefined && isExpiryDue(order, nowUs)) {
    return [{ type: "OrderExpired", data: { expiresAtUs, message } }];
  }
  // A fresh quote may pass where the market had moved past the tolerance.
  const isRetryable = FAILURES[reason].retryable || reason === "SLIPPAGE_EXCEEDED";
  return retryOrFail(order, { reason, message, isRetryable }, { retry, nowUs });
}

/** A halt ends what is not signed; what is signed is followed to its end. */
export const endsByHalt = (order: OrderState): boolean =>
  order.request.mode === "LIVE" && isNotExecuted(order);
