/**
 * The minimum price that landed per block, as `getRecentPrioritizationFees` reports it: of the
 * block, or of the transactions that locked the given accounts if that is higher. Source: agave
 * `prioritization_fee_cache.rs`.
 */
import type { Address } from "./chain.types.ts";

const BLOCKS_REPORTED = 150;
/** Further ones are for nodes that lag. */
const BLOCKS_KEPT = 1_024;

type Paid = { readonly price: number; readonly writable: ReadonlySet<Address> };

export type PriorityFees = {
  /** `price` in micro-lamports per compute unit. */
  add(height: number, price: bigint, writable: Iterable<Address>): void;
  /** Heights and minimum prices of the complete blocks below `height`, oldest first. */
  recent(
    accounts: readonly Address[],
    height: number,
    quiet: number,
  ): { readonly height: number; readonly price: number }[];
  dropAbove(height: number): void;
};

export function createPriorityFees(): PriorityFees {
  const byHeight = new Map<number, Paid[]>();

  function priceOf(paid: readonly Paid[], accounts: readonly Address[], quiet: number): number {
    const minimum = (list: readonly Paid[]) =>
      list.length === 0 ? 0 : Math.min(...list.map(({ price }) => price));
    if (paid.length === 0) return quiet;
    const ofAccounts = accounts.map((account) =>
      minimum(paid.filter(({ writable }) => writable.has(account))),
    );
    return Math.max(minimum(paid), ...ofAccounts);
  }

  return {
    add(height, price, writable) {
      const paid = { price: Number(price), writable: new Set(writable) };
      const list = byHeight.get(height);
      if (list) list.push(paid);
      else byHeight.set(height, [paid]);
      for (const at of byHeight.keys()) {
        if (at > height - BLOCKS_KEPT) break;
        byHeight.delete(at);
      }
    },
    recent: (accounts, height, quiet) =>
      Array.from({ length: BLOCKS_REPORTED }, (_, index) => {
        const at = height - BLOCKS_REPORTED + index;
        return { height: at, price: priceOf(byHeight.get(at) ?? [], accounts, quiet) };
      }),
    dropAbove(height) {
      for (const at of [...byHeight.keys()]) if (at > height) byHeight.delete(at);
    },
  };
}
