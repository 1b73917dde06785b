/**
 * What only the file can get wrong: pragmas, protection, damage, permissions, the lock, a full
 * disk.
 */
import { readFileSync, truncateSync, writeFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, it } from "vitest";
import { acquireLock } from "../../adapters/event-store/lock.ts";
import type { SqliteStoreOptions } from "../../adapters/event-store/sqlite.ts";
import { openSqliteEventStore } from "../../adapters/event-store/sqlite.ts";
import { StoreOpenError } from "../../adapters/event-store/sqlite-errors.ts";
import { openSqliteReader } from "../../adapters/event-store/sqlite-reader.ts";
import { openForWriting } from "../../adapters/event-store/sqlite-schema.ts";
import type { EventStore } from "../../domain/ports/event-store.ts";
import { encodedEvents, newStream } from "../support/encoded-events.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const folder = temporaryFolder();
const log = () => folder.file("log.db");

async function using(
  run: (store: EventStore) => Promise<void>,
  options: Partial<SqliteStoreOptions> = {},
): Promise<void> {
  const store = await openSqliteEventStore({ file: log(), ...options });
  try {
    await run(store);
  } finally {
    await store.close();
  }
}

const fill = (count: number) =>
  using(async (store) => {
    for (let i = 0; i < count; i++) {
      const stream = newStream();
      await store.append(stream, "no-stream", encodedEvents(stream, 0, 3));
    }
  });

async function refusal(options: Partial<SqliteStoreOptions> = {}): Promise<StoreOpenError> {
  const outcome = await openSqliteEventStore({ file: log(), ...options }).then(
    (store) => store.close(),
    (error: unknown) => error,
  );
  if (outcome instanceof StoreOpenError) return outcome;
  throw new Error(`the log was not refused: ${String(outcome)}`);
}

/** Refused with the problem and the words, and not a byte of it changed. */
async function expectRefused(problem: string, words: RegExp): Promise<void> {
  const before = readFileSync(log());
  const error = await refusal();
  expect(error.problem).toBe(problem);
  expect(error.message).toMatch(words);
  expect(readFileSync(log()).equals(before)).toBe(true);
}

function tamper(sql: string): void {
  const db = new DatabaseSync(log());
  try {
    db.exec(sql);
  } finally {
    db.close();
  }
}

describe("durability settings", () => {
  it("are WAL and FULL, at the first open and at the second", () => {
    for (const time of ["first", "second"]) {
      const db = openForWriting(log());
      const mode = db.prepare("PRAGMA journal_mode").get()?.journal_mode;
      const synchronous = db.prepare("PRAGMA synchronous").get()?.synchronous;
      db.close();
      expect([time, mode, synchronous]).toEqual([time, "wal", 2]);
    }
  });

  it("leave one whole file when the store is closed", async () => {
    await fill(5);
    const reader = openSqliteReader(log());
    expect(await reader.readAll("start", 100)).toHaveLength(15);
    await reader.close();
  });
});

describe("events in the file", () => {
  it("cannot be changed or deleted", async () => {
    await fill(1);
    expect(() => tamper("UPDATE events SET type = 'x'")).toThrow("events are never changed");
    expect(() => tamper("DELETE FROM events")).toThrow("events are never deleted");
    await using(async (store) => {
      expect(await store.readAll("start", 10)).toHaveLength(3);
    });
  });

  it("can be read beside a running store, and not written", async () => {
    await using(async (store) => {
      const stream = newStream();
      await store.append(stream, "no-stream", encodedEvents(stream, 0, 2));
      const reader = openSqliteReader(log());
      expect(await reader.readStream(stream, 0, 10)).toHaveLength(2);
      await store.append(stream, 1, encodedEvents(stream, 2, 2));
      expect(await reader.readStream(stream, 0, 10)).toHaveLength(4);
      await reader.close();
    });
  });
});

describe("a log that must not be written to is refused, unchanged", () => {
  it("garbage", async () => {
    writeFileSync(log(), "this is a text file. ".repeat(1_000));
    await expectRefused("damaged", /is not a database.*another data folder/);
  });

  it("too short for a header", async () => {
    writeFileSync(log(), "SQLite format 3\0");
    await expectRefused("damaged", /is not a database/);
  });

  it("cut off in the middle", async () => {
    await fill(50);
    truncateSync(log(), Math.floor(readFileSync(log()).length / 8192) * 4096);
    await expectRefused("damaged", /malformed.*backup/);
  });

  it("a damaged page of the schema", async () => {
    await fill(50);
    const bytes = readFileSync(log());
    bytes.fill(0xff, 100, 4_000);
    writeFileSync(log(), bytes);
    await expectRefused("damaged", /malformed.*backup/);
  });

  it("our marks on a file without our table", async () => {
    await fill(1);
    tamper("ALTER TABLE events RENAME TO happenings");
    await expectRefused("damaged", /no such table: events.*backup/);
  });

  it("a newer format", async () => {
    await fill(1);
    tamper("PRAGMA user_version = 2");
    await expectRefused("newer-version", /format 2.*newer version of the program/);
  });

  it("a database of another program", async () => {
    tamper("CREATE TABLE events(position); PRAGMA application_id = 7");
    await expectRefused("foreign", /another program/);
  });

  it("a lost file beside a write-ahead log", async () => {
    writeFileSync(log(), "");
    writeFileSync(`${log()}-wal`, "frames");
    await expectRefused("damaged", /-wal holds events/);
    expect(readFileSync(`${log()}-wal`, "utf8")).toBe("frames");
  });

  it("a folder that is a file", async () => {
    writeFileSync(folder.file("data"), "");
    const error = await refusal({ file: folder.file("data/log.db") });
    expect(error.problem).toBe("no-access");
    expect(error.message).toMatch(/cannot be used.*right to read and write/);
  });
});

describe("the lock", () => {
  it("leaves the log readable", async () => {
    await fill(1);
    const lock = acquireLock(folder.file("lock.db"));
    const reader = openSqliteReader(log());
    expect(await reader.end()).toBe(3n);
    await reader.close();
    lock.release();
  });
});

describe("a full disk", () => {
  it("is a sentence; nothing is half-written, nothing acknowledged is lost", async () => {
    const acknowledged: string[] = [];
    const deaths: string[] = [];
    const options = { maxPages: 60, onFatal: (reason: string) => void deaths.push(reason) };
    await using(async (store) => {
      const results = await Promise.all(
        Array.from({ length: 400 }, async () => {
          const stream = newStream();
          const result = await store.append(stream, "no-stream", encodedEvents(stream, 0, 5));
          if (result.kind === "appended") acknowledged.push(stream);
          return result;
        }),
      );
      const refused = results.filter((result) => result.kind !== "appended");
      expect(refused.length).toBeGreaterThan(0);
      for (const result of refused) {
        expect(result).toMatchObject({
          kind: "unavailable",
          reason: expect.stringMatching(/Nothing was written.*full.*Free some space/),
        });
      }
      const stream = newStream();
      const large = encodedEvents(stream, 0, 900);
      expect((await store.append(stream, "no-stream", large)).kind).toBe("unavailable");
      expect(await store.readStream(stream, 0, 10)).toEqual([]);
    }, options);
    expect(deaths).toEqual([]);
    await using(async (store) => {
      const all = await store.readAll("start", 10_000);
      expect(all).toHaveLength(acknowledged.length * 5);
      expect(new Set(all.map((event) => event.stream))).toEqual(new Set(acknowledged));
      // Room again.
      const stream = newStream();
      const result = await store.append(stream, "no-stream", encodedEvents(stream, 0, 900));
      expect(result.kind).toBe("appended");
    });
  });
});

describe("a slow subscriber", () => {
  it("falls out of memory, reads on from the file, and misses nothing", async () => {
    await using(
      async (store) => {
        const { signal } = new AbortController();
        const messages = store.subscribe("start", signal)[Symbol.asyncIterator]();
        await messages.next();
        const write = async () => {
          const stream = newStream();
          await store.append(stream, "no-stream", encodedEvents(stream, 0, 10));
        };
        await write();
        await messages.next();
        await Promise.all(Array.from({ length: 300 }, write));
        let seen = 10;
        for (;;) {
          const { value } = await messages.next();
          if (!value || value.kind === "caught-up") break;
          expect(value.events[0]?.position).toBe(BigInt(seen + 1));
          seen += value.events.length;
        }
        expect(seen).toBe(3_010);
      },
      { tail: { events: 50, bytes: 1_000_000 }, pageSize: 64 },
    );
  });
});
