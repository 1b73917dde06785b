/**
 * Starts the two threads of the log (writer and checkpointer) and makes a transport of them:
 * batches go out in order, answers come back by id. When the writer's thread is gone, nobody knows
 * what became of the batches that it had.
 */
import { MessageChannel, Worker } from "node:worker_threads";
import type { BatchAnswer, Transport } from "./group-commit.ts";
import type { FromCheckpointer } from "./sqlite-checkpointer.ts";
import { StoreOpenError } from "./sqlite-errors.ts";
import type { FromWriter, PackedAnswer, ToWriter, WriterData } from "./sqlite-wire.ts";
import { packBatch } from "./sqlite-wire.ts";

export type LogThreads = {
  readonly transport: Transport;
  /** Commits what was handed over, closes the log and ends both threads. */
  close(): Promise<void>;
};

type Events = {
  /** A thread is gone or its disk failed. Not called after `close`. */
  readonly onFail: (reason: string) => void;
};

type Waiting = {
  readonly resolve: (answer: BatchAnswer) => void;
  readonly reject: (error: Error) => void;
};

// Node calls its SQLite experimental; one warning per thread would say nothing to the user.
const EXEC_ARGV = ["--disable-warning=ExperimentalWarning"];

/** Resolves when the log is open for writing; rejects with `StoreOpenError`. */
export async function startLogThreads(data: WriterData, events: Events): Promise<LogThreads> {
  const { port1, port2 } = new MessageChannel();
  const writer = new Worker(new URL("./sqlite-writer.ts", import.meta.url), {
    workerData: { ...data, checkpointer: port1 },
    transferList: [port1],
    execArgv: EXEC_ARGV,
  });
  try {
    await opened(writer);
  } catch (error) {
    port2.close();
    throw error;
  }
  const checkpointer = new Worker(new URL("./sqlite-checkpointer.ts", import.meta.url), {
    workerData: { file: data.file, writer: port2 },
    transferList: [port2],
    execArgv: EXEC_ARGV,
  });
  return connect(writer, checkpointer, events);
}

function opened(writer: Worker): Promise<void> {
  return new Promise((resolve, reject) => {
    const onError = (error: Error): void => reject(new StoreOpenError("io", error.message));
    writer.once("error", onError);
    writer.once("exit", () => reject(new StoreOpenError("io", "The log's writer did not start.")));
    writer.once("message", (message: FromWriter) => {
      writer.off("error", onError);
      if (message.kind === "ready") resolve();
      if (message.kind === "refused") reject(new StoreOpenError(message.problem, message.message));
    });
  });
}

function connect(writer: Worker, checkpointer: Worker, events: Events): LogThreads {
  const waiting = new Map<number, Waiting>();
  let nextId = 0;
  let closing = false;
  let gone: string | undefined;

  function fail(reason: string): void {
    if (closing) return;
    gone ??= reason;
    events.onFail(gone);
    for (const { reject } of waiting.values()) reject(new Error(gone));
    waiting.clear();
  }

  function answer({ id, results, dead }: PackedAnswer): void {
    waiting.get(id)?.resolve({ results, dead });
    waiting.delete(id);
  }

  const restart = "Start the engine again.";
  writer.on("message", (message: FromWriter) => {
    if (message.kind === "answers") for (const one of message.answers) answer(one);
  });
  writer.on("error", (error) => fail(`The log's writer failed: ${error.message}. ${restart}`));
  writer.on("exit", () => fail(`The log's writer has stopped. ${restart}`));
  checkpointer.on("message", (message: FromCheckpointer) => fail(message.failed));
  checkpointer.on("error", (error) => fail(`The log's checkpoints failed: ${error.message}.`));
  checkpointer.on("exit", () => fail(`The log's checkpoints have stopped. ${restart}`));

  const post = (message: ToWriter, transfer: readonly ArrayBuffer[]): void =>
    writer.postMessage(message, transfer);

  return {
    transport: {
      send(batch) {
        if (gone !== undefined) throw new Error(gone);
        const id = nextId++;
        const packed = packBatch(id, batch);
        post(packed, [packed.bytes.buffer]);
        return new Promise((resolve, reject) => waiting.set(id, { resolve, reject }));
      },
    },
    async close() {
      closing = true;
      await ended(checkpointer, () => checkpointer.postMessage("close"));
      // The last connection to close copies the rest of the write-ahead log into the file.
      await ended(writer, () => post({ kind: "close" }, []));
    },
  };
}

function ended(worker: Worker, ask: () => void): Promise<void> {
  return new Promise((resolve) => {
    if (worker.threadId === -1) return resolve();
    worker.once("exit", () => resolve());
    ask();
  });
}
