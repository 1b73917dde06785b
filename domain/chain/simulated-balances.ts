/**
 * What a simulation says would become of our accounts, held against the intent. It sees what the gate cannot: what venues do with the
 * wallet's signature inside the swap.
 */
import { BPS } from "../primitives/amount.ts";
import { NATIVE_MINT, SYSTEM_PROGRAM } from "./addresses.ts";
import { type GateFacts, type Refusal, refused } from "./gate-verdict.ts";
import type { SwapIntent } from "./intent.ts";
import { type AccountState, readTokenAccount, type TokenAccount } from "./token-account.ts";

export type WatchedAccount = {
  readonly address: string;
  /** Undefined: no such account. */
  readonly before: AccountState | undefined;
  readonly after: AccountState | undefined;
};

export type SimulatedBalances = {
  readonly intent: SwapIntent;
  /** Of the bytes that were simulated: their fees, not those of the final ones. */
  readonly facts: GateFacts;
  /** All of `facts.writable`, in any order. */
  readonly accounts: readonly WatchedAccount[];
};

export type BalanceFacts = {
  /** Smallest units; for SOL without fees, tip and rent. */
  readonly spent: bigint;
  readonly received: bigint;
  /** Lamports that rent of accounts opened by the transaction would lock. */
  readonly rentLamports: bigint;
};

export type BalanceVerdict = { readonly kind: "passed"; readonly balances: BalanceFacts } | Refusal;

type Own = {
  readonly address: string;
  readonly before: AccountState | undefined;
  readonly after: AccountState | undefined;
  readonly tokenBefore: TokenAccount | undefined;
  readonly tokenAfter: TokenAccount | undefined;
};

/**
 * Passed where the input is spent exactly, the output is at least the minimum, no other account of ours falls or changes hands, and
 * lamports leave for nothing but fees, tip and rent up to its cap. Every writable account must be watched: which of them are ours, is
 * read from their owner. Never throws.
 */
export function checkSimulatedBalances(input: SimulatedBalances): BalanceVerdict {
  const { intent, facts, accounts } = input;
  const watched = new Set(accounts.map(({ address }) => address));
  const missing = facts.writable.find((address) => !watched.has(address));
  if (missing !== undefined) return refused("not-watched", missing, "every writable account");
  if (watched.size < accounts.length)
    return refused("not-watched", "an account twice", "once each");
  const wallet = accounts.find(({ address }) => address === intent.wallet);
  const walletWrong = walletRefusal(wallet);
  if (walletWrong) return walletWrong;
  const own = accounts.flatMap((account) => ownOf(account, intent.wallet));
  for (const account of own) {
    const wrong = changeRefusal(account, intent);
    if (wrong) return wrong;
  }
  return checkAmounts(input, own);
}

/**
 * A quote far below what the swap would really give leaves its minimum far below as well: whoever quoted it, or whoever trades in front,
 * may keep the difference. `bandBps`: how much more than quoted may be received. Too little is `received`'s business.
 */
export function quoteRefusal(
  received: bigint,
  { output }: SwapIntent,
  bandBps: number,
): Refusal | undefined {
  const { quotedAmount } = output;
  if (received * BPS <= quotedAmount * (BPS + BigInt(bandBps))) return undefined;
  const allowed = `at most ${bandBps} bps over the quoted ${quotedAmount}`;
  return refused("quote-far-from-simulation", `${received}`, allowed);
}

function walletRefusal(wallet: WatchedAccount | undefined): Refusal | undefined {
  for (const state of [wallet?.before, wallet?.after]) {
    if (!state) return refused("wallet", "no such account", "the wallet with lamports");
    if (state.owner !== SYSTEM_PROGRAM)
      return refused("wallet", `owned by ${state.owner}`, "System");
    if (state.data.length > 0) return refused("wallet", `${state.data.length} bytes`, "no data");
  }
  return undefined;
}

/** A token account that is ours before or after; an account of somebody else that comes to us is a gift. */
function ownOf({ address, before, after }: WatchedAccount, wallet: string): Own[] {
  const tokenBefore = before && readTokenAccount(before);
  const tokenAfter = after && readTokenAccount(after);
  const isOurs = tokenBefore?.owner === wallet || (!tokenBefore && tokenAfter?.owner === wallet);
  return isOurs ? [{ address, before, after, tokenBefore, tokenAfter }] : [];
}

const isWrapped = (token: TokenAccount | undefined): boolean => token?.mint === NATIVE_MINT;

/** Who may do what with the account stays as it was, and it is closed only where it held wrapped SOL. */
function changeRefusal(own: Own, { wallet }: SwapIntent): Refusal | undefined {
  const { address, tokenBefore: before, tokenAfter: after } = own;
  if (!after) {
    const isEmpty = own.after === undefined || own.after.lamports === 0n;
    return isEmpty && isWrapped(before)
      ? undefined
      : refused("own-account-closed", address, "only wrapped SOL is closed");
  }
  const expected = before ?? {
    ...{ mint: after.mint, owner: wallet, delegate: undefined, delegatedAmount: 0n },
    ...{ state: "initialized", closeAuthority: undefined },
  };
  for (const name of [
    "owner",
    "mint",
    "delegate",
    "delegatedAmount",
    "state",
    "closeAuthority",
  ] as const) {
    if (after[name] === expected[name]) continue;
    const text = (value: unknown): string => String(value ?? "none");
    return refused(`own-account-${name}`, `${address}: ${text(after[name])}`, text(expected[name]));
  }
  return undefined;
}

function checkAmounts(
  { intent, facts, accounts }: SimulatedBalances,
  own: readonly Own[],
): BalanceVerdict {
  const { input, output } = intent;
  const change = new Map<string, bigint>();
  for (const { address, tokenBefore, tokenAfter } of own) {
    const mint = (tokenBefore ?? tokenAfter)?.mint ?? "";
    const difference = (tokenAfter?.amount ?? 0n) - (tokenBefore?.amount ?? 0n);
    change.set(mint, (change.get(mint) ?? 0n) + difference);
    if (difference < 0n && mint !== input.mint && mint !== NATIVE_MINT) {
      return refused("own-account-falls", `${address} by ${-difference}`, "only the input falls");
    }
  }
  const isSolIn = input.mint === NATIVE_MINT;
  const isSolOut = output.mint === NATIVE_MINT;
  const sol = solOf(accounts, own, intent.wallet);
  const networkFees = facts.baseFeeLamports + facts.priorityFeeLamports;
  /** What left beyond amount, fees and tip; where SOL comes in, what is short of nothing. */
  const beyond = sol.left - networkFees - facts.tipLamports - (isSolIn ? input.amount : 0n);
  const foreignRent = min(sol.openedForeign, max(intent.rentCapLamports - sol.openedOwn, 0n));
  const rentLamports = sol.openedOwn + (isSolOut ? foreignRent : max(beyond, 0n));
  // A node that leaves the fees out of its simulation is believed: it seems to spend less, never less than amount and tip.
  const short = min(beyond + networkFees, 0n);
  const spent = isSolIn ? input.amount + short : -(change.get(input.mint) ?? 0n);
  const received = isSolOut ? foreignRent - beyond : (change.get(output.mint) ?? 0n);
  if (spent !== input.amount) return refused("spent", `${spent}`, `${input.amount}`);
  if (received < output.minimumAmount) {
    return refused("received", `${received}`, `${output.minimumAmount} or more`);
  }
  if (rentLamports > intent.rentCapLamports) {
    const found = `${rentLamports} lamports beyond amount, fees and tip`;
    return refused("lamports", found, `${intent.rentCapLamports} of rent`);
  }
  return { kind: "passed", balances: { spent, received, rentLamports } };
}

const min = (a: bigint, b: bigint): bigint => (a < b ? a : b);
const max = (a: bigint, b: bigint): bigint => (a > b ? a : b);

/** Lamports over the wallet and all its token accounts, so that wrapping and rent among ourselves cancel out. */
function solOf(accounts: readonly WatchedAccount[], own: readonly Own[], wallet: string) {
  const ours = new Set([wallet, ...own.map(({ address }) => address)]);
  let left = 0n;
  let openedOwn = 0n;
  let openedForeign = 0n;
  for (const { address, before, after } of accounts) {
    const [was, is] = [before?.lamports ?? 0n, after?.lamports ?? 0n];
    if (ours.has(address)) left += was - is;
    else if (was === 0n) openedForeign += is;
  }
  for (const { before, after, tokenAfter } of own) {
    if (before || !after) continue;
    openedOwn += tokenAfter?.nativeReserve ?? after.lamports;
  }
  return { left, openedOwn, openedForeign };
}
