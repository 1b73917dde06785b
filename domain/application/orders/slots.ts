/**
 * Turns of one account: its orders run first in, first out, `limit` at a time. An order holds a slot from its validation
 * until it is handed to the venue; waiting, retry delays and unknown outcomes hold none.
 */
import type { AccountId } from "../../primitives/ids.ts";

export type Slots = {
  /** Undefined: the slot is taken at once. `again`: a later attempt goes before waiting new orders. */
  readonly take: (account: AccountId, again: boolean) => Promise<void> | undefined;
  readonly give: (account: AccountId) => void;
  /** Orders that wait for a slot. */
  readonly waiting: () => number;
};

type Queue = { taken: number; readonly again: (() => void)[]; readonly fresh: (() => void)[] };

/** `limit` undefined: no limit. */
export function createSlots(limit: number | undefined): Slots {
  if (limit === undefined) {
    return { take: () => undefined, give: () => {}, waiting: () => 0 };
  }
  const queues = new Map<AccountId, Queue>();
  let waiting = 0;

  return {
    take: (account, again) => {
      const queue = queues.get(account) ?? { taken: 0, again: [], fresh: [] };
      queues.set(account, queue);
      if (queue.taken < limit) {
        queue.taken += 1;
        return undefined;
      }
      waiting += 1;
      return new Promise((resolve) => {
        (again ? queue.again : queue.fresh).push(resolve);
      });
    },
    give: (account) => {
      const queue = queues.get(account);
      if (!queue) return;
      const next = queue.again.shift() ?? queue.fresh.shift();
      if (next) {
        // The slot changes hands: `taken` stays.
        waiting -= 1;
        next();
      } else {
        queue.taken -= 1;
        if (queue.taken === 0) queues.delete(account);
      }
    },
    waiting: () => waiting,
  };
}
