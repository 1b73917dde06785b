/**
 * Mints, token accounts and lookup tables as bytes, for accounts that are put on the chain without
 * a transaction. Layouts: spl-token (82 and 165 bytes), Token-2022's extensions behind them as
 * (type u16, length u16, value), and the address lookup table program.
 */
import type { Token } from "../tokens.ts";
import { bytesOf, NATIVE_MINT, TOKEN_2022_PROGRAM, TOKEN_PROGRAM } from "./addresses.ts";

const MINT_BYTES = 82;
const TOKEN_ACCOUNT_BYTES = 165;
const TYPE = { mint: 1, account: 2 } as const;
const EXTENSION = { transferFeeConfig: 1, transferFeeAmount: 2, immutableOwner: 7 } as const;
const U64_MAX = 2n ** 64n - 1n;

export const tokenProgramOf = (token: Token): string =>
  token.token2022 ? TOKEN_2022_PROGRAM : TOKEN_PROGRAM;

/** Supply of every mint: it only has to be more than anybody holds. */
const SUPPLY = 10n ** 19n;

export function mintBytes(token: Token): Uint8Array {
  const fee = token.token2022?.transferFeeBps ?? 0;
  const base = new Uint8Array(MINT_BYTES);
  const view = new DataView(base.buffer);
  view.setBigUint64(36, SUPPLY, true);
  view.setUint8(44, token.decimals);
  view.setUint8(45, 1);
  if (fee === 0) return base;
  return extended(base, TYPE.mint, [[EXTENSION.transferFeeConfig, transferFeeConfig(fee)]]);
}

/** Both authorities, what was withheld, then the older and the newer fee: epoch, maximum, bps. */
function transferFeeConfig(feeBps: number): Uint8Array {
  const bytes = new Uint8Array(108);
  const view = new DataView(bytes.buffer);
  for (const start of [72, 90]) {
    view.setBigUint64(start + 8, U64_MAX, true);
    view.setUint16(start + 16, feeBps, true);
  }
  return bytes;
}

export type TokenHolding = {
  readonly token: Token;
  readonly owner: string;
  readonly amount: bigint;
  /** Lamports that a native account keeps for rent. */
  readonly rent: bigint;
};

/** Length of an associated token account, as its program would make it. */
export function tokenAccountLength({ token2022 }: Token): number {
  if (!token2022) return TOKEN_ACCOUNT_BYTES;
  const fee = token2022.transferFeeBps > 0 ? 4 + 8 : 0;
  return TOKEN_ACCOUNT_BYTES + 1 + 4 + fee;
}

export function tokenAccountBytes({ token, owner, amount, rent }: TokenHolding): Uint8Array {
  const base = new Uint8Array(TOKEN_ACCOUNT_BYTES);
  const view = new DataView(base.buffer);
  base.set(bytesOf(token.mint), 0);
  base.set(bytesOf(owner), 32);
  view.setBigUint64(64, amount, true);
  view.setUint8(108, 1);
  if (token.mint === NATIVE_MINT) {
    view.setUint32(109, 1, true);
    view.setBigUint64(113, rent, true);
  }
  if (!token.token2022) return base;
  const fee: Extension[] =
    token.token2022.transferFeeBps > 0 ? [[EXTENSION.transferFeeAmount, new Uint8Array(8)]] : [];
  return extended(base, TYPE.account, [[EXTENSION.immutableOwner, new Uint8Array()], ...fee]);
}

type Extension = readonly [type: number, value: Uint8Array];

function extended(base: Uint8Array, type: number, extensions: readonly Extension[]): Uint8Array {
  const size = extensions.reduce((sum, [, value]) => sum + 4 + value.length, 0);
  const bytes = new Uint8Array(TOKEN_ACCOUNT_BYTES + 1 + size);
  const view = new DataView(bytes.buffer);
  bytes.set(base);
  bytes[TOKEN_ACCOUNT_BYTES] = type;
  let next = TOKEN_ACCOUNT_BYTES + 1;
  for (const [kind, value] of extensions) {
    view.setUint16(next, kind, true);
    view.setUint16(next + 2, value.length, true);
    bytes.set(value, next + 4);
    next += 4 + value.length;
  }
  return bytes;
}

const TABLE_HEADER_BYTES = 56;
const NOT_DEACTIVATED = U64_MAX;
/** Entries of a table are counted with one byte. */
export const MAX_TABLE_ADDRESSES = 256;

/** A lookup table without an authority; one that was deactivated serves nobody any more. */
export function lookupTableBytes(
  addresses: readonly string[],
  deactivated: boolean = false,
): Uint8Array {
  if (addresses.length > MAX_TABLE_ADDRESSES) {
    throw new Error(`${addresses.length} addresses do not fit into a lookup table`);
  }
  const bytes = new Uint8Array(TABLE_HEADER_BYTES + 32 * addresses.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 1, true);
  view.setBigUint64(4, deactivated ? 0n : NOT_DEACTIVATED, true);
  for (const [index, address] of addresses.entries()) {
    bytes.set(bytesOf(address), TABLE_HEADER_BYTES + 32 * index);
  }
  return bytes;
}
