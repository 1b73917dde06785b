/** Runs the event store contract over every store that needs no server. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createMemoryEventStore, createMemoryLog } from "../../adapters/event-store/memory.ts";
import type { SqliteStoreOptions } from "../../adapters/event-store/sqlite.ts";
import { openSqliteEventStore } from "../../adapters/event-store/sqlite.ts";
import type { EventStore } from "../../domain/ports/event-store.ts";
import { eventStoreContract } from "./event-store.contract.ts";
import type { MakeStore } from "./event-store-case.ts";

const PAGE_SIZE = 100;

async function underTest(
  open: () => Promise<EventStore>,
  clean: () => void,
): ReturnType<MakeStore> {
  let store = await open();
  return {
    store,
    async reopen() {
      await store.close();
      store = await open();
      return store;
    },
    async dispose() {
      await store.close();
      clean();
    },
  };
}

const memory: MakeStore = (options) => {
  const log = createMemoryLog();
  const open = async () => createMemoryEventStore({ log, pageSize: PAGE_SIZE, ...options });
  return underTest(open, () => undefined);
};

const sqlite =
  (settings: Partial<SqliteStoreOptions>): MakeStore =>
  (options) => {
    const folder = mkdtempSync(join(tmpdir(), "orderstream-"));
    const file = join(folder, "log.db");
    return underTest(
      () => openSqliteEventStore({ file, pageSize: PAGE_SIZE, ...settings, ...options }),
      () => rmSync(folder, { recursive: true }),
    );
  };

eventStoreContract("memory", memory);
eventStoreContract("sqlite", sqlite({}));
// Subscribers fall out of memory all the time, and the write-ahead log starts over all the time.
eventStoreContract(
  "sqlite with a short tail",
  sqlite({ tail: { events: 20, bytes: 4_000 }, walPages: 40 }),
);
