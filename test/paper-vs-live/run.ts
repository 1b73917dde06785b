/**
 * `npm run paper-vs-live`: the same orders on paper and on the localnet, and how far their prices are apart before and after
 * calibration. Real time: about a minute for a hundred orders. Exit code 1 when fewer than 90 % of the calibrated model's fills are
 * within 10 basis points, 2 for wrong arguments.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type Experiment, runExperiment } from "./experiment.ts";
import { errorsTable, shareOf } from "./report.ts";

const TARGET = 0.9;
const LIMITS = {
  orders: [10, 100_000],
  seed: [1, 1_000_000_000],
  "in-flight": [1, 64],
  "block-time-ms": [10, 60_000],
  traders: [0, 100],
  "trader-pause-ms": [50, 600_000],
} as const;

const { values } = parseArgs({
  options: {
    orders: { type: "string", default: "500" },
    seed: { type: "string", default: "1" },
    "in-flight": { type: "string", default: "10" },
    "block-time-ms": { type: "string", default: "400" },
    traders: { type: "string", default: "4" },
    "trader-pause-ms": { type: "string", default: "1000" },
    json: { type: "boolean", default: false },
  },
});

function number(name: keyof typeof LIMITS): number {
  const value = Number(values[name]);
  const [least, most] = LIMITS[name];
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  const given = JSON.stringify(values[name]);
  console.error(`--${name} must be a whole number from ${least} to ${most}, not ${given}`);
  process.exit(2);
}

function show({ live, liveAgainstQuote, otherSwaps, best, judged, seconds, orders }: Experiment) {
  const ends = Object.entries(live).map(([end, count]) => `${end} ${count}`);
  console.log(`${orders} live orders in ${seconds} s: ${ends.join(", ")}`);
  console.log(`swaps of other traders: ${otherSwaps}`);
  console.log("\nLive fills against their own quotes, bps; positive is worse for the trader\n");
  console.log(errorsTable([["live", liveAgainstQuote]]));
  console.log("\nPaper against live on the second half, bps; positive: paper was worse\n");
  console.log(
    errorsTable(
      judged.flatMap(({ model, before, after }) => [
        [`${model}, default`, before],
        [`${model}, calibrated`, after],
      ]),
    ),
  );
  console.log("\nCalibrated on the first half:");
  for (const { model, settings } of judged) console.log(`  ${model}: ${settings.join(" ")}`);
  const chosen = judged.find(({ model }) => model === best);
  if (chosen)
    console.log(`\nBest in the first half: ${best}; within 10 bps: ${shareOf(chosen.after)}`);
}

const plain = (_key: string, value: unknown): unknown =>
  typeof value === "bigint" ? Number(value) : value;

const folder = mkdtempSync(join(tmpdir(), "orderstream-paper-vs-live-"));
process.once("exit", () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.once(signal, () => process.exit(130));
}

const experiment = await runExperiment({
  ...{ folder, orders: number("orders"), seed: number("seed"), inFlight: number("in-flight") },
  ...{ blockTimeMs: number("block-time-ms"), traders: number("traders") },
  traderPauseMs: number("trader-pause-ms"),
  onProgress: (line) => console.error(line),
});
if (values.json) console.log(JSON.stringify(experiment, plain));
else show(experiment);
const chosen = experiment.judged.find(({ model }) => model === experiment.best);
process.exitCode = chosen && chosen.after.near >= TARGET * chosen.after.n ? 0 : 1;
