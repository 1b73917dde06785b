/** The command line: commander's program made from the commands, and how every error is told. */
import { Command, CommanderError, Option } from "commander";
import packageJson from "../../package.json" with { type: "json" };
import type { CommandSpec, Io, Needs, OptionSpec, Options } from "./command.ts";
import { CliError, EXIT, type ExitCode, exitCodesText } from "./exit-codes.ts";
import { faucetCommand } from "./live/faucet.ts";
import { localnetCommand } from "./live/localnet.ts";
import { resolveCommand } from "./live/resolve.ts";
import { haltCommand, resumeCommand, safetyCommand } from "./live/safety.ts";
import { walletCommand } from "./live/wallet.ts";
import { cancelCommand } from "./orders/cancel.ts";
import { diffCommand } from "./orders/diff.ts";
import { explainCommand } from "./orders/explain.ts";
import { historyCommand, watchCommand } from "./orders/queries.ts";
import { tradeCommand } from "./orders/trade.ts";
import { jsonLine, printable } from "./output.ts";
import { accountsCommand } from "./portfolio/accounts.ts";
import { equityCommand } from "./portfolio/equity.ts";
import { positionsCommand } from "./portfolio/positions.ts";
import { calibrateCommand } from "./record/calibrate.ts";
import { exportCommand } from "./record/export.ts";
import { importCommand } from "./record/import.ts";
import { rebuildCommand } from "./record/rebuild.ts";
import { replayCommand } from "./record/replay.ts";
import { whatifCommand } from "./record/whatif.ts";
import { serveCommand, startCommand } from "./serve.ts";
import { verifyCommand } from "./store.ts";
import { topCommand } from "./top/top.ts";

export const COMMANDS: readonly CommandSpec[] = [
  startCommand,
  serveCommand,
  tradeCommand,
  watchCommand,
  topCommand,
  historyCommand,
  positionsCommand,
  equityCommand,
  explainCommand,
  diffCommand,
  cancelCommand,
  resolveCommand,
  haltCommand,
  resumeCommand,
  safetyCommand,
  accountsCommand,
  walletCommand,
  replayCommand,
  rebuildCommand,
  verifyCommand,
  exportCommand,
  importCommand,
  calibrateCommand,
  whatifCommand,
  localnetCommand,
  faucetCommand,
];

const GROUPS: Readonly<Record<Needs, string>> = {
  starts: "Run the engine:",
  engine: "Ask a running engine (--grpc HOST:PORT):",
  http: "Look at a running engine (--http HOST:PORT):",
  both: "Ask a running engine (--grpc), or read the store beside it (--data):",
  store: "Read the store beside it (--data FOLDER), with or without an engine:",
  files: "Read recordings; needs neither engine nor store:",
  localnet: "Run a local chain, and fund wallets on it:",
  wallets: "Keep wallets for live trading (--data FOLDER):",
};

const DATA = { flags: "--data <folder>", description: "data folder (default: ./.orderstream)" };
const GRPC = {
  flags: "--grpc <host:port>",
  description: "gRPC address (default: 127.0.0.1:50051)",
};
const HTTP = { flags: "--http <host:port>", description: "HTTP address (default: 127.0.0.1:8080)" };
const SET: OptionSpec = {
  flags: "--set <key=value>",
  description: "any key of the configuration; repeatable",
  repeatable: true,
};

const OPTIONS_OF: Readonly<Record<Needs, readonly OptionSpec[]>> = {
  starts: [DATA, GRPC, HTTP, SET],
  engine: [GRPC],
  http: [HTTP],
  both: [GRPC, HTTP, DATA],
  store: [DATA],
  files: [DATA, SET],
  localnet: [SET],
  wallets: [DATA],
};

const COMMON: readonly OptionSpec[] = [
  { flags: "--config <file>", description: "configuration file (JSON)" },
  { flags: "--json", description: "print JSON for programs" },
];

const DESCRIPTION =
  "orderstream executes trades and records every step as an immutable event.\n" +
  "Amounts are decimal numbers of whole tokens by symbol; orders are named by order id or\n" +
  "request id.";

const EPILOGUE = `
Configuration: flags win over ORDERSTREAM_* variables, these over --config FILE, that over defaults.
See docs/configuration.md and docs/cli.md; \`orderstream help <command>\` tells more.

${exitCodesText()}`;

/** Runs one command line, without the program's name. Never rejects. */
export async function runCli(args: readonly string[], io: Io): Promise<ExitCode> {
  let code: ExitCode = EXIT.ok;
  const program = createProgram(io, (end) => {
    code = end;
  });
  try {
    await program.parseAsync([...args], { from: "user" });
    return code;
  } catch (error) {
    return report(error, io, args.includes("--json"));
  }
}

export function createProgram(io: Io, done: (code: ExitCode) => void): Command {
  const program = new Command("orderstream")
    .description(DESCRIPTION)
    .version(packageJson.version)
    .addHelpText("after", EPILOGUE);
  setUp(program, io);
  for (const spec of COMMANDS) program.addCommand(commandOf(spec, io, done));
  return program;
}

function setUp(command: Command, io: Io): void {
  command
    .exitOverride()
    .configureHelp({ showGlobalOptions: false })
    .configureOutput({ writeOut: io.out, writeErr: io.err });
}

function commandOf(spec: CommandSpec, io: Io, done: (code: ExitCode) => void): Command {
  const command = new Command(spec.name).summary(spec.summary).description(spec.summary);
  setUp(command, io);
  command.helpGroup(GROUPS[spec.needs]);
  for (const inner of spec.commands ?? []) command.addCommand(commandOf(inner, io, done));
  const { run } = spec;
  if (!run) return command;
  command.helpCommand(false);
  command.description(`${sentence(spec.summary)}\n${PLACES[spec.needs]}`);
  if (spec.operands !== undefined) command.arguments(spec.operands);
  for (const option of spec.options ?? []) command.addOption(optionOf(option));
  for (const option of [...OPTIONS_OF[spec.needs], ...COMMON]) {
    command.addOption(optionOf(option).helpGroup("Common options:"));
  }
  const after = [
    ...(spec.notes === undefined ? [] : ["", spec.notes]),
    ...(spec.examples ? ["", "Examples:", ...spec.examples.map(exampleLine)] : []),
  ];
  if (after.length > 0) command.addHelpText("after", after.join("\n"));
  command.action(async () => {
    done(await run({ operands: command.args, options: optionsOf(command), io }));
  });
  return command;
}

const PLACES: Readonly<Record<Needs, string>> = {
  starts: "It opens the store in --data and serves at --grpc and --http.",
  engine: "It talks to the running engine at --grpc.",
  http: "It reads the metrics of the running engine at --http.",
  both: "It talks to the running engine at --grpc, or reads the store in --data.",
  store: "It reads the store in --data and needs no engine.",
  files: "It reads the files that it is given, and the store in --data only when told so.",
  localnet: "It talks to the local chain on this machine, and needs no engine.",
  wallets: "It reads the wallets in --data and needs no engine.",
};

const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
const exampleLine = (example: string): string => `  orderstream ${example}`;

function optionOf({ flags, description, repeatable }: OptionSpec): Option {
  const option = new Option(flags, description);
  if (repeatable) {
    option.argParser((value: string, before: unknown) => [
      ...(Array.isArray(before) ? before : []),
      value,
    ]);
  }
  return option;
}

/** Commander keeps `--as-of` as asOf. */
function optionsOf(command: Command): Options {
  const given: Readonly<Record<string, unknown>> = command.opts();
  const value = (name: string): unknown =>
    given[name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase())];
  return {
    text: (name) => {
      const found = value(name);
      return typeof found === "string" ? found : undefined;
    },
    flag: (name) => value(name) === true,
    list: (name) => {
      const found = value(name);
      return Array.isArray(found) ? found.map(String) : [];
    },
  };
}

function report(error: unknown, io: Io, isJson: boolean): ExitCode {
  if (error instanceof CommanderError) {
    // Commander has written its message; asking for help is no mistake.
    const wasHelp = error.code === "commander.helpDisplayed" || error.code === "commander.version";
    return wasHelp ? EXIT.ok : EXIT.usage;
  }
  if (error instanceof CliError) {
    const { code, message, facts } = error;
    if (isJson) io.out(jsonLine({ error: { exitCode: code, message, ...facts } }));
    else for (const line of message.split("\n")) io.err(`orderstream: ${printable(line)}\n`);
    return code;
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  io.err(`orderstream: a fault of this program, please report it:\n${stack}\n`);
  return EXIT.fault;
}
