/**
 * A transaction as it travels: signatures, then a legacy or v0 message. Layout: solana.com/docs/core/transactions
 * (compact-u16 lengths, 32-byte keys, compiled instructions, address table lookups).
 */
import { encodeBase58 } from "./bytes.ts";

const KEY_BYTES = 32;
const SIGNATURE_BYTES = 64;
/** Of one packet; no transaction of these two versions is longer. */
export const MAX_WIRE_BYTES = 1_232;

export type WireInstruction = {
  readonly programIdIndex: number;
  readonly accounts: readonly number[];
  readonly data: Uint8Array;
};

export type WireTransaction = {
  readonly signatures: readonly string[];
  readonly version: "legacy" | 0;
  readonly requiredSignatures: number;
  /** Static keys only; looked up ones follow them in every index. */
  readonly accountKeys: readonly string[];
  readonly instructions: readonly WireInstruction[];
  readonly lookupTables: number;
};

/** Throws an Error with a sentence where the bytes are no transaction of the versions legacy and 0. */
export function decodeWireTransaction(bytes: Uint8Array): WireTransaction {
  if (bytes.length > MAX_WIRE_BYTES) throw new Error(`it has more than ${MAX_WIRE_BYTES} bytes`);
  const reader = createReader(bytes);
  const signatures = reader.list(() => encodeBase58(reader.take(SIGNATURE_BYTES)));
  const first = reader.byte();
  const version = first < 0x80 ? "legacy" : first === 0x80 ? 0 : undefined;
  if (version === undefined) throw new Error(`its version ${first - 0x80} is not known`);
  const requiredSignatures = version === "legacy" ? first : reader.byte();
  // Read-only counts of the header: who may write is not asked here.
  reader.take(2);
  const accountKeys = reader.list(() => encodeBase58(reader.take(KEY_BYTES)));
  // The recent blockhash.
  reader.take(KEY_BYTES);
  const instructions = reader.list(() => ({
    programIdIndex: reader.byte(),
    accounts: [...reader.take(reader.length())],
    data: reader.take(reader.length()),
  }));
  const tables =
    version === "legacy"
      ? []
      : reader.list(() => {
          reader.take(KEY_BYTES);
          reader.take(reader.length());
          reader.take(reader.length());
        });
  if (reader.left() > 0) throw new Error(`${reader.left()} bytes are left over after it`);
  return {
    ...{ signatures, version, requiredSignatures, accountKeys, instructions },
    lookupTables: tables.length,
  };
}

function createReader(bytes: Uint8Array) {
  let at = 0;
  function take(count: number): Uint8Array {
    if (at + count > bytes.length) throw new Error(`it ends within ${bytes.length} bytes`);
    at += count;
    return bytes.slice(at - count, at);
  }
  const byte = (): number => take(1)[0] ?? 0;
  /** Seven bits a byte, the lowest first, at most three bytes. */
  function length(): number {
    let value = 0;
    for (let shift = 0; shift < 21; shift += 7) {
      const next = byte();
      value |= (next & 0x7f) << shift;
      if (next < 0x80) return value;
    }
    throw new Error("a length in it has more than three bytes");
  }
  return {
    ...{ take, byte, length },
    list: <T>(item: () => T): T[] => Array.from({ length: length() }, item),
    left: (): number => bytes.length - at,
  };
}
