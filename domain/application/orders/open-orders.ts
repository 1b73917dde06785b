/** The orders that have not ended, by id, counted by account. */
import type { AccountId, OrderId } from "../../primitives/ids.ts";
import type { OrderEntry } from "./order-entry.ts";

export type OpenOrders = {
  readonly get: (orderId: OrderId) => OrderEntry | undefined;
  readonly add: (entry: OrderEntry) => void;
  readonly remove: (entry: OrderEntry) => void;
  readonly size: () => number;
  readonly ofAccount: (account: AccountId) => number;
  readonly all: () => Iterable<OrderEntry>;
  /** Orders that are about to store or to ask something: not waiting for time, a turn or the end. */
  readonly busy: () => boolean;
};

export function createOpenOrders(): OpenOrders {
  const entries = new Map<OrderId, OrderEntry>();
  const byAccount = new Map<AccountId, number>();

  const count = (entry: OrderEntry, by: 1 | -1): void => {
    const account = entry.draft?.request.account;
    if (account === undefined) throw new Error(`${entry.orderId}: an order without a request`);
    const open = (byAccount.get(account) ?? 0) + by;
    if (open === 0) byAccount.delete(account);
    else byAccount.set(account, open);
  };

  return {
    get: (orderId) => entries.get(orderId),
    add: (entry) => {
      entries.set(entry.orderId, entry);
      count(entry, 1);
    },
    remove: (entry) => {
      if (entries.delete(entry.orderId)) count(entry, -1);
    },
    size: () => entries.size,
    ofAccount: (account) => byAccount.get(account) ?? 0,
    all: () => entries.values(),
    busy: () => [...entries.values()].some((entry) => !entry.parked),
  };
}
