/**
 * given(events).when(command).then(events): the decider's specs in its own words. The past is built as it would be in
 * production: encoded to bytes by the real codec, decoded again and folded, under a fake clock.
 */
import { expect } from "vitest";
import { createNodeHasher } from "../../adapters/hasher/node.ts";
import { createCodec, type PositionedEvent } from "../../domain/codec/codec.ts";
import type { DomainEvent } from "../../domain/codec/registry.ts";
import type { OrderCommand } from "../../domain/order/commands.ts";
import { decide } from "../../domain/order/decide.ts";
import type { OrderEvent } from "../../domain/order/events.ts";
import { foldOrder, type MaybeOrder, type OrderState } from "../../domain/order/state.ts";
import type { EncodedEvent, StoredEvent } from "../../domain/ports/event-store.ts";
import {
  type LogId,
  type OrderId,
  orderStream,
  type StreamName,
} from "../../domain/primitives/ids.ts";

export const hasher = createNodeHasher();
export const codec = createCodec(hasher);

export const ORDER_ID = "7d1a1f0e-52c8-5d0e-9a51-0f1a2b3c4d5e" as OrderId;
export const STREAM = orderStream(ORDER_ID);
export const LOG_ID = "0b51e9a4-7f0c-4d57-8f8e-7e6c5b4a3920" as LogId;

/** 2026-01-01T00:00:00Z; the fake clock stands there at revision 0 and moves on with each event. */
export const START_US = 1_767_225_600_000_000;
export const STEP_US = 1_000;

/** When the event of a revision was recorded. */
export const timeOf = (revision: number): number => START_US + revision * STEP_US;

export const stored = (
  encoded: EncodedEvent,
  place: { readonly stream: StreamName; readonly revision: number },
): StoredEvent => ({
  ...place,
  position: BigInt(place.revision),
  type: encoded.type,
  // Copies, as from a disk: the codec must read the bytes and not remember them.
  data: encoded.data.slice(),
  metadata: encoded.metadata.slice(),
});

/** Seals events one behind the other into a stream, as bytes. */
export function sealAll(events: readonly DomainEvent[], stream = STREAM): StoredEvent[] {
  let prevHash = codec.rootHash(LOG_ID, stream);
  let causationId: string = ORDER_ID;
  return events.map((event, revision) => {
    const { encoded } = codec.encode(stream, revision, {
      event,
      metadata: {
        actor: "engine",
        correlationId: ORDER_ID,
        causationId,
        recordedAtUs: timeOf(revision),
        prevHash,
      },
    });
    prevHash = encoded.hash;
    causationId = encoded.eventId;
    return stored(encoded, { stream, revision });
  });
}

export const recordAll = (events: readonly DomainEvent[]): PositionedEvent[] =>
  sealAll(events).map((event) => codec.decode(event));

/** The state after these events. */
export const orderAfter = (events: readonly OrderEvent[]): MaybeOrder =>
  foldOrder(recordAll(events));

/** The state after at least one event. */
export function stateAfter(events: readonly OrderEvent[]): OrderState {
  const order = orderAfter(events);
  if (!order) throw new Error("no events given");
  return order;
}

type Decided = {
  readonly events: readonly OrderEvent[];
  /** Exactly these events follow; none when left out. They are storable, and a second run of the command adds none. */
  readonly then: (...expected: readonly OrderEvent[]) => void;
  /** These events follow; a second run may add others. */
  readonly thenOnce: (...expected: readonly OrderEvent[]) => void;
};

export function given(past: readonly OrderEvent[]): {
  readonly when: (command: OrderCommand) => Decided;
} {
  return {
    when: (command) => {
      const events = decide(orderAfter(past), command);
      const thenOnce = (...expected: readonly OrderEvent[]): void => {
        expect(events).toEqual(expected);
        const all = [...past, ...events];
        expect(recordAll(all).map(({ event }) => event)).toEqual(all);
      };
      return {
        events,
        thenOnce,
        // biome-ignore lint/suspicious/noThenProperty: the specs read given-when-then; nothing awaits this object.
        then: (...expected) => {
          thenOnce(...expected);
          expect(decide(orderAfter([...past, ...events]), command), "second run").toEqual([]);
        },
      };
    },
  };
}
