/** What a swap does to the wallets: a pure function of the state before it and the venue's prices. Amounts are smallest units. */
import type { Mint } from "../../../domain/primitives/ids.ts";
import { SOL } from "../plan.ts";
import { MINTS } from "./addresses.ts";
import type { WireSwap } from "./wire.ts";

export type TokenHolding = { readonly amount: bigint; readonly rent: bigint };
export type WalletState = {
  readonly lamports: bigint;
  /** Token accounts that are open; never that of SOL, which lives inside a transaction only. */
  readonly tokens: ReadonlyMap<Mint, TokenHolding>;
};
export type State = ReadonlyMap<string, WalletState>;

/** Millionths of a dollar per whole token. */
export type Prices = ReadonlyMap<Mint, bigint>;

export const rentOf = (bytes: number): bigint => BigInt(128 + bytes) * 6_960n;
export const TOKEN_RENT = rentOf(165);
export const WALLET_RENT = rentOf(0);
export const SLIPPAGE_EXCEEDED = 6_001;

const decimalsOf = new Map(MINTS.map(({ mint, decimals }) => [mint, BigInt(decimals)]));

/** What the venue gives for so much, by its prices. */
export function outOf(prices: Prices, from: Mint, to: Mint, amount: bigint): bigint {
  const [paid, got] = [prices.get(from) ?? 0n, prices.get(to) ?? 0n];
  if (got === 0n) return 0n;
  const up = 10n ** (decimalsOf.get(to) ?? 0n);
  return (amount * paid * up) / (got * 10n ** (decimalsOf.get(from) ?? 0n));
}

export type Executed = {
  readonly after: WalletState;
  readonly error: unknown;
  readonly fee: bigint;
  /** 0 where it failed. */
  readonly amountOut: bigint;
  readonly rentLocked: bigint;
};

/** Undefined: the wallet cannot pay the fee, so that no block takes it. */
export function execute(before: WalletState, swap: WireSwap, prices: Prices): Executed | undefined {
  const { inputMint, outputMint, amount, minimumOut, swapIndex, tip } = swap;
  const fee = swap.baseFee + swap.priorityFee;
  if (before.lamports < fee + WALLET_RENT) return undefined;
  const failed = (index: number, code: number): Executed => ({
    after: { ...before, lamports: before.lamports - fee },
    error: { InstructionError: [index, { Custom: code }] },
    ...{ fee, amountOut: 0n, rentLocked: 0n },
  });
  const opens = outputMint !== SOL && !before.tokens.has(outputMint);
  const rentLocked = opens ? TOKEN_RENT : 0n;
  const amountOut = outOf(prices, inputMint, outputMint, amount);
  const tokens = new Map(before.tokens);
  let lamports = before.lamports - fee - tip - rentLocked;
  // The account of wrapped SOL is paid for until it is closed.
  if (lamports < WALLET_RENT + (inputMint === SOL ? TOKEN_RENT : 0n)) return failed(2, 1);
  if (inputMint === SOL) {
    if (lamports - amount - TOKEN_RENT < 0n) return failed(3, 1);
    lamports -= amount;
    if (lamports < WALLET_RENT) return failed(3, 1);
  } else {
    const held = before.tokens.get(inputMint);
    if (!held || held.amount < amount) return failed(swapIndex, 1);
    tokens.set(inputMint, { ...held, amount: held.amount - amount });
  }
  if (amountOut < minimumOut) return failed(swapIndex, SLIPPAGE_EXCEEDED);
  if (outputMint === SOL) lamports += amountOut;
  else {
    const held = before.tokens.get(outputMint) ?? { amount: 0n, rent: TOKEN_RENT };
    tokens.set(outputMint, { ...held, amount: held.amount + amountOut });
  }
  return { after: { lamports, tokens }, error: undefined, fee, amountOut, rentLocked };
}
