/**
 * The main thread's side of the views' writing thread. It is started by the first transaction, and
 * again by the next one after it died: whoever was waiting learns that the write failed, and the
 * rows are written again.
 */
import { Worker } from "node:worker_threads";
import type { FromWriter, Step, ToWriter, WriterData } from "./sqlite-writer-wire.ts";

export type ViewsWriter = {
  /** Resolves when all steps are committed; rejects when none is, or when nobody knows. */
  run(steps: readonly Step[]): Promise<void>;
  /** Ends the thread behind what it was given. */
  close(): Promise<void>;
};

type Waiting = { readonly resolve: () => void; readonly reject: (error: Error) => void };
type Thread = { readonly worker: Worker; readonly waiting: Map<number, Waiting> };

// Node calls its SQLite experimental; one warning per thread would say nothing to the user.
const EXEC_ARGV = ["--disable-warning=ExperimentalWarning"];
// Each batch is rubbish as soon as it is written: more room for it would only be more memory.
const LIMITS = { maxYoungGenerationSizeMb: 8 };

export function createViewsWriter(data: WriterData): ViewsWriter {
  let thread: Thread | undefined;
  let nextId = 0;

  function start(): Thread {
    const worker = new Worker(new URL("./sqlite-writer.ts", import.meta.url), {
      workerData: data,
      execArgv: EXEC_ARGV,
      resourceLimits: LIMITS,
    });
    const waiting = new Map<number, Waiting>();
    const started = { worker, waiting };
    const gone = (reason: string): void => {
      if (thread === started) thread = undefined;
      for (const { reject } of waiting.values()) reject(new Error(reason));
      waiting.clear();
    };
    worker.on("message", ({ id, failed }: FromWriter) => {
      const one = waiting.get(id);
      waiting.delete(id);
      if (failed) one?.reject(Object.assign(new Error(failed.message), failed));
      else one?.resolve();
    });
    worker.on("error", (error) => gone(`the views' writing thread failed: ${error.message}`));
    worker.on("exit", () => gone("the views' writing thread has stopped"));
    thread = started;
    return started;
  }

  return {
    run(steps) {
      const { worker, waiting } = thread ?? start();
      const message: ToWriter = { kind: "transaction", id: nextId++, steps };
      return new Promise((resolve, reject) => {
        worker.postMessage(message);
        waiting.set(message.id, { resolve, reject });
      });
    },
    async close() {
      const closing = thread?.worker;
      thread = undefined;
      if (!closing || closing.threadId === -1) return;
      const message: ToWriter = { kind: "close" };
      await new Promise((resolve) => {
        closing.once("exit", resolve);
        closing.postMessage(message);
      });
    },
  };
}
