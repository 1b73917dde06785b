/**
 * Checkpoints in a map. The map can be handed over, so that a simulated crash keeps what was saved.
 */
import type { Checkpoint, Checkpoints } from "../../domain/ports/checkpoints.ts";

export function createMemoryCheckpoints(saved = new Map<string, Checkpoint>()): Checkpoints {
  return {
    async load(processor) {
      return saved.get(processor);
    },
    async save(checkpoint) {
      saved.set(checkpoint.processor, checkpoint);
    },
  };
}
