/** `serve` and `start`: the engine itself. */
import packageJson from "../../package.json" with { type: "json" };
import { PASSPHRASE_VARIABLE } from "../signer/passphrase.ts";
import { type Call, type CommandSpec, configOf, type Io, type OptionSpec } from "./command.ts";
import { CliError, EXIT, type ExitCode } from "./exit-codes.ts";
import { MARKET_OPTIONS } from "./live/market-options.ts";
import { LIVE_OPTIONS, liveLayers } from "./live/serve-options.ts";
import { mainnetWarning, welcome } from "./live/serve-words.ts";
import { jsonLine } from "./output.ts";
import { createProgress, type Progress } from "./progress.ts";
import { listenForStop } from "./stop-signals.ts";

const JUPITER_OPTION: OptionSpec = {
  flags: "--jupiter <url>",
  description: "quotes and swaps from this Swap API (default: a localnet's)",
};

const NOTES =
  "Prints where it listens and runs until Ctrl-C (SIGINT, SIGTERM). With --json it prints one\n" +
  'line {"grpc","http","market","store","pid","network","accounts","localnet"} when it is ready.\n' +
  "Port 0 picks a free port.";

const SERVE_NOTES =
  `${NOTES}\n` +
  "Nothing public is asked unless it is named here or in the configuration: live trading outside a\n" +
  "localnet needs --live, --network, --rpc, --jupiter, --account and a keystore (`orderstream wallet`).\n" +
  "Other users see command lines: a URL with a key in it belongs in the file or the environment.";

/** A localnet of its own, whatever else is configured for `serve`. */
const START: readonly string[] = [
  "network=localnet",
  ...["jupiter.baseUrls=", "rpc.urls=", "rpc.wsUrls=", "privateSenders="],
];

export const serveCommand: CommandSpec = {
  name: "serve",
  summary: "run the engine, with a localnet unless another network is named",
  needs: "starts",
  options: [...LIVE_OPTIONS, JUPITER_OPTION, ...MARKET_OPTIONS],
  examples: [
    "serve",
    "serve --jupiter https://api.jup.ag/swap/v1",
    "serve --network devnet --rpc https://api.devnet.solana.com --jupiter https://api.jup.ag/swap/v1",
  ],
  notes: SERVE_NOTES,
  run: (call) => serve(call, []),
};

export const startCommand: CommandSpec = {
  name: "start",
  summary: "run the engine with a localnet behind it: all that is needed to try it",
  needs: "starts",
  options: MARKET_OPTIONS,
  notes: NOTES,
  run: (call) => serve(call, START),
};

async function serve(call: Call, settings: readonly string[]): Promise<ExitCode> {
  const { options, io } = call;
  const passphrase = takePassphrase(io);
  const config = configOf(call, { settings, layers: liveLayers(options) });
  // Loaded here: the other commands need none of it.
  const { startServer } = await import("../serve.ts");
  const signals = listenForStop(() => process.exit(EXIT.failed));
  try {
    const running = await startServer(config, {
      version: packageJson.version,
      log: (line) => io.err(`${new Date().toISOString()} ${line}\n`),
      progress: (total) => foldingProgress(io, total),
      onFatal: signals.fail,
      ...{ passphrase, ask: io.askHidden },
    }).catch(cannotStart);
    passphrase?.fill(0);
    io.err(mainnetWarning(running, config));
    const { stop: _, endpoints: _endpoints, ...ready } = running;
    const market = running.localnet?.swapUrl;
    if (options.flag("json")) io.out(jsonLine({ ...ready, market, pid: process.pid }));
    else io.out(welcome(running, config, packageJson.version));
    const failure = await signals.stopped;
    await running.stop();
    if (failure !== undefined) throw new CliError(EXIT.store, failure);
    return EXIT.ok;
  } finally {
    signals.dispose();
  }
}

/** Of the environment, where no process that is started later finds it. */
function takePassphrase({ environment }: Io): Uint8Array | undefined {
  const text = environment[PASSPHRASE_VARIABLE];
  delete process.env[PASSPHRASE_VARIABLE];
  return text === undefined || text === "" ? undefined : Buffer.from(text);
}

/** A start without a fitting snapshot folds the whole log: 20 s for a million events. `nowMs`: a clock in milliseconds. */
export const foldingProgress = (
  io: Pick<Io, "err" | "isTerminal">,
  total: number,
  nowMs?: () => number,
): Progress => {
  const clock = nowMs && { nowMs };
  return createProgress(io, { what: "folding the log", unit: "events", total, ...clock });
};

/** Faults of this program keep their stack; everything else is a sentence already. */
function cannotStart(error: unknown): never {
  const isFault =
    !(error instanceof Error) || error instanceof TypeError || error instanceof ReferenceError;
  if (isFault) throw error;
  throw new CliError(EXIT.store, error.message);
}
