/** verifyLog: every single change of a log is found, and a log that nobody changed is not blamed. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MAX_PROBLEMS, verifyLog } from "../../domain/application/audit/verify-log.ts";
import type { EventStore, StoredEvent } from "../../domain/ports/event-store.ts";
import type { LogId, StreamName } from "../../domain/primitives/ids.ts";
import { codec, LOG_ID } from "../support/given.ts";
import { createLogWriter } from "../support/log-writer.ts";
import { SOL } from "../support/order-samples.ts";

/** Three streams and a system one: an account, a fill with a retry, a rejection. */
function events(logId: LogId = LOG_ID): StoredEvent[] {
  const log = createLogWriter(logId);
  log.openAccount("main", [{ mint: SOL, amount: "100000000000" }]);
  log.order({ retries: 1 }).finish();
  log.order({ outcome: "rejected" }).finish();
  log.deposit("main", { mint: SOL, amount: "5" });
  return [...log.stored];
}

/** A store that lets these bytes be read, whatever they are. */
const storeOf = (stored: readonly StoredEvent[]): Pick<EventStore, "readAll" | "end"> => ({
  end: async () => stored.at(-1)?.position,
  readAll: async (after, limit) =>
    stored.filter(({ position }) => after === "start" || position > after).slice(0, limit),
});

const verify = (stored: readonly StoredEvent[]) => verifyLog({ store: storeOf(stored), codec });

/** Positions as a store would give them. */
const placed = (stored: readonly StoredEvent[]): StoredEvent[] =>
  stored.map((event, index) => ({ ...event, position: BigInt(index + 1) }));

describe("verifyLog", () => {
  it("finds nothing in an unchanged log", async () => {
    const log = events();
    expect(await verify(log)).toEqual({
      events: log.length,
      streams: 4,
      logId: LOG_ID,
      end: BigInt(log.length),
      problemCount: 0,
      problems: [],
    });
  });

  it("knows live orders and their evidence, and where each belongs", async () => {
    const writer = createLogWriter();
    for (const life of ["final", "void"] as const) writer.live(life).finish();
    expect(await verify(writer.stored)).toMatchObject({ streams: 5, problemCount: 0 });
    const [, evidence] = writer.recorded.filter(({ event }) => event.type === "EvidenceRecorded");
    const [requested] = writer.recorded.filter(({ event }) => event.type === "OrderRequested");
    if (!evidence || !requested) throw new Error("no events");
    const moved = (event: typeof evidence, stream: string): StoredEvent => {
      const place = stream as StreamName;
      const { encoded } = codec.encode(place, 0, {
        event: event.event,
        metadata: { ...event.metadata, prevHash: codec.rootHash(LOG_ID, place) },
      });
      return { ...encoded, stream: place, revision: 0, position: 1_000n };
    };
    for (const wrong of [
      moved(evidence, "order-7d1a1f0e-52c8-5d0e-9a51-0f1a2b3c4d5e"),
      moved(evidence, "safety"),
      moved(evidence, "account-main"),
      moved(requested, "evidence-7d1a1f0e-52c8-5d0e-9a51-0f1a2b3c4d5e"),
    ]) {
      const { problems } = await verify([...writer.stored, wrong]);
      expect(problems.map(({ problem }) => problem)).toEqual([
        expect.stringMatching(/does not belong in this stream$/),
      ]);
    }
  });

  it("finds any changed byte of data or metadata, at its place", async () => {
    const log = events();
    const change = fc.record({
      at: fc.nat(log.length - 1),
      part: fc.constantFrom("data" as const, "metadata" as const),
      byte: fc.nat(),
      bit: fc.nat(7),
    });
    await fc.assert(
      fc.asyncProperty(change, async ({ at, part, byte, bit }) => {
        const target = log[at];
        if (!target) throw new Error("no event");
        const bytes = Uint8Array.from(target[part]);
        const place = byte % bytes.length;
        bytes[place] = (bytes[place] ?? 0) ^ (1 << bit);
        const report = await verify(log.with(at, { ...target, [part]: bytes }));
        expect(report.problemCount).toBeGreaterThan(0);
        expect(report.problems.map(({ position }) => position)).toContain(target.position);
      }),
      { numRuns: 300 },
    );
  });

  it("finds any event that was taken out, unless it was the last of its stream", async () => {
    const log = events();
    for (const [at, gone] of log.entries()) {
      const report = await verify(placed(log.toSpliced(at, 1)));
      const wasLast = !log.slice(at + 1).some(({ stream }) => stream === gone.stream);
      if (at > 0 && wasLast) expect(report.problems).toEqual([]);
      else expect(report.problemCount).toBeGreaterThan(0);
      if (!wasLast) {
        const gap = `revision ${gone.revision} should stand here, and ${gone.revision + 1} does`;
        expect(report.problems.map(({ problem }) => problem)).toContain(gap);
      }
    }
  });

  it("finds events that changed places within their stream", async () => {
    const log = events();
    const stream = log.findLast(({ type }) => type === "OrderFilled")?.stream;
    const own = log.filter((event) => event.stream === stream);
    for (let first = 0; first + 1 < own.length; first++) {
      const [a, b] = [own[first], own[first + 1]];
      if (!a || !b) throw new Error("no events");
      const swapped = log.map((event) => (event === a ? b : event === b ? a : event));
      expect((await verify(placed(swapped))).problemCount).toBeGreaterThan(0);
    }
  });

  it("finds a type, revision or stream that is not its own", async () => {
    const log = events();
    const filled = log.findIndex(({ type }) => type === "OrderFilled");
    const target = log[filled];
    if (!target) throw new Error("no fill");
    const other = "order-00000000-0000-5000-8000-000000000000" as StreamName;
    for (const change of [{ type: "OrderFailed" }, { revision: 99 }, { stream: other }]) {
      const report = await verify(log.with(filled, { ...target, ...change }));
      expect(report.problemCount).toBeGreaterThan(0);
    }
  });

  it("finds a stream that was copied from another log", async () => {
    const mine = events();
    const theirs = events("11111111-1111-4111-8111-111111111111" as LogId);
    const mixed = mine.map((event, index) => (event.stream === "system" ? event : theirs[index]));
    const report = await verify(mixed.filter((event) => event !== undefined));
    expect(report.problems[0]?.problem).toBe("its stream does not begin in this log");
  });

  it("wants LogCreated first, and bounds what it lists", async () => {
    const log = events();
    expect((await verify(placed(log.slice(1)))).problems[0]?.problem).toContain("LogCreated");
    const noise = Array.from({ length: MAX_PROBLEMS + 50 }, (_, index) => ({
      ...(log[1] as StoredEvent),
      data: new TextEncoder().encode("{"),
      position: BigInt(1_000 + index),
      stream: `account-${index}` as StreamName,
    }));
    const report = await verify([...log, ...noise]);
    expect(report.problemCount).toBe(MAX_PROBLEMS + 50);
    expect(report.problems).toHaveLength(MAX_PROBLEMS);
  });

  it("reads page by page and tells how far it is", async () => {
    const log = createLogWriter();
    log.openAccount("main", [{ mint: SOL, amount: "1" }]);
    for (let i = 0; i < 2_500; i++) log.deposit("main", { mint: SOL, amount: "1" });
    const seen: number[] = [];
    const ports = { store: storeOf(log.stored), codec };
    const report = await verifyLog(ports, (count) => seen.push(count));
    expect(report).toMatchObject({ events: 2_502, problemCount: 0 });
    expect(seen).toEqual([1_000, 2_000, 2_502]);
  });
});

describe("the edges of a log", () => {
  it("are an empty log, of which there is nothing to say", async () => {
    const report = await verify([]);
    expect(report).toMatchObject({ events: 0, streams: 0, end: undefined, problemCount: 0 });
  });

  it("are the end as it was at the beginning: what is appended meanwhile is left for the next time", async () => {
    const log = events();
    const end = BigInt(log.length - 2);
    const store = { ...storeOf(log), end: async () => end };
    expect(await verifyLog({ store, codec })).toMatchObject({ events: log.length - 2, end });
  });

  it.each([
    ["AccountOpened", "order-not-an-order"],
    ["AccountOpened", "safety"],
    ["AccountOpened", "else"],
    ["TradingHalted", "account-desk"],
    ["TradingHalted", "system-2"],
  ])("are the streams that events belong in: %s in %s does not", async (type, name) => {
    const log = createLogWriter();
    if (type === "AccountOpened") log.openAccount("main", []);
    else log.halt("TradingHalted");
    const [, account] = log.stored;
    if (!account) throw new Error("no event");
    const { event, metadata } = codec.decode(account);
    const stream = name as StreamName;
    const moved = codec.encode(stream, 0, {
      event,
      metadata: { ...metadata, prevHash: codec.rootHash(LOG_ID, stream) },
    });
    const { problems } = await verify(
      placed([...log.stored, { ...account, stream, ...moved.encoded }]),
    );
    expect(problems).toHaveLength(1);
    expect(problems[0]?.problem).toMatch(/does not belong/);
  });
});
