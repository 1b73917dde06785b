/**
 * Encoded events for store tests: the shape that the codec makes, without the codec. A store looks
 * at bytes, never inside.
 */
import { createHash, randomUUID } from "node:crypto";
import type { EncodedEvent } from "../../domain/ports/event-store.ts";
import type { EventId, Hash, StreamName } from "../../domain/primitives/ids.ts";

export type EventSeed = {
  readonly stream: StreamName;
  readonly revision: number;
  readonly type?: string;
  readonly data?: Record<string, unknown>;
  /** Told apart from other bytes at the same place. */
  readonly note?: string;
};

/** The same seed gives the same bytes. */
export function encodedEvent(seed: EventSeed): EncodedEvent {
  const { stream, revision, type = "QuoteObtained", data = {}, note = "" } = seed;
  const body = JSON.stringify({ ...data, note });
  const digest = sha256(`${stream}@${revision}:${type}:${body}`);
  const eventId = `${digest.slice(0, 8)}-${digest.slice(8, 12)}-5${digest.slice(13, 16)}`;
  const metadata = JSON.stringify({ eventId, hash: digest, schemaVersion: 1 });
  return {
    eventId: eventId as EventId,
    type,
    data: Buffer.from(body),
    metadata: Buffer.from(metadata),
    hash: digest as Hash,
  };
}

/** `count` events for the revisions from `first` on. */
export function encodedEvents(
  stream: StreamName,
  first: number,
  count: number,
  note = "",
): readonly EncodedEvent[] {
  return Array.from({ length: count }, (_, i) =>
    encodedEvent({ stream, revision: first + i, note }),
  );
}

/** A stream that no other test knows. */
export const newStream = (category = "order"): StreamName =>
  `${category}-${randomUUID()}` as StreamName;

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
