/** The real engine in a process of its own, with a meter and a profiler beside it. */
import { writeFileSync } from "node:fs";
import { Session } from "node:inspector/promises";
import { z } from "zod";
import { loadConfig } from "../../adapters/config.ts";
import { type Running, startServer } from "../../adapters/serve.ts";
import { answerParent } from "./answer-parent.ts";
import { usageOfThisProcess } from "./usage.ts";

let running: Running | undefined;
let session: Session | undefined;
const PROFILE_INTERVAL_US = 500;

/** `argument`: path of a configuration file. */
async function start(argument: unknown): Promise<{ grpc: string; log: string }> {
  const result = loadConfig({ config: z.string().parse(argument) }, {});
  if (result.kind === "wrong") throw new Error(result.problems.join("\n"));
  running = await startServer(result.config, {
    progress: () => ({ step: () => undefined, end: () => undefined }),
    version: "bench",
    log: (line) => process.stderr.write(`engine: ${line}\n`),
    onFatal: (sentence) => {
      process.stderr.write(`engine: ${sentence}\n`);
      process.exit(1);
    },
  });
  return { grpc: running.grpc, log: running.store };
}

/** Of the main thread only. */
async function startProfile(): Promise<void> {
  session = new Session();
  session.connect();
  await session.post("Profiler.enable");
  await session.post("Profiler.setSamplingInterval", { interval: PROFILE_INTERVAL_US });
  await session.post("Profiler.start");
}

async function stopProfile(argument: unknown): Promise<void> {
  if (!session) throw new Error("no profile was started");
  const { profile } = await session.post("Profiler.stop");
  session.disconnect();
  writeFileSync(z.string().parse(argument), JSON.stringify(profile));
}

answerParent({
  start,
  usage: usageOfThisProcess,
  startProfile,
  stopProfile,
  stop: async () => running?.stop(),
});
