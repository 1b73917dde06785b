/** Whether one observation of one node proves that a transaction can never land: rule and limits in one place. */
import { boundOf } from "./blockhash-bound.ts";
import type { JudgedAttempt, NodeObservation } from "./outcome-proof.types.ts";

export type ExpiryEvidence = {
  readonly node: string;
  readonly finalizedBlockHeight: number;
  /** Height that the finalized one is above: by what the node had seen itself. */
  readonly lastValidBlockHeight: number;
  readonly heightSlot: number;
  /** Context of the answer that did not know the signature, history searched. */
  readonly statusSlot: number;
  readonly firstAvailableBlock?: number;
};

export type Death =
  | { readonly kind: "proven"; readonly evidence: ExpiryEvidence }
  /** It may still be shown. `what` is missing, in words that follow the node's name. */
  | { readonly kind: "pending"; readonly what: string }
  /** This node cannot show it any more. */
  | { readonly kind: "impossible"; readonly what: string };

/** Blocks after the last valid one for which every node's status cache still holds what landed in it: it keeps 300 rooted slots. */
const STATUS_CACHE_BLOCKS = 150;
/** Slots that the newest block usually is ahead of the finalized one. */
const FINALITY_LAG_SLOTS = 32;

/**
 * Finalized block height above the last valid one, and then, at a context not older than that height, a status with history that is
 * absent. Absence counts only where the node could still know: its cache reaches back to the last valid block, or its blocks reach back
 * to the slot that the blockhash was read at.
 *
 * Between height and status time may pass, in which the cache forgets: slots beyond the usual lag count as blocks.
 */
export function deathOf(attempt: JudgedAttempt, observation: NodeObservation): Death {
  const { contextSlot } = attempt;
  const { node, finalizedHeight: height, status, firstAvailableBlock: first } = observation;
  const lastValidBlockHeight = boundOf(attempt, node);
  if (lastValidBlockHeight === undefined) {
    return { kind: "impossible", what: "had not seen the blockhash when it was signed with" };
  }
  const pending = (what: string): Death => ({ kind: "pending", what });
  if (!height) return pending("has not told its finalized block height");
  const { blockHeight, slot } = height;
  if (blockHeight <= lastValidBlockHeight) {
    const above = `not above ${lastValidBlockHeight}`;
    return pending(`has finalized block height ${blockHeight}, ${above}`);
  }
  if (!status) return pending("has not told what it knows of the signature");
  if (status.status) return pending("knows the signature");
  if (!status.searchedHistory) return pending("has not searched its history");
  if (status.slot < slot) {
    return pending(`answered at slot ${status.slot}, before its height of slot ${slot}`);
  }
  const reached = blockHeight + Math.max(0, status.slot - slot - FINALITY_LAG_SLOTS);
  const isCached = reached <= lastValidBlockHeight + STATUS_CACHE_BLOCKS;
  if (isCached || (first !== undefined && first <= contextSlot)) {
    const base = {
      node,
      finalizedBlockHeight: blockHeight,
      lastValidBlockHeight,
      heightSlot: slot,
    };
    const oldest = first === undefined ? {} : { firstAvailableBlock: first };
    return { kind: "proven", evidence: { ...base, statusSlot: status.slot, ...oldest } };
  }
  const past = `is more than ${STATUS_CACHE_BLOCKS} blocks past the last valid one`;
  if (first === undefined) return pending(`${past} and has not told its oldest block`);
  const what = `${past} and has no blocks before slot ${first}, the transaction being from slot`;
  return { kind: "impossible", what: `${what} ${contextSlot} on` };
}
