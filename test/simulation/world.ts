/**
 * One process and its surroundings: the log that survives, the engine that is started, killed and started again, the clock,
 * and the clients' way to it. A call that the process does not live to answer is lost.
 */

import { createMemoryEventStore, createMemoryLog } from "../../adapters/event-store/memory.ts";
import { createNodeHasher } from "../../adapters/hasher/node.ts";
import { createEngine, type Recovered } from "../../domain/application/engine.ts";
import type { Engine } from "../../domain/application/engine.types.ts";
import { createEngineState } from "../../domain/application/processors/engine-state.ts";
import { type Codec, createCodec, type PositionedEvent } from "../../domain/codec/codec.ts";
import type { Clock, Timers } from "../../domain/ports/clock.ts";
import type { StoredEvent } from "../../domain/ports/event-store.ts";
import { type LogId, SYSTEM_STREAM } from "../../domain/primitives/ids.ts";
import type { Coverage } from "./coverage.ts";
import { createLogModel, type LogModel, type Report } from "./log-model.ts";
import { createOrderMarks } from "./order-coverage.ts";
import type { Plan } from "./plan.ts";
import type { Random } from "./random.ts";
import { checkRecovered } from "./recovery-check.ts";
import type { Scheduler } from "./scheduler.ts";
import { createSimCheckpoints } from "./sim-checkpoints.ts";
import { createMarket, type Market } from "./sim-market.ts";
import { createSimStore, type SimStore } from "./sim-store.ts";

export const hasher = createNodeHasher();
const plainCodec = createCodec(hasher);
const decoded = new WeakMap<StoredEvent, PositionedEvent>();
/** Decodes each stored event once: recoveries and reads would spend most of a run on it. */
export const codec: Codec = {
  ...plainCodec,
  decode: (stored) => {
    const known = decoded.get(stored) ?? plainCodec.decode(stored);
    decoded.set(stored, known);
    return known;
  },
};

const LOG_ID = "simulated-log" as LogId;
const EPOCH_US = Date.UTC(2026, 0, 1) * 1_000;

/** One life of the process. */
export type Life = {
  readonly engine: Engine;
  readonly recovered: Recovered;
};

export type World = {
  readonly plan: Plan;
  readonly scheduler: Scheduler;
  readonly coverage: Coverage;
  readonly report: Report;
  readonly model: LogModel;
  readonly market: Market;
  readonly log: ReturnType<typeof createMemoryLog>;
  /** Wall clock, microseconds; it may jump. */
  readonly wallUs: () => number;
  readonly jump: (byUs: number) => void;
  readonly life: () => Life | undefined;
  /** Times that the process was started. */
  readonly lives: () => number;
  /** Asks the running engine; `lost` when there is none or it dies before it answers. */
  readonly call: <T>(ask: (engine: Engine) => Promise<T>) => Promise<T | "lost">;
  readonly callsUnderWay: () => number;
  /** Resolves when the process of this moment dies. */
  readonly death: () => Promise<"lost">;
  readonly start: () => void;
  /** Kills the process and starts it again after `downUs`. */
  readonly crash: (downUs: number) => void;
  /** Deletes all snapshots: the next start folds the whole log. */
  readonly forgetSnapshots: () => void;
  readonly faulty: () => boolean;
  /** From here on faults happen; after `heal` none any more. */
  readonly disturb: () => void;
  readonly heal: () => void;
};

export type WorldOptions = {
  readonly plan: Plan;
  readonly random: Random;
  readonly scheduler: Scheduler;
  readonly coverage: Coverage;
  readonly report: Report;
};

export async function createWorld(options: WorldOptions): Promise<World> {
  const { plan, random, scheduler, coverage, report } = options;
  const storeRandom = random.fork();
  const timerRandom = random.fork();
  const downRandom = random.fork();
  const log = createMemoryLog();
  const orderMarks = createOrderMarks(coverage);
  await writeFirstEvent(log);
  const model = createLogModel({
    ...{ log, logId: LOG_ID, report, onOrderEvent: orderMarks.onEvent },
    rules: plan.config,
  });
  model.absorb();
  const checkpoints = createSimCheckpoints(scheduler, random.fork());
  let offsetUs = 0;
  let faulty = false;
  let life: Life | undefined;
  let lives = 0;
  let calls = 0;
  let sim: SimStore | undefined;
  let quotes: ReturnType<Market["quotes"]> | undefined;
  let starting = false;
  let die: (why: "lost") => void = () => {};
  let death = new Promise<"lost">(() => {});

  const market = createMarket({ plan, random: random.fork(), scheduler, faulty: () => faulty });
  const wallUs = (): number => EPOCH_US + scheduler.nowUs() + offsetUs;
  const clock: Clock = { nowUs: wallUs, monotonicUs: scheduler.nowUs };
  const timers: Timers = {
    schedule: (delayMs, run) => {
      if (!(delayMs >= 0)) report("timers are sane", `a timer of ${delayMs} ms`);
      const lateUs = timerRandom.chance(0.1) ? timerRandom.between(0, 20_000) : 0;
      return scheduler.schedule(
        { owner: "engine", kind: "timer", label: `timer ${delayMs} ms`, run },
        delayMs * 1_000 + lateUs,
      );
    },
  };

  function newStore(): SimStore {
    return createSimStore({
      ...{ log, plan, random: storeRandom, scheduler, coverage },
      faulty: () => faulty,
      onWritten: model.absorb,
      onDead: () => {
        const label = "the dead store's process is restarted";
        const run = (): void => crash(1_000);
        const afterUs = storeRandom.between(1_000, 3_000_000);
        scheduler.schedule({ owner: "engine", kind: "port", label, run }, afterUs);
      },
    });
  }

  async function boot(): Promise<void> {
    starting = true;
    lives += 1;
    death = new Promise((resolve) => {
      die = resolve;
    });
    sim = newStore();
    quotes = market.quotes(wallUs);
    const state = createEngineState({ store: sim.store, codec });
    const recovered = await state.recover({ checkpoints, logId: LOG_ID });
    checkRecovered(recovered, model, report);
    const ports = { store: sim.store, quotes, codec, hasher, clock, timers };
    const onFault = (orderId: string, error: unknown): void =>
      report("no broken rule", `${orderId}: ${String(error)}`);
    const engine = await createEngine({ ...ports, onFault }, plan.config, recovered);
    starting = false;
    life = { engine, recovered };
  }

  const start = (): void => {
    boot().catch((error) => report("the engine starts", String(error)));
  };

  function crash(downUs: number): void {
    markCrash();
    scheduler.crash();
    life = undefined;
    starting = false;
    die("lost");
    void scheduler.sleep("the process starts", downUs + downRandom.between(0, 500)).then(start);
  }

  function markCrash(): void {
    orderMarks.onCrash(model.orders());
    const { unwritten = 0, unanswered = 0 } = sim?.underWay() ?? {};
    if (unwritten > 0) coverage.mark("crash: a batch is handed over and not written yet");
    if (unanswered > 0) coverage.mark("crash: a batch is written and not answered yet");
    if (starting) coverage.mark("crash: while the engine starts");
    if (quotes && quotes.underWay() > 0) {
      coverage.mark("crash: an order is stored and its quote is under way");
    }
  }

  return {
    ...{ plan, scheduler, coverage, report, model, market, log, wallUs, start, crash },
    jump: (byUs) => {
      offsetUs += byUs;
      scheduler.note(`the wall clock jumps by ${byUs}`);
    },
    life: () => life,
    lives: () => lives,
    call: async (ask) => {
      if (!life) return "lost";
      calls += 1;
      return Promise.race([ask(life.engine), death]).finally(() => {
        calls -= 1;
      });
    },
    callsUnderWay: () => calls,
    death: () => death,
    forgetSnapshots: checkpoints.wipe,
    faulty: () => faulty,
    disturb: () => {
      faulty = true;
    },
    heal: () => {
      faulty = false;
      scheduler.note("healed");
    },
  };
}

async function writeFirstEvent(log: ReturnType<typeof createMemoryLog>): Promise<void> {
  const { encoded } = codec.encode(SYSTEM_STREAM, 0, {
    event: { type: "LogCreated", data: { logId: LOG_ID } },
    metadata: {
      correlationId: "system",
      causationId: "system",
      actor: "engine",
      recordedAtUs: EPOCH_US,
      prevHash: codec.rootHash(LOG_ID, SYSTEM_STREAM),
    },
  });
  const result = await createMemoryEventStore({ log }).append(SYSTEM_STREAM, "no-stream", [
    encoded,
  ]);
  if (result.kind !== "appended") throw new Error(`the first event was ${result.kind}`);
}
