/** Many seeds on all cores; results come in the order in which they are ready. */
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import type { LiveRunResult } from "./live/live-simulate.ts";
import type { RunResult } from "./simulate.ts";

export type AnyResult = RunResult | LiveRunResult;
export type SeedJob = { readonly seed: number; readonly live: boolean };

/** Calls `onResult` for each seed from `from` on; no further seed is begun once it answers false. */
export async function runSeeds(
  { from, seeds, live }: { readonly from: number; readonly seeds: number; readonly live: boolean },
  onResult: (result: AnyResult) => boolean,
): Promise<void> {
  let next = from;
  let goesOn = true;
  const threads = Math.min(availableParallelism(), seeds);

  const runThread = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const worker = new Worker(new URL("./seed-worker.ts", import.meta.url));
      const feed = (): void => {
        if (goesOn && next < from + seeds)
          worker.postMessage({ seed: next++, live } satisfies SeedJob);
        else void worker.terminate();
      };
      worker.on("message", (result: AnyResult) => {
        goesOn &&= onResult(result);
        feed();
      });
      worker.on("error", reject);
      worker.on("exit", () => resolve());
      feed();
    });
  await Promise.all(Array.from({ length: threads }, runThread));
}
