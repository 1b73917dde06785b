/**
 * The writer's thread: the only connection that writes to the log. It commits whatever has queued
 * up in one transaction and answers after the sync. Checkpoints run in another thread, which is
 * nudged after each stretch of the write-ahead log.
 */

import type { MessagePort } from "node:worker_threads";
import { parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import { createCommitter } from "./sqlite-commit.ts";
import { StoreOpenError } from "./sqlite-errors.ts";
import { openForWriting } from "./sqlite-schema.ts";
import { watchWal } from "./sqlite-wal.ts";
import type { FromWriter, PackedBatch, ToWriter, WriterData } from "./sqlite-wire.ts";

/**
 * Bytes of one transaction; bounds the time that the first append of a group waits for the last.
 */
const MAX_TRANSACTION_BYTES = 16 * 1024 * 1024;

/**
 * Batches that are queued already, up to the byte limit, and whether the store is to close after
 * them.
 */
function drainPort(port: MessagePort, first: ToWriter): { batches: PackedBatch[]; close: boolean } {
  const batches: PackedBatch[] = [];
  let bytes = 0;
  let message: ToWriter | undefined = first;
  while (message) {
    if (message.kind === "close") return { batches, close: true };
    batches.push(message);
    bytes += message.bytes.byteLength;
    message = bytes < MAX_TRANSACTION_BYTES ? receiveMessageOnPort(port)?.message : undefined;
  }
  return { batches, close: false };
}

function serve(port: MessagePort, data: WriterData, checkpointer: MessagePort): void {
  const say = (message: FromWriter): void => port.postMessage(message);
  try {
    const db = openForWriting(data.file, data.maxPages);
    const { commit } = createCommitter(db, data.file);
    const wal = watchWal(db, data.walPages, () => checkpointer.postMessage("nudge"));
    port.on("message", (first: ToWriter) => {
      const { batches, close } = drainPort(port, first);
      if (batches.length > 0) {
        say({ kind: "answers", answers: commit(batches) });
        wal.afterCommit();
      }
      if (!close) return;
      db.close();
      checkpointer.close();
      port.close();
    });
    say({ kind: "ready" });
  } catch (error) {
    const problem = error instanceof StoreOpenError ? error.problem : "io";
    const message = error instanceof Error ? error.message : String(error);
    say({ kind: "refused", problem, message });
    checkpointer.close();
  }
}

if (parentPort) {
  const { checkpointer, ...data }: WriterData & { checkpointer: MessagePort } = workerData;
  serve(parentPort, data, checkpointer);
}
