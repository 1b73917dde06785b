/**
 * The file of the log: its schema, its marks, and what is checked before anything is written to it.
 * A file that is not ours, newer or damaged is looked at through a read-only handle and left
 * exactly as it is.
 */
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { dirname, resolve } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { openError, StoreOpenError } from "./sqlite-errors.ts";

/** "OSLG" in the file's header: orderstream's log. */
const APPLICATION_ID = 0x4f534c47;
const SCHEMA_VERSION = 1;
const HEADER_BYTES = 100;
const SQLITE_MAGIC = "SQLite format 3\0";

/**
 * Lean on purpose: one table, one index beside the key. An index on event ids, or ids as text
 * columns, costs a third of the append rate, and the ids are inside the metadata.
 */
const SCHEMA = `
  CREATE TABLE events(
    position INTEGER PRIMARY KEY,
    stream TEXT NOT NULL,
    revision INTEGER NOT NULL,
    type TEXT NOT NULL,
    data BLOB NOT NULL,
    metadata BLOB NOT NULL,
    UNIQUE(stream, revision)
  ) STRICT;
  CREATE TRIGGER events_never_change BEFORE UPDATE ON events
    BEGIN SELECT RAISE(ABORT, 'events are never changed'); END;
  CREATE TRIGGER events_never_go BEFORE DELETE ON events
    BEGIN SELECT RAISE(ABORT, 'events are never deleted'); END;
  PRAGMA application_id = ${APPLICATION_ID};
  PRAGMA user_version = ${SCHEMA_VERSION};
`;

export type LogFileState = "new" | "ours";

/**
 * Looks at the file without changing it. Throws `StoreOpenError` for anything that must not be
 * written to.
 */
export function inspectLogFile(file: string): LogFileState {
  const size = existsSync(file) ? statSync(file).size : 0;
  if (size === 0) {
    // SQLite would throw the write-ahead log away, and with it acknowledged events.
    if (sizeOf(`${file}-wal`) > 0) {
      throw new StoreOpenError(
        "damaged",
        `${file} is missing or empty, but ${file}-wal holds events. Put back the file or a backup.`,
      );
    }
    return "new";
  }
  try {
    checkHeader(file, readHeader(file));
    checkContent(file);
  } catch (error) {
    throw openError(error, file);
  }
  return "ours";
}

const sizeOf = (file: string): number => (existsSync(file) ? statSync(file).size : 0);

function readHeader(file: string): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  try {
    const handle = openSync(file, "r");
    try {
      return header.subarray(0, readSync(handle, header));
    } finally {
      closeSync(handle);
    }
  } catch (error) {
    throw noAccess(file, error);
  }
}

/** Offsets: https://www.sqlite.org/fileformat.html#the_database_header */
function checkHeader(file: string, header: Buffer): void {
  if (header.length < HEADER_BYTES || header.toString("latin1", 0, 16) !== SQLITE_MAGIC) {
    throw new StoreOpenError(
      "damaged",
      `${file} is not a database: it is damaged or belongs to another program. ` +
        "Move it away and put a backup in its place, or start with another data folder.",
    );
  }
  if (header.readUInt32BE(68) !== APPLICATION_ID) {
    throw new StoreOpenError(
      "foreign",
      `${file} is a database of another program, not a log. Start with another data folder.`,
    );
  }
  const version = header.readUInt32BE(60);
  if (version > SCHEMA_VERSION) {
    throw new StoreOpenError(
      "newer-version",
      `${file} has format ${version}; this program knows formats up to ${SCHEMA_VERSION}. ` +
        "Start a newer version of the program.",
    );
  }
}

/**
 * SQLite itself finds a truncated file when it reads the schema; the last row is read to see that
 * the table is there.
 */
function checkContent(file: string): void {
  const db = new DatabaseSync(file, { readOnly: true });
  try {
    db.prepare("SELECT count(*) FROM sqlite_schema").get();
    db.prepare("SELECT * FROM events ORDER BY position DESC LIMIT 1").get();
  } finally {
    db.close();
  }
}

function noAccess(path: string, cause: unknown): StoreOpenError {
  const detail = cause instanceof Error ? cause.message : String(cause);
  return new StoreOpenError(
    "no-access",
    `${path} cannot be used: ${detail}. Give this user the right to read and write there, ` +
      "or start with another data folder.",
    { cause },
  );
}

/**
 * Makes the folder of the log durably: an acknowledged event in a folder that a power cut removes
 * is lost.
 */
export function prepareFolder(file: string): void {
  const folder = dirname(resolve(file));
  try {
    const firstMade = makeFolders(folder);
    if (firstMade === undefined || process.platform === "win32") return;
    const top = dirname(firstMade);
    for (let made = folder; made.length >= top.length; made = dirname(made)) {
      syncFolder(made);
      if (made === top) break;
    }
  } catch (error) {
    throw noAccess(folder, error);
  }
}

/**
 * Makes what is missing of a path and answers the uppermost folder made. Not `recursive: true`: that never returns where a
 * file system takes no folders (/proc).
 */
function makeFolders(folder: string): string | undefined {
  const missing: string[] = [];
  for (let at = folder; !existsSync(at); at = dirname(at)) missing.unshift(at);
  for (const path of missing) mkdirSync(path);
  if (!statSync(folder).isDirectory()) throw new Error(`${folder} is a file, not a folder`);
  return missing[0];
}

export function syncFolder(folder: string): void {
  const handle = openSync(folder, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/**
 * Opens the log for writing and creates it if it is new. Sets WAL and FULL and reads them back, at
 * every open: FULL is a property of the connection, and without it acknowledged commits can be
 * rolled back by a power cut.
 */
export function openForWriting(file: string, maxPages?: number): DatabaseSync {
  const state = inspectLogFile(file);
  let db: DatabaseSync | undefined;
  try {
    if (state === "new") create(file);
    db = new DatabaseSync(file, { timeout: 5_000, enableForeignKeyConstraints: false });
    db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;");
    // Checkpoints belong to a thread of their own, away from the commits.
    db.exec("PRAGMA wal_autocheckpoint = 0; PRAGMA cache_size = -16000;");
    if (maxPages !== undefined) db.exec(`PRAGMA max_page_count = ${maxPages}`);
    assertPragma(db, "journal_mode", "wal", file);
    assertPragma(db, "synchronous", 2, file);
    // SQLite opens a write-protected file for reading without a word.
    db.exec("BEGIN IMMEDIATE; ROLLBACK;");
    return db;
  } catch (error) {
    db?.close();
    throw openError(error, file);
  }
}

/** Under another name first: whenever the process dies, the log is missing or whole. */
function create(file: string): void {
  const draft = `${file}.new`;
  rmSync(draft, { force: true });
  const db = new DatabaseSync(draft);
  try {
    db.exec(`PRAGMA synchronous = FULL; BEGIN IMMEDIATE; ${SCHEMA} COMMIT;`);
  } finally {
    db.close();
  }
  renameSync(draft, file);
  if (process.platform !== "win32") syncFolder(dirname(resolve(file)));
}

function assertPragma(db: DatabaseSync, name: string, wanted: string | number, file: string): void {
  const row = db.prepare(`PRAGMA ${name}`).get();
  if (row?.[name] !== wanted) {
    throw new StoreOpenError(
      "io",
      `${file}: ${name} is ${String(row?.[name])} and not ${wanted}: events would not be safe ` +
        "there. Keep the log on a local disk.",
    );
  }
}
