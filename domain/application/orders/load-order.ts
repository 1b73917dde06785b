/** Reads an order from its own stream. */
import type { Codec, PositionedEvent, RecordedEvent } from "../../codec/codec.ts";
import type { OrderEvent } from "../../order/events.ts";
import { evolve, type MaybeOrder } from "../../order/state.ts";
import type { EventStore } from "../../ports/event-store.ts";
import { type OrderId, orderStream, type StreamName } from "../../primitives/ids.ts";

const PAGE = 256;

type Ports = { readonly store: Pick<EventStore, "readStream">; readonly codec: Codec };

/** All events of a stream in order, page by page. */
export async function* readEvents(
  { store, codec }: Ports,
  stream: StreamName,
  fromRevision = 0,
): AsyncGenerator<PositionedEvent> {
  for (let from = fromRevision; ; from += PAGE) {
    const page = await store.readStream(stream, from, PAGE);
    for (const stored of page) yield codec.decode(stored);
    if (page.length < PAGE) return;
  }
}

/** The order as far as `goesOn` says for each next event; undefined when it has none. */
export async function loadOrder(
  ports: Ports,
  orderId: OrderId,
  goesOn: (next: PositionedEvent) => boolean = () => true,
): Promise<{ readonly order: MaybeOrder; readonly last: PositionedEvent | undefined }> {
  let order: MaybeOrder;
  let last: PositionedEvent | undefined;
  for await (const recorded of readEvents(ports, orderStream(orderId))) {
    if (!goesOn(recorded)) break;
    order = evolve(order, recorded as RecordedEvent<OrderEvent>);
    last = recorded;
  }
  return { order, last };
}
