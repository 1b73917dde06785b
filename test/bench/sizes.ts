/** Sizes of the benches as options of the command line: names, defaults, meaning. */
import { tmpdir } from "node:os";
import { parseArgs } from "node:util";

/** In the order of the help. */
const NUMBERS = {
  pairs: [5, "rounds of each side that is compared"],
  orders: [20_000, "orders of one round (orders, growth, concurrent, capacity of open-loop)"],
  "in-flight": [64, "calls under way"],
  events: [100_000, "append: events of one round"],
  "idle-orders": [1_000, "idle: orders of one round"],
  "replay-events": [260_000, "replay: events of the log"],
  stored: [170_000, "growth, queries: orders stored on the large log"],
  few: [1_000, "growth: orders stored on the small log"],
  soak: [0, "growth: orders executed on the large log at the end, for memory"],
  "restart-orders": [170_000, "restart: orders stored, six events each"],
  burst: [2_000, "restart: orders executed before each SIGKILL"],
  folds: [1, "restart: starts without a snapshot"],
  seconds: [10, "open-loop: length of a round"],
  "share-percent": [50, "open-loop: arrivals, percent of the capacity"],
  calls: [200, "queries: calls of each kind in a round"],
  concurrent: [1_000, "concurrent: calls under way"],
  wallets: [8, "live: wallets, each with a live account"],
  "live-orders": [1_500, "live: orders of a round with many under way"],
  "live-few": [300, "live, live-landing: orders of a round with one or eight under way"],
  "live-in-flight": [32, "live: calls under way"],
  "localnet-orders": [600, "live-localnet: orders of a round"],
  "localnet-in-flight": [128, "live-localnet: calls under way"],
  "batch-ms": [50, "micro: length of a batch; three batches per pair"],
  lines: [40, "lines of a profile"],
} as const satisfies Readonly<Record<string, readonly [number, string]>>;

export type SizeName = keyof typeof NUMBERS;
export type Sizes = Readonly<Record<SizeName, number>>;

export type Command = {
  /** As given; checked by who knows the names. */
  readonly only: string | undefined;
  readonly json: boolean;
  readonly help: boolean;
  readonly folder: string;
  /** File for a CPU profile. */
  readonly profile: string | undefined;
  readonly sizes: Sizes;
};

const MOST = 10_000_000;
const MILLION = 1_000_000;
/** Sizes for which nothing is a size too. */
const MAY_BE_ZERO: readonly SizeName[] = ["soak", "folds"];
const NAMES = Object.keys(NUMBERS) as SizeName[];

/** Sentences where the arguments are wrong. */
export function commandOf(args: readonly string[]): Command | readonly string[] {
  const numbers = Object.fromEntries(NAMES.map((name) => [name, { type: "string" as const }]));
  const values = parsed(args, numbers);
  if (typeof values === "string") return [values];
  const problems: string[] = [];
  const given: Readonly<Record<string, unknown>> = values;
  const size = (name: SizeName): number => {
    const text = given[name];
    if (text === undefined) return values.million && name === "stored" ? MILLION : NUMBERS[name][0];
    const value = Number(text);
    const least = MAY_BE_ZERO.includes(name) ? 0 : 1;
    if (Number.isSafeInteger(value) && value >= least && value <= MOST) return value;
    problems.push(`--${name} must be a whole number from ${least} to ${MOST}, not ${text}`);
    return least;
  };
  const sizes = Object.fromEntries(NAMES.map((name) => [name, size(name)])) as Sizes;
  if (problems.length > 0) return problems;
  const { only, json, help, folder, profile } = values;
  return { only, json, help, folder, profile, sizes };
}

function parsed(args: readonly string[], numbers: Record<string, { type: "string" }>) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        ...numbers,
        only: { type: "string" },
        json: { type: "boolean", default: false },
        million: { type: "boolean", default: false },
        folder: { type: "string", default: tmpdir() },
        profile: { type: "string" },
        help: { type: "boolean", default: false },
      },
    }).values;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** One line per option. */
export const optionsHelp = (benches: readonly string[]): string =>
  [
    ["--only NAMES", `some of them, with commas between: ${benches.join(",")}`],
    ["--json", "one JSON object instead of tables"],
    ["--folder PATH", "for temporary data; its disk is measured (default: the system's)"],
    ["--million", "the same as --stored 1000000: about 10 GB of disk"],
    [
      "--profile FILE",
      "only write a CPU profile of the engine's main thread and print it; of live orders with --only live",
    ],
    ...NAMES.map((name) => [`--${name} N`, `${NUMBERS[name][1]} (default ${NUMBERS[name][0]})`]),
  ]
    .map(([option = "", meaning = ""]) => `  ${option.padEnd(20)}  ${meaning}\n`)
    .join("");
