/**
 * Token accounts of SPL Token and Token-2022 as bytes. Both begin with the same 165 (mint 32, owner 32, amount u64, delegate 4 + 32, state,
 * native reserve 4 + u64, delegated amount u64, close authority 4 + 32); Token-2022 goes on with the type of account and extensions.
 */
import { TOKEN_2022_PROGRAM, TOKEN_PROGRAM } from "./addresses.ts";
import { encodeBase58, readUint } from "./bytes.ts";

export const TOKEN_ACCOUNT_BYTES = 165;
/** Byte 165 of a Token-2022 account with extensions. */
const ACCOUNT_TYPE = 2;
const STATES = ["uninitialized", "initialized", "frozen"] as const;

export type TokenAccount = {
  readonly mint: string;
  readonly owner: string;
  /** Smallest units. */
  readonly amount: bigint;
  readonly delegate: string | undefined;
  readonly delegatedAmount: bigint;
  readonly state: (typeof STATES)[number];
  /** Lamports that are rent and not amount, of wrapped SOL; undefined for other mints. */
  readonly nativeReserve: bigint | undefined;
  readonly closeAuthority: string | undefined;
};

/** An account as a node tells it: AccountInfo of the chain's port has this form. */
export type AccountState = {
  readonly lamports: bigint;
  /** Program that owns the account. */
  readonly owner: string;
  readonly data: Uint8Array;
};

export const isTokenProgram = (program: string): boolean =>
  program === TOKEN_PROGRAM || program === TOKEN_2022_PROGRAM;

/** Undefined for what is no token account: other programs, mints, multisigs, and accounts that are not initialized. */
export function readTokenAccount({ owner, data }: AccountState): TokenAccount | undefined {
  if (!isTokenProgram(owner) || data.length < TOKEN_ACCOUNT_BYTES) return undefined;
  if (data.length > TOKEN_ACCOUNT_BYTES) {
    const isExtended = owner === TOKEN_2022_PROGRAM && data[TOKEN_ACCOUNT_BYTES] === ACCOUNT_TYPE;
    if (!isExtended) return undefined;
  }
  const state = STATES[data[108] ?? 0];
  if (state === undefined || state === "uninitialized") return undefined;
  return {
    mint: encodeBase58(data.subarray(0, 32)),
    owner: encodeBase58(data.subarray(32, 64)),
    amount: readUint(data, 64, 8) ?? 0n,
    delegate: optionalKey(data, 72),
    state,
    nativeReserve: readUint(data, 109, 4) === 1n ? readUint(data, 113, 8) : undefined,
    delegatedAmount: readUint(data, 121, 8) ?? 0n,
    closeAuthority: optionalKey(data, 129),
  };
}

/** COption: u32 tag, then the key, which means nothing where the tag is 0. */
export const optionalKey = (data: Uint8Array, at: number): string | undefined =>
  readUint(data, at, 4) === 0n ? undefined : encodeBase58(data.subarray(at + 4, at + 36));
