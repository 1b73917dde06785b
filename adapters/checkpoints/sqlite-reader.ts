/** Reads one checkpoint through a connection that cannot write; also beside a running engine. */
import { existsSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import type { Position } from "../../domain/ports/event-store.ts";

export type StoredCheckpoint = {
  readonly logId: string;
  readonly targetId: string;
  readonly position: Position;
  readonly state: string;
};

/** Undefined where there is no file or no such checkpoint. Throws when the file cannot be read. */
export function readCheckpoint(file: string, processor: string): StoredCheckpoint | undefined {
  if (!existsSync(file)) return undefined;
  const database = new DatabaseSync(file, { readOnly: true, timeout: 5_000 });
  try {
    const select = "SELECT log_id, target_id, position, state FROM checkpoints WHERE processor = ?";
    const row = database.prepare(select).get(processor);
    if (!row) return undefined;
    const { log_id, target_id, position, state } = row;
    if (typeof position !== "string" || !/^\d{1,20}$/.test(position)) {
      throw new Error(`${file}: the checkpoint of ${processor} has no position`);
    }
    return {
      logId: String(log_id),
      targetId: String(target_id),
      position: BigInt(position),
      state: String(state),
    };
  } finally {
    database.close();
  }
}
