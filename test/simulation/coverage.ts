/**
 * Rare states that a set of runs must have reached. A state that is never reached means that the simulation has stopped to
 * test what it says it tests, so the run over many seeds fails then.
 */

export const SOMETIMES = [
  "crash: an order is stored and its quote is under way",
  "crash: a batch is handed over and not written yet",
  "crash: a batch is written and not answered yet",
  "crash: while the engine starts",
  "crash: an order is reserved and asks what its trade is worth",
  "crash: between execution and fill, then filled",
  "crash: while a retry is scheduled, then ended",
  "store: a doubtful append was not written and is sent again",
  "store: a doubtful append was written and is sent again",
  "store: a doubtful append is written late, behind its repetition",
  "store: a doubtful append is written late, before its repetition",
  "store: several appends in one batch",
  "store: some appends of a batch refused, others written",
  "store: answers kept and given together",
  "store: a batch overtakes nobody but its answer comes late",
  "store: dead until the restart",
  "store: refuses a new order, which is accepted later",
  "store: refuses an accepted order's append, which is tried again",
  "store: an order is one append from request to fill",
  "submit: the same request while its first append is under way",
  "submit: another body while the first append is under way",
  "submit: another body under a recorded id is refused",
  "submit: the same request after its order has ended",
  "submit: the same request after a crash",
  "submit: an existing order is answered although none is admitted",
  "submit: the wait ends before the order",
  "submit: the wait ends before the store answers",
  "submit: shed by the engine's limit",
  "submit: shed by the account's limit",
  "submit: refused while draining",
  "submit: refused while its account is being closed",
  "submit: LIVE is refused",
  "submit: no such account",
  "cancel: won",
  "cancel: won while a retry was scheduled",
  "cancel: won while the order waited for a slot",
  "cancel: won before anything was quoted",
  "cancel: too late",
  "cancel: after the end",
  "cancel: two at the same time",
  "cancel: of somebody else's order",
  "cancel: of an order that does not exist",
  "order: a slot was waited for",
  "order: retried, then filled",
  "order: retries exhausted",
  "order: expired",
  "order: expired while a retry was scheduled",
  "order: rejected at validate",
  "order: rejected at quote",
  "order: rejected at reserve",
  "order: rejected for funds that another order holds",
  "order: slippage exceeded",
  "order: failed by an outcome knob",
  "order: filled by the model fixed",
  "order: filled by the model volatility",
  "order: filled by the model square-root",
  "order: filled by the model route-impact",
  "order: filled by a drawn slippage",
  "order: filled without its worth in dollars, which its model needs",
  "order: attacked",
  "order: attacked as far as its limit lets",
  "order: filled from a stale quote",
  "order: a failed step's reservation is released",
  "order: reserves what a failed step has released",
  "order: no route",
  "order: filled at a pair's price",
  "order: filled at a route's price",
  "order: filled with a counted output",
  "order: simulated, filled at its expected price",
  "order: filled at an absurd price",
  "account: deposit and withdrawal obeyed",
  "account: a repeated command changes nothing",
  "account: another body under a used id is refused",
  "account: a withdrawal beaten by a reservation",
  "account: closed",
  "account: closing refused because of open orders",
  "account: an order after the closing is rejected",
  "watch: from before the order exists",
  "watch: taken up again after a crash",
  "watch: left before the end",
  "clock: went backwards with orders open",
  "clock: recorded times run ahead of the wall clock",
  "drain: finished with orders parked",
] as const;

export type Sometimes = (typeof SOMETIMES)[number];

export type Marks<S extends string> = {
  readonly mark: (state: S) => void;
  readonly counts: () => ReadonlyMap<S, number>;
  readonly add: (counts: ReadonlyMap<S, number>) => void;
  readonly missing: () => readonly S[];
};

export type Coverage = Marks<Sometimes>;

export const createCoverage = (): Coverage => createMarks(SOMETIMES);

export function createMarks<S extends string>(states: readonly S[]): Marks<S> {
  const counts = new Map<S, number>();
  const count = (state: S, by: number): void => {
    counts.set(state, (counts.get(state) ?? 0) + by);
  };
  return {
    mark: (state) => count(state, 1),
    counts: () => counts,
    add: (others) => {
      for (const [state, by] of others) count(state, by);
    },
    missing: () => states.filter((state) => !counts.has(state)),
  };
}
