/**
 * What a commit says when SQLite fails at each of its steps. The failures are those of a disk, put
 * in front of a real file.
 */
import { DatabaseSync } from "node:sqlite";
import { afterEach, describe, expect, it } from "vitest";
import type { WriteConnection } from "../../adapters/event-store/sqlite-commit.ts";
import { createCommitter } from "../../adapters/event-store/sqlite-commit.ts";
import { openForWriting } from "../../adapters/event-store/sqlite-schema.ts";
import { watchWal } from "../../adapters/event-store/sqlite-wal.ts";
import { packBatch, unpackBatch } from "../../adapters/event-store/sqlite-wire.ts";
import { encodedEvents, newStream } from "../support/encoded-events.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const folder = temporaryFolder();
const open: DatabaseSync[] = [];
afterEach(() => {
  for (const db of open.splice(0)) db.close();
});

function openLog(): DatabaseSync {
  const db = openForWriting(folder.file("log.db"));
  open.push(db);
  return db;
}

const sqliteError = (errcode: number, message: string): Error =>
  Object.assign(new Error(message), { code: "ERR_SQLITE_ERROR", errcode });

const IOERR_FSYNC = sqliteError(1034, "disk I/O error");
const IOERR_READ = sqliteError(266, "disk I/O error");
const FULL = sqliteError(13, "database or disk is full");

type Fault = { at: string; error: Error | undefined };

/** Throws the error instead of running the statement that begins with `at`. */
function failing(db: DatabaseSync, fault: Fault): WriteConnection {
  return {
    exec(sql) {
      if (fault.error && sql.startsWith(fault.at)) throw fault.error;
      db.exec(sql);
    },
    prepare: (sql) => db.prepare(sql),
    get isTransaction() {
      return db.isTransaction;
    },
  };
}

let nextId = 0;
const batchOf = (...streams: string[]) =>
  packBatch(
    nextId++,
    streams.map((name) => {
      const stream = newStream(name);
      return { stream, expected: "no-stream" as const, events: encodedEvents(stream, 0, 2) };
    }),
  );

const rows = (db: DatabaseSync) => db.prepare("SELECT count(*) AS n FROM events").get()?.n;

describe("a commit that fails", () => {
  it("at COMMIT with an I/O error: unknown, and the store is dead", () => {
    const db = openLog();
    const fault: Fault = { at: "COMMIT", error: IOERR_FSYNC };
    const { commit } = createCommitter(failing(db, fault), "log.db");
    const [one, two] = commit([batchOf("order", "order"), batchOf("order")]);
    expect(one?.results.map((result) => result.kind)).toEqual(["unknown", "unknown"]);
    expect(two?.results.map((result) => result.kind)).toEqual(["unknown"]);
    expect(one?.dead).toMatch(/log.db: disk I\/O error.*[Cc]heck the disk.*start the engine again/);
    fault.error = undefined;
    const [later] = commit([batchOf("order")]);
    expect(later?.results[0]).toEqual({ kind: "unavailable", reason: one?.dead });
    expect(rows(db)).toBe(0);
    expect(db.isTransaction).toBe(false);
  });

  it("at COMMIT with a full disk: unavailable, and it goes on when there is room", () => {
    const db = openLog();
    const fault: Fault = { at: "COMMIT", error: FULL };
    const { commit } = createCommitter(failing(db, fault), "log.db");
    const batch = batchOf("order");
    const [answer] = commit([batch]);
    expect(answer?.results[0]).toMatchObject({
      kind: "unavailable",
      reason: expect.stringMatching(/Free some space/),
    });
    expect(answer?.dead).toBeUndefined();
    expect(rows(db)).toBe(0);
    fault.error = undefined;
    expect(commit([batch])[0]?.results[0]?.kind).toBe("appended");
  });

  it("before COMMIT: unavailable, and dead unless the disk was only full or busy", () => {
    const db = openLog();
    const fault: Fault = { at: "BEGIN", error: FULL };
    const { commit } = createCommitter(failing(db, fault), "log.db");
    expect(commit([batchOf("order")])[0]).toMatchObject({ results: [{ kind: "unavailable" }] });
    fault.error = sqliteError(5, "database is locked");
    expect(commit([batchOf("order")])[0]?.dead).toBeUndefined();
    fault.error = IOERR_READ;
    const [answer] = commit([batchOf("order")]);
    expect(answer?.results[0]?.kind).toBe("unavailable");
    expect(answer?.dead).toBeDefined();
  });

  it("is dead when it cannot even be rolled back", () => {
    const db = openLog();
    const inner = failing(db, { at: "COMMIT", error: FULL });
    const stuck: WriteConnection = {
      ...inner,
      isTransaction: true,
      exec(sql) {
        if (sql === "ROLLBACK") throw IOERR_FSYNC;
        inner.exec(sql);
      },
    };
    expect(createCommitter(stuck, "log.db").commit([batchOf("order")])[0]?.dead).toBeDefined();
    db.exec("ROLLBACK");
  });
});

describe("the wire", () => {
  it("unpacks what was packed", () => {
    const stream = newStream("zürich");
    const other = newStream();
    const appends = [
      { stream, expected: "no-stream" as const, events: encodedEvents(stream, 0, 3) },
      { stream: other, expected: 4, events: encodedEvents(other, 5, 1, "żółć") },
    ];
    const unpacked = unpackBatch(packBatch(1, appends));
    expect(unpacked.map((append) => append.expected)).toEqual([-1, 4]);
    for (const [i, { stream: name, events }] of appends.entries()) {
      expect(unpacked[i]?.stream).toBe(name);
      const plain = events.map(({ type, data, metadata }) => ({ type, data, metadata }));
      const got = unpacked[i]?.events.map(({ type, data, metadata }) => ({
        type,
        data: Buffer.from(data),
        metadata: Buffer.from(metadata),
      }));
      expect(got).toEqual(plain);
    }
  });
});

describe("the write-ahead log", () => {
  const pagesOf = (db: DatabaseSync) => db.prepare("PRAGMA wal_checkpoint(NOOP)").get()?.log;

  it("is started over at its bound, and nudged for before", () => {
    const db = openLog();
    let nudges = 0;
    const wal = watchWal(db, 100, () => nudges++);
    const { commit } = createCommitter(db, "log.db");
    let longest = 0;
    for (let i = 0; i < 400; i++) {
      commit([batchOf("order")]);
      wal.afterCommit();
      longest = Math.max(longest, Number(pagesOf(db)));
    }
    expect(nudges).toBeGreaterThan(3);
    expect(longest).toBeLessThan(120);
    expect(rows(db)).toBe(800);
  });

  it("outgrows the bound while a reader holds an old page, and recovers", () => {
    const db = openLog();
    const wal = watchWal(db, 50, () => undefined);
    const { commit } = createCommitter(db, "log.db");
    const reader = new DatabaseSync(folder.file("log.db"), { readOnly: true });
    open.push(reader);
    reader.exec("BEGIN");
    reader.prepare("SELECT count(*) FROM events").get();
    const write = () => {
      commit([batchOf("order")]);
      wal.afterCommit();
    };
    for (let i = 0; i < 100; i++) write();
    expect(pagesOf(db)).toBeGreaterThan(100);
    reader.exec("COMMIT");
    for (let i = 0; i < 5; i++) write();
    expect(pagesOf(db)).toBeLessThan(50);
  });
});
