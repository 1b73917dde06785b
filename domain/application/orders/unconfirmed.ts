/**
 * Orders that hold funds before their first append is answered. Until then nobody knows whether such an order is new or
 * repeats a request that is in the log already; what it holds must not make another order look too expensive for good.
 */
import type { AccountId, OrderId } from "../../primitives/ids.ts";

export type Unconfirmed = {
  readonly add: (account: AccountId, orderId: OrderId) => void;
  /** Its first append is answered, or there will be none. Without effect on others. */
  readonly remove: (account: AccountId, orderId: OrderId) => void;
  /** Resolves when all that are there now are answered; undefined when there are none. */
  readonly answered: (account: AccountId) => Promise<unknown> | undefined;
};

type Waiting = (() => void)[];

export function createUnconfirmed(): Unconfirmed {
  const accounts = new Map<AccountId, Map<OrderId, Waiting>>();
  return {
    add: (account, orderId) => {
      const orders = accounts.get(account) ?? new Map<OrderId, Waiting>();
      accounts.set(account, orders.set(orderId, []));
    },
    remove: (account, orderId) => {
      const orders = accounts.get(account);
      const waiting = orders?.get(orderId);
      orders?.delete(orderId);
      if (orders?.size === 0) accounts.delete(account);
      for (const wake of waiting ?? []) wake();
    },
    answered: (account) => {
      const orders = accounts.get(account);
      if (!orders) return undefined;
      const each = [...orders.values()].map(
        (waiting) => new Promise<void>((resolve) => waiting.push(resolve)),
      );
      return Promise.all(each);
    },
  };
}
