/**
 * Landed transactions by signature, by address and by block. What is kept is limited by number;
 * the oldest go first, and `prunedBelow` says from which slot on everything is there.
 */
import type { Address, LandedTransaction, TransactionError } from "./chain.types.ts";
import { decodeRecord, encodeRecord } from "./transaction-record.ts";

const MAX_TRANSACTIONS = 20_000;

/** What is known of a transaction without reading its whole record. */
export type HistoryEntry = {
  readonly signature: string;
  readonly slot: number;
  readonly height: number;
  readonly blockTime: number;
  readonly err: TransactionError | null;
  readonly memo: string | null;
  readonly record: Buffer;
};

export type History = {
  add(transaction: LandedTransaction): void;
  /** As `add`, for records that are text already. */
  restore(record: Buffer): void;
  get(signature: string): HistoryEntry | undefined;
  read(entry: HistoryEntry): LandedTransaction;
  /** Newest first. */
  ofAddress(address: Address): readonly HistoryEntry[];
  /** In the order in which they landed. */
  inBlock(height: number): readonly HistoryEntry[];
  /** Forgets those above this height; answers them in the order in which they had landed. */
  dropAbove(height: number): HistoryEntry[];
  /** The first slot whose transactions are all there; 0 if none has been given up. */
  prunedBelow(): number;
  count(): number;
  /** Oldest first. */
  entries(): readonly HistoryEntry[];
};

export type HistoryOptions = {
  /** Transactions kept; default 20,000. */
  readonly limit?: number | undefined;
  /** What a restored history had given up already. */
  readonly prunedBelow?: number | undefined;
};

export function createHistory(options: HistoryOptions = {}): History {
  const { limit = MAX_TRANSACTIONS } = options;
  const bySignature = new Map<string, HistoryEntry>();
  const byAddress = new Map<Address, HistoryEntry[]>();
  const byHeight = new Map<number, HistoryEntry[]>();
  let prunedBelow = options.prunedBelow ?? 0;

  function insert(transaction: LandedTransaction, record: Buffer): void {
    const { signature, slot, height, blockTime, err, memo, keys } = transaction;
    const entry: HistoryEntry = { signature, slot, height, blockTime, err, memo, record };
    bySignature.set(signature, entry);
    append(byHeight, height, entry);
    for (const key of new Set(keys)) append(byAddress, key, entry);
    // A tenth at once, so that lists are not shortened one by one.
    if (bySignature.size > limit * 1.1) prune();
  }

  /** Whole blocks only, so that what is kept of a block is all of it. */
  function prune(): void {
    const all = [...bySignature.values()];
    const last = all[all.length - limit - 1]?.height ?? 0;
    const oldest = all.filter(({ height }) => height <= last);
    prunedBelow = (oldest.at(-1)?.slot ?? -1) + 1;
    remove(oldest);
  }

  function remove(entries: readonly HistoryEntry[]): void {
    const gone = new Set(entries);
    for (const { signature, height } of entries) {
      bySignature.delete(signature);
      byHeight.delete(height);
    }
    for (const [address, list] of byAddress) {
      const left = list.filter((entry) => !gone.has(entry));
      if (left.length === 0) byAddress.delete(address);
      else if (left.length < list.length) byAddress.set(address, left);
    }
  }

  return {
    add: (transaction) => insert(transaction, encodeRecord(transaction)),
    restore: (record) => insert(decodeRecord(record), record),
    get: (signature) => bySignature.get(signature),
    read: (entry) => decodeRecord(entry.record),
    ofAddress: (address) => (byAddress.get(address) ?? []).toReversed(),
    inBlock: (height) => byHeight.get(height) ?? [],
    dropAbove(height) {
      const dropped = [...bySignature.values()].filter((entry) => entry.height > height);
      remove(dropped);
      return dropped;
    },
    prunedBelow: () => prunedBelow,
    count: () => bySignature.size,
    entries: () => [...bySignature.values()],
  };
}

function append<K>(lists: Map<K, HistoryEntry[]>, key: K, entry: HistoryEntry): void {
  const list = lists.get(key);
  if (list) list.push(entry);
  else lists.set(key, [entry]);
}
