/** `localnet`: the local chain with its venue, market and Jito stand-in alone, in the foreground. */
import type { LocalnetAddresses, LocalnetProcessOptions } from "../../localnet-process.ts";
import { type Call, type CommandSpec, configOf, type Options } from "../command.ts";
import { CliError, EXIT, type ExitCode } from "../exit-codes.ts";
import { countOf } from "../find-order.ts";
import { fields, jsonLine } from "../output.ts";
import { listenForStop } from "../stop-signals.ts";
import { DEFAULT_CONTROL_URL, LOCALNET_PORTS } from "./localnet-ports.ts";
import { MARKET_OPTIONS } from "./market-options.ts";

const MAX_PORT = 65_535;
const { rpc, control, market, jito } = LOCALNET_PORTS;

export const localnetCommand: CommandSpec = {
  name: "localnet",
  summary: "run a local Solana chain with a Jupiter and a Jito of its own, without an engine",
  needs: "localnet",
  options: [
    {
      flags: "--port <n>",
      description: `of the first RPC node; its WebSocket is on it and the next (default: ${rpc})`,
    },
    { flags: "--control-port <n>", description: `faults, time, funds (default: ${control})` },
    { flags: "--market-port <n>", description: `the Jupiter API (default: ${market})` },
    { flags: "--jito-port <n>", description: `the block engine (default: ${jito})` },
    { flags: "--nodes <n>", description: "RPC nodes over the one chain, 1 to 16 (default: 2)" },
    { flags: "--block-time-ms <n>", description: "0: only on command (default: 400)" },
    { flags: "--confirm-lag <n>", description: "blocks until confirmed (default: 1)" },
    { flags: "--final-lag <n>", description: "blocks until final (default: 31)" },
    { flags: "--rent <n>", description: "lamports per byte of an account (default: 6960)" },
    {
      flags: "--state <file>",
      description: "keep the chain there (default: begin anew each time)",
    },
    ...MARKET_OPTIONS,
  ],
  notes:
    "Prints where it listens and runs until Ctrl-C. With --json it prints one line\n" +
    '{"genesisHash","restored","nodes","swapUrl","marketUrl","jitoUrl","controlUrl",\n' +
    '"marketControlUrl"} when it is ready. Port 0 picks a free port. The state file is written on\n' +
    "stop and within a second of each transaction: a kill -9 loses that second.",
  examples: ["localnet", "localnet --state chain.state --nodes 3", "localnet --block-time-ms 50"],
  run: localnet,
};

async function localnet(call: Call): Promise<ExitCode> {
  const { options, io } = call;
  const config = configOf(call);
  const wanted = { ...optionsOf(options), ...pricesOf(config.market) };
  // Loaded here: every command reads this file, and only this one starts processes.
  const { startLocalnetProcess } = await import("../../localnet-process.ts");
  const signals = listenForStop(() => process.exit(EXIT.failed));
  try {
    const running = await startLocalnetProcess({
      ...wanted,
      onExit: signals.fail,
      onComplaint: (line) => io.err(`${line}\n`),
    }).catch((error: unknown) => {
      throw new CliError(EXIT.store, error instanceof Error ? error.message : String(error));
    });
    const { addresses, pid } = running;
    if (options.flag("json")) io.out(jsonLine({ ...addresses, pid }));
    else io.out(welcome(addresses, wanted.stateFile));
    const failure = await signals.stopped;
    await running.stop();
    if (failure !== undefined) throw new CliError(EXIT.store, failure);
    return EXIT.ok;
  } finally {
    signals.dispose();
  }
}

type Wanted = Omit<LocalnetProcessOptions, "onExit" | "onComplaint">;

function optionsOf(options: Options): Wanted {
  const whole = (name: string, limits: { readonly min: number; readonly max: number }) => {
    const text = options.text(name);
    return text === undefined ? undefined : countOf(text, `--${name}`, limits);
  };
  const port = { min: 0, max: MAX_PORT };
  return {
    port: whole("port", { min: 0, max: 65_000 }) ?? rpc,
    controlPort: whole("control-port", port) ?? control,
    marketPort: whole("market-port", port) ?? market,
    jitoPort: whole("jito-port", port) ?? jito,
    nodes: whole("nodes", { min: 1, max: 16 }),
    blockTimeMs: whole("block-time-ms", { min: 0, max: 60_000 }),
    confirmLag: whole("confirm-lag", { min: 0, max: 300 }),
    finalLag: whole("final-lag", { min: 1, max: 300 }),
    rent: whole("rent", { min: 1, max: 1_000_000 }),
    stateFile: options.text("state"),
  };
}

type Prices = {
  readonly seed: number;
  readonly speed: number;
  readonly symbol: string;
  readonly file?: string | undefined;
};

const pricesOf = ({ seed, speed, symbol, file }: Prices): Wanted => ({ seed, speed, symbol, file });

function welcome(addresses: LocalnetAddresses, stateFile: string | undefined): string {
  const { nodes, swapUrl, jitoUrl, controlUrl, marketControlUrl, restored } = addresses;
  const where = controlUrl === DEFAULT_CONTROL_URL ? "" : ` --control ${controlUrl}`;
  const kept = stateFile === undefined ? "kept nowhere; --state FILE keeps it" : stateFile;
  return `the localnet is ready, ${restored ? "with its saved chain" : "with a new chain"}\n${fields(
    [
      ...nodes.map(({ url, wsUrl }, index) => [`RPC node ${index}`, `${url}  ${wsUrl}`] as const),
      ["Jupiter", swapUrl],
      ["Jito", jitoUrl],
      ["genesis", addresses.genesisHash],
      ["control", `${controlUrl}  (faults, time, forks, funds)`],
      ["", `${marketControlUrl}  (prices, faults of the Jupiter API)`],
      ["chain", kept],
      ["try", `npx orderstream faucet <address> --sol 10 --token USDC=1000${where}`],
      ["", `npx orderstream serve --jupiter ${swapUrl}`],
      ["stop", "Ctrl-C"],
    ],
  )}`;
}
