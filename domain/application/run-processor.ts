/**
 * A processor = subscription + checkpoint. Rows first, then the checkpoint: after a crash some events come again, and rows
 * are idempotent. Whatever goes wrong in here is tried again from the last checkpoint and shown by `status()`; nothing is
 * ever thrown into the engine: a failing view never fails a trade.
 */
import type { Codec, PositionedEvent } from "../codec/codec.ts";
import type { Checkpoint, Checkpoints } from "../ports/checkpoints.ts";
import type { Clock, Timers } from "../ports/clock.ts";
import type { EventStore, Position } from "../ports/event-store.ts";
import type { LogId } from "../primitives/ids.ts";
import { type CheckpointSaver, createCheckpointSaver } from "./checkpoint-saver.ts";
import { createWaiters } from "./position-waiters.ts";

export type Processor = {
  readonly name: string;
  /** Another version starts from zero. */
  readonly version: number;
  /** Takes a snapshot's state, or begins anew without one. `unreadable`: this program cannot use that snapshot. */
  restore(state: string | undefined): Promise<"restored" | "unreadable">;
  /** Folds the next events of the log and writes their rows. Rejects when the rows are not written. */
  apply(batch: readonly PositionedEvent[]): Promise<void>;
  /** Resolves when the rows written so far would survive a power cut. */
  settle(): Promise<void>;
  /** The state after the last applied batch. */
  snapshot(): string;
};

export type ProcessorLimits = {
  /** A checkpoint at least after so many events. */
  readonly checkpointEvents: number;
  /** At most one checkpoint in so many milliseconds otherwise; at most that long until one after the last event. */
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
  /** How old the last event in the target is while there are newer ones; 0 when caught up, undefined before the first. */
  readonly lagUs: number | undefined;
  /** Of the failure that is being tried again; undefined when all is well. */
  readonly lastError: string | undefined;
  /** Why the processor does not run at all; needs a person. */
  readonly refused: string | undefined;
};

export type RunningProcessor = {
  status(): ProcessorStatus;
  /** True as soon as the target holds everything up to `position`; false after `timeoutMs` or when it stops. */
  waitFor(position: Position, timeoutMs: number): Promise<boolean>;
  /** Resolves when the signal was aborted and the last checkpoint is saved, or the processor refused. */
  readonly done: Promise<void>;
};

/** Thrown inside when no retry can help. */
class Refusal extends Error {
  override readonly name = "Refusal";
}

export function runProcessor(options: RunProcessorOptions): RunningProcessor {
  const { store, codec, processor, clock, timers, log, signal } = options;
  const limits = { ...PROCESSOR_LIMITS, ...options.limits };
  let position: Position | undefined;
  let recordedAtUs: number | undefined;
  let caughtUp = false;
  let lastError: string | undefined;
  let refused: string | undefined;
  let pauseMs = limits.firstPauseMs;
  const waiters = createWaiters(timers, () => position);
  const saver = saverOf(options, limits);

  const reached = (to: Position | undefined): void => {
    if (to === undefined) return;
    position = to;
    waiters.look();
  };

  async function begin(): Promise<Position | "start"> {
    const checkpoint = await usableCheckpoint(options);
    saver.reset();
    if (checkpoint && (await processor.restore(checkpoint.state)) === "restored") {
      reached(checkpoint.position);
      return checkpoint.position;
    }
    if (checkpoint) log(`${processor.name}: the snapshot is of no use; starting from zero`);
    await processor.restore(undefined);
    position = undefined;
    return "start";
  }

  async function follow(after: Position | "start"): Promise<void> {
    for await (const message of store.subscribe(after, signal)) {
      if (message.kind === "caught-up") {
        caughtUp = true;
        reached(message.position);
        saver.caughtUp();
      } else {
        caughtUp = false;
        const batch = message.events.map((stored) => codec.decode(stored));
        await saver.applied(batch, () => processor.apply(batch));
        const last = batch.at(-1);
        recordedAtUs = last?.metadata.recordedAtUs;
        reached(last?.position);
      }
      lastError = undefined;
      pauseMs = limits.firstPauseMs;
    }
    if (!signal.aborted) throw new Error("the event store ended the subscription");
  }

  async function run(): Promise<void> {
    while (!signal.aborted && refused === undefined) {
      try {
        await follow(await begin());
      } catch (error) {
        caughtUp = false;
        lastError = messageOf(error);
        if (error instanceof Refusal) refused = lastError;
        else if (!signal.aborted) {
          log(`${processor.name}: ${lastError}; trying again in ${pauseMs} ms`);
          await pause(timers, pauseMs, signal);
          pauseMs = Math.min(pauseMs * 2, limits.longestPauseMs);
        }
      }
    }
    if (refused !== undefined) log(`${processor.name} does not run: ${refused}`);
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
      lastError: lastError ?? saver.error(),
      refused,
    }),
    waitFor: (target, timeoutMs) => waiters.wait(target, timeoutMs),
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

/** The checkpoint to go on from; undefined: from zero. Throws a Refusal when it was made from another log. */
async function usableCheckpoint(options: RunProcessorOptions): Promise<Checkpoint | undefined> {
  const { checkpoints, processor, logId, store, codec } = options;
  const found = await checkpoints.load(processor.name);
  if (!found) return undefined;
  if (found.logId !== logId) {
    throw new Refusal(
      `its checkpoint belongs to log ${found.logId}, this is log ${logId}. ` +
        "Put the files of one log together, or delete the views and checkpoints: they are made again from the log.",
    );
  }
  if (found.version !== processor.version || found.targetId !== options.targetId())
    return undefined;
  const [stored] = await store.readAll(found.position - 1n, 1);
  if (stored?.position !== found.position || codec.decode(stored).eventId !== found.eventId) {
    throw new Refusal(
      `its checkpoint names event ${found.eventId} at position ${found.position}, but the log holds another one there: ` +
        "the log was exchanged for another copy. Delete the views: they are made again from the log.",
    );
  }
  return found;
}

function pause(timers: Timers, delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      cancel();
      signal.removeEventListener("abort", end);
      resolve();
    };
    const cancel = timers.schedule(delayMs, end);
    signal.addEventListener("abort", end);
    if (signal.aborted) end();
  });
}

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);
