/**
 * v0 messages as bytes, strictly: what is read here is what a validator would read, or it is refused. Layout:
 * solana.com/docs/core/transactions; the checks are those of the runtime's `sanitize` and of its account loading.
 */
import { encodeBase58 } from "./bytes.ts";
import type { AccountMeta, Instruction, LookupTable } from "./instruction.ts";
import { MAX_WIRE_BYTES } from "./wire-message.ts";

const KEY_BYTES = 32;
export const SIGNATURE_BYTES = 64;
/** Indexes into accounts are one byte. */
const MAX_ACCOUNTS = 256;

export type CompiledInstruction = {
  readonly programIdIndex: number;
  /** Indexes: static keys, then looked up writable ones of all tables, then looked up read-only ones. */
  readonly accounts: Uint8Array;
  readonly data: Uint8Array;
  /** Where the data begins in the message. */
  readonly dataAt: number;
};

export type TableLookup = {
  readonly table: string;
  readonly writable: Uint8Array;
  readonly readonly: Uint8Array;
};

export type MessageV0 = {
  readonly requiredSignatures: number;
  readonly readonlySigned: number;
  readonly readonlyUnsigned: number;
  /** The fee payer first. */
  readonly staticKeys: readonly string[];
  readonly blockhash: string;
  /** Where the blockhash begins in the message. */
  readonly blockhashAt: number;
  readonly instructions: readonly CompiledInstruction[];
  readonly lookups: readonly TableLookup[];
};

export type ParsedMessage =
  | { readonly kind: "message"; readonly message: MessageV0 }
  | { readonly kind: "problem"; readonly problem: string };

export type ParsedTransaction =
  | {
      readonly kind: "transaction";
      /** Base58, as many as the message requires. */
      readonly signatures: readonly string[];
      readonly bytes: Uint8Array;
      readonly message: MessageV0;
    }
  | { readonly kind: "problem"; readonly problem: string };

/** Bytes of a v0 message without signatures. Never throws. */
export function parseMessage(bytes: Uint8Array): ParsedMessage {
  try {
    return { kind: "message", message: readMessage(bytes) };
  } catch (error) {
    return { kind: "problem", problem: error instanceof Error ? error.message : String(error) };
  }
}

/** A whole transaction of version 0, signatures first. Never throws. */
export function parseTransaction(bytes: Uint8Array): ParsedTransaction {
  try {
    const reader = createReader(bytes);
    const signatures = reader.list(() => encodeBase58(reader.take(SIGNATURE_BYTES)));
    const rest = bytes.subarray(reader.at());
    const message = readMessage(rest);
    if (signatures.length !== message.requiredSignatures) {
      const { requiredSignatures } = message;
      throw new Error(`${signatures.length} signatures where ${requiredSignatures} are required`);
    }
    return { kind: "transaction", signatures, bytes: rest, message };
  } catch (error) {
    return { kind: "problem", problem: error instanceof Error ? error.message : String(error) };
  }
}

function readMessage(bytes: Uint8Array): MessageV0 {
  const reader = createReader(bytes);
  if (reader.byte() !== 0x80) throw new Error("it is no message of version 0");
  const requiredSignatures = reader.byte();
  const readonlySigned = reader.byte();
  const readonlyUnsigned = reader.byte();
  const staticKeys = reader.list(() => encodeBase58(reader.take(KEY_BYTES)));
  const blockhashAt = reader.at();
  const blockhash = encodeBase58(reader.take(KEY_BYTES));
  const instructions = reader.list(() => {
    const programIdIndex = reader.byte();
    const accounts = reader.take(reader.length());
    const length = reader.length();
    return { programIdIndex, accounts, dataAt: reader.at(), data: reader.take(length) };
  });
  const lookups = reader.list(() => ({
    table: encodeBase58(reader.take(KEY_BYTES)),
    writable: reader.take(reader.length()),
    readonly: reader.take(reader.length()),
  }));
  if (reader.at() < bytes.length) throw new Error(`${bytes.length - reader.at()} bytes left over`);
  const message = {
    ...{ requiredSignatures, readonlySigned, readonlyUnsigned, staticKeys },
    ...{ blockhash, blockhashAt, instructions, lookups },
  };
  checkMessage(message, bytes.length);
  return message;
}

function checkMessage(message: MessageV0, length: number): void {
  const { requiredSignatures, readonlySigned, readonlyUnsigned, staticKeys, lookups } = message;
  const wireBytes = length + 1 + SIGNATURE_BYTES * requiredSignatures;
  if (wireBytes > MAX_WIRE_BYTES) {
    throw new Error(`${wireBytes} bytes with signatures, of ${MAX_WIRE_BYTES}`);
  }
  if (readonlySigned >= requiredSignatures) throw new Error("the fee payer cannot be debited");
  if (requiredSignatures + readonlyUnsigned > staticKeys.length) {
    throw new Error(`the header counts more than ${staticKeys.length} static keys`);
  }
  if (new Set(staticKeys).size < staticKeys.length) throw new Error("a static key is named twice");
  let total = staticKeys.length;
  for (const { writable, readonly } of lookups) {
    const found = writable.length + readonly.length;
    if (found === 0) throw new Error("a lookup table is named for nothing");
    total += found;
  }
  if (total > MAX_ACCOUNTS) throw new Error(`${total} accounts, of ${MAX_ACCOUNTS}`);
  for (const { programIdIndex, accounts } of message.instructions) {
    // The fee payer is no program, and programs are never looked up.
    if (programIdIndex === 0 || programIdIndex >= staticKeys.length) {
      throw new Error(`account ${programIdIndex} cannot be a program`);
    }
    const outside = accounts.find((index) => index >= total);
    if (outside !== undefined) throw new Error(`account ${outside} of ${total} is named`);
  }
}

function createReader(bytes: Uint8Array) {
  let at = 0;
  function take(count: number): Uint8Array {
    if (at + count > bytes.length) throw new Error(`it ends within ${bytes.length} bytes`);
    at += count;
    return bytes.subarray(at - count, at);
  }
  const byte = (): number => take(1)[0] ?? 0;
  /** compact-u16: seven bits a byte, the lowest first; only the shortest form, as the runtime has it. */
  function length(): number {
    let value = 0;
    for (let index = 0; index < 3; index += 1) {
      const next = byte();
      if (index > 0 && next === 0) throw new Error("a length is not in its shortest form");
      value |= (next & 0x7f) << (7 * index);
      if (next < 0x80) {
        if (value > 0xffff) break;
        return value;
      }
    }
    throw new Error("a length is over 65,535");
  }
  return {
    ...{ take, byte, length },
    list: <T>(item: () => T): T[] => Array.from({ length: length() }, item),
    at: (): number => at,
  };
}

export type ResolvedMessage =
  | {
      readonly kind: "resolved";
      readonly instructions: readonly Instruction[];
      /** In index order: static keys, looked up writable ones, looked up read-only ones. */
      readonly accounts: readonly AccountMeta[];
    }
  | { readonly kind: "problem"; readonly problem: string };

/**
 * Instructions with their accounts: privileges from the header and the lookups alone, addresses of lookups from the tables' contents.
 * A problem where a table or one of its places is missing, or where an account comes twice, which the chain refuses.
 */
export function resolveMessage(
  message: MessageV0,
  tables: readonly LookupTable[],
): ResolvedMessage {
  const problem = (text: string) => ({ kind: "problem", problem: text }) as const;
  const accounts: AccountMeta[] = message.staticKeys.map((address, index) => {
    const isSigner = index < message.requiredSignatures;
    const isWritable = isSigner
      ? index < message.requiredSignatures - message.readonlySigned
      : index < message.staticKeys.length - message.readonlyUnsigned;
    return { address, isSigner, isWritable };
  });
  for (const side of ["writable", "readonly"] as const) {
    for (const lookup of message.lookups) {
      const table = tables.find(({ address }) => address === lookup.table);
      if (!table) return problem(`table ${lookup.table} is not known`);
      for (const index of lookup[side]) {
        const address = table.addresses[index];
        if (address === undefined) return problem(`table ${table.address} has no place ${index}`);
        accounts.push({ address, isSigner: false, isWritable: side === "writable" });
      }
    }
  }
  const seen = new Set<string>();
  for (const { address } of accounts) {
    if (seen.has(address)) return problem(`account ${address} is loaded twice`);
    seen.add(address);
  }
  const instructions: Instruction[] = [];
  for (const { programIdIndex, accounts: indexes, data } of message.instructions) {
    const programId = accounts[programIdIndex]?.address;
    const metas = Array.from(indexes, (index) => accounts[index]).filter(
      (meta) => meta !== undefined,
    );
    if (programId === undefined || metas.length < indexes.length)
      return problem("an index is wrong");
    instructions.push({ programId, accounts: metas, data });
  }
  return { kind: "resolved", instructions, accounts };
}
