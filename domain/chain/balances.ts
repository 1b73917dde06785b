/**
 * What a wallet gave and received in one transaction, from the balances before and after it: conservation, no constant for rent.
 *
 * SOL is counted over the wallet and every token account that is its own in the token balances: wrapping, unwrapping and rent in
 * own accounts cancel out. An account that was opened and closed within the transaction appears nowhere and needs no care.
 */
import { SOL_MINT } from "../primitives/ids.ts";
import { JITO_TIP_ACCOUNTS, LAMPORTS_PER_SIGNATURE } from "./addresses.ts";
import type { TokenBalance } from "./answer-schema.ts";
import { type LamportTransfer, transferOf } from "./instruction-data.ts";
import type { ChainTransaction } from "./transaction.ts";

export type WalletBalances = {
  readonly wallet: string;
  readonly isFeePayer: boolean;
  /** Smallest units, after minus before, per mint without (wrapped) SOL; mints that did not move are left out. */
  readonly tokens: ReadonlyMap<string, bigint>;
  readonly sol: {
    readonly walletOnly: bigint;
    readonly withOwnTokenAccounts: bigint;
    /** The same with the network fee given back, if the wallet paid it. */
    readonly beforeNetworkFee: bigint;
    /** The same without the tip and other transfers: what the trade itself moved. */
    readonly ofTrade: bigint;
    /** Wrapped SOL in token accounts, after minus before. */
    readonly wrapped: bigint;
  };
  /** Jito tip that the wallet paid. */
  readonly tipLamports: bigint;
  /** Other lamports that the wallet sent to accounts that are not its own: fees of apps, rent for others. */
  readonly otherTransfers: readonly LamportTransfer[];
  readonly rent: { readonly lockedLamports: bigint; readonly releasedLamports: bigint };
};

export type NetworkFees = {
  readonly feeLamports: bigint;
  readonly baseFeeLamports: bigint;
  readonly priorityFeeLamports: bigint;
  /** Paid to Jito's tip accounts by whomever; 0 if the transaction failed. */
  readonly tipLamports: bigint;
};

export function networkFees(transaction: ChainTransaction): NetworkFees {
  const baseFeeLamports = LAMPORTS_PER_SIGNATURE * BigInt(transaction.signatureCount);
  return {
    feeLamports: transaction.feeLamports,
    baseFeeLamports,
    priorityFeeLamports: transaction.feeLamports - baseFeeLamports,
    tipLamports: sum(executedTransfers(transaction).filter(isTip)),
  };
}

/** Total for every transaction, also a failed one, where nothing but the fee has moved. */
export function walletBalances(transaction: ChainTransaction, wallet: string): WalletBalances {
  const own = ownAccounts(transaction, wallet);
  const isFeePayer = transaction.accountKeys[0] === wallet;
  const change = (index: number): bigint =>
    (transaction.postBalances[index] ?? 0n) - (transaction.preBalances[index] ?? 0n);
  const withOwnTokenAccounts = [...own].reduce((total, index) => total + change(index), 0n);
  const beforeNetworkFee = withOwnTokenAccounts + (isFeePayer ? transaction.feeLamports : 0n);
  const sent = executedTransfers(transaction).filter(({ from }) => from === wallet);
  const tipLamports = sum(sent.filter(isTip));
  const otherTransfers = sent.filter((transfer) => isForeign(transaction, own, transfer));
  const deltas = tokenDeltas(transaction, wallet);
  const wrapped = deltas.get(SOL_MINT) ?? 0n;
  deltas.delete(SOL_MINT);
  return {
    ...{ wallet, isFeePayer, tipLamports, otherTransfers },
    tokens: deltas,
    sol: {
      walletOnly: change(transaction.accountKeys.indexOf(wallet)),
      ...{ withOwnTokenAccounts, beforeNetworkFee, wrapped },
      ofTrade: beforeNetworkFee + tipLamports + sum(otherTransfers),
    },
    rent: ownRent(transaction, wallet),
  };
}

/** What the trade moved, SOL as the mint of wrapped SOL; mints that did not move are left out. */
export function netByMint({ tokens, sol }: WalletBalances): ReadonlyMap<string, bigint> {
  return sol.ofTrade === 0n ? tokens : new Map([...tokens, [SOL_MINT, sol.ofTrade]]);
}

const isTip = ({ to }: LamportTransfer): boolean => JITO_TIP_ACCOUNTS.has(to);

const sum = (transfers: readonly LamportTransfer[]): bigint =>
  transfers.reduce((total, { lamports }) => total + lamports, 0n);

const executedTransfers = ({ error, instructions }: ChainTransaction): LamportTransfer[] =>
  error === undefined ? instructions.flatMap((instruction) => transferOf(instruction) ?? []) : [];

/** Indexes of the wallet and of its token accounts, before or after. */
function ownAccounts(transaction: ChainTransaction, wallet: string): ReadonlySet<number> {
  const { accountKeys, preTokenBalances, postTokenBalances } = transaction;
  const own = [...preTokenBalances, ...postTokenBalances].filter(({ owner }) => owner === wallet);
  const walletIndex = accountKeys.indexOf(wallet);
  return new Set([
    ...(walletIndex < 0 ? [] : [walletIndex]),
    ...own.map(({ accountIndex }) => accountIndex),
  ]);
}

/** Neither a tip nor to an own account, nor to one that was opened and closed within the transaction. */
function isForeign(
  { accountKeys, preBalances, postBalances }: ChainTransaction,
  own: ReadonlySet<number>,
  transfer: LamportTransfer,
): boolean {
  const index = accountKeys.indexOf(transfer.to);
  const isTemporary = preBalances[index] === 0n && postBalances[index] === 0n;
  return !isTip(transfer) && !own.has(index) && !isTemporary && transfer.lamports > 0n;
}

function tokenDeltas(transaction: ChainTransaction, wallet: string): Map<string, bigint> {
  const deltas = new Map<string, bigint>();
  const add = (balances: readonly TokenBalance[], sign: bigint): void => {
    for (const { owner, mint, amount } of balances) {
      if (owner === wallet) deltas.set(mint, (deltas.get(mint) ?? 0n) + sign * amount);
    }
  };
  add(transaction.postTokenBalances, 1n);
  add(transaction.preTokenBalances, -1n);
  return new Map([...deltas].filter(([, delta]) => delta !== 0n));
}

/** Lamports that own token accounts hold beside what is wrapped in them: of opened and of closed ones. */
function ownRent(transaction: ChainTransaction, wallet: string): WalletBalances["rent"] {
  const { preBalances, postBalances, preTokenBalances, postTokenBalances } = transaction;
  const rentOf = (
    balances: readonly TokenBalance[],
    held: readonly bigint[],
    others: readonly bigint[],
  ): bigint =>
    balances
      .filter(({ owner, accountIndex }) => owner === wallet && others[accountIndex] === 0n)
      .reduce((total, { accountIndex, mint, amount }) => {
        const lamports = held[accountIndex] ?? 0n;
        return total + lamports - (mint === SOL_MINT ? amount : 0n);
      }, 0n);
  return {
    lockedLamports: rentOf(postTokenBalances, postBalances, preBalances),
    releasedLamports: rentOf(preTokenBalances, preBalances, postBalances),
  };
}
