/** A store, checkpoints, manual time and processors over them, for tests of how processors run. */
import { expect } from "vitest";
import { createMemoryCheckpoints } from "../../adapters/checkpoints/memory.ts";
import { createMemoryEventStore, createMemoryLog } from "../../adapters/event-store/memory.ts";
import {
  type Processor,
  type ProcessorLimits,
  type RunningProcessor,
  runProcessor,
} from "../../domain/application/processors/run-processor.ts";
import type { Checkpoint, Checkpoints } from "../../domain/ports/checkpoints.ts";
import type { EventStore } from "../../domain/ports/event-store.ts";
import type { LogId } from "../../domain/primitives/ids.ts";
import { codec, LOG_ID } from "./given.ts";
import { createLogWriter } from "./log-writer.ts";
import { createManualClock } from "./manual-clock.ts";
import { createManualTimers } from "./manual-timers.ts";

/** Remembers what it was told; its state is how many events it has seen. */
export function recordingProcessor(version = 1) {
  const calls: string[] = [];
  let count = 0;
  let failures = 0;
  const processor: Processor = {
    name: "recorder",
    version,
    async restore(state) {
      calls.push(`restore ${state ?? "nothing"}`);
      if (state === "unreadable") return "unreadable";
      count = Number(state ?? 0);
      return "restored";
    },
    async apply(batch) {
      count += batch.length;
      if (failures > 0) {
        failures -= 1;
        calls.push("fail");
        throw new Error("the disk is full");
      }
      calls.push(`apply ${batch.map(({ position }) => position).join(",")}`);
    },
    async settle() {
      calls.push("settle");
    },
    snapshot: () => String(count),
  };
  return {
    processor,
    calls,
    failNext: (times: number) => {
      failures = times;
    },
  };
}

type Start = {
  readonly processor: Processor;
  readonly targetId?: string | (() => string);
  readonly logId?: LogId;
  readonly limits?: Partial<ProcessorLimits>;
  readonly checkpoints?: Checkpoints;
};

export function createProcessorWorld() {
  const writer = createLogWriter();
  const log = createMemoryLog();
  const store: EventStore = createMemoryEventStore({ log, pageSize: 4 });
  const saved = new Map<string, Checkpoint>();
  const timers = createManualTimers();
  const clock = createManualClock();
  const lines: string[] = [];
  const running: { readonly one: RunningProcessor; readonly stop: AbortController }[] = [];

  return {
    writer,
    store,
    saved,
    timers,
    clock,
    lines,
    /** One more event in the log; its position. */
    async addEvent(): Promise<bigint> {
      writer.openAccount(`account-${writer.recorded.length}`);
      await writer.appendTo(store);
      return BigInt(writer.recorded.length);
    },
    start(options: Start): RunningProcessor {
      const { targetId = "target-1" } = options;
      const stop = new AbortController();
      const one = runProcessor({
        store,
        checkpoints: options.checkpoints ?? createMemoryCheckpoints(saved),
        codec,
        processor: options.processor,
        logId: options.logId ?? LOG_ID,
        targetId: typeof targetId === "string" ? () => targetId : targetId,
        clock,
        timers,
        log: (line) => lines.push(line),
        signal: stop.signal,
        limits: options.limits ?? {},
      });
      running.push({ one, stop });
      return one;
    },
    async stop(): Promise<void> {
      for (const { one, stop } of running.splice(0)) {
        stop.abort();
        await one.done;
      }
    },
    async close(): Promise<void> {
      await this.stop();
      await store.close();
      expect(timers.delays()).toEqual([]);
    },
  };
}

export const caughtUp = (one: RunningProcessor) =>
  expect.poll(() => one.status()).toMatchObject({ caughtUp: true, lagUs: 0, lastError: undefined });
