/** What is halted, and whether the circuit breaker is open, as the stream `safety` tells it. */
import type { RecordedEvent } from "../codec/codec.ts";
import type { AccountId, Mint } from "../primitives/ids.ts";
import type { TimestampUs } from "../primitives/time.ts";
import type { SafetyEvent, SafetyEventData } from "./events.ts";

/** What a halt is about. */
export type SafetyScope =
  | { readonly kind: "all" }
  | { readonly kind: "account"; readonly account: AccountId }
  | { readonly kind: "mint"; readonly mint: Mint };

/** A halt in effect. */
export type Halt = Pick<
  SafetyEventData<"TradingHalted">,
  "scope" | "target" | "reason" | "by" | "requestId"
> & { readonly sinceUs: TimestampUs };

/** Closed lets trades through, as a closed switch lets current through. */
export type Breaker =
  | { readonly kind: "closed" }
  | ({ readonly kind: "open"; readonly sinceUs: TimestampUs } & SafetyEventData<"BreakerOpened">);

/** The breaker as it is now. */
export type BreakerStatus =
  | { readonly kind: "closed" }
  | {
      readonly kind: "open" | "half-open";
      readonly cause: SafetyEventData<"BreakerOpened">["cause"];
      /** Of the outcomes that opened it. */
      readonly count: number;
      readonly sinceUs: TimestampUs;
      /** The end of the cool-down as the event says it. */
      readonly untilUs: TimestampUs;
    };

export type SafetyState = {
  /** By scope and target, see `scopeKey`; the latest halt of each. */
  readonly halts: ReadonlyMap<string, Halt>;
  readonly breaker: Breaker;
  /** Of the last event; -1 before the first. */
  readonly revision: number;
};

export const NOTHING_HALTED: SafetyState = {
  halts: new Map(),
  breaker: { kind: "closed" },
  revision: -1,
};

/** Key of a halt: what is halted once is halted, however often it is said. */
export const scopeKey = ({ scope, target }: Pick<Halt, "scope" | "target">): string =>
  scope === "all" ? "all" : `${scope} ${target}`;

/** The fields of an event that name a scope. */
export function scopeFields(scope: SafetyScope): Pick<Halt, "scope" | "target"> {
  switch (scope.kind) {
    case "all":
      return { scope: "all" };
    case "account":
      return { scope: "account", target: scope.account };
    case "mint":
      return { scope: "mint", target: scope.mint };
  }
}

export function evolveSafety(
  state: SafetyState,
  { event, metadata, revision, stream }: RecordedEvent<SafetyEvent>,
): SafetyState {
  if (revision !== state.revision + 1) {
    throw new Error(`${stream}: revision ${revision} after ${state.revision}`);
  }
  const sinceUs = metadata.recordedAtUs;
  switch (event.type) {
    case "TradingHalted": {
      const { fingerprint: _, ...halt } = event.data;
      const halts = new Map(state.halts).set(scopeKey(halt), { ...halt, sinceUs });
      return { ...state, halts, revision };
    }
    case "TradingResumed": {
      const halts = new Map(state.halts);
      halts.delete(scopeKey(event.data));
      return { ...state, halts, revision };
    }
    case "BreakerOpened":
      return { ...state, breaker: { kind: "open", sinceUs, ...event.data }, revision };
    case "BreakerClosed":
      return { ...state, breaker: { kind: "closed" }, revision };
  }
}

/** The halt that forbids a trade of this account between these mints; the widest one first. */
export function haltOf(
  halts: Iterable<Halt>,
  trade: { readonly account: string; readonly mints: readonly string[] },
): Halt | undefined {
  let found: Halt | undefined;
  for (const halt of halts) {
    if (halt.scope === "all") return halt;
    const isMeant =
      halt.scope === "account"
        ? halt.target === trade.account
        : halt.target !== undefined && trade.mints.includes(halt.target);
    if (isMeant) found ??= halt;
  }
  return found;
}

/** `trading is halted for account desk: …`. */
export function haltText({ scope, target, reason }: Halt): string {
  return `trading is halted${scope === "all" ? "" : ` for ${scope} ${target}`}: ${reason}`;
}
