/**
 * The checkpointer's thread: copies the write-ahead log into the file while the writer goes on.
 * PASSIVE never makes a writer or a reader wait. It sleeps until the writer nudges it, so an idle
 * engine does nothing here.
 */
import { DatabaseSync } from "node:sqlite";
import type { MessagePort } from "node:worker_threads";
import { parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import { explain, isBusy, isDiskFull } from "./sqlite-errors.ts";

/**
 * Said to the main thread when the disk failed: an error of a sync is the end of this process'
 * store.
 */
export type FromCheckpointer = { readonly failed: string };

function serve(parent: MessagePort, writer: MessagePort, file: string): void {
  let db: DatabaseSync | undefined;
  const checkpoint = (): void => {
    while (receiveMessageOnPort(writer)) {
      // Several nudges are one.
    }
    try {
      db ??= new DatabaseSync(file, { timeout: 0 });
      // The file is what the copied pages of the write-ahead log rest on.
      db.exec("PRAGMA synchronous = FULL; PRAGMA wal_checkpoint(PASSIVE);");
    } catch (error) {
      const failure = explain(error, file);
      // The pages stay in the write-ahead log until there is room, or the other checkpoint is done.
      if (isDiskFull(failure) || isBusy(failure)) return;
      parent.postMessage({ failed: failure.sentence } satisfies FromCheckpointer);
    }
  };
  writer.on("message", checkpoint);
  parent.on("message", () => {
    db?.close();
    writer.close();
    parent.close();
  });
}

if (parentPort) {
  const { file, writer }: { file: string; writer: MessagePort } = workerData;
  serve(parentPort, writer, file);
}
