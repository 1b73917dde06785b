/**
 * What one of our own transactions moved, line by line, from the balances before and after it. The lamport lines add up to what
 * the wallet gained or lost: swap − base fee − priority fee − tip − rent locked + rent recovered + unwrapped − other transfers.
 */
import { SOL_MINT } from "../primitives/ids.ts";
import { networkFees, walletBalances } from "./balances.ts";
import type { ChainTransaction } from "./transaction.ts";

export type LandedSwap = {
  readonly signature: string;
  readonly slot: number;
  readonly blockTimeSeconds: number | undefined;
  readonly unitsConsumed: bigint | undefined;
  /** Smallest units; SOL without fees, tip and rent. */
  readonly amountIn: bigint;
  readonly amountOut: bigint;
  readonly baseFeeLamports: bigint;
  readonly priorityFeeLamports: bigint;
  readonly tipLamports: bigint;
  readonly rentLockedLamports: bigint;
  readonly rentRecoveredLamports: bigint;
  readonly unwrappedLamports: bigint;
  /** What no other line explains; as a rule 0. */
  readonly otherTransfersLamports: bigint;
  /** Smallest units of the output mint that the fee account gained. */
  readonly platformFee: bigint;
  readonly walletLamportsChange: bigint;
};

export type LandedSwapOutcome =
  | { readonly kind: "swap"; readonly swap: LandedSwap }
  /** The chain says something that this engine's own transaction cannot have done. */
  | { readonly kind: "problem"; readonly message: string };

export type SwapQuestion = {
  readonly wallet: string;
  readonly inputMint: string;
  readonly outputMint: string;
  readonly feeAccount: string | undefined;
};

/** Of a transaction that succeeded. */
export function landedSwap(
  transaction: ChainTransaction,
  { wallet, inputMint, outputMint, feeAccount }: SwapQuestion,
): LandedSwapOutcome {
  if (transaction.error !== undefined) return problem("the transaction failed");
  if (transaction.accountKeys[0] !== wallet) return problem("another account paid its fee");
  const { tokens, sol, tipLamports, rent } = walletBalances(transaction, wallet);
  const fees = networkFees(transaction);
  const moved = (mint: string): bigint =>
    mint === SOL_MINT ? sol.ofTrade : (tokens.get(mint) ?? 0n);
  const amountIn = -moved(inputMint);
  const amountOut = moved(outputMint);
  if (amountIn <= 0n) return problem(`it spent ${amountIn} of ${inputMint}`);
  if (amountOut <= 0n) return problem(`it received ${amountOut} of ${outputMint}`);
  const swapped = inputMint === SOL_MINT || outputMint === SOL_MINT ? sol.ofTrade : 0n;
  const unwrappedLamports = -sol.wrapped;
  const explained =
    swapped -
    (transaction.feeLamports + tipLamports + rent.lockedLamports) +
    (rent.releasedLamports + unwrappedLamports);
  return {
    kind: "swap",
    swap: {
      signature: transaction.signature,
      slot: Number(transaction.slot),
      blockTimeSeconds: transaction.blockTimeSeconds,
      unitsConsumed: transaction.computeUnits,
      amountIn,
      amountOut,
      baseFeeLamports: fees.baseFeeLamports,
      priorityFeeLamports: fees.priorityFeeLamports,
      tipLamports,
      rentLockedLamports: rent.lockedLamports,
      rentRecoveredLamports: rent.releasedLamports,
      unwrappedLamports,
      otherTransfersLamports: explained - sol.walletOnly,
      platformFee: feeAccount === undefined ? 0n : gained(transaction, feeAccount),
      walletLamportsChange: sol.walletOnly,
    },
  };
}

/** What a token account gained, smallest units. */
function gained(transaction: ChainTransaction, account: string): bigint {
  const index = transaction.accountKeys.indexOf(account);
  const held = (balances: ChainTransaction["preTokenBalances"]): bigint =>
    balances.find(({ accountIndex }) => accountIndex === index)?.amount ?? 0n;
  const gain = held(transaction.postTokenBalances) - held(transaction.preTokenBalances);
  return gain > 0n ? gain : 0n;
}

const problem = (message: string): LandedSwapOutcome => ({ kind: "problem", message });
