/** Counts what stands in a log, beside the process that writes it; and the folder for such logs. */
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { z } from "zod";

/** Events of a type, or all. */
export const countEvents = (log: string, type?: string): number =>
  type === undefined
    ? numberFrom(log, "SELECT count(*) AS n FROM events")
    : numberFrom(log, "SELECT count(*) AS n FROM events WHERE type = ?", type);

/** Position of the last event. */
export const lastPosition = (log: string): number =>
  numberFrom(log, "SELECT max(position) AS n FROM events");

/** Events of one stream, and bytes of their data and metadata. */
export const streamSize = (log: string, stream: string): { events: number; bytes: number } => ({
  events: numberFrom(log, "SELECT count(*) AS n FROM events WHERE stream = ?", stream),
  bytes: numberFrom(
    log,
    "SELECT sum(length(data) + length(metadata)) AS n FROM events WHERE stream = ?",
    stream,
  ),
});

function numberFrom(log: string, query: string, ...values: string[]): number {
  const db = new DatabaseSync(log, { readOnly: true });
  try {
    return z.int().parse(db.prepare(query).get(...values)?.n);
  } finally {
    db.close();
  }
}

/** A new folder in `parent` that is gone at the end, also when the process is told to end. */
export function temporaryFolder(parent: string): { path: string; remove: () => void } {
  const path = mkdtempSync(join(parent, "orderstream-bench-"));
  const remove = (): void => {
    process.off("exit", remove);
    rmSync(path, { recursive: true, force: true, maxRetries: 5 });
  };
  process.once("exit", remove);
  return { path, remove };
}
