/**
 * `rebuild`: views made anew from the log beside the served ones. The running engine does it while
 * it serves; without one it is done here, on the data folder itself.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { TradeExecutionServiceService as Service } from "../../proto/generated/orderstream/v1/trade_execution.ts";
import { formatAddress } from "../config/address.ts";
import type { Config } from "../config.ts";
import type { Lock } from "../event-store/lock.ts";
import { acquireLock } from "../event-store/lock.ts";
import { StoreOpenError } from "../event-store/sqlite-errors.ts";
import { type Call, type CommandSpec, configOf } from "./command.ts";
import { withEngine } from "./engine-client.ts";
import { CliError, EXIT, type ExitCode } from "./exit-codes.ts";
import { jsonLine } from "./output.ts";
import { createProgress, type Progress } from "./progress.ts";
import { type Rebuilt, rebuildFolder } from "./rebuild-folder.ts";
import { rate } from "./store.ts";

/** Longer than any rebuild. */
const TIMEOUT_MS = 24 * 3_600 * 1_000;

export const rebuildCommand: CommandSpec = {
  name: "rebuild",
  summary: "make views anew from the log; the old ones are served until the new ones are ready",
  needs: "both",
  options: [
    {
      flags: "--view <name...>",
      description: "orders, trades, fills, failed_trades or positions (default: all); repeatable",
    },
  ],
  notes:
    "The engine that runs on the store in --data does it, called at --grpc (with --grpc given:\n" +
    "that engine in any case). Where none runs it is done on the store itself. A rebuild that is\n" +
    "broken off changes nothing: start it again.",
  examples: ["rebuild", "rebuild --view positions --view trades"],
  run: rebuild,
};

async function rebuild(call: Call): Promise<ExitCode> {
  const { options, io } = call;
  const config = configOf(call);
  const views = [...new Set(options.list("view"))];
  const begunMs = performance.now();
  const progress = createProgress(io, { what: "folded", unit: "events" });
  const lock = options.text("grpc") === undefined ? lockOf(config) : undefined;
  let done: Rebuilt;
  try {
    done = lock
      ? await rebuildFolder(config, { views, progress, log: (line) => io.err(`${line}\n`) })
      : await rebuildByEngine(config, views, progress);
  } finally {
    progress.end();
    lock?.release();
  }
  const elapsedMs = Math.round(performance.now() - begunMs);
  const by = lock ? `the store in ${config.data}` : `the engine at ${formatAddress(config.grpc)}`;
  if (options.flag("json")) io.out(jsonLine({ ...done, by, elapsedMs }));
  else {
    const what = `${done.views.join(", ")} from ${done.events} events`;
    io.out(`made anew by ${by}: ${what}, ${rate(done.events, elapsedMs)}\n`);
  }
  return EXIT.ok;
}

/** Undefined: an engine runs on the folder, or there is no log in it. */
function lockOf({ data }: Config): Lock | undefined {
  if (!existsSync(join(data, "log.db"))) return undefined;
  try {
    return acquireLock(join(data, "lock.db"));
  } catch (error) {
    if (error instanceof StoreOpenError && error.problem === "locked") return undefined;
    throw new CliError(EXIT.store, error instanceof Error ? error.message : String(error));
  }
}

/** An older engine would know other views: it is the one that says which there are. */
function rebuildByEngine(
  { grpc }: Config,
  views: readonly string[],
  progress: Progress,
): Promise<Rebuilt> {
  return withEngine(grpc, async (engine) => {
    const request = { views: [...views] };
    for await (const step of engine.stream(Service.rebuildViews, request, {
      timeoutMs: TIMEOUT_MS,
    })) {
      progress.step(Number(step.eventsDone), Number(step.eventsTotal));
      if (step.done) return { views: step.views, events: Number(step.eventsDone) };
    }
    throw new CliError(EXIT.failed, "the engine ended the rebuild early; the views are as before");
  });
}
