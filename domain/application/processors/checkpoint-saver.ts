/**
 * When a processor's checkpoint is saved: often enough to lose little, seldom enough to cost
 * little. A snapshot is taken between two batches only, in one synchronous step with its position;
 * then the rows are made durable, then it is saved.
 */
import type { PositionedEvent } from "../../codec/codec.ts";
import type { Checkpoint } from "../../ports/checkpoints.ts";
import type { Clock, Timers } from "../../ports/clock.ts";
import { US_PER_MS } from "../../primitives/time.ts";

export type CheckpointSaver = {
  /** Runs a batch; counts it when it succeeded. When it fails, nothing is saved before `reset`. */
  applied(batch: readonly PositionedEvent[], apply: () => Promise<void>): Promise<void>;
  /** Nothing more comes for now: what is not saved yet is saved soon. */
  caughtUp(): void;
  /** The processor begins again from its last checkpoint. */
  reset(): void;
  /** Saves what is not saved yet. Never rejects. */
  finish(): Promise<void>;
  /** Of the last save, if it failed. A failed save costs time after a restart and nothing else. */
  error(): string | undefined;
};

export type CheckpointSaverOptions = {
  /** The checkpoint at this event. */
  readonly checkpointAt: (last: PositionedEvent) => Checkpoint;
  /** Makes the rows durable, then saves. */
  readonly save: (checkpoint: Checkpoint) => Promise<void>;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly everyEvents: number;
  readonly everyMs: number;
};

export function createCheckpointSaver(options: CheckpointSaverOptions): CheckpointSaver {
  const { checkpointAt, clock, timers, everyEvents, everyMs } = options;
  let unsaved: PositionedEvent | undefined;
  let events = 0;
  let savedAtUs = clock.monotonicUs();
  let busy = false;
  let saving: Promise<void> | undefined;
  let cancelTimer: (() => void) | undefined;
  let error: string | undefined;

  const dueInMs = (): number =>
    Math.max(0, everyMs - Math.floor((clock.monotonicUs() - savedAtUs) / US_PER_MS));

  function stopTimer(): void {
    cancelTimer?.();
    cancelTimer = undefined;
  }

  function save(): void {
    if (unsaved === undefined || busy || saving) return;
    stopTimer();
    const last = unsaved;
    saving = write(checkpointAt(last), last).finally(() => {
      saving = undefined;
    });
  }

  async function write(checkpoint: Checkpoint, last: PositionedEvent): Promise<void> {
    savedAtUs = clock.monotonicUs();
    events = 0;
    try {
      await options.save(checkpoint);
      if (unsaved === last) unsaved = undefined;
      error = undefined;
    } catch (cause) {
      const detail = cause instanceof Error ? cause.message : String(cause);
      error = `the checkpoint is not saved: ${detail}`;
    }
  }

  return {
    async applied(batch, apply) {
      busy = true;
      try {
        await apply();
      } catch (cause) {
        // The state is ahead of the rows: no checkpoint may be made of it.
        unsaved = undefined;
        stopTimer();
        throw cause;
      } finally {
        busy = false;
      }
      unsaved = batch.at(-1) ?? unsaved;
      events += batch.length;
      if (events >= everyEvents || dueInMs() === 0) save();
    },
    caughtUp() {
      if (unsaved === undefined || cancelTimer) return;
      cancelTimer = timers.schedule(dueInMs(), () => {
        cancelTimer = undefined;
        save();
      });
    },
    reset() {
      stopTimer();
      unsaved = undefined;
      events = 0;
    },
    async finish() {
      stopTimer();
      await saving;
      save();
      await saving;
    },
    error: () => error,
  };
}
