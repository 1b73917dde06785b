/** Watching many orders at the log itself: what is told, what is not, and when it ends. */
import { describe, expect, it } from "vitest";
import { createMemoryEventStore } from "../../adapters/event-store/memory.ts";
import { type Update, watchOrders } from "../../domain/application/orders/watch-orders.ts";
import type { StoredEvent } from "../../domain/ports/event-store.ts";
import { codec } from "../support/given.ts";
import { createLogWriter } from "../support/log-writer.ts";
import { SOL } from "../support/order-samples.ts";

const told = ({ recorded, order }: Update) => [recorded.event.type, order.phase];

async function world() {
  const log = createLogWriter();
  const store = createMemoryEventStore();
  log.openAccount("main", [{ mint: SOL, amount: "100000000000" }]);
  const early = log.order({ retries: 1 });
  early.step();
  await log.appendTo(store);
  const stop = new AbortController();
  const begun = Promise.withResolvers<void>();
  const updates = watchOrders(
    { store, codec },
    { wanted: () => true, onBegin: begun.resolve },
    stop.signal,
  );
  return { log, store, early, stop, begun: begun.promise, updates };
}

describe("watching orders", () => {
  it("folds an order that began before, and passes over what is no order's", async () => {
    const { log, store, early, stop, begun, updates } = await world();
    const first = updates.next();
    await begun;
    log.deposit("main", { mint: SOL, amount: "1" });
    const before = log.recorded.length;
    early.finish();
    log.withdraw("main", { mint: SOL, amount: "1" });
    log.order({ outcome: "no-route" }).finish();
    const wanted = log.recorded.slice(before).filter(({ stream }) => stream.startsWith("order-"));
    await log.appendTo(store);
    const seen: Update[] = [];
    for (let next = await first; !next.done; next = await updates.next()) {
      seen.push(next.value);
      if (seen.length === wanted.length) stop.abort();
    }
    expect(seen.map(({ position }) => position)).toEqual(wanted.map(({ position }) => position));
    expect(seen.map(({ order }) => order.orderId === early.orderId)).toContain(true);
    expect(seen.map(told)).toContainEqual(["OrderFilled", "filled"]);
    expect(seen.map(told).at(-1)).toEqual(["OrderFailed", "failed"]);
    await store.close();
  });

  it("ends in the middle of what it was given, once nobody listens any more", async () => {
    const { log, store, stop, begun, updates } = await world();
    const first = updates.next();
    await begun;
    const { orderId } = log.order();
    const order = log.order();
    order.finish();
    await log.appendTo(store);
    expect((await first).value).toMatchObject({ order: { orderId } });
    stop.abort();
    expect(await updates.next()).toEqual({ done: true, value: undefined });
    await store.close();
  });

  it("looks at no more of a batch than was wanted before it was stopped", async () => {
    const { log, store, stop } = await world();
    log.order().finish();
    const decoded: StoredEvent[] = [];
    const watching = {
      ...codec,
      decode: (stored: StoredEvent) => {
        decoded.push(stored);
        return codec.decode(stored);
      },
    };
    const events = log.stored.filter(({ stream }) => stream.startsWith("order-"));
    async function* subscribe() {
      yield { kind: "events", events } as const;
    }
    const wanted = (): boolean => {
      stop.abort();
      return false;
    };
    const none = watchOrders(
      { store: { ...store, subscribe }, codec: watching },
      { wanted },
      stop.signal,
    );
    expect(await none.next()).toEqual({ done: true, value: undefined });
    expect(decoded).toHaveLength(1);
    await store.close();
  });
});
