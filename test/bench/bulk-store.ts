/**
 * A store for making large logs: the real file and the real bytes, but many appends in one
 * transaction and no sync before `close`. Several processes may write to one file at a time.
 */
import { closeSync, fsyncSync, openSync } from "node:fs";
import { openForWriting } from "../../adapters/event-store/sqlite-schema.ts";
import type { EventStore } from "../../domain/ports/event-store.ts";
import type { StreamName } from "../../domain/primitives/ids.ts";

export type BulkStore = {
  /** Appends only; nothing can be read back before it is closed. */
  readonly store: EventStore;
  readonly flush: () => void;
  /** Flushes and syncs: nothing is left for the system to write later, when somebody measures. */
  readonly close: () => void;
};

type Row = readonly [StreamName, number, string, Uint8Array, Uint8Array];

const ROWS_PER_TRANSACTION = 10_000;
const WAL_PAGES = 50_000;

export function openBulkStore(file: string): BulkStore {
  const db = openForWriting(file);
  db.exec("PRAGMA synchronous = OFF; PRAGMA busy_timeout = 60000;");
  db.exec(`PRAGMA wal_autocheckpoint = ${WAL_PAGES}`);
  const insert = db.prepare(
    "INSERT INTO events(stream, revision, type, data, metadata) VALUES(?, ?, ?, ?, ?)",
  );
  let rows: Row[] = [];
  // The file gives the real ones; this store's users only compare them.
  let position = 0n;

  const flush = (): void => {
    if (rows.length === 0) return;
    db.exec("BEGIN IMMEDIATE");
    for (const row of rows) insert.run(...row);
    db.exec("COMMIT");
    rows = [];
  };

  const store: EventStore = {
    async append(stream, expected, events) {
      const first = expected === "no-stream" ? 0 : expected + 1;
      for (const [index, { type, data, metadata }] of events.entries()) {
        rows.push([stream, first + index, type, data, metadata]);
      }
      if (rows.length >= ROWS_PER_TRANSACTION) flush();
      position += BigInt(events.length);
      return { kind: "appended", revision: first + events.length - 1, position };
    },
    readStream: async () => [],
    readAll: async () => [],
    end: async () => position,
    subscribe: () => {
      throw new Error("a bulk store cannot be subscribed to");
    },
    close: async () => {},
  };

  return {
    store,
    flush,
    close: () => {
      flush();
      db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
      db.close();
      const handle = openSync(file, "r+");
      try {
        fsyncSync(handle);
      } finally {
        closeSync(handle);
      }
    },
  };
}
