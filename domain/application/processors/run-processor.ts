/**
 * A processor = subscription + checkpoint. Rows first, then the checkpoint: after a crash some
 * events come again, and rows are idempotent. Whatever goes wrong in here is tried again from the
 * last checkpoint and shown by `status()`; nothing is ever thrown into the engine: a failing view
 * never fails a trade.
 */
import type { Codec, PositionedEvent } from "../../codec/codec.ts";
import type { Checkpoints } from "../../ports/checkpoints.ts";
import type { Clock, Timers } from "../../ports/clock.ts";
import type { EventStore, Position } from "../../ports/event-store.ts";
import { maxOf } from "../../primitives/amount.ts";
import type { LogId } from "../../primitives/ids.ts";
import { type CheckpointSaver, createCheckpointSaver } from "./checkpoint-saver.ts";
import { createWaiters } from "./position-waiters.ts";
import { createTrouble, pause } from "./trouble.ts";
import { Refusal, usableCheckpoint } from "./usable-checkpoint.ts";

export type Processor = {
  readonly name: string;
  /** Another version starts from zero. */
  readonly version: number;
  /**
   * Takes a snapshot's state, or begins anew without one. `unreadable`: this program cannot use
   * that snapshot.
   */
  restore(state: string | undefined): Promise<"restored" | "unreadable">;
  /**
   * Folds the next events of the log and writes their rows. Rejects when the rows are not written.
   */
  apply(batch: readonly PositionedEvent[]): Promise<void>;
  /** Resolves when the rows written so far would survive a power cut. */
  settle(): Promise<void>;
  /** The state after the last applied batch. */
  snapshot(): string;
};

export type ProcessorLimits = {
  /** A checkpoint at least after so many events. */
  readonly checkpointEvents: number;
  /**
   * At most one checkpoint in so many milliseconds otherwise; at most that long until one after the
   * last event.
   */
  readonly checkpointMs: number;
  /** First and longest pause after a failure, milliseconds. */
  readonly firstPauseMs: number;
  readonly longestPauseMs: number;
};

export const PROCESSOR_LIMITS: ProcessorLimits = {
  checkpointEvents: 5_000,
  checkpointMs: 1_000,
  firstPauseMs: 100,
  longestPauseMs: 10_000,
};

export type RunProcessorOptions = {
  readonly store: EventStore;
  readonly checkpoints: Checkpoints;
  readonly codec: Codec;
  readonly processor: Processor;
  readonly logId: LogId;
  /** Asked at each start: a target that was made anew has a new id, and gets everything again. */
  readonly targetId: () => string;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: (line: string) => void;
  readonly signal: AbortSignal;
  readonly limits?: Partial<ProcessorLimits>;
};

export type ProcessorStatus = {
  /** Everything up to here is in the target. */
  readonly position: Position | undefined;
  /** All that was in the log a moment ago is in the target. */
  readonly caughtUp: boolean;
  /**
   * How old the last event in the target is while there are newer ones; 0 when caught up, undefined
   * before the first.
   */
  readonly lagUs: number | undefined;
  /** Of the failure that is being tried again; undefined when all is well. */
  readonly lastError: string | undefined;
  /** Why the processor does not run at all; needs a person. */
  readonly refused: string | undefined;
};

export type RunningProcessor = {
  status(): ProcessorStatus;
  /**
   * True as soon as the target holds everything up to `position` and is whole; false after
   * `timeoutMs` or when it stops. Whole: all that was in the log when the processor began, or began
   * again from zero, is in the target; a half filled one would answer as if the rest had never been.
   */
  waitFor(position: Position | undefined, timeoutMs: number): Promise<boolean>;
  /** The target was made anew: it is not whole from now on, and gets everything again. */
  restart(): void;
  /**
   * Resolves when the signal was aborted and the last checkpoint is saved, or the processor
   * refused.
   */
  readonly done: Promise<void>;
};

export function runProcessor(options: RunProcessorOptions): RunningProcessor {
  const { store, codec, processor, clock, timers, log, signal } = options;
  const limits = { ...PROCESSOR_LIMITS, ...options.limits };
  let position: Position | undefined;
  let recordedAtUs: number | undefined;
  let caughtUp = false;
  let refused: string | undefined;
  /** The target is whole from here on; undefined: nobody knows yet. */
  let wholeAt: Position | undefined;
  // What is written into a target that was made anew must never count as written into this one.
  let targetId = "";
  let again = new AbortController();
  const trouble = createTrouble(limits);
  const waiters = createWaiters(
    timers,
    (target) => wholeAt !== undefined && (position ?? 0n) >= maxOf(wholeAt, target ?? 0n),
  );
  const saver = saverOf({ ...options, targetId: () => targetId }, limits);

  const reached = (to: Position | undefined): void => {
    if (to === undefined) return;
    position = to;
    waiters.look();
  };

  function assertSameTarget(): void {
    if (options.targetId() !== targetId) throw new Error("the target was made anew");
  }

  async function begin(): Promise<Position | "start"> {
    again = new AbortController();
    targetId = options.targetId();
    const checkpoint = await usableCheckpoint({ ...options, targetId: () => targetId });
    saver.reset();
    const end = (await store.end()) ?? 0n;
    if (checkpoint && (await processor.restore(checkpoint.state)) === "restored") {
      assertSameTarget();
      wholeAt ??= end;
      reached(checkpoint.position);
      return checkpoint.position;
    }
    if (checkpoint) log(`${processor.name}: the snapshot is of no use; starting from zero`);
    wholeAt = undefined;
    await processor.restore(undefined);
    position = undefined;
    wholeAt = end;
    return "start";
  }

  async function follow(after: Position | "start"): Promise<void> {
    const until = AbortSignal.any([signal, again.signal]);
    for await (const message of store.subscribe(after, until)) {
      if (message.kind === "caught-up") {
        caughtUp = true;
        reached(message.position);
        saver.caughtUp();
      } else {
        caughtUp = false;
        assertSameTarget();
        const batch = message.events.map((stored) => codec.decode(stored));
        await saver.applied(batch, () => processor.apply(batch));
        const last = batch.at(-1);
        recordedAtUs = last?.metadata.recordedAtUs;
        reached(last?.position);
      }
      trouble.over(position, caughtUp);
    }
    if (!until.aborted) throw new Error("the event store ended the subscription");
  }

  async function retryLater(error: unknown): Promise<void> {
    caughtUp = false;
    const { message, pauseMs } = trouble.met(error, position);
    if (error instanceof Refusal) {
      refused = message;
      log(`${processor.name} does not run: ${message}`);
    } else if (!signal.aborted) {
      log(`${processor.name}: ${message}; trying again in ${pauseMs} ms`);
      await pause(timers, pauseMs, signal);
    }
  }

  async function run(): Promise<void> {
    while (!signal.aborted && refused === undefined) {
      try {
        await follow(await begin());
      } catch (error) {
        await retryLater(error);
      }
    }
    await saver.finish();
    waiters.stop();
  }

  const lag = (): number | undefined => {
    if (caughtUp) return 0;
    return recordedAtUs === undefined ? undefined : Math.max(0, clock.nowUs() - recordedAtUs);
  };

  return {
    status: () => ({
      position,
      caughtUp,
      lagUs: lag(),
      lastError: trouble.message() ?? saver.error(),
      refused,
    }),
    waitFor: (target, timeoutMs) => waiters.wait(target, timeoutMs),
    restart: () => {
      wholeAt = undefined;
      again.abort();
    },
    done: run(),
  };
}

function saverOf(options: RunProcessorOptions, limits: ProcessorLimits): CheckpointSaver {
  const { checkpoints, processor, logId, targetId, clock, timers } = options;
  return createCheckpointSaver({
    checkpointAt: ({ position, eventId }) => ({
      processor: processor.name,
      version: processor.version,
      logId,
      targetId: targetId(),
      position,
      eventId,
      state: processor.snapshot(),
    }),
    save: async (checkpoint) => {
      await processor.settle();
      await checkpoints.save(checkpoint);
    },
    clock,
    timers,
    everyEvents: limits.checkpointEvents,
    everyMs: limits.checkpointMs,
  });
}
