/** Whether a processor may go on from its checkpoint, must begin anew, or must not run at all. */
import type { Codec } from "../../codec/codec.ts";
import type { Checkpoint, Checkpoints } from "../../ports/checkpoints.ts";
import type { EventStore } from "../../ports/event-store.ts";
import type { LogId } from "../../primitives/ids.ts";

export type CheckpointSource = {
  readonly store: EventStore;
  readonly checkpoints: Checkpoints;
  readonly codec: Codec;
  readonly processor: { readonly name: string; readonly version: number };
  readonly logId: LogId;
  readonly targetId: () => string;
};

/** No retry can help; the message says what a person must do. */
export class Refusal extends Error {
  override readonly name = "Refusal";
}

/**
 * The checkpoint to go on from; undefined: from zero. Throws a Refusal when it was made from
 * another log.
 */
export async function usableCheckpoint(options: CheckpointSource): Promise<Checkpoint | undefined> {
  const { checkpoints, processor, logId, store, codec } = options;
  const found = await checkpoints.load(processor.name);
  if (!found) return undefined;
  if (found.logId !== logId) {
    throw new Refusal(
      `its checkpoint belongs to log ${found.logId}, this is log ${logId}. ` +
        "Put the files of one log together, or delete the views and checkpoints: " +
        "they are made again from the log.",
    );
  }
  if (found.version !== processor.version || found.targetId !== options.targetId())
    return undefined;
  const [stored] = await store.readAll(found.position - 1n, 1);
  if (stored?.position !== found.position || codec.decode(stored).eventId !== found.eventId) {
    throw new Refusal(
      `its checkpoint names event ${found.eventId} at position ${found.position}, ` +
        "but the log holds another one there: the log was exchanged for another copy. " +
        "Delete the views: they are made again from the log.",
    );
  }
  return found;
}
