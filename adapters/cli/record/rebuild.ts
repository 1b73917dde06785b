/**
 * `rebuild`: views made anew from the log beside the served ones. The running engine does it while
 * it serves; without one it is done here, on the data folder itself.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { TradeExecutionServiceService as Service } from "../../../proto/generated/orderstream/v1/trade_execution.ts";
import { formatAddress, parseAddress } from "../../config/address.ts";
import type { Config } from "../../config.ts";
import type { Lock } from "../../event-store/lock.ts";
import { acquireLock } from "../../event-store/lock.ts";
import { StoreOpenError } from "../../event-store/sqlite-errors.ts";
import { type Call, type CommandSpec, configOf } from "../command.ts";
import { withEngine } from "../engine-client.ts";
import { CliError, EXIT, type ExitCode } from "../exit-codes.ts";
import { jsonLine } from "../output.ts";
import { createProgress, type Progress } from "../progress.ts";
import { rate } from "../store.ts";
import { claimOfRunning } from "./engine-claim.ts";
import { type Rebuilt, rebuildFolder } from "./rebuild-folder.ts";

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
    "The engine that runs on the store in --data does it; it is found at --http (with --grpc\n" +
    "given: that engine in any case). Where none runs it is done on the store itself. A rebuild that is\n" +
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
  let grpc = formatAddress(config.grpc);
  let done: Rebuilt;
  try {
    if (lock) {
      const log = (line: string): void => io.err(`${line}\n`);
      done = await rebuildFolder(config, { views, progress, log });
    } else {
      if (options.text("grpc") === undefined) grpc = await engineOn(config);
      done = await rebuildByEngine(grpc, views, progress);
    }
  } finally {
    progress.end();
    lock?.release();
  }
  const elapsedMs = Math.round(performance.now() - begunMs);
  const by = lock ? `the store in ${config.data}` : `the engine at ${grpc}`;
  if (options.flag("json")) io.out(jsonLine({ ...done, by, elapsedMs }));
  else {
    const what = `${done.views.join(", ")} from ${done.events} events`;
    io.out(`made anew by ${by}: ${what}, ${rate(done.events, elapsedMs)}\n`);
  }
  return EXIT.ok;
}

/** Undefined: another program holds the folder. */
function lockOf({ data }: Config): Lock | undefined {
  const file = join(data, "log.db");
  if (!existsSync(file)) {
    const advice = "start the engine once, or name the folder with --data";
    throw new CliError(EXIT.store, `there is no log at ${file}: ${advice}`);
  }
  try {
    return acquireLock(join(data, "lock.db"));
  } catch (error) {
    if (error instanceof StoreOpenError && error.problem === "locked") return undefined;
    throw new CliError(EXIT.store, error instanceof Error ? error.message : String(error));
  }
}

/**
 * The gRPC address of the engine that runs on the folder, as it says itself at --http: another
 * engine would make its own views anew.
 */
async function engineOn({ data, http, grpc }: Config): Promise<string> {
  const engine = await claimOfRunning(http).catch((error: unknown) => String(error));
  if (typeof engine === "object" && engine.runsOn(data)) return engine.grpc;
  const who =
    typeof engine === "object"
      ? `${engine.who} (gRPC ${engine.grpc}) runs on another store`
      : `no engine at ${formatAddress(http)} says that it is the one`;
  throw new CliError(
    EXIT.store,
    `another program (an engine, an import or a rebuild) is using ${data}, and ${who}: wait for ` +
      "its end, or name the engine's address with --http HOST:PORT or --grpc HOST:PORT " +
      `(configured: gRPC ${formatAddress(grpc)})`,
  );
}

/** An older engine would know other views: it is the one that says which there are. */
function rebuildByEngine(
  grpc: string,
  views: readonly string[],
  progress: Progress,
): Promise<Rebuilt> {
  const parsed = parseAddress(grpc);
  if (parsed.kind !== "address") throw new CliError(EXIT.store, `the address ${parsed.problem}`);
  return withEngine(parsed.address, async (engine) => {
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
