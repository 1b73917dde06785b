/** Checkpoints that survive crashes; a save may be lost with the process, so that snapshots are older than the log at times. */
import type { Checkpoint, Checkpoints } from "../../domain/ports/checkpoints.ts";
import type { Random } from "./random.ts";
import type { Scheduler } from "./scheduler.ts";

export type SimCheckpoints = Checkpoints & {
  /** Deletes the file. */
  readonly wipe: () => void;
};

export function createSimCheckpoints(scheduler: Scheduler, random: Random): SimCheckpoints {
  const saved = new Map<string, Checkpoint>();
  return {
    load: async (processor) => {
      await scheduler.park("load checkpoint", random.between(5, 500));
      return random.chance(0.1) ? undefined : saved.get(processor);
    },
    save: async (checkpoint) => {
      await scheduler.park("before save checkpoint", random.between(5, 500));
      if (random.chance(0.7)) saved.set(checkpoint.processor, checkpoint);
      await scheduler.park("after save checkpoint", random.between(5, 500));
    },
    wipe: () => saved.clear(),
  };
}
