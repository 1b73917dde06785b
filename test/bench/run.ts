/**
 * `npm run bench`: measures on this machine and prints medians with their spread over the pairs of
 * rounds. `--json` prints one JSON object instead; `--profile FILE` shows what the engine's main
 * thread does under load. Exit code 2 for wrong arguments.
 */
import { resolve } from "node:path";
import { BENCH_NAMES, BENCHES, type BenchName, benchesOf } from "./benches.ts";
import { createStoredLogs } from "./big-log.ts";
import { significant, table } from "./figures.ts";
import { temporaryFolder } from "./log-file.ts";
import { describeMachine, type Machine } from "./machine.ts";
import { profileLive, profileOrders } from "./profile.ts";
import { type Command, commandOf, optionsHelp } from "./sizes.ts";

const HELP = `Measures the engine on this machine; nothing leaves loopback. Each figure's meaning stands at the
head of its bench in test/bench. Large logs are made once and go with the run.

${optionsHelp(BENCH_NAMES)}`;

function wrong(...sentences: readonly string[]): never {
  for (const sentence of sentences) console.error(sentence);
  process.exit(2);
}

function machineAt(folder: string): Machine {
  const { path, remove } = temporaryFolder(folder);
  try {
    return describeMachine(path);
  } finally {
    remove();
  }
}

async function bench(command: Command, names: readonly BenchName[]): Promise<void> {
  const { folder, json, sizes } = command;
  const machine = machineAt(folder);
  const { cores, cpu, node, platform, loadBefore, syncUs } = machine;
  if (!json) {
    console.log(
      `${cores} cores (${cpu}), ${platform}, Node ${node}; load before ${loadBefore}; ` +
        `4 KiB write and sync ${syncUs.p50} us (p99 ${syncUs.p99})\n` +
        `median (min .. max) of ${sizes.pairs} pairs`,
    );
  }
  const all: Record<string, unknown> = { machine, pairs: sizes.pairs, sizes };
  const logs = createStoredLogs({ folder, onProgress: (line) => console.error(line) });
  try {
    for (const name of names) {
      const { figures, title, rows } = await BENCHES[name]({ folder, sizes, logs });
      all[name] = figures;
      if (!json) console.log(`\n${title}\n${table(rows).trimEnd()}`);
    }
  } finally {
    logs.remove();
  }
  if (json) console.log(JSON.stringify(all, rounded));
}

const rounded = (_key: string, value: unknown): unknown =>
  typeof value === "number" && !Number.isInteger(value) ? significant(value) : value;

/** As the launcher does it: what Node compiled is kept for the children. */
process.env.NODE_COMPILE_CACHE ??= resolve(
  import.meta.dirname,
  "../../node_modules/.cache/orderstream",
);

function profiled(
  { folder, sizes }: Command,
  what: "orders" | "live",
  file: string,
): Promise<string> {
  const output = { file, lines: sizes.lines };
  if (what === "live") {
    const { wallets, "live-orders": orders, "live-in-flight": inFlight } = sizes;
    return profileLive({ folder, wallets, orders, inFlight }, output);
  }
  const { orders, "in-flight": inFlight } = sizes;
  return profileOrders({ folder, pairs: 1, orders, inFlight }, output);
}

async function main(): Promise<void> {
  const command = commandOf(process.argv.slice(2));
  if (!("sizes" in command)) wrong(...command);
  const { help, only, profile } = command;
  const names = benchesOf(only);
  if (typeof names === "string") wrong(names);
  if (help) {
    process.stdout.write(HELP);
  } else if (profile !== undefined) {
    console.log(await profiled(command, only === "live" ? "live" : "orders", profile));
  } else {
    await bench(command, names);
  }
}

// Temporary folders and child processes go with the exit.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.once(signal, () => process.exit(130));
}
await main();
