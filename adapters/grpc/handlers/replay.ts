/** ReplayEvents, the auditor's door: stored events with metadata and hashes, in order, as far as the log goes now. */
import {
  orderWithEvidence,
  streamEvents,
} from "../../../domain/application/audit/select-events.ts";
import type { StoredEvent } from "../../../domain/ports/event-store.ts";
import { type OrderId, orderIdOfEvidence, orderStream } from "../../../domain/primitives/ids.ts";
import type { TimestampUs } from "../../../domain/primitives/time.ts";
import type {
  RecordedEvent,
  ReplayEventsRequest,
} from "../../../proto/generated/orderstream/v1/trade_execution.ts";
import type { Context } from "../context.ts";
import { type Failed, invalid, type Violation } from "../errors.ts";
import { recordedEventOf } from "../mapping/events.ts";
import { field, type Parsed, valid } from "../mapping/parsed.ts";
import { timeUsOf } from "../mapping/time.ts";
import type { Sink, StreamHandler } from "../methods.ts";
import { revisionOf } from "./orders.ts";
import { orderIdSchema, orderNotFound } from "./shared.ts";

const PAGE = 256;

type Range =
  | { readonly kind: "order"; readonly orderId: OrderId; readonly toRevision: number }
  | { readonly kind: "log"; readonly fromUs: TimestampUs; readonly toUs: TimestampUs };

type Replay<K extends Range["kind"]> = Extract<Range, { readonly kind: K }> & {
  readonly withEvidence: boolean;
};

export const replayEvents =
  (context: Context): StreamHandler<ReplayEventsRequest, RecordedEvent> =>
  async (request, _caller, sink) => {
    const range = rangeOf(request);
    if (!range.ok) return invalid(range.violations);
    const withEvidence = request.includeEvidence;
    return range.value.kind === "order"
      ? replayOrder({ ...range.value, withEvidence }, sink, context)
      : replayLog({ ...range.value, withEvidence }, sink, context);
  };

function rangeOf(request: ReplayEventsRequest): Parsed<Range> {
  const { orderId, from, to, toRevision } = request;
  const fromUs = timeUsOf("from", from);
  const toUs = timeUsOf("to", to);
  const last = toRevision === undefined ? valid(undefined) : revisionOf("to_revision", toRevision);
  const id = orderId === "" ? valid(undefined) : field("order_id", orderIdSchema, orderId);
  if (!fromUs.ok || !toUs.ok || !last.ok || !id.ok) {
    const parts = [fromUs, toUs, last, id];
    return { ok: false, violations: parts.flatMap((part) => (part.ok ? [] : part.violations)) };
  }
  const violations: Violation[] = [];
  if (id.value !== undefined) {
    const description = "is for the log; one order is chosen up to to_revision";
    if (from) violations.push({ field: "from", description });
    if (to) violations.push({ field: "to", description });
  } else if (last.value !== undefined) {
    violations.push({ field: "to_revision", description: "needs order_id" });
  }
  const range = { fromUs: fromUs.value ?? 0, toUs: toUs.value ?? Number.MAX_SAFE_INTEGER };
  if (range.fromUs >= range.toUs)
    violations.push({ field: "from", description: "must be before to" });
  if (violations.length > 0) return { ok: false, violations };
  return id.value === undefined
    ? valid({ kind: "log", ...range })
    : valid({
        kind: "order",
        orderId: id.value,
        toRevision: last.value ?? Number.MAX_SAFE_INTEGER,
      });
}

async function replayOrder(
  { orderId, toRevision, withEvidence }: Replay<"order">,
  sink: Sink<RecordedEvent>,
  { store, codec, positions }: Context,
): Promise<Failed | undefined> {
  const stream = orderStream(orderId);
  let sent = false;
  const events = withEvidence ? orderWithEvidence(store, orderId) : streamEvents(store, stream);
  for await (const stored of events) {
    const isOwn = stored.stream === stream;
    if (sink.signal.aborted || (isOwn && stored.revision > toRevision)) return undefined;
    if (!(await sink.send(recordedEventOf(stored, codec, positions)))) return undefined;
    sent = true;
  }
  return sent ? undefined : orderNotFound(orderId);
}

const isEvidence = ({ stream }: StoredEvent): boolean => orderIdOfEvidence(stream) !== undefined;

/**
 * The part of the log whose clock is in the range. The clock at an event is the latest time recorded up to it, so the part
 * has no holes and reading can stop at its end.
 */
async function replayLog(
  { fromUs, toUs, withEvidence }: Replay<"log">,
  sink: Sink<RecordedEvent>,
  { store, codec, positions }: Context,
): Promise<Failed | undefined> {
  const end = await store.end();
  let after: StoredEvent["position"] | "start" = "start";
  let clockUs = 0;
  while (end !== undefined && !sink.signal.aborted) {
    const page: readonly StoredEvent[] = await store.readAll(after, PAGE);
    for (const stored of page) {
      if (stored.position > end) return undefined;
      clockUs = Math.max(clockUs, codec.decode(stored).metadata.recordedAtUs);
      if (clockUs >= toUs) return undefined;
      if (clockUs < fromUs || (!withEvidence && isEvidence(stored))) continue;
      if (!(await sink.send(recordedEventOf(stored, codec, positions)))) return undefined;
    }
    const last = page.at(-1);
    if (!last) return undefined;
    after = last.position;
  }
  return undefined;
}
