/**
 * One engine per data folder: an exclusive lock on a file of its own, so that the log beside it
 * stays readable for others. The operating system lets go of it when the process dies, however it
 * dies.
 */
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { explain, isBusy, StoreOpenError } from "./sqlite-errors.ts";
import { prepareFolder } from "./sqlite-schema.ts";

export type Lock = {
  /** Lets go; more than once does no harm. */
  release(): void;
};

/** A connection that nobody refers to is collected, and its lock is gone. */
const heldLocks = new Set<DatabaseSync>();

/**
 * Takes the lock `file` (usually `lock.db`) or throws `StoreOpenError`, at once: it never waits.
 */
export function acquireLock(file: string): Lock {
  prepareFolder(file);
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(file, { timeout: 0 });
    db.exec("BEGIN EXCLUSIVE");
  } catch (error) {
    db?.close();
    throw refused(error, file);
  }
  const held = db;
  heldLocks.add(held);
  return {
    release() {
      heldLocks.delete(held);
      if (held.isOpen) held.close();
    },
  };
}

function refused(error: unknown, file: string): StoreOpenError {
  const failure = explain(error, file);
  if (!isBusy(failure))
    return new StoreOpenError(failure.problem, failure.sentence, { cause: error });
  return new StoreOpenError(
    "locked",
    "another program (an engine, an import or a rebuild) is using this data folder " +
      `(${dirname(file)}). Stop it first, or use another data folder.`,
    { cause: error },
  );
}
