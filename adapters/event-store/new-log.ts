/**
 * A log that is made as a whole, under another name until it is: whenever the process dies, the folder has no log or all of
 * it.
 */
import { existsSync, renameSync, rmSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { EventStore } from "../../domain/ports/event-store.ts";
import { openSqliteEventStore } from "./sqlite.ts";
import { StoreOpenError } from "./sqlite-errors.ts";
import { syncFolder } from "./sqlite-schema.ts";

export type NewLog = {
  readonly store: EventStore;
  /** Closes the store and gives the log its name. Rejects, and nothing has the name then. */
  keep(): Promise<void>;
  /** Closes the store and removes what was written. */
  discard(): Promise<void>;
};

const DRAFT = "log-import.db";
/** What an engine makes in its folder, beside the lock. Events may be in the write-ahead log alone. */
const ENGINE_FILES = ["log.db", "state.db", "views.db", "log.db-wal"];

/**
 * Begins the log of a folder that has none. The caller holds the folder's lock. Throws `StoreOpenError`. What an earlier
 * draft left is removed.
 */
export async function openNewLog(folder: string): Promise<NewLog> {
  const found = ENGINE_FILES.filter((name) => existsSync(join(folder, name)));
  if (found.length > 0) {
    throw new StoreOpenError(
      "foreign",
      `${folder} is not empty: it holds ${found[0]}. Name an empty or a new folder.`,
    );
  }
  const draft = join(folder, DRAFT);
  const remove = (): void => {
    for (const suffix of ["", "-wal", "-shm", ".new"]) rmSync(`${draft}${suffix}`, { force: true });
  };
  remove();
  const store = await openSqliteEventStore({ file: draft });
  return {
    store,
    async keep() {
      await store.close();
      const wal = `${draft}-wal`;
      if (existsSync(wal) && statSync(wal).size > 0) {
        throw new Error(`${wal} was not written into the log; is another program reading it?`);
      }
      rmSync(`${draft}-shm`, { force: true });
      rmSync(wal, { force: true });
      renameSync(draft, join(folder, "log.db"));
      if (process.platform !== "win32") syncFolder(dirname(resolve(draft)));
    },
    async discard() {
      await store.close();
      remove();
    },
  };
}
