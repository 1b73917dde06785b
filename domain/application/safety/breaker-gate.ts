/**
 * The circuit breaker while the process runs: it counts outcomes, is open from the moment it trips, and lets one order at a
 * time try once its cool-down is over. Durations are monotonic; only what the events say outlives the process.
 */
import type { Clock } from "../../ports/clock.ts";
import type { OrderId } from "../../primitives/ids.ts";
import { type TimestampUs, US_PER_MS } from "../../primitives/time.ts";
import {
  type BreakerLimits,
  countOutcome,
  type LiveOutcome,
  NOTHING_COUNTED,
  type Trip,
} from "../../safety/breaker.ts";
import type { SafetyCommand } from "../../safety/decide.ts";
import type { Breaker, BreakerStatus } from "../../safety/state.ts";
import type { Refused } from "../engine.types.ts";

/** `not-signed`: an order that may sign will not; another one may try. */
export type LiveReport = {
  readonly orderId: OrderId;
  readonly outcome: LiveOutcome | "not-signed";
};

/** `untilUs`: ask again then at the latest; undefined: only a change ends the waiting. */
export type GateVerdict =
  | { readonly kind: "go" }
  | { readonly kind: "wait"; readonly untilUs: TimestampUs | undefined };

export type BreakerGate = {
  /** Asked before each signature. "go" while half-open is the order's trial. */
  readonly ask: (orderId: OrderId) => GateVerdict;
  /** Undefined: a new order may begin. While half-open one is let in every few seconds, to try. */
  readonly admission: () => Refused | undefined;
  readonly report: (report: LiveReport) => void;
  readonly status: () => BreakerStatus;
};

export type BreakerGateParts = {
  readonly clock: Clock;
  readonly limits: BreakerLimits;
  /** What is durable. */
  readonly recorded: () => Breaker;
  /** Resolves when what follows is durable, or nothing does. */
  readonly record: (
    command: Extract<SafetyCommand, { type: "OpenBreaker" | "EndTrial" }>,
  ) => Promise<unknown>;
  /** Who waits may go on, or must not. */
  readonly onChange: () => void;
};

/** A live order is quoted, simulated, signed and finalized within this, or its blockhash has expired. */
const SHORTEST_TRIAL_MS = 120_000;
const ADMISSION_PAUSE_MS = 5_000;

export function createBreakerGate(parts: BreakerGateParts): BreakerGate {
  const { clock, limits, recorded } = parts;
  const coolDownUs = limits.coolDownMs * US_PER_MS;
  const trialUs = Math.max(limits.coolDownMs, SHORTEST_TRIAL_MS) * US_PER_MS;
  let tally = NOTHING_COUNTED;
  /** It has tripped, and the event is not durable yet. */
  let opening: Extract<BreakerStatus, { kind: "open" | "half-open" }> | undefined;
  let closing = false;
  /** Monotonic times. */
  let halfOpenAtUs = clock.monotonicUs() + restOf(recorded(), clock.nowUs());
  let trial: { readonly orderId: OrderId; readonly endsAtUs: number } | undefined;
  let admittedAtUs: number | undefined;

  const isOpen = (): boolean => opening !== undefined || recorded().kind === "open";
  const wallUs = (monotonicUs: number): TimestampUs =>
    clock.nowUs() + Math.max(0, Math.ceil(monotonicUs - clock.monotonicUs()));
  /** The trial under way; one that takes too long makes way for another. */
  const trialNow = (): typeof trial =>
    trial && clock.monotonicUs() < trial.endsAtUs ? trial : undefined;

  async function open(
    cause: Trip["cause"] | "trial-failed",
    command: Parameters<BreakerGateParts["record"]>[0],
  ): Promise<void> {
    const { nowUs } = command;
    const count = command.type === "OpenBreaker" ? command.trip.count : 1;
    const mine = {
      kind: "open",
      cause,
      count,
      sinceUs: nowUs,
      untilUs: nowUs + coolDownUs,
    } as const;
    opening = mine;
    halfOpenAtUs = clock.monotonicUs() + coolDownUs;
    tally = NOTHING_COUNTED;
    trial = undefined;
    admittedAtUs = undefined;
    parts.onChange();
    await parts.record(command);
    if (opening === mine) opening = undefined;
    parts.onChange();
  }

  async function close(command: Parameters<BreakerGateParts["record"]>[0]): Promise<void> {
    trial = undefined;
    closing = true;
    await parts.record(command);
    closing = false;
    parts.onChange();
  }

  function endTrial({ orderId, outcome }: LiveReport): void {
    if (trial?.orderId !== orderId) return;
    if (outcome === "not-signed") {
      trial = undefined;
      parts.onChange();
      return;
    }
    const nowUs = clock.nowUs();
    const command = { type: "EndTrial", outcome, orderId, limits, nowUs } as const;
    if (outcome === "landed" || outcome === "failed-on-chain") void close(command);
    else void open("trial-failed", command);
  }

  return {
    ask: (orderId) => {
      if (!isOpen()) return { kind: "go" };
      if (closing) return { kind: "wait", untilUs: undefined };
      const nowUs = clock.monotonicUs();
      if (nowUs < halfOpenAtUs) return { kind: "wait", untilUs: wallUs(halfOpenAtUs) };
      trial = trialNow() ?? { orderId, endsAtUs: nowUs + trialUs };
      return trial.orderId === orderId
        ? { kind: "go" }
        : { kind: "wait", untilUs: wallUs(trial.endsAtUs) };
    },
    admission: () => {
      if (!isOpen()) return undefined;
      const nowUs = clock.monotonicUs();
      if (nowUs < halfOpenAtUs) return refusal("is open", halfOpenAtUs - nowUs);
      if (closing || trialNow()) return refusal("is half-open, and an order tries", undefined);
      const nextUs = (admittedAtUs ?? Number.NEGATIVE_INFINITY) + ADMISSION_PAUSE_MS * US_PER_MS;
      if (nowUs < nextUs) return refusal("is half-open, and an order was let in", nextUs - nowUs);
      admittedAtUs = nowUs;
      return undefined;
    },
    report: (report) => {
      const { orderId, outcome } = report;
      if (isOpen()) return endTrial(report);
      if (outcome === "not-signed") return;
      const counted = countOutcome(tally, { outcome, nowUs: clock.monotonicUs() }, limits);
      tally = counted.tally;
      const { trip } = counted;
      if (!trip) return;
      const nowUs = clock.nowUs();
      void open(trip.cause, { type: "OpenBreaker", trip, orderId, limits, nowUs });
    },
    status: () => {
      const breaker = recorded();
      const facts = opening ?? (breaker.kind === "open" ? breaker : undefined);
      if (!facts) return { kind: "closed" };
      const { cause, count, sinceUs, untilUs } = facts;
      const kind = clock.monotonicUs() < halfOpenAtUs ? "open" : "half-open";
      return { kind, cause, count, sinceUs, untilUs };
    },
  };
}

/** What is left of a cool-down that another life of the process began: microseconds, whatever the wall clock did. */
function restOf(breaker: Breaker, nowUs: TimestampUs): number {
  if (breaker.kind === "closed") return 0;
  return Math.min(Math.max(0, breaker.untilUs - nowUs), breaker.coolDownMs * US_PER_MS);
}

const refusal = (how: string, retryAfterUs: number | undefined): Refused => ({
  kind: "refused",
  refusal: {
    reason: "BREAKER_OPEN",
    message: `the circuit breaker ${how}: live trading had repeated unknown outcomes or errors`,
    ...(retryAfterUs === undefined ? {} : { retryAfterMs: Math.ceil(retryAfterUs / US_PER_MS) }),
  },
});
