/** The rules of halting and of the breaker: decideSafety(state, command) says what follows, or why nothing does. */
import type { FailureReason } from "../order/failures.ts";
import type { Hash, OrderId, Principal, RequestId } from "../primitives/ids.ts";
import { type TimestampUs, US_PER_MS } from "../primitives/time.ts";
import type { BreakerLimits, LiveOutcome, Trip } from "./breaker.ts";
import type { SafetyEvent } from "./events.ts";
import { type SafetyScope, type SafetyState, scopeFields, scopeKey } from "./state.ts";

type Operator = {
  readonly requestId: RequestId;
  readonly fingerprint: Hash;
  readonly by: Principal;
  readonly reason: string;
  /** Fingerprint of the command that was obeyed under this id before. */
  readonly known: Hash | undefined;
};

type Opening = { readonly limits: BreakerLimits; readonly nowUs: TimestampUs };

export type SafetyCommand =
  | ({ readonly type: "Halt"; readonly scope: SafetyScope } & Operator)
  | ({ readonly type: "Resume"; readonly scope: SafetyScope } & Operator)
  /** An operator ends the breaker's cool-down. */
  | ({ readonly type: "CloseBreaker" } & Operator)
  | ({ readonly type: "OpenBreaker"; readonly trip: Trip; readonly orderId: OrderId } & Opening)
  /** What became of the order that tried while the breaker was half-open. */
  | ({
      readonly type: "EndTrial";
      readonly outcome: LiveOutcome;
      readonly orderId: OrderId;
    } & Opening);

export type SafetyDecision =
  | { readonly kind: "event"; readonly event: SafetyEvent }
  /** The same command was obeyed before. */
  | { readonly kind: "repeated" }
  /** It is so already. */
  | { readonly kind: "nothing" }
  | { readonly kind: "refused"; readonly reason: FailureReason; readonly message: string };

const refuse = (reason: FailureReason, message: string): SafetyDecision => ({
  kind: "refused",
  reason,
  message,
});

const record = (event: SafetyEvent): SafetyDecision => ({ kind: "event", event });

export function decideSafety(state: SafetyState, command: SafetyCommand): SafetyDecision {
  switch (command.type) {
    case "Halt":
    case "Resume":
    case "CloseBreaker":
      return repeated(command) ?? obey(state, command);
    case "OpenBreaker": {
      if (state.breaker.kind === "open") return { kind: "nothing" };
      const { trip, orderId, limits } = command;
      const counted = trip.cause === "unknown-outcomes" ? { windowMs: limits.windowMs } : {};
      return record(opened({ ...trip, ...counted, orderId }, command));
    }
    case "EndTrial": {
      if (state.breaker.kind === "closed") return { kind: "nothing" };
      const { outcome, orderId } = command;
      if (outcome === "landed" || outcome === "failed-on-chain") {
        const by = "engine" as Principal;
        const data = { cause: "trial-succeeded", by, orderId } as const;
        return record({ type: "BreakerClosed", data });
      }
      const facts = { cause: "trial-failed", count: 1, limit: 1, outcome, orderId } as const;
      return record(opened(facts, command));
    }
  }
}

type OperatorCommand = Extract<SafetyCommand, Operator>;

function repeated({ known, fingerprint, requestId }: Operator): SafetyDecision | undefined {
  if (known === undefined) return undefined;
  return known === fingerprint
    ? { kind: "repeated" }
    : refuse("REQUEST_ID_REUSED", `request_id ${requestId} was used for another command`);
}

/** A halt is never refused: said again it leaves its reason. */
function obey(state: SafetyState, command: OperatorCommand): SafetyDecision {
  const { requestId, fingerprint, by, reason } = command;
  const told = { requestId, fingerprint, by, reason };
  if (command.type === "CloseBreaker") {
    return state.breaker.kind === "closed"
      ? refuse("NOT_HALTED", "the circuit breaker is not open")
      : record({ type: "BreakerClosed", data: { cause: "operator", ...told } });
  }
  const data = { ...scopeFields(command.scope), ...told };
  if (command.type === "Halt") return record({ type: "TradingHalted", data });
  if (state.halts.has(scopeKey(data))) return record({ type: "TradingResumed", data });
  const what = data.scope === "all" ? "everything" : `${data.scope} ${data.target}`;
  return refuse("NOT_HALTED", `trading is not halted for ${what}`);
}

type Opened = Omit<
  Extract<SafetyEvent, { readonly type: "BreakerOpened" }>["data"],
  "coolDownMs" | "untilUs"
>;

const opened = (facts: Opened, { limits: { coolDownMs }, nowUs }: Opening): SafetyEvent => ({
  type: "BreakerOpened",
  data: { ...facts, coolDownMs, untilUs: nowUs + coolDownMs * US_PER_MS },
});
