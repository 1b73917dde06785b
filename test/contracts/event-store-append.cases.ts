/** Cases of the event store contract: what an append answers, and what it leaves behind. */
import { expect } from "vitest";
import type { EncodedEvent, EventStore } from "../../domain/ports/event-store.ts";
import { MAX_EVENT_BYTES, MAX_EVENTS_PER_APPEND } from "../../domain/ports/event-store.ts";
import type { StreamName } from "../../domain/primitives/ids.ts";
import { encodedEvent, encodedEvents, newStream } from "../support/encoded-events.ts";
import type { Case } from "./event-store-case.ts";

const count = async (store: EventStore, stream: StreamName): Promise<number> =>
  (await store.readStream(stream, 0, 10_000)).length;

const withSize = (stream: StreamName, revision: number, bytes: number): EncodedEvent => {
  const event = encodedEvent({ stream, revision });
  return { ...event, data: Buffer.alloc(bytes - event.metadata.byteLength, revision + 65) };
};

/** Every writer builds on the same revision with bytes of its own; exactly one may win. */
async function race(store: EventStore, stream: StreamName, first: number): Promise<void> {
  const expected = first === 0 ? "no-stream" : first - 1;
  const results = await Promise.all(
    ["a", "b"].map((note) => store.append(stream, expected, encodedEvents(stream, first, 1, note))),
  );
  const kinds = results.map((result) => result.kind).sort();
  expect(kinds).toEqual(["appended", "conflict"]);
  expect(await count(store, stream)).toBe(first + 1);
}

export const appendCases: readonly Case[] = [
  [
    "the first append to a stream that must not exist gives revision 0",
    async (make) => {
      const { store } = await make();
      const stream = newStream();
      const result = await store.append(stream, "no-stream", encodedEvents(stream, 0, 1));
      const end = await store.end();
      expect(result).toEqual({ kind: "appended", revision: 0, position: end });
    },
  ],
  [
    "a second creation conflicts and tells the revision",
    async (make) => {
      const { store } = await make();
      const stream = newStream();
      await store.append(stream, "no-stream", encodedEvents(stream, 0, 3));
      const result = await store.append(stream, "no-stream", encodedEvents(stream, 0, 1, "other"));
      expect(result).toEqual({ kind: "conflict", actual: 2 });
      expect(await count(store, stream)).toBe(3);
    },
  ],
  [
    "the exact revision is accepted, a stale and a future one conflict",
    async (make) => {
      const { store } = await make();
      const stream = newStream();
      await store.append(stream, "no-stream", encodedEvents(stream, 0, 2));
      const next = await store.append(stream, 1, encodedEvents(stream, 2, 2));
      expect(next).toMatchObject({ kind: "appended", revision: 3 });
      const other = encodedEvents(stream, 2, 1, "other");
      expect(await store.append(stream, 1, other)).toEqual({ kind: "conflict", actual: 3 });
      expect(await store.append(stream, 4, other)).toEqual({ kind: "conflict", actual: 3 });
      expect(await count(store, stream)).toBe(4);
    },
  ],
  [
    "a revision of a stream that does not exist conflicts with no-stream",
    async (make) => {
      const { store } = await make();
      const stream = newStream();
      const result = await store.append(stream, 0, encodedEvents(stream, 1, 1));
      expect(result).toEqual({ kind: "conflict", actual: "no-stream" });
    },
  ],
  [
    "a batch is stored whole and in order, or not at all",
    async (make) => {
      const { store } = await make();
      const stream = newStream();
      const events = encodedEvents(stream, 0, MAX_EVENTS_PER_APPEND);
      await store.append(stream, "no-stream", events);
      const stored = await store.readStream(stream, 0, MAX_EVENTS_PER_APPEND + 1);
      expect(stored.map((event) => event.revision)).toEqual(events.map((_, i) => i));
      await store.append(stream, 500, encodedEvents(stream, 501, 5, "other"));
      expect(await count(store, stream)).toBe(MAX_EVENTS_PER_APPEND);
    },
  ],
  [
    "a conflict does not touch the other appends of its group",
    async (make) => {
      const { store } = await make();
      const streams = Array.from({ length: 20 }, () => newStream());
      const results = await Promise.all(
        streams.map((stream, i) =>
          store.append(stream, i % 2 ? 7 : "no-stream", encodedEvents(stream, 0, 2)),
        ),
      );
      const wanted = streams.map((_, i) => (i % 2 ? "conflict" : "appended"));
      expect(results.map((result) => result.kind)).toEqual(wanted);
    },
  ],
  [
    "of two writers that create a stream one wins, 50 times",
    async (make) => {
      const { store } = await make();
      for (let round = 0; round < 50; round++) await race(store, newStream(), 0);
    },
  ],
  [
    "of two writers that append to a stream one wins, 50 times",
    async (make) => {
      const { store } = await make();
      const stream = newStream();
      for (let round = 0; round < 50; round++) await race(store, stream, round);
    },
  ],
  [
    "the same events again are already appended, at the same place",
    async (make) => {
      const { store } = await make();
      const stream = newStream();
      const first = encodedEvents(stream, 0, 2);
      const second = encodedEvents(stream, 2, 3);
      const one = await store.append(stream, "no-stream", first);
      const two = await store.append(stream, 1, second);
      await store.append(newStream(), "no-stream", encodedEvents(newStream(), 0, 1));
      expect(await store.append(stream, 1, second)).toEqual({ ...two, kind: "already-appended" });
      // More stands behind them by now.
      const again = await store.append(stream, "no-stream", first);
      expect(again).toEqual({ ...one, kind: "already-appended" });
      expect(await count(store, stream)).toBe(5);
    },
  ],
  [
    "the same events twice in one group are stored once",
    async (make) => {
      const { store } = await make();
      const stream = newStream();
      const send = () => store.append(stream, "no-stream", encodedEvents(stream, 0, 2));
      const results = await Promise.all([send(), send()]);
      expect(results.map((result) => result.kind)).toEqual(["appended", "already-appended"]);
      expect(await count(store, stream)).toBe(2);
    },
  ],
  [
    "the same ids at the same place with other bytes conflict",
    async (make) => {
      const { store } = await make();
      const stream = newStream();
      const events = encodedEvents(stream, 0, 2);
      await store.append(stream, "no-stream", events);
      const [one, two] = events;
      if (!one || !two) throw new Error("two events were made");
      const conflict = { kind: "conflict", actual: 1 };
      const otherData = [one, { ...two, data: Buffer.from('{"note":"x"}') }];
      expect(await store.append(stream, "no-stream", otherData)).toEqual(conflict);
      const otherMetadata = [one, { ...two, metadata: Buffer.from("{}") }];
      expect(await store.append(stream, "no-stream", otherMetadata)).toEqual(conflict);
      const otherType = [one, { ...two, type: "QuoteFailed" }];
      expect(await store.append(stream, "no-stream", otherType)).toEqual(conflict);
      expect(await count(store, stream)).toBe(2);
    },
  ],
  [
    "a partially overlapping resend conflicts",
    async (make) => {
      const { store } = await make();
      const stream = newStream();
      await store.append(stream, "no-stream", encodedEvents(stream, 0, 2));
      const result = await store.append(stream, 0, encodedEvents(stream, 1, 3));
      expect(result).toEqual({ kind: "conflict", actual: 1 });
      expect(await count(store, stream)).toBe(2);
    },
  ],
  [
    "an empty batch, too many events and a wrong revision are faults of the caller",
    async (make) => {
      const { store } = await make();
      const stream = newStream();
      const many = encodedEvents(stream, 0, MAX_EVENTS_PER_APPEND + 1);
      const one = encodedEvents(stream, 0, 1);
      await expect(async () => store.append(stream, "no-stream", [])).rejects.toThrow("1 to");
      await expect(async () => store.append(stream, "no-stream", many)).rejects.toThrow("1 to");
      await expect(async () => store.append(stream, -1, one)).rejects.toThrow("revision");
      await expect(async () => store.append(stream, 0.5, one)).rejects.toThrow("revision");
      expect(await count(store, stream)).toBe(0);
    },
  ],
  [
    "an event of the largest size is stored, a larger one is refused",
    async (make) => {
      const { store } = await make();
      const stream = newStream();
      const events = [withSize(stream, 0, MAX_EVENT_BYTES), withSize(stream, 1, MAX_EVENT_BYTES)];
      expect((await store.append(stream, "no-stream", events)).kind).toBe("appended");
      const stored = await store.readStream(stream, 0, 2);
      for (const [i, event] of events.entries()) {
        expect(Buffer.compare(stored[i]?.data ?? Buffer.of(), event.data)).toBe(0);
      }
      const larger = [withSize(stream, 2, MAX_EVENT_BYTES + 1)];
      await expect(async () => store.append(stream, 1, larger)).rejects.toThrow("the limit is");
      expect(await count(store, stream)).toBe(2);
    },
  ],
];
