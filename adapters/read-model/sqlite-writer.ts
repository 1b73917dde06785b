/**
 * The views' writing thread: the only connection that writes once the file is open. It knows no
 * tables: each message is a transaction of SQL statements with flat parameters. Thin on purpose,
 * for what a thread imports it keeps in memory of its own.
 */
import { DatabaseSync, type StatementSync } from "node:sqlite";
import type { MessagePort } from "node:worker_threads";
import { parentPort, workerData } from "node:worker_threads";
import type { FromWriter, Step, ToWriter, WriterData } from "./sqlite-writer-wire.ts";

const SQLITE_NOTADB = 26;

function open({ path, targetId }: WriterData): DatabaseSync {
  const database = new DatabaseSync(path, { timeout: 5_000 });
  // NORMAL: a power cut may take the newest rows, never the whole; `flush` closes the gap before a
  // checkpoint of the processor. A checkpoint of the file syncs on this thread.
  database.exec("PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 8000");
  database.exec("PRAGMA cache_size = -16000");
  if (targetIn(database) === targetId) return database;
  database.close();
  throw Object.assign(new Error("it is another file than before"), { errcode: SQLITE_NOTADB });
}

/** A file that was taken away comes back empty. */
function targetIn(database: DatabaseSync): unknown {
  const made = database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'target'").get();
  return made && database.prepare("SELECT id FROM target").get()?.id;
}

function run(database: DatabaseSync, steps: readonly Step[], upserts: Map<string, StatementSync>) {
  database.exec("BEGIN IMMEDIATE");
  try {
    for (const { sql, width, values } of steps) {
      if (width === 0) {
        // Tables come and go: what was prepared for them does not stay.
        upserts.clear();
        database.exec(sql);
        continue;
      }
      const upsert = upserts.get(sql) ?? database.prepare(sql);
      upserts.set(sql, upsert);
      const parameters: (string | number | null)[] = JSON.parse(values);
      for (let at = 0; at < parameters.length; at += width) {
        upsert.run(...parameters.slice(at, at + width));
      }
    }
    database.exec("COMMIT");
  } catch (error) {
    if (database.isTransaction) database.exec("ROLLBACK");
    throw error;
  }
}

function serve(port: MessagePort, data: WriterData): void {
  const upserts = new Map<string, StatementSync>();
  let database: DatabaseSync | undefined;
  port.on("message", (message: ToWriter) => {
    if (message.kind === "close") {
      database?.close();
      return port.close();
    }
    let answer: FromWriter = { id: message.id };
    try {
      database ??= open(data);
      run(database, message.steps, upserts);
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      const errcode = error instanceof Error && "errcode" in error ? Number(error.errcode) : 0;
      answer = { id: message.id, failed: { message: text, errcode } };
    }
    port.postMessage(answer);
  });
}

if (parentPort) serve(parentPort, workerData);
