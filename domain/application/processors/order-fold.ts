/**
 * The open orders of the log, folded once for all that a processor shows. Its snapshot is only the
 * list of open orders with their revisions: their streams are short and are read again, so that a
 * checkpoint stays small.
 */
import { z } from "zod";
import type { Codec, PositionedEvent, RecordedEvent } from "../../codec/codec.ts";
import { isOrderEvent } from "../../codec/registry.ts";
import type { OrderEvent } from "../../order/events.ts";
import { evolve, isTerminal, type MaybeOrder, type OrderState } from "../../order/state.ts";
import type { EventStore } from "../../ports/event-store.ts";
import { type OrderId, orderIdOfStream } from "../../primitives/ids.ts";
import { loadOrder } from "../orders/load-order.ts";

/** Open orders by id, each with the revision that the fold has seen. */
export const orderFoldSnapshotSchema = z.array(z.tuple([z.string(), z.int().min(0)]));
export type OrderFoldSnapshot = z.output<typeof orderFoldSnapshotSchema>;

export type OrderFold = {
  /** Folds the log's next event. Throws where it cannot follow. */
  readonly apply: (recorded: PositionedEvent) => {
    readonly before: MaybeOrder;
    readonly after: MaybeOrder;
  };
  readonly states: () => Iterable<OrderState>;
  readonly snapshot: () => OrderFoldSnapshot;
};

export function createOrderFold(open: ReadonlyMap<OrderId, OrderState> = new Map()): OrderFold {
  const orders = new Map(open);
  return {
    apply: (recorded) => {
      const orderId = orderIdOfStream(recorded.stream);
      if (orderId === undefined || !isOrderRecord(recorded)) {
        return { before: undefined, after: undefined };
      }
      const before = orders.get(orderId);
      const after = evolve(before, recorded);
      if (isTerminal(after)) orders.delete(orderId);
      else orders.set(orderId, after);
      return { before, after };
    },
    states: () => orders.values(),
    snapshot: () => [...orders].map(([orderId, { revision }]) => [orderId, revision]),
  };
}

const isOrderRecord = (recorded: RecordedEvent): recorded is RecordedEvent<OrderEvent> =>
  isOrderEvent(recorded.event);

/** Streams that are read at the same time. */
const READ_AT_ONCE = 32;

/**
 * The fold as it was when the snapshot was made. Throws when a stream is not as long as the
 * snapshot says.
 */
export async function restoreOrderFold(
  ports: { readonly store: EventStore; readonly codec: Codec },
  snapshot: OrderFoldSnapshot,
): Promise<OrderFold> {
  const orders = new Map<OrderId, OrderState>();
  for (let first = 0; first < snapshot.length; first += READ_AT_ONCE) {
    const some = snapshot.slice(first, first + READ_AT_ONCE);
    const loaded = await Promise.all(some.map((entry) => reload(ports, entry)));
    for (const order of loaded) orders.set(order.orderId, order);
  }
  return createOrderFold(orders);
}

async function reload(
  ports: { readonly store: EventStore; readonly codec: Codec },
  [orderId, revision]: OrderFoldSnapshot[number],
): Promise<OrderState> {
  const { order } = await loadOrder(ports, orderId as OrderId, (next) => next.revision <= revision);
  if (order?.revision !== revision) {
    throw new Error(`order ${orderId} has no revision ${revision} in this log`);
  }
  return order;
}
