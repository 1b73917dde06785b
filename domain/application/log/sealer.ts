/** Seals decided events into a stream: revision, time, causation and the hash chain. */
import type { Codec, RecordedEvent } from "../../codec/codec.ts";
import type { DomainEvent } from "../../codec/registry.ts";
import type { Clock } from "../../ports/clock.ts";
import type { EncodedEvent } from "../../ports/event-store.ts";
import type { EventId, Hash, LogId, StreamName } from "../../primitives/ids.ts";
import type { TimestampUs } from "../../primitives/time.ts";

/** Where a stream ends; undefined: it has no events. */
export type Tip =
  | { readonly revision: number; readonly hash: Hash; readonly eventId: EventId }
  | undefined;

export type Sealed<E extends DomainEvent> = {
  readonly encoded: EncodedEvent;
  readonly recorded: RecordedEvent<E>;
};

export type Sealer = {
  /** `correlationId`: the order id or account that the event belongs to. `actor`: a principal, or `engine`. */
  readonly seal: <E extends DomainEvent>(
    place: { readonly stream: StreamName; readonly tip: Tip },
    event: E,
    cause: { readonly actor: string; readonly correlationId: string },
  ) => Sealed<E>;
  /** Time of the last event that was sealed. */
  readonly lastUs: () => TimestampUs;
};

export type SealerOptions = {
  readonly codec: Codec;
  readonly clock: Clock;
  readonly logId: LogId;
  /** The log's clock at the start: recorded times never fall behind it. */
  readonly lastUs: TimestampUs;
};

export function createSealer({ codec, clock, logId, lastUs: startUs }: SealerOptions): Sealer {
  // One strictly growing clock for the whole engine, whatever the wall clock does. Appends of different streams may still reach the
  // log in another order than they were sealed in: the log's clock at a position is the maximum up to it.
  let lastUs = startUs;
  return {
    seal: ({ stream, tip }, event, { actor, correlationId }) => {
      lastUs = Math.max(lastUs + 1, clock.nowUs());
      return codec.encode(stream, tip ? tip.revision + 1 : 0, {
        event,
        metadata: {
          actor,
          correlationId,
          causationId: tip?.eventId ?? correlationId,
          recordedAtUs: lastUs,
          prevHash: tip?.hash ?? codec.rootHash(logId, stream),
        },
      });
    },
    lastUs: () => lastUs,
  };
}

/** The tip after an event. */
export const tipOf = ({ revision, hash, eventId }: RecordedEvent): Tip => ({
  revision,
  hash,
  eventId,
});
