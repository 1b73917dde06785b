/** What a command is: plain data with a function. program.ts makes the command line of it. */
import { type Config, type ConfigFlags, loadConfig } from "../config.ts";
import { CliError, EXIT, type ExitCode } from "./exit-codes.ts";

/** The world outside, so that tests can stand in for it. */
export type Io = {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Resolves when stdout takes more, with false when its reader is gone: for output of any length. */
  readonly flushed: () => Promise<boolean>;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Progress is shown to people only. */
  readonly isTerminal: boolean;
  /** Of stdout, where that is a terminal. */
  readonly screen?: Screen | undefined;
  /** Asks at the terminal without echo; undefined answer: no answer. Undefined where nobody can be asked. */
  readonly askHidden?: ((question: string) => Promise<Uint8Array | undefined>) | undefined;
};

export type Screen = { readonly columns: () => number; readonly rows: () => number };

export type Options = {
  readonly text: (name: string) => string | undefined;
  readonly flag: (name: string) => boolean;
  readonly list: (name: string) => readonly string[];
};

export type Call = {
  readonly operands: readonly string[];
  readonly options: Options;
  readonly io: Io;
};

/** What a command needs: it decides the common options and the group in the help. */
export type Needs =
  | "engine"
  | "http"
  | "store"
  | "both"
  | "starts"
  | "files"
  | "localnet"
  | "wallets";

export type OptionSpec = {
  /** As commander wants it, such as `--limit <n>`. */
  readonly flags: string;
  readonly description: string;
  /** May be given several times; read with `list`. */
  readonly repeatable?: true;
};

export type CommandSpec = {
  readonly name: string;
  /** Operands, such as `<order>`. */
  readonly operands?: string;
  readonly summary: string;
  readonly needs: Needs;
  readonly options?: readonly OptionSpec[];
  readonly examples?: readonly string[];
  readonly notes?: string;
  readonly run?: (call: Call) => Promise<ExitCode>;
  /** Without `run`: the command is one of these. */
  readonly commands?: readonly CommandSpec[];
};

/** Options that stand for one key of the configuration each. */
const KEY_OF_OPTION: Readonly<Record<string, string>> = {
  data: "data",
  grpc: "grpc",
  http: "http",
  jupiter: "jupiter.baseUrls",
  market: "market.file",
  symbol: "market.symbol",
  seed: "market.seed",
  speed: "market.speed",
};

/**
 * The configuration as file, environment and this command line say. Throws the problems as one
 * CliError.
 */
export function configOf(
  { options, io }: Pick<Call, "options" | "io">,
  {
    settings = [],
    layers = [],
  }: Pick<ConfigFlags, "layers"> & { settings?: readonly string[] } = {},
): Config {
  const values = Object.entries(KEY_OF_OPTION).flatMap(([option, key]) => {
    const value = options.text(option);
    return value === undefined ? [] : [{ flag: `--${option}`, key, value }];
  });
  const flags: ConfigFlags = {
    config: options.text("config"),
    values,
    set: [...settings, ...options.list("set")],
    layers,
  };
  const result = loadConfig(flags, io.environment);
  if (result.kind === "config") return result.config;
  throw new CliError(EXIT.usage, result.problems.join("\n"), { problems: result.problems });
}
