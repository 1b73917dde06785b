/** A lookup table as an account on a chain: layout of the Address Lookup Table program, active at once. */
import { PublicKey } from "@solana/web3.js";

export const LOOKUP_TABLE_PROGRAM = "AddressLookupTab1e1111111111111111111111111";
const U64_MAX = 2n ** 64n - 1n;

export function lookupTableData(addresses: readonly string[]): Buffer {
  const data = Buffer.alloc(56 + 32 * addresses.length);
  data.writeUInt32LE(1, 0);
  // Never deactivated, last extended in slot 1, with an authority.
  data.writeBigUInt64LE(U64_MAX, 4);
  data.writeBigUInt64LE(1n, 12);
  data[21] = 1;
  for (const [index, address] of addresses.entries()) {
    data.set(new PublicKey(address).toBytes(), 56 + 32 * index);
  }
  return data;
}
