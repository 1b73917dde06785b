/** What the events of a live order leave it in. */
import type { TimestampUs } from "../primitives/time.ts";
import type { LiveEvent } from "./events.ts";
import type { OrderState, SignedAttempt } from "./order-state.ts";

/** Folds one event that only live orders have. */
export function applyLive(order: OrderState, event: LiveEvent, atUs: TimestampUs): OrderState {
  switch (event.type) {
    case "SimulationPassed":
      return { ...order, phase: "simulated" };
    case "GateRefused": {
      const { rule, found, allowed } = event.data;
      const message = `the transaction gate refused it by rule ${rule}: found ${found}, allowed ${allowed}`;
      return withError(order, "GATE_REFUSED", message);
    }
    case "SigningRefused":
      return withError(order, "SIGNING_REFUSED", event.data.message);
    case "AttemptSigned":
      return {
        ...order,
        phase: "signed",
        signed: event.data,
        signedAttempts: [...(order.signedAttempts ?? []), signedAttempt(event.data)],
        stepsUs: { ...order.stepsUs, executed: atUs },
      };
    case "AttemptSubmitted":
      return { ...order, phase: "submitted", stepsUs: { ...order.stepsUs, submitted: atUs } };
    case "SubmissionRefused":
      return withError({ ...order, phase: "submitted" }, "SUBMISSION_REFUSED", event.data.reason);
    case "SubmissionUnknown":
      return withError({ ...order, phase: "submitted" }, "SUBMISSION_UNKNOWN", event.data.cause);
    case "AttemptConfirmed":
      return {
        ...withOutcome(order, "landed", { slot: event.data.slot }),
        phase: "landed",
        landing: event.data,
        stepsUs: { ...order.stepsUs, confirmed: atUs },
      };
    case "AttemptFailed": {
      const { slot, feeLamports } = event.data;
      const failed = withOutcome(order, "failed", { slot, feeLamports });
      return {
        ...withError(withoutAttempt(failed), event.data.class, event.data.message),
        ...withFee(order, BigInt(feeLamports)),
      };
    }
    case "AttemptExpired": {
      const message = `not landed before block height ${event.data.lastValidBlockHeight} was over`;
      const expired = withOutcome(order, "expired");
      return withError(withoutAttempt(expired), "TRANSACTION_EXPIRED", message);
    }
    case "OutcomeUnknown": {
      const unknown = withOutcome(order, "unknown");
      return withError(
        { ...unknown, phase: "unknown", wasUnknown: true },
        "OUTCOME_UNKNOWN",
        event.data.message,
      );
    }
    case "OutcomeResolved":
      return resolved(order, event.data);
    case "FillFinalized":
      return { ...withoutAttempt(order), phase: "filled" };
    case "FillVoided": {
      const { fill: _, landing: __, ...rest } = withOutcome(order, "open");
      return withError({ ...rest, phase: "submitted" }, "FILL_VOIDED", event.data.message);
    }
  }
}

const signedAttempt = ({
  attempt,
  signature,
  route,
}: Extract<LiveEvent, { type: "AttemptSigned" }>["data"]): SignedAttempt => ({
  ...{ attempt, signature, route },
  outcome: "open",
});

/** What became of the last signature. */
function withOutcome(
  order: OrderState,
  outcome: SignedAttempt["outcome"],
  facts: Pick<SignedAttempt, "slot" | "feeLamports"> = {},
): OrderState {
  const last = order.signedAttempts?.at(-1);
  if (!last) return order;
  const { attempt, signature, route } = last;
  const known = { attempt, signature, route, outcome, ...facts };
  return { ...order, signedAttempts: [...(order.signedAttempts ?? []).slice(0, -1), known] };
}

const withFee = (
  { feesOfFailedAttempts: before = "0" }: OrderState,
  feeLamports: bigint,
): Pick<OrderState, "feesOfFailedAttempts"> => ({
  feesOfFailedAttempts: (BigInt(before) + feeLamports).toString(),
});

/** The attempt is dead or final: its bytes are of no more use, and nothing is held for it. */
function withoutAttempt(order: OrderState): OrderState {
  const { reservation: _, signed: __, landing: ___, ...rest } = order;
  return { ...rest, phase: "dead" };
}

function resolved(
  order: OrderState,
  data: Extract<LiveEvent, { type: "OutcomeResolved" }>["data"],
): OrderState {
  const resolvedBy = data.by;
  if (data.outcome !== "landed") {
    const reason = data.outcome === "failed" ? "FAILED_ON_CHAIN" : "TRANSACTION_EXPIRED";
    // What fails pays its fees, as they were signed; what never landed pays nothing.
    const { baseFeeLamports = "0", priorityFeeLamports = "0" } =
      data.outcome === "failed" ? (order.signed ?? {}) : {};
    const feeLamports = BigInt(baseFeeLamports) + BigInt(priorityFeeLamports);
    const ended = withOutcome(order, data.outcome, {
      ...(data.slot === undefined ? {} : { slot: data.slot }),
      ...(data.outcome === "failed" ? { feeLamports: feeLamports.toString() } : {}),
    });
    return {
      ...withError(withoutAttempt(ended), reason, data.message),
      ...(data.outcome === "failed" && withFee(order, feeLamports)),
      resolvedBy,
    };
  }
  const { attempt, slot = 0 } = data;
  const landing = { attempt, slot, commitment: "finalized" as const, nodes: [data.by] };
  return { ...withOutcome(order, "landed", { slot }), phase: "landed", landing, resolvedBy };
}

const withError = (order: OrderState, reason: string, message: string): OrderState => ({
  ...order,
  lastError: { reason, message },
});
