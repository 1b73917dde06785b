/** Address lookup tables as bytes. Layout: the program's `ProgramState::LookupTable`. */
import { requireAddress } from "./base58.ts";
import type { Address } from "./chain.types.ts";

const HEADER_BYTES = 56;
/** Entries of a table are counted with one byte. */
const MAX_TABLE_ADDRESSES = 256;
/** The slot that a table in use was deactivated in. */
const NEVER = 2n ** 64n - 1n;

export type LookupTable = {
  readonly addresses: readonly Address[];
  /** The slot of the last addition: what was added in the present slot cannot be used yet. */
  readonly extendedSlot: number;
  /** Who may change it; nobody without. */
  readonly authority?: Address;
  /** Switched off long ago, so that it serves nobody any more. */
  readonly deactivated?: boolean;
};

/** Throws on more addresses than a table takes. */
export function encodeLookupTable(table: LookupTable): Uint8Array {
  const { addresses, extendedSlot, authority, deactivated = false } = table;
  if (addresses.length > MAX_TABLE_ADDRESSES) {
    throw new Error(`${addresses.length} addresses do not fit into a lookup table`);
  }
  const data = Buffer.alloc(HEADER_BYTES + 32 * addresses.length);
  data.writeUInt32LE(1, 0);
  data.writeBigUInt64LE(deactivated ? 0n : NEVER, 4);
  data.writeBigUInt64LE(BigInt(extendedSlot), 12);
  if (authority !== undefined) {
    data[21] = 1;
    data.set(requireAddress(authority), 22);
  }
  addresses.forEach((one, index) => {
    data.set(requireAddress(one), HEADER_BYTES + 32 * index);
  });
  return data;
}
