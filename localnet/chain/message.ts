/**
 * Reads a transaction's bytes, legacy or version 0, as strictly as Solana's own decoder: what this
 * refuses never reaches the virtual machine, which ends the process on bytes that it cannot read.
 */

import { encodeAddress, encodeBase58 } from "./base58.ts";
import type { Address } from "./chain.types.ts";

/** Solana's packet size. */
export const MAX_TRANSACTION_BYTES = 1_232;
const SIGNATURE_BYTES = 64;
const KEY_BYTES = 32;

export type Instruction = {
  readonly programIdIndex: number;
  readonly accounts: readonly number[];
  readonly data: Uint8Array;
};

export type TableLookup = {
  readonly accountKey: Address;
  readonly writableIndexes: readonly number[];
  readonly readonlyIndexes: readonly number[];
};

export type ParsedTransaction = {
  readonly raw: Uint8Array;
  /** The first one names the transaction. */
  readonly signatures: readonly string[];
  readonly version: "legacy" | 0;
  readonly header: {
    readonly numRequiredSignatures: number;
    readonly numReadonlySignedAccounts: number;
    readonly numReadonlyUnsignedAccounts: number;
  };
  readonly staticKeys: readonly Address[];
  readonly recentBlockhash: string;
  readonly instructions: readonly Instruction[];
  readonly lookups: readonly TableLookup[];
};

export type ParseResult =
  | { readonly ok: true; readonly transaction: ParsedTransaction }
  | { readonly ok: false; readonly reason: string };

/** Thrown by the reader and caught here: one way out of nested reading. */
const malformed = (reason: string) => new RangeError(reason);

type Reader = {
  byte(): number;
  bytes(count: number): Uint8Array;
  /** Compact-u16, shortest form only. */
  length(): number;
  left(): number;
};

export function parseTransaction(raw: Uint8Array): ParseResult {
  if (raw.length > MAX_TRANSACTION_BYTES) {
    return { ok: false, reason: `${raw.length} bytes, over ${MAX_TRANSACTION_BYTES}` };
  }
  try {
    return { ok: true, transaction: read(raw) };
  } catch (error) {
    if (error instanceof RangeError) return { ok: false, reason: error.message };
    throw error;
  }
}

/** A message without signatures, as `getFeeForMessage` gets it: read with empty ones before it. */
export function parseMessage(message: Uint8Array): ParseResult {
  const first = message[0] ?? 0;
  const required = first >= 0x80 ? (message[1] ?? 0) : first;
  if (required > 12) return { ok: false, reason: `${required} signatures do not fit` };
  const raw = new Uint8Array(1 + required * SIGNATURE_BYTES + message.length);
  raw[0] = required;
  raw.set(message, 1 + required * SIGNATURE_BYTES);
  return parseTransaction(raw);
}

function readerOf(raw: Uint8Array): Reader {
  let at = 0;
  const reader: Reader = {
    byte() {
      const value = raw[at];
      if (value === undefined) throw malformed("failed to fill whole buffer");
      at += 1;
      return value;
    },
    bytes(count) {
      if (at + count > raw.length) throw malformed("failed to fill whole buffer");
      at += count;
      return raw.subarray(at - count, at);
    },
    length() {
      let value = 0;
      for (let index = 0; index < 3; index += 1) {
        const part = reader.byte();
        if (part === 0 && index > 0) throw malformed("a length is not in its shortest form");
        value |= (part & 0x7f) << (7 * index);
        if (part < 0x80) {
          if (value > 0xffff) throw malformed("a length is over 65535");
          return value;
        }
      }
      throw malformed("a length is over 65535");
    },
    left: () => raw.length - at,
  };
  return reader;
}

function read(raw: Uint8Array): ParsedTransaction {
  const from = readerOf(raw);
  const signatures = list(from, () => encodeBase58(from.bytes(SIGNATURE_BYTES)));
  const first = from.byte();
  if (first > 0x80) throw malformed(`version ${first - 0x80} is not supported`);
  const version = first === 0x80 ? 0 : "legacy";
  const header = {
    numRequiredSignatures: version === 0 ? from.byte() : first,
    numReadonlySignedAccounts: from.byte(),
    numReadonlyUnsignedAccounts: from.byte(),
  };
  const staticKeys = list(from, () => encodeAddress(from.bytes(KEY_BYTES)));
  const recentBlockhash = encodeAddress(from.bytes(KEY_BYTES));
  const instructions = list(from, () => ({
    programIdIndex: from.byte(),
    accounts: [...from.bytes(from.length())],
    data: from.bytes(from.length()),
  }));
  const lookups = version === 0 ? list(from, () => readLookup(from)) : [];
  if (from.left() > 0) throw malformed(`${from.left()} bytes after the end`);
  const parsed = { raw, signatures, version, header, staticKeys, recentBlockhash } as const;
  const transaction: ParsedTransaction = { ...parsed, instructions, lookups };
  checkSanity(transaction);
  return transaction;
}

function list<T>(from: Reader, item: () => T): T[] {
  const count = from.length();
  // No item is shorter than a byte: a count that cannot be true is refused before any work.
  if (count > from.left()) throw malformed("failed to fill whole buffer");
  return Array.from({ length: count }, item);
}

const readLookup = (from: Reader): TableLookup => ({
  accountKey: encodeAddress(from.bytes(KEY_BYTES)),
  writableIndexes: [...from.bytes(from.length())],
  readonlyIndexes: [...from.bytes(from.length())],
});

/** Rules of `sanitize` in solana-message: counts and indexes that fit each other. */
function checkSanity(transaction: ParsedTransaction): void {
  const { header, staticKeys, lookups, instructions, signatures } = transaction;
  if (header.numRequiredSignatures === 0 || signatures.length !== header.numRequiredSignatures) {
    throw malformed("the number of signatures is not the one required");
  }
  if (
    header.numRequiredSignatures + header.numReadonlyUnsignedAccounts > staticKeys.length ||
    header.numReadonlySignedAccounts >= header.numRequiredSignatures
  ) {
    throw malformed("the header does not fit the number of accounts");
  }
  const loaded = lookups.reduce(
    (sum, { writableIndexes, readonlyIndexes }) =>
      sum + writableIndexes.length + readonlyIndexes.length,
    0,
  );
  const total = staticKeys.length + loaded;
  if (total > 256) throw malformed(`${total} accounts, over 256`);
  for (const { programIdIndex, accounts } of instructions) {
    if (programIdIndex === 0 || programIdIndex >= staticKeys.length) {
      throw malformed("an instruction's program index is out of range");
    }
    if (accounts.some((index) => index >= total)) {
      throw malformed("an instruction's account index is out of range");
    }
  }
}

/** Writable by the message's header; loaded keys are writable ones first. */
export function isWritable(transaction: ParsedTransaction, index: number): boolean {
  const { header, staticKeys, lookups } = transaction;
  if (index >= staticKeys.length) {
    const writable = lookups.reduce((sum, lookup) => sum + lookup.writableIndexes.length, 0);
    return index - staticKeys.length < writable;
  }
  const signed = header.numRequiredSignatures;
  return index < signed
    ? index < signed - header.numReadonlySignedAccounts
    : index < staticKeys.length - header.numReadonlyUnsignedAccounts;
}
