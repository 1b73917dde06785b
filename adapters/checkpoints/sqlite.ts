/**
 * Checkpoints in `state.db`. Nothing here is precious: a lost checkpoint costs a replay. So NORMAL
 * is enough: a power cut may take the newest saves away, and always the newest first.
 */
import { existsSync, mkdirSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { z } from "zod";
import type { Checkpoint, Checkpoints } from "../../domain/ports/checkpoints.ts";
import type { EventId, LogId } from "../../domain/primitives/ids.ts";

/** "OSST" in the file's header: orderstream's state. */
const APPLICATION_ID = 0x4f535354;
const SCHEMA_VERSION = 1;

/** Positions are opaque and may need 64 bits without sign, so they are text. */
const SCHEMA = `
  CREATE TABLE checkpoints(
    processor TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    log_id TEXT NOT NULL,
    target_id TEXT NOT NULL,
    position TEXT NOT NULL,
    event_id TEXT NOT NULL,
    state TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  PRAGMA application_id = ${APPLICATION_ID};
  PRAGMA user_version = ${SCHEMA_VERSION};
`;

const Row = z.object({
  processor: z.string(),
  version: z.int(),
  log_id: z.string(),
  target_id: z.string(),
  position: z.string().regex(/^\d{1,20}$/),
  event_id: z.string(),
  state: z.string(),
});

const Mark = z.object({ application_id: z.int(), user_version: z.int(), tables: z.int() });

export type SqliteCheckpoints = Checkpoints & { close(): void };

/**
 * Opens `state.db` or makes it. Throws a sentence when the file cannot be used; it may be deleted
 * then.
 */
export function openSqliteCheckpoints(file: string): SqliteCheckpoints {
  let db: DatabaseSync | undefined;
  try {
    mkdirSync(dirname(file), { recursive: true });
    if (existsSync(file) && statSync(file).size > 0) assertOurs(file);
    db = new DatabaseSync(file, { timeout: 5_000 });
    // One connection, in the engine that holds the folder's lock: nobody else creates it meanwhile.
    if (isNew(db)) db.exec(`BEGIN IMMEDIATE; ${SCHEMA} COMMIT;`);
    db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;");
    return overDatabase(db, file);
  } catch (error) {
    db?.close();
    throw refused(file, error);
  }
}

/** Before anything is written. */
function assertOurs(file: string): void {
  const db = new DatabaseSync(file, { readOnly: true });
  try {
    const { application_id, user_version, tables } = marksOf(db);
    const empty = application_id === 0 && tables === 0;
    if (application_id !== APPLICATION_ID && !empty) {
      throw new Error("it is a database of another program");
    }
    if (user_version > SCHEMA_VERSION) {
      throw new Error(`it has format ${user_version}, made by a newer version of this program`);
    }
  } finally {
    db.close();
  }
}

const isNew = (db: DatabaseSync): boolean => marksOf(db).tables === 0;

function marksOf(db: DatabaseSync): z.infer<typeof Mark> {
  return Mark.parse({
    ...db.prepare("PRAGMA application_id").get(),
    ...db.prepare("PRAGMA user_version").get(),
    ...db.prepare("SELECT count(*) AS tables FROM sqlite_schema").get(),
  });
}

function refused(file: string, cause: unknown): Error {
  const detail = cause instanceof Error ? cause.message : String(cause);
  return new Error(
    `${file} cannot be used: ${detail}. It holds no orders and is rebuilt from the log: ` +
      "move it away and start again.",
    { cause },
  );
}

function overDatabase(db: DatabaseSync, file: string): SqliteCheckpoints {
  const select = db.prepare("SELECT * FROM checkpoints WHERE processor = ?");
  const upsert = db.prepare(
    `INSERT INTO checkpoints(processor, version, log_id, target_id, position, event_id, state)
     VALUES(?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT(processor) DO UPDATE SET version = excluded.version, log_id = excluded.log_id,
       target_id = excluded.target_id, position = excluded.position,
       event_id = excluded.event_id, state = excluded.state`,
  );
  return {
    async load(processor) {
      // Damage inside shows up only here.
      try {
        const row = select.get(processor);
        return row === undefined ? undefined : checkpointOf(Row.parse(row));
      } catch (error) {
        throw refused(file, error);
      }
    },
    async save({ processor, version, logId, targetId, position, eventId, state }) {
      try {
        upsert.run(processor, version, logId, targetId, position.toString(), eventId, state);
      } catch (error) {
        throw refused(file, error);
      }
    },
    close() {
      if (db.isOpen) db.close();
    },
  };
}

const checkpointOf = (row: z.infer<typeof Row>): Checkpoint => ({
  processor: row.processor,
  version: row.version,
  logId: row.log_id as LogId,
  targetId: row.target_id,
  position: BigInt(row.position),
  eventId: row.event_id as EventId,
  state: row.state,
});
