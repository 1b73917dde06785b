/** Halts and the circuit breaker on the wire. */
import { z } from "zod";
import type { ResumeCommand, SafetyStatus } from "../../../domain/application/engine.types.ts";
import { accountIdSchema, cleanText, mintSchema } from "../../../domain/order/request.ts";
import type { Mint } from "../../../domain/primitives/ids.ts";
import type { Halt, SafetyScope } from "../../../domain/safety/state.ts";
import {
  BreakerState,
  type CircuitBreaker,
  type HaltTradingRequest,
  type ResumeTradingRequest,
  type TradingHalt,
  type SafetyStatus as WireStatus,
} from "../../../proto/generated/orderstream/v1/trade_execution.ts";
import { field, type Parsed, valid, wrong } from "./parsed.ts";
import { timestampOf } from "./time.ts";

const MAX_REASON_BYTES = 300;

export const haltReasonSchema = cleanText(MAX_REASON_BYTES).refine(
  (text) => text.trim() !== "",
  `must say why, in 1 to ${MAX_REASON_BYTES} bytes`,
);

export function haltScopeOf(scope: HaltTradingRequest["scope"]): Parsed<SafetyScope> {
  switch (scope?.$case) {
    case undefined:
      return valid({ kind: "all" });
    case "account": {
      const account = field("account", accountIdSchema, scope.value);
      return account.ok ? valid({ kind: "account", account: account.value }) : account;
    }
    case "mint": {
      const mint = field<Mint>("mint", mintSchema, scope.value);
      return mint.ok ? valid({ kind: "mint", mint: mint.value }) : mint;
    }
  }
}

export function resumeScopeOf(
  scope: ResumeTradingRequest["scope"],
): Parsed<ResumeCommand["scope"]> {
  if (scope?.$case !== "breaker") return haltScopeOf(scope);
  // `false` would read as "not the breaker", and must not come to mean everything.
  return field("breaker", z.literal(true), scope.value).ok
    ? valid({ kind: "breaker" })
    : wrong("breaker", "must be true where it is given");
}

export const safetyStatusOf = ({ halts, breaker, revision }: SafetyStatus): WireStatus => ({
  halts: halts.map(haltOf),
  breaker: breakerOf(breaker),
  revision: revision < 0 ? undefined : BigInt(revision),
});

const haltOf = (halt: SafetyStatus["halts"][number]): TradingHalt => ({
  scope: wireScopeOf(halt),
  reason: halt.reason,
  by: halt.by,
  requestId: halt.requestId,
  since: timestampOf(halt.sinceUs),
  recorded: halt.recorded,
});

function wireScopeOf({ scope, target = "" }: Halt): TradingHalt["scope"] {
  return scope === "all" ? undefined : { $case: scope, value: target };
}

const STATES: Readonly<Record<SafetyStatus["breaker"]["kind"], BreakerState>> = {
  closed: BreakerState.BREAKER_STATE_CLOSED,
  open: BreakerState.BREAKER_STATE_OPEN,
  "half-open": BreakerState.BREAKER_STATE_HALF_OPEN,
};

function breakerOf(breaker: SafetyStatus["breaker"]): CircuitBreaker {
  const state = STATES[breaker.kind];
  if (breaker.kind === "closed") {
    return { state, cause: "", count: 0, since: undefined, until: undefined };
  }
  const { cause, count, sinceUs, untilUs } = breaker;
  return { state, cause, count, since: timestampOf(sinceUs), until: timestampOf(untilUs) };
}
