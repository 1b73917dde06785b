/** Cases of the event store contract: subscriptions, and the seam between catch-up and live. */
import { expect } from "vitest";
import type {
  EventStore,
  Position,
  StoredEvent,
  SubscriptionMessage,
} from "../../domain/ports/event-store.ts";
import type { StreamName } from "../../domain/primitives/ids.ts";
import { encodedEvents, newStream } from "../support/encoded-events.ts";
import type { Case } from "./event-store-case.ts";
import { expectGapless, readWholeLog } from "./event-store-read.cases.ts";

const write = async (store: EventStore, stream: StreamName, count: number): Promise<void> => {
  await store.append(stream, "no-stream", encodedEvents(stream, 0, count));
};

/** Takes messages until `wanted` events have come, then one more to see the catch-up. */
async function take(
  messages: AsyncIterable<SubscriptionMessage>,
  wanted: number,
): Promise<StoredEvent[]> {
  const events: StoredEvent[] = [];
  for await (const message of messages) {
    if (message.kind === "events") {
      expect(message.events.length).toBeGreaterThan(0);
      events.push(...message.events);
    } else if (events.length >= wanted) {
      return events;
    }
  }
  throw new Error(`the subscription ended after ${events.length} of ${wanted} events`);
}

const iterate = (store: EventStore, after: Position | "start", signal: AbortSignal) =>
  store.subscribe(after, signal)[Symbol.asyncIterator]();

const places = (events: readonly StoredEvent[]) =>
  events.map((event) => `${event.position} ${event.stream}@${event.revision}`);

/** Bytes too: a page from memory and one from the file must be the same events. */
const bytes = (events: readonly StoredEvent[]) =>
  events.map((event) => `${Buffer.from(event.data)}${Buffer.from(event.metadata)}`);

async function hammer(store: EventStore, writers: number, rounds: number): Promise<void> {
  await Promise.all(
    Array.from({ length: writers }, async () => {
      for (let i = 0; i < rounds; i++) await write(store, newStream(), 3);
    }),
  );
}

export const subscriptionCases: readonly Case[] = [
  [
    "an empty log is caught up at once, without a position",
    async (make) => {
      const { store } = await make();
      const messages = iterate(store, "start", new AbortController().signal);
      expect((await messages.next()).value).toEqual({ kind: "caught-up", position: undefined });
    },
  ],
  [
    "from the start: everything in order, then caught up at the end",
    async (make) => {
      const { store } = await make();
      await hammer(store, 4, 120);
      const kinds: string[] = [];
      const seen: StoredEvent[] = [];
      for await (const message of store.subscribe("start", new AbortController().signal)) {
        kinds.push(message.kind);
        if (message.kind === "events") seen.push(...message.events);
        else {
          expect(message.position).toBe(await store.end());
          break;
        }
      }
      const all = await readWholeLog(store);
      expect(places(seen)).toEqual(places(all));
      expect(bytes(seen)).toEqual(bytes(all));
      // Between the batches of one catch-up nothing claims to be caught up.
      expect(kinds.filter((kind) => kind === "caught-up")).toHaveLength(1);
      expect(kinds.length).toBeGreaterThan(2);
    },
  ],
  [
    "from a position: the event at it does not come again",
    async (make) => {
      const { store } = await make();
      const stream = newStream();
      await write(store, stream, 10);
      const position = (await store.readStream(stream, 6, 1))[0]?.position ?? 0n;
      const seen = await take(store.subscribe(position, new AbortController().signal), 3);
      expect(seen.map((event) => event.revision)).toEqual([7, 8, 9]);
    },
  ],
  [
    "a position beyond the end of the log is refused",
    async (make) => {
      const { store } = await make();
      await write(store, newStream(), 1);
      const beyond = ((await store.end()) ?? 0n) + 1n;
      const messages = iterate(store, beyond, new AbortController().signal);
      await expect(messages.next()).rejects.toThrow("beyond the end");
    },
  ],
  [
    "from catch-up to live without gap or repeat while writers hammer, for two subscribers",
    async (make) => {
      const { store } = await make();
      await hammer(store, 4, 50);
      const middle = (await store.readAll("start", 200)).at(-1)?.position ?? 0n;
      const total = 600 + 8 * 60 * 3;
      const { signal } = new AbortController();
      const whole = take(store.subscribe("start", signal), total);
      const part = take(store.subscribe(middle, signal), total - 200);
      await hammer(store, 8, 60);
      const all = await readWholeLog(store);
      expect(all).toHaveLength(total);
      expectGapless(await whole);
      expect(places(await whole)).toEqual(places(all));
      expect(bytes(await whole)).toEqual(bytes(all));
      expect(places(await part)).toEqual(places(all.slice(200)));
    },
  ],
  [
    "a subscriber at the tip gets each append and is told that it has caught up",
    async (make) => {
      const { store } = await make();
      const messages = iterate(store, "start", new AbortController().signal);
      await messages.next();
      for (let i = 0; i < 3; i++) {
        const next = messages.next();
        const stream = newStream();
        await write(store, stream, 2);
        expect((await next).value).toMatchObject({ kind: "events", events: [{ stream }, {}] });
        const caughtUp = { kind: "caught-up", position: await store.end() };
        expect((await messages.next()).value).toEqual(caughtUp);
      }
    },
  ],
  [
    "nothing is delivered ahead: a message is made when it is asked for",
    async (make) => {
      const { store } = await make();
      await write(store, newStream(), 3);
      const messages = iterate(store, "start", new AbortController().signal);
      expect((await messages.next()).value).toMatchObject({ kind: "events" });
      const later = newStream();
      await write(store, later, 2);
      // A store that reads ahead has a stale caught-up in store here.
      const message = (await messages.next()).value;
      expect(message).toMatchObject({ kind: "events", events: [{ stream: later }, {}] });
    },
  ],
  [
    "an abort ends a waiting, a reading and a not yet started subscription",
    async (make) => {
      const { store } = await make();
      await write(store, newStream(), 3);
      const waiting = new AbortController();
      const tip = iterate(store, (await store.end()) ?? 0n, waiting.signal);
      expect((await tip.next()).value).toMatchObject({ kind: "caught-up" });
      const next = tip.next();
      waiting.abort();
      expect(await next).toEqual({ done: true, value: undefined });

      const reading = new AbortController();
      const messages = iterate(store, "start", reading.signal);
      await messages.next();
      reading.abort();
      expect(await messages.next()).toEqual({ done: true, value: undefined });
      expect((await iterate(store, "start", AbortSignal.abort()).next()).done).toBe(true);
    },
  ],
  [
    "evidence is left out, and its positions are passed all the same",
    async (make) => {
      const { store } = await make();
      const order = newStream();
      await write(store, newStream("evidence"), 2);
      await write(store, order, 1);
      await write(store, newStream("evidence"), 2);
      const messages = iterate(store, "start", new AbortController().signal);
      const first = (await messages.next()).value;
      expect(first).toMatchObject({ kind: "events", events: [{ stream: order }] });
      const caughtUp = { kind: "caught-up", position: await store.end() };
      expect((await messages.next()).value).toEqual(caughtUp);
      // The same at the tip, where events come from memory.
      const next = messages.next();
      await write(store, newStream("evidence"), 1);
      expect((await next).value).toEqual({ kind: "caught-up", position: await store.end() });
      expect(await readWholeLog(store)).toHaveLength(6);
    },
  ],
  [
    "closing the store ends its subscriptions",
    async (make) => {
      const { store } = await make();
      const messages = iterate(store, "start", new AbortController().signal);
      await messages.next();
      const next = messages.next();
      await store.close();
      expect((await next).done).toBe(true);
      const refused = await store.append(
        newStream(),
        "no-stream",
        encodedEvents(newStream(), 0, 1),
      );
      expect(refused.kind).toBe("unavailable");
    },
  ],
];
