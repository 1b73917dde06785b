/**
 * What can happen to a live order beside what can happen to every order: simulation on the chain, signing, sending, and what the
 * chain made of it. Slots and block heights are safe integers, lamports and amounts decimal strings in smallest units.
 */
import { z } from "zod";
import { AMOUNT_PATTERN } from "../primitives/amount.ts";
import { ADDRESS_PATTERN } from "../primitives/ids.ts";

const text = z.string();
const amount = z.string().regex(AMOUNT_PATTERN);
const signed = z.string().regex(/^-?(0|[1-9][0-9]*)$/);
const count = z.int().min(0);
const address = z.string().regex(ADDRESS_PATTERN);
const nodes = z.array(text);

export const SIGNATURE_PATTERN = /^[1-9A-HJ-NP-Za-km-z]{64,90}$/;
const signature = z.string().regex(SIGNATURE_PATTERN);

/** One node's answers about an attempt whose blockhash is over. */
const expiryEvidence = z.object({
  node: text,
  finalizedBlockHeight: count,
  /** Height that it is above, by what the node itself had seen. */
  lastValidBlockHeight: count,
  heightSlot: count,
  /** Context of the answer that did not know the signature, history searched. */
  statusSlot: count,
  firstAvailableBlock: count.optional(),
});

/** What a live fill has beside a paper one. */
export const liveFill = z.object({
  commitment: z.enum(["confirmed", "finalized"]),
  /** `<signature>:<slot>`. */
  fillId: text,
  slot: count,
  blockTimeSeconds: count.optional(),
  unitsConsumed: amount.optional(),
  /** Node whose balances these are. */
  node: text,
  mevProtected: z.boolean(),
  /** Lamports that own token accounts took and gave back. */
  rentLockedLamports: amount,
  rentRecoveredLamports: amount,
  /** Wrapped SOL that came into the wallet as its account was closed; negative: that was wrapped and stayed so. */
  unwrappedLamports: signed,
  /** All other lamports that left the wallet; negative: that came into it. */
  otherTransfersLamports: signed,
  /** What the wallet itself gained or lost: the sum of all lines. */
  walletLamportsChange: signed,
});

export const LIVE_EVENTS = {
  SimulationPassed: {
    version: 1,
    schema: z.object({
      attempt: count,
      slot: count,
      unitsConsumed: count,
      /** Of the wallet (its lamports under the mint of SOL) and its token accounts. */
      balanceChanges: z.array(z.object({ account: address, mint: address, change: signed })),
      /** The gate passed the bytes; programs that they call. */
      programs: z.array(address),
      fee: z.object({
        source: text,
        unitLimit: count,
        unitPriceMicroLamports: amount,
        priorityFeeLamports: amount,
        tipLamports: amount,
        samples: count,
      }),
      /** sha256 of the swap instructions' answer in the evidence stream. */
      evidence: text.optional(),
    }),
  },
  GateRefused: {
    version: 1,
    schema: z.object({ attempt: count, rule: text, found: text, allowed: text }),
  },
  SigningRefused: {
    version: 1,
    schema: z.object({ attempt: count, rule: text, message: text }),
  },
  AttemptSigned: {
    version: 1,
    schema: z.object({
      attempt: count,
      wallet: address,
      genesisHash: address,
      signature,
      /** base64 of the exact bytes, signature first: what is sent, and sent again. */
      transaction: text,
      blockhash: address,
      /** Slot that the blockhash was read at. */
      contextSlot: count,
      lastValidBlockHeight: count,
      /** Nodes that saw the blockhash valid before the signature, and their block height then. */
      witnesses: z.array(z.object({ node: text, blockHeight: count })),
      computeUnitLimit: count,
      computeUnitPriceMicroLamports: amount,
      baseFeeLamports: amount,
      priorityFeeLamports: amount,
      tipLamports: amount,
      route: z.enum(["public", "protected"]),
      minimumOut: amount,
      /** Revision of the safety stream that allowed it; -1: the stream is empty. */
      safetyRevision: z.int().min(-1),
      /** Of the lease on the account; 0 where the log has one owner. */
      leaseEpoch: count,
    }),
  },
  AttemptSubmitted: {
    version: 1,
    schema: z.object({ attempt: count, sender: text, answer: text }),
  },
  SubmissionRefused: {
    version: 1,
    schema: z.object({ attempt: count, sender: text, reason: text }),
  },
  SubmissionUnknown: {
    version: 1,
    schema: z.object({ attempt: count, sender: text, cause: text }),
  },
  AttemptConfirmed: {
    version: 1,
    schema: z.object({
      attempt: count,
      slot: count,
      commitment: z.enum(["confirmed", "finalized"]),
      nodes,
    }),
  },
  AttemptFailed: {
    version: 1,
    schema: z.object({
      attempt: count,
      slot: count,
      class: text,
      message: text,
      /** JSON of the node. */
      error: text,
      feeLamports: amount,
      nodes,
    }),
  },
  AttemptExpired: {
    version: 1,
    schema: z.object({
      attempt: count,
      lastValidBlockHeight: count,
      evidence: z.array(expiryEvidence),
      /** One node's word was enough by configuration. */
      singleNode: z.boolean(),
    }),
  },
  OutcomeUnknown: {
    version: 1,
    schema: z.object({
      attempt: count,
      message: text,
      missing: z.array(z.object({ node: text, what: text })),
    }),
  },
  OutcomeResolved: {
    version: 1,
    schema: z.object({
      attempt: count,
      by: text,
      outcome: z.enum(["landed", "failed", "expired"]),
      slot: count.optional(),
      message: text,
      /** What was handed in: the answers themselves stand in the evidence stream under these hashes. */
      evidence: z.array(z.object({ node: text, method: text, sha256: text })),
    }),
  },
  FillFinalized: {
    version: 1,
    schema: z.object({ attempt: count, fillId: text, slot: count, nodes }),
  },
  FillVoided: {
    version: 1,
    schema: z.object({ attempt: count, fillId: text, slot: count, message: text, nodes }),
  },
} as const;
