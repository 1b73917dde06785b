/** What the nodes' answers say of a transaction that was seen to land: final, elsewhere, gone, or nothing yet. Pure. */
import {
  type JudgedAttempt,
  judgeAttempt,
  type NodeObservation,
  type ProofRule,
} from "../../chain/outcome-proof.ts";
import type { SignatureStatus } from "../../ports/chain.ts";

export type Finality =
  | { readonly kind: "finalized"; readonly slot: number; readonly nodes: readonly string[] }
  /** The chain that had it is not the chain any more. */
  | { readonly kind: "vanished"; readonly message: string; readonly nodes: readonly string[] }
  /** All nodes have forgotten the time in which it landed: nobody can say any more. */
  | {
      readonly kind: "forgotten";
      readonly missing: readonly { readonly node: string; readonly what: string }[];
    };

export type WatchedLanding = {
  readonly attempt: JudgedAttempt;
  readonly slot: number;
  /** Nodes that lag behind have been waited for long enough. */
  readonly isPatienceOver: boolean;
};

/**
 * "absent": every node that could know it does not, which a fork explains, and a node that is between two forks as well. "forgotten":
 * too few could know it, and all others show that they have nothing of that time any more.
 */
export function finalityOf(
  watched: WatchedLanding,
  observations: readonly NodeObservation[],
  rule: ProofRule,
): Finality | "absent" | "forgotten" | undefined {
  const { attempt, slot, isPatienceOver } = watched;
  // Who has forgotten that slot says nothing, for it or against it.
  const reached = observations.filter((seen) => couldKnow(seen, slot));
  const views = reached.map(({ node, status }) => ({ node, status: status?.status }));
  const nodes = views.map(({ node }) => node);
  const known = views.flatMap(({ status }) => (status ? [status] : []));
  const moved = known.find((status) => hasMoved(status, slot));
  if (moved) {
    const failed = moved.error === undefined ? "" : ", and failed there";
    return { kind: "vanished", message: `it is in slot ${moved.slot} now${failed}`, nodes };
  }
  if (known.length > 0) {
    const verdict = judgeAttempt(attempt, reached, rule);
    const isFinal = verdict.kind === "landed" && verdict.commitment === "finalized";
    // A node that answers and has not come so far may deny it when it has.
    const isAwaited = !isPatienceOver && observations.some((seen) => lagsBehind(seen, slot));
    if (!isFinal || isAwaited) return undefined;
    return { kind: "finalized", slot, nodes: verdict.nodes };
  }
  // A node that denies it while the other one lags behind must not suffice; where there is one node only, its word must.
  const required = rule.acceptSingleNode ? 1 : Math.max(2, rule.nodesRequired);
  if (views.length >= Math.min(required, observations.length)) return "absent";
  const isAnswered = observations.every(
    (seen) => hasForgotten(seen, slot) || couldKnow(seen, slot),
  );
  return isAnswered ? "forgotten" : undefined;
}

/** Slots that every node remembers statuses of. */
const STATUS_CACHE_SLOTS = 150;

/** Whether a node that does not know a transaction of that slot says something by it. */
export function couldKnow({ status, firstAvailableBlock }: NodeObservation, slot: number): boolean {
  if (!status || status.slot < slot) return false;
  if (status.status !== undefined || status.slot - slot <= STATUS_CACHE_SLOTS) return true;
  return firstAvailableBlock !== undefined && firstAvailableBlock <= slot;
}

const lagsBehind = ({ status }: NodeObservation, slot: number): boolean =>
  status !== undefined && status.slot < slot && status.status === undefined;

const hasForgotten = (seen: NodeObservation, slot: number): boolean =>
  (seen.status?.slot ?? 0) >= slot &&
  seen.firstAvailableBlock !== undefined &&
  !couldKnow(seen, slot);

/** It has reached the slot and does not know it: how far back does it know anything? */
export const isForgotten = (seen: NodeObservation | undefined): boolean =>
  seen?.status !== undefined && seen.status.status === undefined;

/** Executed elsewhere, or with another end, than where it was seen to land. */
const hasMoved = ({ commitment, error, slot: found }: SignatureStatus, slot: number): boolean =>
  error !== undefined || (commitment !== "processed" && found !== slot);

/**
 * Answers may overtake each other: an older context says nothing over a newer one. That the whole history does not know it says more
 * than that the last minutes do not.
 */
export function isNewer(
  { status: before }: NodeObservation,
  next: { readonly slot: number; readonly status: unknown; readonly searchHistory: boolean },
): boolean {
  if (before === undefined) return true;
  const isAbsence = before.status === undefined && next.status === undefined;
  if (isAbsence && before.searchedHistory && !next.searchHistory) return false;
  return next.slot >= before.slot;
}
