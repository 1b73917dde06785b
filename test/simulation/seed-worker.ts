/** Runs seeds in a thread of its own: one message in for each seed, its result back. */
import { parentPort } from "node:worker_threads";
import { simulateLive } from "./live/live-simulate.ts";
import type { SeedJob } from "./run-seeds.ts";
import { simulate } from "./simulate.ts";

const port = parentPort;
port?.on("message", async ({ seed, live }: SeedJob) => {
  port.postMessage(await (live ? simulateLive({ seed }) : simulate({ seed })));
});
