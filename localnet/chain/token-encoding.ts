/**
 * Mints and token accounts written as bytes, with the Token-2022 extensions that matter to a
 * trader: transfer fee, transfer hook, permanent delegate. Layouts: spl-token `state.rs` and
 * spl-token-2022 `extension/`, each extension as type u16, length u16, value.
 */
import { requireAddress } from "./base58.ts";
import type { Address } from "./chain.types.ts";
import { MINT_BYTES, TOKEN_ACCOUNT_BYTES } from "./token-account.ts";

export type MintExtension =
  | { readonly kind: "transfer-fee"; readonly bps: number; readonly maximumFee: bigint }
  | { readonly kind: "transfer-hook"; readonly program: Address }
  | { readonly kind: "permanent-delegate"; readonly delegate: Address };

export type MintFields = {
  readonly decimals: number;
  readonly supply: bigint;
  /** Null: nobody, neither for the mint nor for its extensions. */
  readonly mintAuthority: Address | null;
  readonly extensions: readonly MintExtension[];
};

export type TokenAccountFields = {
  readonly mint: Address;
  readonly owner: Address;
  readonly amount: bigint;
  /** Lamports kept for rent, for wrapped SOL only. */
  readonly nativeReserve: bigint | undefined;
  /** Token-2022 writes who cannot be changed any more. */
  readonly extended: boolean;
  /** The mint's, which have a counterpart in each account. */
  readonly extensions: readonly MintExtension[];
};

const NOBODY = new Uint8Array(32);
const TYPE_MINT = 1;
const TYPE_ACCOUNT = 2;
const EXTENSION = {
  transferFeeConfig: 1,
  transferFeeAmount: 2,
  immutableOwner: 7,
  permanentDelegate: 12,
  transferHook: 14,
  transferHookAccount: 15,
} as const;

export function encodeMint(fields: MintFields): Uint8Array {
  const base = Buffer.alloc(MINT_BYTES);
  const authority = fields.mintAuthority === null ? NOBODY : requireAddress(fields.mintAuthority);
  if (authority !== NOBODY) base.writeUInt32LE(1, 0);
  base.set(authority, 4);
  base.writeBigUInt64LE(fields.supply, 36);
  base[44] = fields.decimals;
  base[45] = 1;
  if (fields.extensions.length === 0) return base;
  // With extensions a mint is as long as an account, so that no length tells the two apart wrongly.
  const padded = Buffer.concat([base], TOKEN_ACCOUNT_BYTES);
  const values = fields.extensions.map((one) => mintExtension(one, authority));
  return Buffer.concat([padded, Buffer.from([TYPE_MINT]), ...values]);
}

/** Writes the supply of a mint with or without extensions. */
export function withSupply(mint: Uint8Array, supply: bigint): Uint8Array {
  const copy = Buffer.from(mint);
  copy.writeBigUInt64LE(supply, 36);
  return copy;
}

export function encodeTokenAccount(fields: TokenAccountFields): Uint8Array {
  const base = Buffer.alloc(TOKEN_ACCOUNT_BYTES);
  base.set(requireAddress(fields.mint), 0);
  base.set(requireAddress(fields.owner), 32);
  base.writeBigUInt64LE(fields.amount, 64);
  base[108] = 1;
  if (fields.nativeReserve !== undefined) {
    base.writeUInt32LE(1, 109);
    base.writeBigUInt64LE(fields.nativeReserve, 113);
  }
  if (!fields.extended) return base;
  const values = [extension(EXTENSION.immutableOwner, Buffer.alloc(0))];
  for (const { kind } of fields.extensions) {
    if (kind === "transfer-fee")
      values.push(extension(EXTENSION.transferFeeAmount, Buffer.alloc(8)));
    if (kind === "transfer-hook") {
      values.push(extension(EXTENSION.transferHookAccount, Buffer.alloc(1)));
    }
  }
  return Buffer.concat([base, Buffer.from([TYPE_ACCOUNT]), ...values]);
}

function extension(type: number, value: Uint8Array): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt16LE(type, 0);
  head.writeUInt16LE(value.length, 2);
  return Buffer.concat([head, value]);
}

function mintExtension(one: MintExtension, authority: Uint8Array): Buffer {
  switch (one.kind) {
    case "transfer-fee": {
      // Two authorities, the amount withheld, and the fee of two epochs: older and newer.
      const value = Buffer.alloc(108);
      value.set(authority, 0);
      value.set(authority, 32);
      for (const at of [72, 90]) {
        value.writeBigUInt64LE(one.maximumFee, at + 8);
        value.writeUInt16LE(one.bps, at + 16);
      }
      return extension(EXTENSION.transferFeeConfig, value);
    }
    case "transfer-hook":
      return extension(
        EXTENSION.transferHook,
        Buffer.concat([authority, requireAddress(one.program)]),
      );
    case "permanent-delegate":
      return extension(EXTENSION.permanentDelegate, requireAddress(one.delegate));
  }
}

const MINT_EXTENSIONS_AT = TOKEN_ACCOUNT_BYTES + 1;

/** The extensions of a mint that its accounts must mirror. */
export function mintExtensionKinds(mint: Uint8Array): MintExtension[] {
  const bytes = Buffer.from(mint.buffer, mint.byteOffset, mint.length);
  const found: MintExtension[] = [];
  let at = MINT_EXTENSIONS_AT;
  while (at + 4 <= bytes.length) {
    const type = bytes.readUInt16LE(at);
    if (type === EXTENSION.transferFeeConfig) {
      found.push({ kind: "transfer-fee", bps: 0, maximumFee: 0n });
    }
    if (type === EXTENSION.transferHook) found.push({ kind: "transfer-hook", program: "" });
    at += 4 + bytes.readUInt16LE(at + 2);
  }
  return found;
}
