/**
 * Orders are named by order id or by request id: which one it is, and the fold of its events on
 * this side.
 */

import type { RecordedEvent } from "../../domain/codec/codec.ts";
import { createCodec } from "../../domain/codec/codec.ts";
import type { StoredEvent } from "../../domain/ports/event-store.ts";
import { canonicalJson } from "../../domain/primitives/canonical-json.ts";
import { REQUEST_ID_PATTERN, type StreamName } from "../../domain/primitives/ids.ts";
import { parseTimestamp, type TimestampUs } from "../../domain/primitives/time.ts";
import {
  type Order,
  TradeExecutionServiceService as Service,
  type RecordedEvent as WireEvent,
} from "../../proto/generated/orderstream/v1/trade_execution.ts";
import { createNodeHasher } from "../hasher/node.ts";
import { type EngineClient, READ_TIMEOUT_MS } from "./engine-client.ts";
import { CliError, EXIT, usageError } from "./exit-codes.ts";
import { timestampOf, timeUsOf } from "./output.ts";

export type OrderKey =
  | { readonly $case: "orderId"; readonly value: string }
  | { readonly $case: "requestId"; readonly value: string };

export type Moment = { readonly revision: number } | { readonly timeUs: TimestampUs };

/** Order ids are version 5 UUIDs; a request id may look like one too. */
const ORDER_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** What the text can mean, the likelier first. Throws a CliError where it can be neither. */
export function keysOf(text: string): readonly OrderKey[] {
  if (!REQUEST_ID_PATTERN.test(text)) {
    throw usageError(`${JSON.stringify(text)} is neither an order id nor a request id`);
  }
  const byRequest: OrderKey = { $case: "requestId", value: text };
  return ORDER_ID.test(text) ? [{ $case: "orderId", value: text }, byRequest] : [byRequest];
}

/** The order by either name, now or at a moment. Throws a CliError when there is none. */
export async function findOrder(
  engine: EngineClient,
  text: string,
  moment?: Moment,
): Promise<{ readonly key: OrderKey; readonly order: Order }> {
  const keys = keysOf(text);
  for (const [index, key] of keys.entries()) {
    try {
      const request = { order: key, moment: wireMoment(moment), minPosition: "" };
      const options = { timeoutMs: READ_TIMEOUT_MS };
      return { key, order: await engine.call(Service.getOrder, request, options) };
    } catch (error) {
      const isLast = index === keys.length - 1;
      if (isLast || !(error instanceof CliError) || error.code !== EXIT.notFound) throw error;
    }
  }
  throw new CliError(EXIT.notFound, `there is no order ${text}`);
}

const wireMoment = (moment: Moment | undefined) => {
  if (moment === undefined) return undefined;
  return "revision" in moment
    ? ({ $case: "atRevision", value: BigInt(moment.revision) } as const)
    : ({ $case: "atTime", value: timestampOf(moment.timeUs) } as const);
};

/** `2026-11-21T13:15:06.5Z` or `2026-11-21` (midnight UTC). Throws a CliError. */
export function timeOf(text: string, option: string): TimestampUs {
  const isDay = /^\d{4}-\d{2}-\d{2}$/.test(text);
  const timeUs = parseTimestamp(isDay ? `${text}T00:00:00Z` : text);
  if (timeUs !== undefined && timeUs >= 0) return timeUs;
  throw usageError(
    `${option} ${JSON.stringify(text)} must be a time such as 2026-11-21T13:15:06Z or 2026-11-21`,
  );
}

/** A whole number of an option. Throws a CliError. */
export function countOf(
  text: string,
  option: string,
  { min, max }: { readonly min: number; readonly max: number },
): number {
  const count = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (count >= min && count <= max) return count;
  const given = JSON.stringify(text);
  throw usageError(`${option} must be a whole number from ${min} to ${max}, not ${given}`);
}

const hasher = createNodeHasher();
const codec = createCodec(hasher);
const encoder = new TextEncoder();

export { hasher as orderHasher };

export type Received = { readonly recorded: RecordedEvent; readonly isIntact: boolean };

/** All recorded events of an order, checked against their hashes on this side. */
export async function* eventsOf(engine: EngineClient, orderId: string): AsyncGenerator<Received> {
  const request = { orderId, from: undefined, to: undefined, includeEvidence: false };
  const options = { timeoutMs: READ_TIMEOUT_MS };
  for await (const event of engine.stream(Service.replayEvents, request, options)) {
    yield codec.decodeAndVerify(storedOf(event));
  }
}

/** The metadata's canonical bytes as the store has them. */
function storedOf(event: WireEvent): StoredEvent {
  const metadata = canonicalJson({
    actor: event.actor,
    causationId: event.causationId,
    correlationId: event.correlationId,
    hash: event.hash,
    prevHash: event.prevHash,
    recordedAt: event.recordedAt && timeUsOf(event.recordedAt),
    version: event.schemaVersion,
  });
  return {
    stream: event.stream as StreamName,
    revision: Number(event.revision),
    // Positions are opaque on the wire, and of no use here.
    position: 0n,
    type: event.type,
    data: event.data,
    metadata: encoder.encode(metadata),
  };
}
