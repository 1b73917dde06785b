/**
 * The state of all accounts, now and as of the last few hundred blocks: what a node answers for a
 * commitment, and what a fork goes back to.
 */
import { createAccountVersions } from "./account-versions.ts";
import type { Account, Address, Simulation } from "./chain.types.ts";
import { resolveKeys, simulate } from "./executor.ts";
import type { ParsedTransaction } from "./message.ts";
import type { Vm } from "./vm.ts";

/** Blocks for which older states are kept: finality, and nodes that lag far behind it. */
export const BLOCKS_WITH_STATE = 512;

export type Bank = {
  accountAt(address: Address, height: number): Account | undefined;
  /** Addresses and accounts that the program owned as of that block. */
  accountsOf(program: Address, height: number): (readonly [Address, Account])[];
  /** Changes an account in the block of this height. */
  setAccount(height: number, address: Address, account: Account | undefined): void;
  /** Notes that a transaction has changed them. */
  changed(height: number, before: ReadonlyMap<Address, Account | undefined>): void;
  simulateAt(parsed: ParsedTransaction, height: number, sigVerify: boolean): Simulation;
  /** Goes back to the end of that block. */
  undoAbove(height: number): void;
  prune(tipHeight: number): void;
};

export function createBank(vm: Vm): Bank {
  const versions = createAccountVersions();

  function accountAt(address: Address, height: number): Account | undefined {
    const older = versions.asOf(address, height);
    return older ? older.account : vm.getAccount(address);
  }

  /** Runs with some accounts as they were, and puts them back. */
  function asOf<T>(height: number, addresses: readonly Address[], run: () => T): T {
    const replaced = addresses.flatMap((address) => {
      const older = versions.asOf(address, height);
      const now = vm.getAccount(address);
      // Programs stay: they are not changed by transactions here.
      if (!older || now?.executable || older.account?.executable) return [];
      return [{ address, now, older: older.account }];
    });
    try {
      for (const { address, older } of replaced) vm.setAccount(address, older);
      return run();
    } finally {
      for (const { address, now } of replaced) vm.setAccount(address, now);
    }
  }

  return {
    accountAt,
    accountsOf(program, height) {
      const addresses = new Set([...vm.accountsOf(program), ...versions.changedAbove(height)]);
      return [...addresses].flatMap((address) => {
        const account = accountAt(address, height);
        return account?.owner === program ? [[address, account] as const] : [];
      });
    },
    setAccount(height, address, account) {
      const before = vm.getAccount(address);
      vm.setAccount(address, account);
      versions.remember(height, address, before);
    },
    changed(height, before) {
      for (const [address, account] of before) versions.remember(height, address, account);
    },
    simulateAt(parsed, height, sigVerify) {
      const tables = parsed.lookups.map(({ accountKey }) => accountKey);
      const keys = resolveKeys(parsed, (address) => accountAt(address, height))?.keys ?? [];
      return asOf(height, [...new Set([...keys, ...tables])], () =>
        simulate(vm, parsed, sigVerify),
      );
    },
    undoAbove(height) {
      for (const [address, account] of versions.undoAbove(height)) vm.setAccount(address, account);
    },
    prune: (tipHeight) => versions.prune(tipHeight - BLOCKS_WITH_STATE),
  };
}
