/**
 * Token accounts and mints as bytes, of SPL Token and Token-2022. Layouts: spl-token `Account`
 * (165 bytes) and `Mint` (82 bytes); with extensions, byte 165 says which of the two it is.
 */
import { encodeAddress } from "./base58.ts";
import type { Account, Address, TokenBalance } from "./chain.types.ts";
import { TOKEN_PROGRAMS } from "./programs.ts";

export const TOKEN_ACCOUNT_BYTES = 165;
export const MINT_BYTES = 82;
const ACCOUNT_TYPE_AT = 165;
const TYPE_MINT = 1;
const TYPE_ACCOUNT = 2;

export type TokenAccount = {
  readonly mint: Address;
  readonly owner: Address;
  readonly amount: bigint;
  readonly state: "initialized" | "frozen";
  /** Lamports set aside for rent if it holds wrapped SOL. */
  readonly nativeReserve?: bigint;
  readonly delegate?: { readonly address: Address; readonly amount: bigint };
  readonly closeAuthority?: Address;
};

export type Mint = {
  readonly decimals: number;
  readonly supply: bigint;
  readonly mintAuthority: Address | null;
  readonly freezeAuthority: Address | null;
};

const bytesOf = ({ data }: Account) => Buffer.from(data.buffer, data.byteOffset, data.length);
const addressAt = (bytes: Buffer, at: number) => encodeAddress(bytes.subarray(at, at + 32));

/** Undefined if it is no initialised token account. */
export function readTokenAccount(account: Account): TokenAccount | undefined {
  if (!TOKEN_PROGRAMS.has(account.owner) || account.data.length < TOKEN_ACCOUNT_BYTES) {
    return undefined;
  }
  const bytes = bytesOf(account);
  const isMint = bytes.length > ACCOUNT_TYPE_AT && bytes[ACCOUNT_TYPE_AT] !== TYPE_ACCOUNT;
  const state = bytes[108];
  if (isMint || (state !== 1 && state !== 2)) return undefined;
  return {
    mint: addressAt(bytes, 0),
    owner: addressAt(bytes, 32),
    amount: bytes.readBigUInt64LE(64),
    state: state === 2 ? "frozen" : "initialized",
    ...(bytes.readUInt32LE(109) === 1 ? { nativeReserve: bytes.readBigUInt64LE(113) } : {}),
    ...(bytes.readUInt32LE(72) === 1
      ? { delegate: { address: addressAt(bytes, 76), amount: bytes.readBigUInt64LE(121) } }
      : {}),
    ...(bytes.readUInt32LE(129) === 1 ? { closeAuthority: addressAt(bytes, 133) } : {}),
  };
}

/** Undefined if it is no initialised mint. */
export function readMint(account: Account): Mint | undefined {
  const { length } = account.data;
  if (!TOKEN_PROGRAMS.has(account.owner) || length < MINT_BYTES) return undefined;
  const bytes = bytesOf(account);
  const plain = length === MINT_BYTES;
  if ((!plain && bytes[ACCOUNT_TYPE_AT] !== TYPE_MINT) || bytes[45] !== 1) return undefined;
  return {
    mintAuthority: bytes.readUInt32LE(0) === 1 ? addressAt(bytes, 4) : null,
    supply: bytes.readBigUInt64LE(36),
    decimals: bytes[44] ?? 0,
    freezeAuthority: bytes.readUInt32LE(46) === 1 ? addressAt(bytes, 50) : null,
  };
}

/** Exact decimal text without trailing zeros. */
export function decimalText(amount: bigint, decimals: number): string {
  const digits = amount.toString().padStart(decimals + 1, "0");
  const whole = digits.slice(0, digits.length - decimals);
  const fraction = digits.slice(digits.length - decimals).replace(/0+$/, "");
  return fraction === "" ? whole : `${whole}.${fraction}`;
}

/** `uiAmount` is for eyes only, as on a real node; null for nothing. */
export function uiTokenAmount(amount: bigint, decimals: number): TokenBalance["uiTokenAmount"] {
  const text = decimalText(amount, decimals);
  return {
    amount: amount.toString(),
    decimals,
    uiAmount: amount === 0n ? null : Number(text),
    uiAmountString: text,
  };
}

/** Lamports and tokens of each key, as `preBalances` and `preTokenBalances` list them. */
export function balancesOf(
  keys: readonly Address[],
  accountOf: (address: Address) => Account | undefined,
) {
  const tokens: TokenBalance[] = [];
  const lamports = keys.map((key, accountIndex) => {
    const account = accountOf(key);
    if (!account) return 0n;
    const token = readTokenAccount(account);
    const mint = token && accountOf(token.mint);
    if (token && mint) {
      const { mint: address, owner, amount } = token;
      const ui = uiTokenAmount(amount, readMint(mint)?.decimals ?? 0);
      const balance = { accountIndex, mint: address, owner, programId: account.owner };
      tokens.push({ ...balance, uiTokenAmount: ui });
    }
    return account.lamports;
  });
  return { lamports, tokens };
}
