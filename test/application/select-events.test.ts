/** A part of the log against a naive model that holds all of it. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createMemoryEventStore } from "../../adapters/event-store/memory.ts";
import { type EventFilter, selectEvents } from "../../domain/application/audit/select-events.ts";
import type { PositionedEvent } from "../../domain/codec/codec.ts";
import type { Position, StoredEvent } from "../../domain/ports/event-store.ts";
import {
  type AccountId,
  type OrderId,
  orderStream,
  type StreamName,
} from "../../domain/primitives/ids.ts";
import { codec } from "../support/given.ts";
import { createLogWriter, type LogWriter } from "../support/log-writer.ts";
import { SOL } from "../support/order-samples.ts";
import { randomLogs } from "../support/random-log.ts";

async function storeOf(log: LogWriter) {
  const store = createMemoryEventStore();
  await log.appendTo(store);
  return store;
}

async function selected(log: LogWriter, filter: EventFilter, until?: Position) {
  const store = await storeOf(log);
  const positions: Position[] = [];
  const end = until ?? (await store.end());
  for await (const { position } of selectEvents({ store, codec }, { filter, until: end })) {
    positions.push(position);
  }
  return positions;
}

async function all(events: AsyncIterable<StoredEvent>): Promise<StoredEvent[]> {
  const found: StoredEvent[] = [];
  for await (const one of events) found.push(one);
  return found;
}

/** Everything in memory, no clever bookkeeping. */
function model(log: LogWriter, filter: EventFilter): Position[] {
  const { fromUs = 0, toUs = Infinity, account, orderId } = filter;
  const requestedBy = new Map<string, string>();
  for (const { stream, event } of log.recorded) {
    if (event.type === "OrderRequested") requestedBy.set(stream, event.data.request.account);
  }
  const clockAt = (index: number): number =>
    Math.max(...log.recorded.slice(0, index + 1).map(({ metadata }) => metadata.recordedAtUs));
  // Evidence goes with its order.
  const homeOf = (stream: string): string => stream.replace(/^evidence-/, "order-");
  const isChosen = ({ stream: own }: PositionedEvent, index: number): boolean => {
    const stream = homeOf(own);
    return (
      clockAt(index) >= fromUs &&
      clockAt(index) < toUs &&
      (orderId === undefined || stream === orderStream(orderId)) &&
      (account === undefined ||
        stream === `account-${account}` ||
        requestedBy.get(stream) === account)
    );
  };
  return log.recorded.filter(isChosen).map(({ position }) => position);
}

describe("a part of the log", () => {
  /** The time of an event, or beside it: bounds are where mistakes are. */
  const time = fc.option(fc.record({ at: fc.nat(), offsetUs: fc.constantFrom(-1, 0, 0, 1) }), {
    nil: undefined,
  });
  const timeIn = (log: LogWriter, bound?: { readonly at: number; readonly offsetUs: number }) => {
    const event = bound && log.recorded[bound.at % log.recorded.length];
    return event && event.metadata.recordedAtUs + bound.offsetUs;
  };
  const filters = fc.record({
    from: time,
    to: time,
    account: fc.option(fc.constantFrom("main", "desk", "hot", "nobody"), { nil: undefined }),
    order: fc.option(fc.nat(), { nil: undefined }),
  });

  it("is what a model says, for every filter", async () => {
    await fc.assert(
      fc.asyncProperty(randomLogs, filters, async (log, { order, account, from, to }) => {
        const orders = [...new Set(log.recorded.map(({ stream }) => stream))].filter((stream) =>
          stream.startsWith("order-"),
        );
        const chosen = order === undefined ? undefined : orders[order % (orders.length || 1)];
        const filter: EventFilter = {
          fromUs: timeIn(log, from),
          toUs: timeIn(log, to),
          account: account as AccountId | undefined,
          orderId: chosen?.slice("order-".length) as OrderId | undefined,
        };
        expect(await selected(log, filter)).toEqual(model(log, filter));
      }),
      { numRuns: 150 },
    );
  });

  it("goes over many pages, and ends where it was told to", async () => {
    const log = createLogWriter();
    log.openAccount("main", []);
    for (let n = 0; n < 900; n++) log.deposit("main", { mint: SOL, amount: "1" });
    expect(await selected(log, {})).toHaveLength(902);
    expect(await selected(log, {}, 450n)).toHaveLength(450);
    expect(await selected(log, { account: "main" as AccountId }, 450n)).toHaveLength(449);
    const pages: Position[] = [];
    const store = await storeOf(log);
    const selection = { filter: {}, until: 902n, onPage: (at: Position) => void pages.push(at) };
    for await (const _ of selectEvents({ store, codec }, selection));
    expect(pages).toEqual([200n, 400n, 600n, 800n, 902n]);
  });

  it("is nothing of an empty log, of an order that there is not, and ends where the log ends", async () => {
    const log = createLogWriter();
    log.openAccount("main", []);
    const store = createMemoryEventStore();
    const none = selectEvents({ store, codec }, { filter: {}, until: await store.end() });
    expect(await all(none)).toEqual([]);
    expect(await selected(log, { orderId: "there is none" as OrderId })).toEqual([]);
    // Somebody else's idea of the end: as far as the log goes.
    expect(await selected(log, {}, 900n)).toEqual([1n, 2n]);
  });

  it("reads an order's own stream over as many pages as it has", async () => {
    const log = createLogWriter();
    log.openAccount("main", [{ mint: SOL, amount: "100000000000" }]);
    const { orderId } = log.order({ retries: 2 });
    const reads: number[] = [];
    const store = await storeOf(log);
    // A stream of 450 events: its first one again and again.
    const [first] = await store.readStream(orderStream(orderId), 0, 1);
    if (!first) throw new Error("no event");
    const long = Array.from({ length: 450 }, (_, revision) => ({ ...first, revision }));
    const readStream = async (stream: StreamName, from: number, limit: number) => {
      if (stream !== orderStream(orderId)) return [];
      reads.push(from);
      return long.slice(from, from + limit);
    };
    const selection = { filter: { orderId }, until: await store.end() };
    const found = await all(
      selectEvents({ store: { readAll: store.readAll, readStream }, codec }, selection),
    );
    expect(found.map(({ revision }) => revision)).toEqual(long.map(({ revision }) => revision));
    expect(reads).toEqual([0, 200, 400]);
  });

  it("is refused where metadata cannot be read, with the place", async () => {
    const log = createLogWriter();
    log.openAccount("main", []);
    const store = await storeOf(log);
    const readAll: typeof store.readAll = async (after, limit) => {
      const page = await store.readAll(after, limit);
      return page.map((one) => ({ ...one, metadata: new TextEncoder().encode("{}") }));
    };
    const selection = { filter: { fromUs: 0 }, until: await store.end() };
    const found = selectEvents({ store: { ...store, readAll }, codec }, selection);
    await expect(all(found)).rejects.toThrow("system@0: its metadata cannot be read");
  });

  it("follows the log's clock, not the event's own time", async () => {
    const log = createLogWriter();
    log.openAccount("main", []);
    const late = log.order();
    const store = createMemoryEventStore();
    await log.appendTo(store);
    // Another stream's event that was sealed earlier, and reached the log later.
    const [first] = log.recorded;
    const [, account] = log.recorded;
    if (!first || !account) throw new Error("no events");
    const recordedAtUs = first.metadata.recordedAtUs;
    const { encoded } = codec.encode("account-late" as typeof account.stream, 0, {
      event: account.event,
      metadata: { ...account.metadata, recordedAtUs },
    });
    await store.append("account-late" as typeof account.stream, "no-stream", [encoded]);
    const fromUs = late.state().requestedAtUs;
    const found: string[] = [];
    const selection = { filter: { fromUs }, until: await store.end() };
    for await (const { stream } of selectEvents({ store, codec }, selection)) found.push(stream);
    expect(found).toEqual([orderStream(late.orderId), "account-late"]);
  });
});
