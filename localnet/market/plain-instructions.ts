/**
 * Instructions of the programs around a swap, as bytes: system, token, associated token account and
 * compute budget. Layouts: the programs' published interfaces.
 */

import { associatedTokenAddress } from "../chain/derived-address.ts";
import { ASSOCIATED_TOKEN_PROGRAM, SYSTEM_PROGRAM } from "../chain/programs.ts";
import type { Token } from "../tokens.ts";
import { type AccountMeta, readonly, signer, writable } from "../venue/route-layout.ts";
import { tokenProgramOf } from "../venue/token-bytes.ts";

export const COMPUTE_BUDGET_PROGRAM = "ComputeBudget111111111111111111111111111111";

export type Instruction = {
  readonly programId: string;
  readonly accounts: readonly AccountMeta[];
  readonly data: Uint8Array;
};

export const payer = (pubkey: string): AccountMeta => ({
  pubkey,
  isSigner: true,
  isWritable: true,
});

/** A tag of so many bytes, then numbers with their sizes, all little-endian. */
export function packed(
  ...fields: readonly (readonly [value: bigint | number, bytes: number])[]
): Uint8Array {
  const bytes: number[] = [];
  for (const [value, size] of fields) {
    for (let index = 0; index < size; index += 1) {
      bytes.push(Number((BigInt(value) >> BigInt(8 * index)) & 0xffn));
    }
  }
  return Uint8Array.from(bytes);
}

export const transferLamports = (from: string, to: string, lamports: bigint): Instruction => ({
  programId: SYSTEM_PROGRAM,
  accounts: [payer(from), writable(to)],
  data: packed([2, 4], [lamports, 8]),
});

/** Does nothing if the account is there. */
export const createTokenAccount = (from: string, owner: string, token: Token): Instruction => {
  const program = tokenProgramOf(token);
  return {
    programId: ASSOCIATED_TOKEN_PROGRAM,
    accounts: [
      payer(from),
      writable(associatedTokenAddress(owner, token.mint, program)),
      readonly(owner),
      readonly(token.mint),
      readonly(SYSTEM_PROGRAM),
      readonly(program),
    ],
    data: Uint8Array.of(1),
  };
};

/** An instruction of the program that the token belongs to. */
export const tokenInstruction = (
  token: Token,
  accounts: readonly AccountMeta[],
  data: Uint8Array,
): Instruction => ({ programId: tokenProgramOf(token), accounts, data });

export const syncNative = (token: Token, account: string): Instruction =>
  tokenInstruction(token, [writable(account)], Uint8Array.of(17));

export type Closing = {
  readonly token: Token;
  readonly account: string;
  readonly receiver: string;
  readonly owner: string;
};

export const closeAccount = ({ token, account, receiver, owner }: Closing): Instruction =>
  tokenInstruction(token, [writable(account), writable(receiver), signer(owner)], Uint8Array.of(9));

export const unitLimit = (units: number): Instruction => ({
  programId: COMPUTE_BUDGET_PROGRAM,
  accounts: [],
  data: packed([2, 1], [units, 4]),
});

/** Micro-lamports for each compute unit. */
export const unitPrice = (price: bigint): Instruction => ({
  programId: COMPUTE_BUDGET_PROGRAM,
  accounts: [],
  data: packed([3, 1], [price, 8]),
});
