/**
 * What an attempt of ours moved, from one node's answer, believed only as far as the chain itself guarantees it: the signed bytes, at
 * most the amount given, at least the minimum received, exactly the fees signed for.
 */
import { decodeBase64 } from "./bytes.ts";
import { type LandedSwapOutcome, landedSwap, type SwapQuestion } from "./landed-swap.ts";
import { isOwn } from "./own-transaction.ts";
import type { ChainTransaction } from "./transaction.ts";

/** Of the event AttemptSigned. Amounts as digits: lamports, and smallest units of the output. */
export type SignedSwap = {
  /** base64 of the bytes, signature first. */
  readonly transaction: string;
  readonly minimumOut: string;
  readonly baseFeeLamports: string;
  readonly priorityFeeLamports: string;
};

export type OwnSwapQuestion = SwapQuestion & {
  readonly signed: SignedSwap;
  /** Smallest units of the input that the order gives. */
  readonly amount: bigint;
};

/** A problem: the answer is not to be used; its sentence continues "node x: ". */
export function ownSwap(
  transaction: ChainTransaction,
  question: OwnSwapQuestion,
): LandedSwapOutcome {
  const { signed, amount } = question;
  const bytes = decodeBase64(signed.transaction);
  if (!bytes || !isOwn(transaction, bytes)) return problem("another transaction was told");
  const outcome = landedSwap(transaction, question);
  if (outcome.kind === "problem") return outcome;
  const { amountIn, amountOut, baseFeeLamports, priorityFeeLamports } = outcome.swap;
  if (amountIn > amount) return problem(`it spent ${amountIn} of at most ${amount}`);
  if (amountOut < BigInt(signed.minimumOut)) {
    return problem(`it received ${amountOut} of at least ${signed.minimumOut}`);
  }
  const fee = baseFeeLamports + priorityFeeLamports;
  const signedFee = BigInt(signed.baseFeeLamports) + BigInt(signed.priorityFeeLamports);
  if (fee !== signedFee)
    return problem(`it paid ${fee} lamports of fees, ${signedFee} were signed`);
  return outcome;
}

const problem = (message: string): LandedSwapOutcome => ({ kind: "problem", message });

const AMOUNTS = [
  "amountIn",
  "amountOut",
  "baseFeeLamports",
  "priorityFeeLamports",
  "tipLamports",
  "rentLockedLamports",
  "rentRecoveredLamports",
  "unwrappedLamports",
  "otherTransfersLamports",
  "platformFee",
  "walletLamportsChange",
] as const;

/** Texts as an event has them, or amounts as they were read. */
export type LandedAmounts = Readonly<Record<(typeof AMOUNTS)[number], string | bigint>>;

/** The amounts of which two nodes tell different figures: `amountIn 5 and 6, …`; "" where all are equal. */
export const differencesOf = (one: LandedAmounts, other: LandedAmounts): string =>
  AMOUNTS.filter((name) => String(one[name]) !== String(other[name]))
    .map((name) => `${name} ${one[name]} and ${other[name]}`)
    .join(", ");
