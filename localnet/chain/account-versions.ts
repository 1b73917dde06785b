/**
 * What accounts were before they were changed, per block: enough to answer for an older block (a
 * commitment, or a node that lags) and to undo the newest ones (a fork).
 */
import type { Account, Address } from "./chain.types.ts";

type Version = { readonly height: number; readonly before: Account | undefined };

export type AccountVersions = {
  /** Only the first change of an account in a block counts. */
  remember(height: number, address: Address, before: Account | undefined): void;
  /** The account as of the end of that block; undefined if it has not changed since. */
  asOf(address: Address, height: number): { readonly account: Account | undefined } | undefined;
  /** Accounts that changed in blocks above this height. */
  changedAbove(height: number): Address[];
  /** Forgets the blocks above this height and answers the accounts as they were at its end. */
  undoAbove(height: number): Map<Address, Account | undefined>;
  /** Forgets what is needed only to answer for blocks below this height. */
  prune(height: number): void;
};

export function createAccountVersions(): AccountVersions {
  const versions = new Map<Address, Version[]>();
  const changed = new Map<number, Address[]>();

  const changedAbove = (height: number) => [
    ...new Set([...changed].filter(([at]) => at > height).flatMap(([, addresses]) => addresses)),
  ];

  /** The oldest version above the height: what it was before the first change after it. */
  const oldestAbove = (address: Address, height: number) =>
    versions.get(address)?.find((version) => version.height > height);

  function keep(address: Address, wanted: (version: Version) => boolean): void {
    const left = (versions.get(address) ?? []).filter(wanted);
    if (left.length === 0) versions.delete(address);
    else versions.set(address, left);
  }

  return {
    remember(height, address, before) {
      const list = versions.get(address) ?? [];
      if (list.at(-1)?.height === height) return;
      list.push({ height, before });
      versions.set(address, list);
      const inBlock = changed.get(height);
      if (inBlock) inBlock.push(address);
      else changed.set(height, [address]);
    },
    asOf(address, height) {
      const version = oldestAbove(address, height);
      return version && { account: version.before };
    },
    changedAbove,
    undoAbove(height) {
      const state = new Map<Address, Account | undefined>();
      for (const address of changedAbove(height)) {
        state.set(address, oldestAbove(address, height)?.before);
        keep(address, (version) => version.height <= height);
      }
      for (const at of [...changed.keys()]) if (at > height) changed.delete(at);
      return state;
    },
    prune(height) {
      // In ascending order: blocks come one after the other, and a fork takes the newest away.
      for (const [at, addresses] of changed) {
        if (at > height) break;
        for (const address of addresses) keep(address, (version) => version.height > at);
        changed.delete(at);
      }
    },
  };
}
