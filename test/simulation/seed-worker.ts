/** Runs seeds in a thread of its own: one message in for each seed, its result back. */
import { parentPort } from "node:worker_threads";
import { simulate } from "./simulate.ts";

const port = parentPort;
port?.on("message", async (seed: number) => {
  port.postMessage(await simulate({ seed }));
});
