/** Many seeds on all cores; results come in the order in which they are ready. */
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import type { RunResult } from "./simulate.ts";

/** Calls `onResult` for each seed from `from` on; no further seed is begun once it answers false. */
export async function runSeeds(
  { from, seeds }: { readonly from: number; readonly seeds: number },
  onResult: (result: RunResult) => boolean,
): Promise<void> {
  let next = from;
  let goesOn = true;
  const threads = Math.min(availableParallelism(), seeds);

  const runThread = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const worker = new Worker(new URL("./seed-worker.ts", import.meta.url));
      const feed = (): void => {
        if (goesOn && next < from + seeds) worker.postMessage(next++);
        else void worker.terminate();
      };
      worker.on("message", (result: RunResult) => {
        goesOn &&= onResult(result);
        feed();
      });
      worker.on("error", reject);
      worker.on("exit", () => resolve());
      feed();
    });
  await Promise.all(Array.from({ length: threads }, runThread));
}
