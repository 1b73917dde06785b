/** Follows one order: what is in its stream, then what comes, until its end. */
import type { Codec, RecordedEvent } from "../../codec/codec.ts";
import type { OrderEvent } from "../../order/events.ts";
import { evolve, isTerminal, type MaybeOrder, type OrderState } from "../../order/state.ts";
import type { EventStore } from "../../ports/event-store.ts";
import { type OrderId, orderStream } from "../../primitives/ids.ts";
import type { CommitBell } from "./commit-bell.ts";
import { readEvents } from "./load-order.ts";

export type WatchedEvent = {
  readonly recorded: RecordedEvent<OrderEvent>;
  /** The order after it. */
  readonly order: OrderState;
};

export async function* watchOrder(
  ports: { readonly store: EventStore; readonly codec: Codec; readonly bell: CommitBell },
  { orderId, afterRevision }: { readonly orderId: OrderId; readonly afterRevision: number },
  signal: AbortSignal,
): AsyncGenerator<WatchedEvent> {
  let order: MaybeOrder;
  while (!signal.aborted) {
    // Listening begins before reading, so that nothing falls between the two.
    const listening = new AbortController();
    const stop = AbortSignal.any([signal, listening.signal]);
    const { rung } = ports.bell.listen(orderId, stop);
    try {
      const from: number = order ? order.revision + 1 : 0;
      for await (const event of readEvents(ports, orderStream(orderId), from)) {
        const recorded = event as RecordedEvent as RecordedEvent<OrderEvent>;
        order = evolve(order, recorded);
        if (recorded.revision > afterRevision) yield { recorded, order };
        if (signal.aborted) return;
      }
      if (order && isTerminal(order)) return;
      await rung;
    } finally {
      listening.abort();
    }
  }
}
