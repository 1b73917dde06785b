/**
 * One transaction for many appends: the heart of the writer. Conflicts are found before anything is
 * inserted, so one append never takes its neighbours down; an error of SQLite takes them all, and
 * what may be said about them is decided here.
 */
import type { DatabaseSync } from "node:sqlite";
import type { AppendResult } from "../../domain/ports/event-store.ts";
import { explain, isBusy, isDiskFull } from "./sqlite-errors.ts";
import type { PackedAnswer, PackedAppend, PackedBatch, PackedEvent } from "./sqlite-wire.ts";
import { unpackBatch } from "./sqlite-wire.ts";

/** The part of a connection that a commit needs; a test puts a failing disk in its place. */
export type WriteConnection = Pick<DatabaseSync, "exec" | "prepare" | "isTransaction">;

export type Committer = {
  /** Commits all batches together. Never throws. */
  commit(batches: readonly PackedBatch[]): readonly PackedAnswer[];
};

export function createCommitter(db: WriteConnection, file: string): Committer {
  const append = createAppender(db);
  let dead: string | undefined;

  function failed(error: unknown, step: "insert" | "commit"): AppendResult {
    const failure = explain(error, file);
    const rolledBack = rollBack(db);
    // A full disk leaves no whole commit behind, at COMMIT neither: its last frame was not written.
    const nothingWritten = step === "insert" || isDiskFull(failure);
    const goesOn = rolledBack && (isDiskFull(failure) || (step === "insert" && isBusy(failure)));
    if (!goesOn) {
      dead = `The event store stopped: ${failure.sentence}`;
    }
    return nothingWritten
      ? { kind: "unavailable", reason: `Nothing was written. ${failure.sentence}` }
      : { kind: "unknown", cause: `The commit failed. ${failure.sentence}` };
  }

  function answerAll(batches: readonly PackedBatch[], result: AppendResult) {
    return batches.map(({ id, streams }) => ({ id, results: streams.map(() => result), dead }));
  }

  return {
    commit(batches) {
      if (dead !== undefined) return answerAll(batches, { kind: "unavailable", reason: dead });
      const answers: PackedAnswer[] = [];
      try {
        db.exec("BEGIN IMMEDIATE");
        for (const batch of batches) {
          answers.push({ id: batch.id, results: unpackBatch(batch).map(append) });
        }
      } catch (error) {
        return answerAll(batches, failed(error, "insert"));
      }
      try {
        db.exec("COMMIT");
      } catch (error) {
        return answerAll(batches, failed(error, "commit"));
      }
      return answers;
    },
  };
}

/** SQLite rolls back by itself after some errors. */
function rollBack(db: WriteConnection): boolean {
  try {
    if (db.isTransaction) db.exec("ROLLBACK");
    return true;
  } catch {
    return false;
  }
}

function createAppender(db: WriteConnection): (append: PackedAppend) => AppendResult {
  const lastOf = db.prepare("SELECT max(revision) AS revision FROM events WHERE stream = ?");
  const insert = db.prepare(
    "INSERT INTO events(stream, revision, type, data, metadata) VALUES(?, ?, ?, ?, ?)",
  );
  const range = db.prepare(
    `SELECT position, type, data, metadata FROM events
     WHERE stream = ? AND revision BETWEEN ? AND ? ORDER BY revision`,
  );

  function storedBefore({ stream, expected, events }: PackedAppend): AppendResult | undefined {
    const rows = range.all(stream, expected + 1, expected + events.length);
    const last = rows.at(-1);
    const same = events.every((event, i) => sameBytes(event, rows[i]));
    if (!same || typeof last?.position !== "number") return undefined;
    const revision = expected + events.length;
    return { kind: "already-appended", revision, position: BigInt(last.position) };
  }

  return (append) => {
    const found = lastOf.get(append.stream)?.revision;
    const actual = typeof found === "number" ? found : -1;
    if (append.expected !== actual) {
      const before = append.expected < actual ? storedBefore(append) : undefined;
      return before ?? { kind: "conflict", actual: actual < 0 ? "no-stream" : actual };
    }
    let revision = actual;
    let position: number | bigint = 0;
    for (const { type, data, metadata } of append.events) {
      revision++;
      position = insert.run(append.stream, revision, type, data, metadata).lastInsertRowid;
    }
    return { kind: "appended", revision, position: BigInt(position) };
  };
}

function sameBytes(event: PackedEvent, row: Record<string, unknown> | undefined): boolean {
  return (
    row !== undefined &&
    row.type === event.type &&
    row.data instanceof Uint8Array &&
    row.metadata instanceof Uint8Array &&
    Buffer.compare(row.data, event.data) === 0 &&
    Buffer.compare(row.metadata, event.metadata) === 0
  );
}
