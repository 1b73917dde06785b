/** How far each processor has come, and the state that it folded so far. Losing one costs time, never truth. */
import type { EventId, LogId } from "../primitives/ids.ts";
import type { Position } from "./event-store.ts";

export type Checkpoint = {
  readonly processor: string;
  /** Version of the processor's code: another one starts from zero. */
  readonly version: number;
  readonly logId: LogId;
  /** Random id kept inside the target that the processor writes to; another one starts from zero. */
  readonly targetId: string;
  readonly position: Position;
  readonly eventId: EventId;
  /** The processor's own serialised state. */
  readonly state: string;
};

export interface Checkpoints {
  load(processor: string): Promise<Checkpoint | undefined>;
  /** Durable enough that an older one is never seen after a newer one in the same file. */
  save(checkpoint: Checkpoint): Promise<void>;
}
