/**
 * `npm run bench`: measures on this machine and prints medians with their spread over the pairs of
 * rounds. `--json` prints one JSON object instead; `--profile FILE` shows what the engine's main
 * thread does under load. Exit code 2 for wrong arguments.
 */
import { tmpdir } from "node:os";
import { parseArgs } from "node:util";
import { appendRows, benchAppend } from "./append.ts";
import { significant, table } from "./figures.ts";
import { benchIdle, idleRows } from "./idle.ts";
import { temporaryFolder } from "./log-file.ts";
import { describeMachine, type Machine } from "./machine.ts";
import { benchOrders, orderRows } from "./orders.ts";
import { profileOrders } from "./profile.ts";

const NAMES = ["append", "orders", "idle"] as const;
type Name = (typeof NAMES)[number];

const HELP = `Measures the engine on this machine; nothing leaves loopback.

  --only append|orders|idle  one bench instead of all
  --json                     one JSON object instead of a table
  --pairs N                  rounds of each side that is compared (default 5)
  --orders N                 orders of one round (default 20000)
  --in-flight N              calls under way (default 64)
  --events N                 events of one round of append (default 100000)
  --idle-orders N            orders of one round of idle (default 1000)
  --folder PATH              for temporary data; its disk is measured (default the system's)
  --profile FILE             only write a CPU profile of the engine's main thread and print it
  --lines N                  lines of that (default 40)
`;

const { values } = parseArgs({
  options: {
    only: { type: "string" },
    json: { type: "boolean", default: false },
    pairs: { type: "string", default: "5" },
    orders: { type: "string", default: "20000" },
    "in-flight": { type: "string", default: "64" },
    events: { type: "string", default: "100000" },
    "idle-orders": { type: "string", default: "1000" },
    folder: { type: "string", default: tmpdir() },
    profile: { type: "string" },
    lines: { type: "string", default: "40" },
    help: { type: "boolean", default: false },
  },
});

const count = (name: "pairs" | "orders" | "in-flight" | "events" | "idle-orders" | "lines") => {
  const value = Number(values[name]);
  if (Number.isSafeInteger(value) && value > 0 && value <= 10_000_000) return value;
  return wrong(`--${name} must be a whole number from 1 to 10000000, not ${values[name]}`);
};

function wrong(sentence: string): never {
  console.error(sentence);
  process.exit(2);
}

function names(): readonly Name[] {
  if (values.only === undefined) return NAMES;
  const name = NAMES.find((known) => known === values.only);
  return name ? [name] : wrong(`--only must be ${NAMES.join(", ")}, not ${values.only}`);
}

function machineAt(folder: string): Machine {
  const { path, remove } = temporaryFolder(folder);
  try {
    return describeMachine(path);
  } finally {
    remove();
  }
}

async function figuresOf(name: Name): Promise<{ figures: object; title: string; text: string }> {
  const { folder } = values;
  const pairs = count("pairs");
  switch (name) {
    case "append": {
      const figures = await benchAppend({ folder, pairs, events: count("events") });
      return {
        figures,
        title: "append: store against bare loop",
        text: table(appendRows(figures)),
      };
    }
    case "orders": {
      const [orders, inFlight] = [count("orders"), count("in-flight")];
      const figures = await benchOrders({ folder, pairs, orders, inFlight });
      const title = `orders: ${inFlight} in flight, ${orders} a round`;
      return { figures, title, text: table(orderRows(figures)) };
    }
    case "idle": {
      const figures = await benchIdle({ folder, pairs, orders: count("idle-orders") });
      return { figures, title: "idle: one order at a time", text: table(idleRows(figures)) };
    }
  }
}

async function bench(): Promise<void> {
  const machine = machineAt(values.folder);
  const { cores, cpu, node, platform, loadBefore, syncUs } = machine;
  if (!values.json) {
    console.log(
      `${cores} cores (${cpu}), ${platform}, Node ${node}; load before ${loadBefore}; ` +
        `4 KiB write and sync ${syncUs.p50} us (p99 ${syncUs.p99})\n` +
        `median (min .. max) of ${values.pairs} pairs`,
    );
  }
  const all: Record<string, unknown> = { machine, pairs: count("pairs") };
  for (const name of names()) {
    const { figures, title, text } = await figuresOf(name);
    all[name] = figures;
    if (!values.json) console.log(`\n${title}\n${text.trimEnd()}`);
  }
  if (values.json) console.log(JSON.stringify(all, rounded));
}

const rounded = (_key: string, value: unknown): unknown =>
  typeof value === "number" && !Number.isInteger(value) ? significant(value) : value;

async function main(): Promise<void> {
  if (values.help) {
    process.stdout.write(HELP);
  } else if (values.profile !== undefined) {
    const [orders, inFlight] = [count("orders"), count("in-flight")];
    const options = { folder: values.folder, pairs: 1, orders, inFlight };
    const where = { file: values.profile, lines: count("lines") };
    console.log(await profileOrders(options, where));
  } else {
    await bench();
  }
}

// Temporary folders and child processes go with the exit.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.once(signal, () => process.exit(130));
}
await main();
