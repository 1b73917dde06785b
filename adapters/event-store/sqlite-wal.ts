/**
 * How the write-ahead log is kept short. Copying it into the file (a checkpoint) inside a commit
 * stalls that commit for 100 ms and more, so a thread of its own does it, nudged after each stretch
 * of new pages. That thread never quite catches up with a busy writer, and SQLite starts the write-
 * ahead log over only when every page of it is copied: when it has grown to its bound the writer
 * itself copies the few that are left, between two commits.
 */
import type { WriteConnection } from "./sqlite-commit.ts";
import { explain, isBusy, isDiskFull } from "./sqlite-errors.ts";

/**
 * Pages between two nudges, 1 MiB: the sync of a checkpoint holds up the syncs of commits for as
 * long as it has pages to write. With 4 MiB the 99th percentile of an append at 3,000/s was 30 ms,
 * with 1 MiB 6 to 12 ms.
 */
const STRETCH_PAGES = 256;
/** 16 MiB: what a start after a crash has to read again. */
export const WAL_PAGES = 4_096;

export type WalWatch = {
  /** Called after a commit was answered. */
  afterCommit(): void;
};

/** `bound`: pages of the write-ahead log after which it is started over. */
export function watchWal(db: WriteConnection, bound: number, nudge: () => void): WalWatch {
  // NOOP only looks: [busy, pages in the write-ahead log, pages copied].
  const look = db.prepare("PRAGMA wal_checkpoint(NOOP)");
  const finish = db.prepare("PRAGMA wal_checkpoint(PASSIVE)");
  const stretch = Math.min(STRETCH_PAGES, Math.ceil(bound / 4));
  let nudgedAt = 0;

  function finishCheckpoint(): void {
    try {
      finish.get();
    } catch (error) {
      const failure = explain(error, "the log");
      // Without room the pages stay where they are, safe; any other error is one of the disk.
      if (!isDiskFull(failure) && !isBusy(failure)) throw error;
    }
  }

  return {
    afterCommit() {
      const pages = look.get()?.log;
      if (typeof pages !== "number") return;
      if (pages < nudgedAt) nudgedAt = 0;
      if (pages >= bound) {
        // Readers that hold an old page make this do less; the next commit tries again.
        finishCheckpoint();
      } else if (pages - nudgedAt >= stretch) {
        nudgedAt = pages;
        nudge();
      }
    },
  };
}
