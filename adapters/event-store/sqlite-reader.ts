/**
 * Reads the log through a connection that cannot write. Usable beside a running engine: in WAL mode
 * readers and the writer do not wait for each other.
 */

import type { SQLOutputValue } from "node:sqlite";
import { DatabaseSync } from "node:sqlite";
import type { EventStore, Position, StoredEvent } from "../../domain/ports/event-store.ts";
import type { StreamName } from "../../domain/primitives/ids.ts";
import { assertRange } from "./append-request.ts";
import { openError, StoreOpenError } from "./sqlite-errors.ts";
import { inspectLogFile } from "./sqlite-schema.ts";
import type { Cursor } from "./subscription.ts";

/** A page for a subscription ends early at this many bytes. */
const PAGE_BYTES = 8 * 1024 * 1024;

export type SqliteReader = Pick<EventStore, "readStream" | "readAll" | "end" | "close"> & {
  /**
   * At most `limit` events, fewer when they are large, at least one if there is one. Evidence comes
   * without its bytes: subscriptions leave it out, and reading it would be most of the work.
   */
  subscriptionPage(after: Cursor, limit: number): readonly StoredEvent[];
};

const COLUMNS = "position, stream, revision, type, data, metadata";
const IS_EVIDENCE = "stream = 'evidence' OR stream GLOB 'evidence-*'";

/** Opens an existing log. Throws `StoreOpenError`. */
export function openSqliteReader(file: string): SqliteReader {
  if (inspectLogFile(file) === "new") {
    throw new StoreOpenError("no-access", `There is no log at ${file}. Start the engine once.`);
  }
  try {
    return createReader(new DatabaseSync(file, { readOnly: true, timeout: 5_000 }));
  } catch (error) {
    throw openError(error, file);
  }
}

function createReader(db: DatabaseSync): SqliteReader {
  const all = db.prepare(`SELECT ${COLUMNS} FROM events WHERE position > ? ORDER BY 1 LIMIT ?`);
  const lean = db.prepare(
    `SELECT position, stream, revision, type,
       CASE WHEN ${IS_EVIDENCE} THEN x'' ELSE data END AS data,
       CASE WHEN ${IS_EVIDENCE} THEN x'' ELSE metadata END AS metadata
     FROM events WHERE position > ? ORDER BY 1 LIMIT ?`,
  );
  const stream = db.prepare(
    `SELECT ${COLUMNS} FROM events WHERE stream = ? AND revision >= ? ORDER BY revision LIMIT ?`,
  );
  const last = db.prepare("SELECT max(position) AS position FROM events");

  return {
    async readStream(name, fromRevision, limit) {
      assertRange(fromRevision, limit);
      return stream.all(name, fromRevision, limit).map(eventOfRow);
    },
    async readAll(after, limit) {
      assertRange(0, limit);
      return all.all(afterPosition(after), limit).map(eventOfRow);
    },
    async end(): Promise<Position | undefined> {
      const position = last.get()?.position;
      return typeof position === "number" ? BigInt(position) : undefined;
    },
    subscriptionPage(after, limit) {
      const page: StoredEvent[] = [];
      let bytes = 0;
      for (const row of lean.iterate(afterPosition(after), limit)) {
        const event = eventOfRow(row);
        page.push(event);
        bytes += event.data.byteLength + event.metadata.byteLength;
        if (bytes >= PAGE_BYTES) break;
      }
      return page;
    },
    async close() {
      if (db.isOpen) db.close();
    },
  };
}

const afterPosition = (after: Cursor): Position => (after === "start" ? 0n : after);

/**
 * STRICT columns cannot hold anything else; a file that does is damaged in a way SQLite did not
 * see.
 */
function eventOfRow(row: Record<string, SQLOutputValue>): StoredEvent {
  const { position, stream, revision, type, data, metadata } = row;
  if (
    typeof position !== "number" ||
    typeof stream !== "string" ||
    typeof revision !== "number" ||
    typeof type !== "string" ||
    !(data instanceof Uint8Array) ||
    !(metadata instanceof Uint8Array)
  ) {
    throw new Error(`the log is damaged at position ${String(position)}: put back a backup`);
  }
  const name = stream as StreamName;
  return { stream: name, revision, position: BigInt(position), type, data, metadata };
}
