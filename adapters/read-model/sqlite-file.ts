/**
 * The file of the views, which is only a copy of what the log says: a missing, damaged or foreign
 * one is deleted and made anew under a new target id, and whoever writes to it begins from zero.
 */
import { existsSync, mkdirSync, rmSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { TableDefinition } from "../../domain/ports/read-model.ts";
import type { StoredTable } from "./sqlite-ddl.ts";
import { prepareGenerations } from "./sqlite-generations.ts";

export type ViewsFileOptions = {
  readonly path: string;
  readonly tables: readonly TableDefinition[];
  /** The log that the views are made from: views of another log are deleted. */
  readonly logId: string;
  /** Makes a random id. */
  readonly newId: () => string;
  readonly log: (line: string) => void;
};

export type ViewsFile = {
  /** For reading; it refuses to write from now on. */
  readonly database: DatabaseSync;
  readonly targetId: string;
  /** The served tables by their plain name. */
  readonly tables: ReadonlyMap<string, StoredTable>;
};

/** "Oviw" and the layout of the file itself; tables carry their own versions. */
const APPLICATION_ID = 0x4f766977;
const LAYOUT = 2;

const SQLITE_CORRUPT = 11;
const SQLITE_NOTADB = 26;

/** As SQLite reports damage: whoever meets it makes the file anew. */
export const damage = (message: string): Error =>
  Object.assign(new Error(message), { errcode: SQLITE_NOTADB });

/** Which file the path names now; undefined where there is none. */
export function placeOf(path: string): string | undefined {
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stat && `${stat.dev}:${stat.ino}`;
}

/** The file's content is no (whole) database. */
export function isDamage(error: unknown): boolean {
  if (!(error instanceof Error) || !("errcode" in error)) return false;
  const code = Number(error.errcode) & 0xff;
  return code === SQLITE_CORRUPT || code === SQLITE_NOTADB;
}

/**
 * Opens the file, or makes it. Throws when it cannot be written at all (permissions, full disk).
 */
export function openViewsFile(options: ViewsFileOptions): ViewsFile {
  const { path, log } = options;
  mkdirSync(dirname(path), { recursive: true });
  const existed = existsSync(path);
  let reason: string;
  try {
    const opened = open(options);
    if (typeof opened !== "string") return opened;
    reason = opened;
  } catch (error) {
    if (!existed || !isDamage(error)) throw refused(path, error);
    reason = error instanceof Error ? error.message : String(error);
  }
  log(`the views in ${path} cannot be used (${reason}); they are made anew from the log`);
  deleteViewsFile(path);
  const made = open(options);
  if (typeof made === "string") throw new Error(`${path}: ${made}`);
  return made;
}

function refused(path: string, cause: unknown): Error {
  const detail = cause instanceof Error ? cause.message : String(cause);
  return new Error(
    `${path} cannot be used: ${detail}. It must be a file that this user can write. It holds no ` +
      "orders and is made from the log: move it away and start again.",
    { cause },
  );
}

export function deleteViewsFile(path: string): void {
  for (const suffix of ["", "-wal", "-shm"]) rmSync(path + suffix, { force: true });
}

/** What is open, or why the content is of no use. */
function open(options: ViewsFileOptions): ViewsFile | string {
  const database = new DatabaseSync(options.path, { timeout: 5_000 });
  try {
    const file = prepare(database, options);
    if (typeof file === "string") database.close();
    return file;
  } catch (error) {
    database.close();
    throw error;
  }
}

function prepare(database: DatabaseSync, options: ViewsFileOptions): ViewsFile | string {
  const applicationId = numberOf(database, "PRAGMA application_id");
  const layout = numberOf(database, "PRAGMA user_version");
  const empty = numberOf(database, "SELECT count(*) FROM sqlite_schema") === 0;
  if (!empty && (applicationId !== APPLICATION_ID || layout !== LAYOUT)) {
    return "another program or version wrote the file";
  }
  database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL");
  // Rows that many queries want; what was written lately is in the system's memory anyway.
  database.exec("PRAGMA cache_size = -8000");
  database.exec("BEGIN IMMEDIATE");
  database.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${LAYOUT}`);
  database.exec(
    "CREATE TABLE IF NOT EXISTS target (only INTEGER PRIMARY KEY CHECK (only = 1), " +
      "id TEXT NOT NULL, log_id TEXT NOT NULL) STRICT",
  );
  database
    .prepare("INSERT INTO target VALUES (1, ?, ?) ON CONFLICT DO NOTHING")
    .run(options.newId(), options.logId);
  const { served, made } = prepareGenerations(database, options.tables);
  // A table without its rows: whoever goes on from a checkpoint would leave it like that.
  if (made) database.prepare("UPDATE target SET id = ?").run(options.newId());
  database.exec("COMMIT");
  const target = database.prepare("SELECT id, log_id FROM target").get();
  if (target?.log_id !== options.logId) return "they belong to another log";
  database.exec("PRAGMA query_only = ON");
  const tables = new Map(served.map((stored) => [stored.table.name, stored]));
  return { database, targetId: String(target.id), tables };
}

function numberOf(database: DatabaseSync, sql: string): number {
  const row = database.prepare(sql).get();
  return Number(row ? Object.values(row)[0] : undefined);
}
