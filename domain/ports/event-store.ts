/**
 * The log. Append-only streams with one expectation each, and one total order over all of them.
 *
 * Three outcomes: stored (`appended`, `already-appended`), not stored (`conflict`, `unavailable`), and `unknown`. After
 * `unknown` the caller sends the same encoded events again or reads the stream back; it never decides anew before.
 */
import type { EventId, Hash, StreamName } from "../primitives/ids.ts";

/** Place in the total order; grows, not necessarily by one. Opaque to everybody but the store that gave it. */
export type Position = bigint;

/** Revision of the last event of a stream that an append builds on. Revisions count from 0. */
export type ExpectedRevision = number | "no-stream";

/** An event as bytes, ready to be stored. Made by the codec and by nothing else; never re-encoded. */
export type EncodedEvent = {
  readonly eventId: EventId;
  readonly type: string;
  /** Canonical JSON of the event's data. */
  readonly data: Uint8Array;
  /** Canonical JSON of the metadata; holds the schema version and the hash. */
  readonly metadata: Uint8Array;
  /** The event's own hash: names stream, revision and bytes. Equal hashes are equal events. */
  readonly hash: Hash;
};

/** An event as it stands in the log. */
export type StoredEvent = {
  readonly stream: StreamName;
  readonly revision: number;
  readonly position: Position;
  readonly type: string;
  readonly data: Uint8Array;
  readonly metadata: Uint8Array;
};

export type AppendResult =
  /** `already-appended`: the very same events (equal hashes) stood there before. */
  | {
      readonly kind: "appended" | "already-appended";
      readonly revision: number;
      readonly position: Position;
    }
  /** Somebody else's events are there, or the stream is not as long as expected. Nothing was written. */
  | { readonly kind: "conflict"; readonly actual: ExpectedRevision }
  /** Nothing was written, and nothing will be by this call. */
  | { readonly kind: "unavailable"; readonly reason: string }
  /** Perhaps written, perhaps later. */
  | { readonly kind: "unknown"; readonly cause: string };

export type SubscriptionMessage =
  /** In log order; at least one. */
  | { readonly kind: "events"; readonly events: readonly StoredEvent[] }
  /** All that was in the log when this message was made has been delivered; sent again after each catch-up. */
  | { readonly kind: "caught-up"; readonly position: Position | undefined };

export interface EventStore {
  /** Appends 1 to `MAX_EVENTS_PER_APPEND` events, all or none. Never rejects. */
  append(
    stream: StreamName,
    expected: ExpectedRevision,
    events: readonly EncodedEvent[],
  ): Promise<AppendResult>;

  /** Events of one stream by ascending revision from `fromRevision`, at most `limit`; empty if there are none. */
  readStream(
    stream: StreamName,
    fromRevision: number,
    limit: number,
  ): Promise<readonly StoredEvent[]>;

  /** Events of all streams by ascending position after `after` (exclusive), at most `limit`. */
  readAll(after: Position | "start", limit: number): Promise<readonly StoredEvent[]>;

  /** Position of the last event; undefined while the log is empty. */
  end(): Promise<Position | undefined>;

  /**
   * Delivers all events after `after` (exclusive), then live, without gap or repetition, until the signal aborts. Back-pressure:
   * the next batch is fetched when the consumer asks. Streams of the category `evidence` are left out.
   */
  subscribe(after: Position | "start", signal: AbortSignal): AsyncIterable<SubscriptionMessage>;

  close(): Promise<void>;
}

export const MAX_EVENTS_PER_APPEND = 1_000;
/** Bytes of data plus metadata of one event. */
export const MAX_EVENT_BYTES = 512 * 1024;
