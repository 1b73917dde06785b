/**
 * A part of the log, in its order: by time on the log's clock, of one order, or of one account with its orders. The evidence of an
 * order goes with it. Memory is bounded: a page of events, and the open orders of the account.
 */
import { z } from "zod";
import type { Codec } from "../../codec/codec.ts";
import type { OrderEventType } from "../../order/events.ts";
import type { EventStore, Position, StoredEvent } from "../../ports/event-store.ts";
import {
  type AccountId,
  accountStream,
  evidenceStream,
  type OrderId,
  orderIdOfEvidence,
  orderStream,
  type StreamName,
} from "../../primitives/ids.ts";
import type { TimestampUs } from "../../primitives/time.ts";

export type EventFilter = {
  /** The log's clock at an event is the latest time recorded up to it; from `fromUs` to before `toUs`. */
  readonly fromUs?: TimestampUs | undefined;
  readonly toUs?: TimestampUs | undefined;
  readonly orderId?: OrderId | undefined;
  /** The account's own stream, and the orders that were requested for it. */
  readonly account?: AccountId | undefined;
};

export type SelectPorts = {
  readonly store: Pick<EventStore, "readAll" | "readStream">;
  readonly codec: Codec;
};

export type Selection = {
  readonly filter: EventFilter;
  /** The last position that is looked at; undefined: the log is empty. */
  readonly until: Position | undefined;
  /** Called after each page with the position that was reached. */
  readonly onPage?: (position: Position) => void;
};

/** An event may have 512 KiB. */
const PAGE = 200;

/** Throws UnreadableEventError where it has to look into bytes that this program cannot read. */
export async function* selectEvents(
  ports: SelectPorts,
  { filter, until, onPage = () => undefined }: Selection,
): AsyncGenerator<StoredEvent> {
  if (until === undefined) return;
  const belongs = membership(filter, ports.codec);
  const timing = timingOf(filter);
  for await (const page of pagesOf(ports, filter, until)) {
    for (const stored of page) {
      if (stored.position > until) return;
      const isMember = belongs(stored);
      const when = timing(stored);
      if (when === "after") return;
      if (isMember && when === "within") yield stored;
    }
    onPage(page.at(-1)?.position ?? 0n);
  }
}

const isTimed = ({ fromUs, toUs }: EventFilter): boolean =>
  fromUs !== undefined || toUs !== undefined;

/** Must be asked for every event of the log in order. */
function timingOf(filter: EventFilter): (stored: StoredEvent) => "before" | "within" | "after" {
  if (!isTimed(filter)) return () => "within";
  const { fromUs = 0, toUs = Number.MAX_SAFE_INTEGER } = filter;
  let clockUs = 0;
  return (stored) => {
    clockUs = Math.max(clockUs, recordedAtUs(stored));
    if (clockUs >= toUs) return "after";
    return clockUs < fromUs ? "before" : "within";
  };
}

/** The log's clock takes the whole log; without it one order is read from its own streams. */
async function* pagesOf(
  { store }: SelectPorts,
  filter: EventFilter,
  until: Position,
): AsyncGenerator<readonly StoredEvent[]> {
  const { orderId } = filter;
  if (orderId !== undefined && !isTimed(filter)) {
    for await (const stored of orderWithEvidence(store, orderId)) yield [stored];
    return;
  }
  let after: Position | "start" = "start";
  while (after === "start" || after < until) {
    const page: readonly StoredEvent[] = await store.readAll(after, PAGE);
    const last = page.at(-1);
    if (!last) return;
    yield page;
    after = last.position;
  }
}

/** An order's events and the evidence that they cite, in the log's order. */
export async function* orderWithEvidence(
  store: Pick<EventStore, "readStream">,
  orderId: OrderId,
): AsyncGenerator<StoredEvent> {
  const evidence = streamEvents(store, evidenceStream(orderId));
  let cited = await evidence.next();
  for await (const stored of streamEvents(store, orderStream(orderId))) {
    for (; !cited.done && cited.value.position < stored.position; cited = await evidence.next()) {
      yield cited.value;
    }
    yield stored;
  }
  for (; !cited.done; cited = await evidence.next()) yield cited.value;
}

/** Page by page. */
export async function* streamEvents(
  store: Pick<EventStore, "readStream">,
  stream: StreamName,
): AsyncGenerator<StoredEvent, undefined> {
  for (let from = 0; ; from += PAGE) {
    const page = await store.readStream(stream, from, PAGE);
    yield* page;
    if (page.length < PAGE) return undefined;
  }
}

const ENDS: ReadonlySet<string> = new Set<OrderEventType>([
  "OrderRejected",
  "OrderFilled",
  "FillFinalized",
  "OrderFailed",
  "OrderCancelled",
  "OrderExpired",
]);

/** Must be asked for every event of the log in order. */
function membership(
  { orderId, account }: EventFilter,
  codec: Codec,
): (stored: StoredEvent) => boolean {
  const only = orderId && [orderStream(orderId), evidenceStream(orderId)];
  const isOfOrder = ({ stream }: StoredEvent): boolean => !only || only.includes(stream);
  if (account === undefined) return isOfOrder;
  const own = accountStream(account);
  const open = new Set<StreamName>();
  const isOfAccount = (stored: StoredEvent): boolean => {
    const { stream, type } = stored;
    if (stream === own) return true;
    if (type === "OrderRequested") {
      const { event } = codec.decode(stored);
      if (event.type !== "OrderRequested" || event.data.request.account !== account) return false;
      open.add(stream);
      return true;
    }
    const citing = orderIdOfEvidence(stream);
    if (citing !== undefined) return open.has(orderStream(citing));
    if (!open.has(stream)) return false;
    // Nothing follows an order's end.
    if (ENDS.has(type) && !isProvisional(stored, codec)) open.delete(stream);
    return true;
  };
  return (stored) => isOfOrder(stored) && isOfAccount(stored);
}

/** A live fill is not the end of its order. */
function isProvisional(stored: StoredEvent, codec: Codec): boolean {
  if (stored.type !== "OrderFilled") return false;
  const { event } = codec.decode(stored);
  return event.type === "OrderFilled" && event.data.live !== undefined;
}

const timeSchema = z.object({ recordedAt: z.int() });
const decoder = new TextDecoder();

/** Of the metadata alone: most events of a long log are only counted. */
function recordedAtUs({ stream, revision, metadata }: StoredEvent): TimestampUs {
  try {
    return timeSchema.parse(JSON.parse(decoder.decode(metadata))).recordedAt;
  } catch {
    throw new Error(`${stream}@${revision}: its metadata cannot be read; see \`verify\``);
  }
}
