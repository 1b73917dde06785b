/** `serve` and `start`: the engine itself. */
import packageJson from "../../package.json" with { type: "json" };
import type { Config } from "../config.ts";
import type { Running } from "../serve.ts";
import { type Call, type CommandSpec, configOf, type OptionSpec } from "./command.ts";
import { CliError, EXIT, type ExitCode } from "./exit-codes.ts";
import { fields, jsonLine } from "./output.ts";
import { createProgress } from "./progress.ts";
import { listenForStop } from "./stop-signals.ts";

const MARKET_OPTIONS: readonly OptionSpec[] = [
  {
    flags: "--market <file>",
    description: "play a CSV of one-minute candles (default: generated)",
  },
  { flags: "--symbol <token>", description: "token that the file drives (default: SOL)" },
  { flags: "--seed <n>", description: "seed of the generated prices (default: 1)" },
  { flags: "--speed <x>", description: "market seconds per second (default: 1)" },
];

const JUPITER_OPTION: OptionSpec = {
  flags: "--jupiter <url>",
  description: "quotes from this Swap API (default: a local market)",
};

const NOTES =
  "Prints where it listens and runs until Ctrl-C (SIGINT, SIGTERM). With --json it prints one\n" +
  'line {"grpc","http","market","store","pid"} when it is ready. Port 0 picks a free port.';

export const serveCommand: CommandSpec = {
  name: "serve",
  summary: "run the engine, with a local market unless --jupiter names another",
  needs: "starts",
  options: [JUPITER_OPTION, ...MARKET_OPTIONS],
  notes: NOTES,
  run: (call) => serve(call, []),
};

export const startCommand: CommandSpec = {
  name: "start",
  summary: "run the engine with a market of its own behind it: all that is needed to try it",
  needs: "starts",
  options: MARKET_OPTIONS,
  notes: NOTES,
  run: (call) => serve(call, ["jupiter.baseUrls="]),
};

async function serve(call: Call, settings: readonly string[]): Promise<ExitCode> {
  const { options, io } = call;
  const config = configOf(call, settings);
  // Loaded here: the other commands need none of it.
  const { startServer } = await import("../serve.ts");
  const signals = listenForStop(() => process.exit(EXIT.failed));
  try {
    const running = await startServer(config, {
      version: packageJson.version,
      log: (line) => io.err(`${new Date().toISOString()} ${line}\n`),
      progress: (total) => createProgress(io, { what: "folding the log", unit: "events", total }),
      onFatal: signals.fail,
    }).catch(cannotStart);
    const { grpc, http, market, store } = running;
    if (options.flag("json")) io.out(jsonLine({ grpc, http, market, store, pid: process.pid }));
    else io.out(welcome(running, config));
    const failure = await signals.stopped;
    await running.stop();
    if (failure !== undefined) throw new CliError(EXIT.store, failure);
    return EXIT.ok;
  } finally {
    signals.dispose();
  }
}

/** Faults of this program keep their stack; everything else is a sentence already. */
function cannotStart(error: unknown): never {
  const isFault =
    !(error instanceof Error) || error instanceof TypeError || error instanceof ReferenceError;
  if (isFault) throw error;
  throw new CliError(EXIT.store, error.message);
}

function welcome({ grpc, http, market, store }: Running, config: Config): string {
  const isDefault = grpc === "127.0.0.1:50051";
  const target = isDefault ? "" : ` --grpc ${grpc}`;
  const account = config.firstAccount?.name;
  const trade = `npx orderstream trade buy 1.5 SOL --for USDC${target}`;
  const how =
    account === undefined || account === config.executor.account ? "" : ` --account ${account}`;
  return `orderstream ${packageJson.version} is ready\n${fields([
    ["gRPC", grpc],
    ["HTTP", `http://${http}/readyz`],
    ["store", store],
    ["market", market ?? ""],
    ["try", trade + how],
    ["stop", "Ctrl-C"],
  ])}`;
}
