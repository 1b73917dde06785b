/** Follows every order that fits a filter, from the log's end on: the log is the truth, nothing is buffered for whoever is slow. */
import type { Codec, PositionedEvent, RecordedEvent } from "../../codec/codec.ts";
import { isOrderEvent } from "../../codec/registry.ts";
import type { OrderEvent } from "../../order/events.ts";
import { evolve, isTerminal, type MaybeOrder, type OrderState } from "../../order/state.ts";
import type { EventStore, Position, StoredEvent } from "../../ports/event-store.ts";
import { type OrderId, orderIdOfStream } from "../../primitives/ids.ts";
import { loadOrder } from "./load-order.ts";
import type { WatchedEvent } from "./watch-order.ts";

type Ports = {
  readonly store: Pick<EventStore, "readStream" | "end" | "subscribe">;
  readonly codec: Codec;
};

export type Update = WatchedEvent & { readonly position: Position };

export type OrdersFilter = {
  /** Of an order this never changes. */
  readonly wanted: (order: OrderState) => boolean;
  /** Called once: whatever is stored from now on is delivered. */
  readonly onBegin?: () => void;
};

/**
 * Each durable event of the wanted orders with the state after it, in log order, until the signal aborts or the store closes.
 * Back-pressure is the store's: a consumer that takes its time reads later, from the log. Memory: the open orders.
 */
export async function* watchOrders(
  ports: Ports,
  { wanted, onBegin }: OrdersFilter,
  signal: AbortSignal,
): AsyncGenerator<Update> {
  const end = await ports.store.end();
  onBegin?.();
  const open = new Map<OrderId, OrderState>();
  for await (const message of ports.store.subscribe(end ?? "start", signal)) {
    for (const stored of message.kind === "events" ? message.events : []) {
      const update = await follow(ports, open, stored);
      if (update && wanted(update.order)) yield update;
      if (signal.aborted) return;
    }
  }
}

/** Folds the log's next event; undefined where it is no order's. */
async function follow(
  ports: Ports,
  open: Map<OrderId, OrderState>,
  stored: StoredEvent,
): Promise<Update | undefined> {
  const orderId = orderIdOfStream(stored.stream);
  if (orderId === undefined) return undefined;
  const recorded = ports.codec.decode(stored);
  if (!isOrderRecord(recorded)) return undefined;
  const before = open.get(orderId) ?? (await begunBefore(ports, orderId, recorded));
  const order = evolve(before, recorded);
  if (isTerminal(order)) open.delete(orderId);
  else open.set(orderId, order);
  return { recorded, order, position: stored.position };
}

/** An order that began before the watching did: its stream as far as the event that is at hand. */
async function begunBefore(
  ports: Ports,
  orderId: OrderId,
  { revision }: PositionedEvent,
): Promise<MaybeOrder> {
  if (revision === 0) return undefined;
  return (await loadOrder(ports, orderId, (next) => next.revision < revision)).order;
}

const isOrderRecord = (
  recorded: PositionedEvent,
): recorded is PositionedEvent & RecordedEvent<OrderEvent> => isOrderEvent(recorded.event);
