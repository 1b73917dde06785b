/** Snapshot + tail = full fold, wherever the snapshot was made, and whatever is wrong with it. */
import { describe, expect, it } from "vitest";
import { createMemoryCheckpoints } from "../../adapters/checkpoints/memory.ts";
import {
  createMemoryEventStore,
  createMemoryLog,
  type MemoryLog,
} from "../../adapters/event-store/memory.ts";
import { openLog, readLogId } from "../../domain/application/log/open-log.ts";
import { createRecorder } from "../../domain/application/log/recorder.ts";
import {
  createEngineState,
  type EngineState,
} from "../../domain/application/processors/engine-state.ts";
import type { Checkpoint } from "../../domain/ports/checkpoints.ts";
import type { LogId } from "../../domain/primitives/ids.ts";
import { createWorld, submit, trade, withFunds } from "../support/engine-world.ts";
import { codec, hasher } from "../support/given.ts";
import { createManualTime, settle } from "../support/manual-time.ts";

const LOG_ID = "engine-world" as LogId;

/** A log with filled, rejected and open orders. */
async function busyLog(): Promise<MemoryLog> {
  const world = await withFunds(await createWorld({ config: { paperDelayMs: 60_000 } }));
  await submit(world, trade("rejected", { amount: 10n ** 18n }));
  for (const id of ["open-1", "open-2"]) await submit(world, trade(id), "ACCEPTED");
  const quick = await world.restart({ paperDelayMs: 0 });
  for (const id of ["r1", "r2", "r3"]) await submit(quick, trade(id));
  return quick.log;
}

const upTo = (log: MemoryLog, count: number): MemoryLog => {
  const part = createMemoryLog();
  for (const event of log.events.slice(0, count)) {
    part.events.push(event);
    part.streams.set(event.stream, [...(part.streams.get(event.stream) ?? []), event]);
  }
  return part;
};

const stateOf = (log: MemoryLog): EngineState =>
  createEngineState({ store: createMemoryEventStore({ log }), codec });

async function recoverWith(log: MemoryLog, saved: Map<string, Checkpoint>) {
  const state = stateOf(log);
  let folded = 0;
  const checkpoints = createMemoryCheckpoints(saved);
  const onProgress = (events: number): void => {
    folded = events;
  };
  const recovered = await state.recover({ checkpoints, logId: LOG_ID, onProgress });
  const { ledger, ...rest } = recovered;
  return { all: { ...rest, ledger: ledger.snapshot(), report: state.report(hasher) }, folded };
}

describe("engine state", () => {
  it("snapshot + tail = full fold, for every cut", async () => {
    const log = await busyLog();
    const full = (await recoverWith(log, new Map())).all;
    expect(full.openOrders).toHaveLength(2);
    expect(full.report.openOrders).toHaveLength(2);
    for (let cut = 1; cut < log.events.length; cut++) {
      const saved = new Map<string, Checkpoint>();
      await recoverWith(upTo(log, cut), saved);
      const { all, folded } = await recoverWith(log, saved);
      expect(all).toEqual(full);
      expect(folded).toBe(log.events.length - cut);
    }
  });

  it("folds anew when the snapshot is of no use", async () => {
    const log = await busyLog();
    const full = (await recoverWith(log, new Map())).all;
    const saved = new Map<string, Checkpoint>();
    await recoverWith(log, saved);
    const good = saved.get("engine-state");
    if (!good) throw new Error("no snapshot was saved");
    const bad: Partial<Checkpoint>[] = [
      { version: 999 },
      { logId: "another" as LogId },
      { position: 10_000n },
      { eventId: "00000000-0000-5000-8000-000000000000" as never },
      { state: "no json" },
      { state: "{}" },
    ];
    for (const changes of bad) {
      const { all, folded } = await recoverWith(
        log,
        new Map([["engine-state", { ...good, ...changes }]]),
      );
      expect(all).toEqual(full);
      expect(folded).toBe(log.events.length);
    }
  });

  it("says what the running engine holds", async () => {
    const world = await withFunds(await createWorld({ config: { paperDelayMs: 60_000 } }));
    await submit(world, trade("r1"), "CONFIRMED");
    const { all } = await recoverWith(world.log, new Map());
    expect(all.report.ledgerHash).toBe(hasher.sha256(world.ledger.snapshot()));
    expect(all.report.position).toBe(world.engine.status().position);
  });
});

describe("open log", () => {
  const ports = (log: MemoryLog) => {
    const store = createMemoryEventStore({ log });
    const { clock, timers } = createManualTime();
    return { store, codec, clock, recorder: createRecorder(store, timers) };
  };
  const start = { newLogId: "fresh" as LogId, engineVersion: "1.2.3" };

  it("begins an empty log, and names a life of the engine in each later start", async () => {
    const log = createMemoryLog();
    expect(await readLogId(ports(log))).toBeUndefined();
    expect(await openLog(ports(log), start)).toBe("fresh");
    expect(await openLog(ports(log), { ...start, newLogId: "other" as LogId })).toBe("fresh");
    expect(log.events.map(({ type }) => type)).toEqual([
      "LogCreated",
      "EngineStarted",
      "EngineStarted",
    ]);
    expect(log.events.every((stored) => codec.decodeAndVerify(stored).isIntact)).toBe(true);
    expect(await readLogId(ports(log))).toBe("fresh");
  });

  it("refuses a log without a beginning", async () => {
    const log = (await busyLog()) as MemoryLog;
    await expect(openLog(ports(log), start)).rejects.toThrow(/begins with AccountOpened/);
    await settle();
  });
});
