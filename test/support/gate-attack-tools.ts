/** Honest transactions with one thing changed: the pieces that the attacks on the gate are made of. */
import {
  ASSOCIATED_TOKEN_PROGRAM,
  SYSTEM_PROGRAM,
  TOKEN_PROGRAM,
} from "../../domain/chain/addresses.ts";
import type { AccountMeta, Instruction } from "../../domain/chain/instruction.ts";
import { packed } from "../../localnet/market/plain-instructions.ts";
import { type Parts, partsOf, symbol, tokenAccountOf, WALLET, type Wish } from "./swap-parts.ts";

export type Attack = readonly [name: string, rule: string, parts: () => Parts];

export const SELL: Wish = { path: ["SOL", "USDC"] };
export const SELL_SHARED: Wish = { ...SELL, shared: true };
export const BUY: Wish = { path: ["USDC", "SOL"] };
export const PROTECTED: Wish = { ...SELL, tip: 2_000n };
export const FEE: Wish = { ...SELL, platformFeeBps: 20 };

export const meta = (address: string, flags = ""): AccountMeta => ({
  ...{ address, isSigner: flags.includes("s"), isWritable: flags.includes("w") },
});
export const instruction = (
  programId: string,
  accounts: readonly AccountMeta[],
  data: Uint8Array,
): Instruction => ({ programId, accounts, data });

export const account = (name: string, owner = WALLET): string =>
  tokenAccountOf(owner, symbol(name).mint, TOKEN_PROGRAM);
export const WRAPPED = account("SOL");
export const USDC = account("USDC");

export const before =
  (wish: Wish, ...added: Instruction[]) =>
  (): Parts => {
    const parts = partsOf(wish);
    return { ...parts, setup: [...parts.setup, ...added] };
  };
export const after =
  (wish: Wish, ...added: Instruction[]) =>
  (): Parts => {
    const parts = partsOf(wish);
    return { ...parts, other: [...parts.other, ...added] };
  };
export const withParts = (wish: Wish, change: (parts: Parts) => Partial<Parts>) => (): Parts => {
  const parts = partsOf(wish);
  return { ...parts, ...change(parts) };
};
/** The account at a place of the swap; one more at its end. */
export const swapAccount = (wish: Wish, place: number, address: string, flags = "w") =>
  withParts(wish, ({ swap }) => {
    const accounts = swap.accounts.slice();
    accounts[place < 0 ? accounts.length : place] = meta(address, flags);
    return { swap: { ...swap, accounts } };
  });
/** Bytes of the swap's data, from its end where negative. */
export const swapData = (wish: Wish, at: number, ...values: number[]) =>
  withParts(wish, ({ swap }) => {
    const data = swap.data.slice();
    data.set(values, at < 0 ? data.length + at : at);
    return { swap: { ...swap, data } };
  });
export const intent = (wish: Wish, change: Partial<Parts["intent"]>) =>
  withParts(wish, (parts) => ({ intent: { ...parts.intent, ...change } }));

export const system = (
  kind: number,
  accounts: readonly AccountMeta[],
  ...rest: number[]
): Instruction =>
  instruction(SYSTEM_PROGRAM, accounts, Uint8Array.from([...packed([kind, 4]), ...rest]));
export const transfer = (to: string, lamports: bigint, from = WALLET): Instruction =>
  system(2, [meta(from, "sw"), meta(to, "w")], ...packed([lamports, 8]));
export const token = (
  tag: number,
  accounts: readonly AccountMeta[],
  ...rest: number[]
): Instruction => instruction(TOKEN_PROGRAM, accounts, Uint8Array.of(tag, ...rest));
export const create = (
  owner: string,
  mint: string,
  address: string,
  data: number[] = [1],
): Instruction =>
  instruction(
    ASSOCIATED_TOKEN_PROGRAM,
    [
      ...[meta(WALLET, "sw"), meta(address, "w"), meta(owner), meta(mint)],
      ...[meta(SYSTEM_PROGRAM), meta(TOKEN_PROGRAM)],
    ],
    Uint8Array.from(data),
  );
export const JUP = symbol("JUP").mint;
export const u64 = (value: bigint): number[] => [...packed([value, 8])];
export const budgetWith = (wish: Wish, change: (budget: readonly Instruction[]) => Instruction[]) =>
  withParts(wish, ({ budget }) => ({ budget: change(budget) }));
export const computeBudget = (...data: number[]): Instruction =>
  instruction("ComputeBudget111111111111111111111111111111", [], Uint8Array.from(data));
