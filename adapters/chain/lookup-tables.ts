/**
 * Address lookup tables: their account data, and a cache of their contents. Layout (docs of the Address Lookup Table program): u32
 * kind, u64 deactivation slot, u64 last extended slot, u8 start index, option of the authority, padding to 56 bytes; then the addresses.
 */
import { encodeBase58 } from "../../domain/chain/bytes.ts";
import type { LookupTable } from "../../domain/chain/instruction.ts";
import type { AccountInfo, ChainAnswer, ChainFailure } from "../../domain/ports/chain.ts";
import type { AccountsAt } from "./node.ts";

const LOOKUP_TABLE_PROGRAM = "AddressLookupTab1e1111111111111111111111111";
const HEADER_BYTES = 56;
const ADDRESS_BYTES = 32;
const MAX_ADDRESSES = 256;
/** Kind of an initialised table. */
const TABLE = 1;
/** About 20 KiB each. */
const MAX_CACHED = 500;

export type LookupTables = {
  /** In the order of `addresses`. `isFresh`: also those that are known are read again. */
  resolve(
    addresses: readonly string[],
    isFresh: boolean,
  ): Promise<ChainAnswer<readonly LookupTable[]>>;
};

/** Undefined where the account is no lookup table. */
export function readLookupTable(
  address: string,
  { owner, data }: AccountInfo,
): LookupTable | undefined {
  const size = data.length - HEADER_BYTES;
  const isTable = owner === LOOKUP_TABLE_PROGRAM && size >= 0 && data[0] === TABLE;
  const count = size / ADDRESS_BYTES;
  if (!isTable || !Number.isInteger(count) || count > MAX_ADDRESSES) return undefined;
  const addresses = Array.from({ length: count }, (_, index) => {
    const at = HEADER_BYTES + index * ADDRESS_BYTES;
    return encodeBase58(data.subarray(at, at + ADDRESS_BYTES));
  });
  return { address, addresses };
}

/** A table only ever grows, and the address of a closed one cannot come back: what was read once stays true. */
export function createLookupTables(
  read: (addresses: readonly string[]) => Promise<ChainAnswer<AccountsAt>>,
): LookupTables {
  const known = new Map<string, LookupTable>();

  function keep(table: LookupTable): void {
    const before = known.get(table.address);
    // A node that lags may show it as it was.
    if (before && before.addresses.length > table.addresses.length) return;
    known.delete(table.address);
    known.set(table.address, table);
  }

  function forgetOldest(): void {
    for (const address of known.keys()) {
      if (known.size <= MAX_CACHED) return;
      known.delete(address);
    }
  }

  async function load(wanted: readonly string[]): Promise<ChainFailure | { node: string }> {
    const answer = await read(wanted);
    if (answer.kind === "failed") return answer;
    for (const [index, address] of wanted.entries()) {
      const account = answer.value.accounts[index];
      const table = account && readLookupTable(address, account);
      if (!table) {
        const message = `${answer.node}: ${address} ${account ? "is no lookup table" : "does not exist"}`;
        return { kind: "failed", class: "refused", message };
      }
      keep(table);
    }
    return { node: answer.node };
  }

  return {
    async resolve(addresses, isFresh) {
      const wanted = [...new Set(addresses)].filter((address) => isFresh || !known.has(address));
      let node = "cache";
      if (wanted.length > 0) {
        const loaded = await load(wanted);
        if ("kind" in loaded) return loaded;
        node = loaded.node;
      }
      const value = addresses.flatMap((address) => known.get(address) ?? []);
      forgetOldest();
      return { kind: "ok", value, node };
    },
  };
}
