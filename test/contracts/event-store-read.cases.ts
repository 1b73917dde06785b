/** Cases of the event store contract: reading streams and the whole log. */
import { expect } from "vitest";
import type { EventStore, StoredEvent } from "../../domain/ports/event-store.ts";
import type { StreamName } from "../../domain/primitives/ids.ts";
import { encodedEvent, encodedEvents, newStream } from "../support/encoded-events.ts";
import type { Case } from "./event-store-case.ts";

/** The whole log, page by page. */
export async function readWholeLog(store: EventStore, page = 1_000): Promise<StoredEvent[]> {
  const all: StoredEvent[] = [];
  for (;;) {
    const events = await store.readAll(all.at(-1)?.position ?? "start", page);
    if (events.length === 0) return all;
    all.push(...events);
  }
}

/** Positions grow, and each stream counts 0, 1, 2, ... in the order of the log. */
export function expectGapless(events: readonly StoredEvent[]): void {
  const next = new Map<StreamName, number>();
  let last = -1n;
  for (const { stream, revision, position } of events) {
    if (position <= last) throw new Error(`position ${position} after ${last}`);
    last = position;
    const wanted = next.get(stream) ?? 0;
    if (revision !== wanted) throw new Error(`${stream}: ${revision} instead of ${wanted}`);
    next.set(stream, wanted + 1);
  }
}

const revisions = (events: readonly StoredEvent[]) => events.map((event) => event.revision);

export const readCases: readonly Case[] = [
  [
    "a stream that nobody wrote reads as nothing",
    async (make) => {
      const { store } = await make();
      expect(await store.readStream(newStream(), 0, 10)).toEqual([]);
      expect(await store.readAll("start", 10)).toEqual([]);
      expect(await store.end()).toBeUndefined();
    },
  ],
  [
    "a stream is read from a revision, up to a limit",
    async (make) => {
      const { store } = await make();
      const stream = newStream();
      await store.append(stream, "no-stream", encodedEvents(stream, 0, 10));
      expect(revisions(await store.readStream(stream, 3, 4))).toEqual([3, 4, 5, 6]);
      expect(revisions(await store.readStream(stream, 8, 4))).toEqual([8, 9]);
      expect(await store.readStream(stream, 10, 4)).toEqual([]);
      await expect(store.readStream(stream, 0, 0)).rejects.toThrow("limit");
    },
  ],
  [
    "the log is read after a position, up to a limit",
    async (make) => {
      const { store } = await make();
      const stream = newStream();
      await store.append(stream, "no-stream", encodedEvents(stream, 0, 10));
      const firstThree = await store.readAll("start", 3);
      expect(revisions(firstThree)).toEqual([0, 1, 2]);
      const after = firstThree[2]?.position ?? 0n;
      expect(revisions(await store.readAll(after, 3))).toEqual([3, 4, 5]);
      expect(await store.readAll((await store.end()) ?? 0n, 3)).toEqual([]);
    },
  ],
  [
    "bytes, types and names come back as they were given",
    async (make) => {
      const { store } = await make();
      const stream = "account-Zürich.日本.🚀" as StreamName;
      const text = { text: "łódź – 取引 – 🧾 \u0000 \u2028 '; DROP TABLE events; --" };
      const plain = encodedEvent({ stream, revision: 0, type: "Überweisung", data: text });
      const odd = { ...plain, data: Uint8Array.from({ length: 256 }, (_, i) => i) };
      const empty = { ...plain, data: new Uint8Array(0) };
      const events = [plain, odd, empty];
      await store.append(stream, "no-stream", events);
      const stored = await store.readStream(stream, 0, 10);
      expect(stored).toHaveLength(3);
      for (const [i, event] of events.entries()) {
        const there = stored[i];
        expect(there?.stream).toBe(stream);
        expect(there?.type).toBe("Überweisung");
        expect(Buffer.from(there?.data ?? [])).toEqual(Buffer.from(event.data));
        expect(Buffer.from(there?.metadata ?? [])).toEqual(Buffer.from(event.metadata));
      }
    },
  ],
  [
    "the order of the log grows and keeps the order of each stream",
    async (make) => {
      const { store } = await make();
      const streams = Array.from({ length: 8 }, () => newStream());
      await Promise.all(
        streams.map(async (stream) => {
          for (let next = 0; next < 40; next += 2) {
            const expected = next === 0 ? "no-stream" : next - 1;
            await store.append(stream, expected, encodedEvents(stream, next, 2));
          }
        }),
      );
      const all = await readWholeLog(store, 7);
      expect(all).toHaveLength(320);
      expectGapless(all);
      expect(all.at(-1)?.position).toBe(await store.end());
    },
  ],
  [
    "10,000 streams",
    async (make) => {
      const { store } = await make();
      const streams = Array.from({ length: 10_000 }, () => newStream());
      const results = await Promise.all(
        streams.map((stream) => store.append(stream, "no-stream", encodedEvents(stream, 0, 1))),
      );
      expect(results.filter((result) => result.kind !== "appended")).toEqual([]);
      const all = await readWholeLog(store);
      expect(new Set(all.map((event) => event.stream))).toEqual(new Set(streams));
      for (const stream of streams.slice(0, 50)) {
        expect(await store.readStream(stream, 0, 10)).toHaveLength(1);
      }
    },
  ],
  [
    "what is read while others write is a gapless beginning of the log",
    async (make) => {
      const { store } = await make();
      let writing = true;
      const writers = Promise.all(
        Array.from({ length: 8 }, async () => {
          for (let i = 0; i < 30; i++) {
            const stream = newStream();
            await store.append(stream, "no-stream", encodedEvents(stream, 0, 4));
            // An acknowledged append is there for the next read.
            expect(await store.readStream(stream, 0, 10)).toHaveLength(4);
          }
        }),
      ).finally(() => {
        writing = false;
      });
      let longest = 0;
      while (writing) {
        const seen = await readWholeLog(store, 100);
        expectGapless(seen);
        expect(seen.length % 4).toBe(0);
        expect(seen.length).toBeGreaterThanOrEqual(longest);
        longest = seen.length;
        await new Promise((resolve) => setImmediate(resolve));
      }
      await writers;
      expect(await readWholeLog(store)).toHaveLength(8 * 30 * 4);
    },
  ],
  [
    "a log that is opened again holds what was acknowledged, and goes on",
    async (make) => {
      const { store, reopen } = await make();
      const stream = newStream();
      const sent = encodedEvents(stream, 0, 3);
      const first = await store.append(stream, "no-stream", sent);
      const before = await readWholeLog(store);
      const again = await reopen();
      expect(await readWholeLog(again)).toEqual(before);
      const resent = await again.append(stream, "no-stream", sent);
      expect(resent).toEqual({ ...first, kind: "already-appended" });
      const next = await again.append(stream, 2, encodedEvents(stream, 3, 1));
      expect(next).toMatchObject({ kind: "appended", revision: 3 });
    },
  ],
];
