/**
 * When the circuit breaker opens: a count of what became of live attempts. Closed, open and half-open are meant as in
 * M. Nygard's "Release It!": closed lets trades through, open refuses them, half-open lets one try.
 */

/** What became of an attempt to trade on the chain. */
export type LiveOutcome =
  /** Executed, or refused by the chain for a reason of the trade's own: all between here and the chain works. */
  | "landed"
  | "failed-on-chain"
  /** Proven never to have landed. */
  | "expired"
  /** Signed, and not known what became of it. */
  | "unknown"
  /** A node, a sender or the signer could not be used. */
  | "infrastructure-error";

export type BreakerLimits = {
  /** Unknown outcomes within `windowMs` that open the breaker. */
  readonly unknownsToOpen: number;
  /** Errors and expiries in a row that open it. */
  readonly errorsToOpen: number;
  readonly windowMs: number;
  /** Milliseconds from opening to half-open. */
  readonly coolDownMs: number;
};

export const BREAKER_LIMITS: BreakerLimits = {
  unknownsToOpen: 3,
  errorsToOpen: 10,
  windowMs: 600_000,
  coolDownMs: 60_000,
};

/** What was counted since the breaker was closed last. Memory of this process: a restart counts anew. */
export type Tally = {
  /** Monotonic microseconds, oldest first; fewer than `unknownsToOpen`. */
  readonly unknownsAtUs: readonly number[];
  readonly errorsInRow: number;
};

export const NOTHING_COUNTED: Tally = { unknownsAtUs: [], errorsInRow: 0 };

export type Trip = {
  readonly cause: "unknown-outcomes" | "errors";
  readonly count: number;
  readonly limit: number;
  readonly outcome: "unknown" | "expired" | "infrastructure-error";
};

/** Counts one outcome; `trip`: the breaker must open. `nowUs` is monotonic. */
export function countOutcome(
  tally: Tally,
  { outcome, nowUs }: { readonly outcome: LiveOutcome; readonly nowUs: number },
  limits: BreakerLimits,
): { readonly tally: Tally; readonly trip: Trip | undefined } {
  switch (outcome) {
    case "landed":
    case "failed-on-chain":
      // An unknown outcome stays one, whatever others come to.
      return { tally: { ...tally, errorsInRow: 0 }, trip: undefined };
    case "unknown": {
      const sinceUs = nowUs - limits.windowMs * 1_000;
      const unknownsAtUs = [...tally.unknownsAtUs.filter((atUs) => atUs > sinceUs), nowUs];
      const count = unknownsAtUs.length;
      const limit = limits.unknownsToOpen;
      const trip: Trip = { cause: "unknown-outcomes", count, limit, outcome };
      return { tally: { ...tally, unknownsAtUs }, trip: count >= limit ? trip : undefined };
    }
    case "expired":
    case "infrastructure-error": {
      const count = tally.errorsInRow + 1;
      const limit = limits.errorsToOpen;
      const trip: Trip = { cause: "errors", count, limit, outcome };
      return { tally: { ...tally, errorsInRow: count }, trip: count >= limit ? trip : undefined };
    }
  }
}
