/**
 * `node test/simulation/run.ts --seeds N --from S` runs many seeds; `--seed N --trace` replays one and shows what happens; `--stop` ends at
 * the first failure; `--live` trades live, against a modelled chain. Exit code 1 when an invariant is broken or a state of the coverage
 * list is never reached, 2 for wrong arguments.
 */
import { parseArgs } from "node:util";
import { createMarks, SOMETIMES } from "./coverage.ts";
import { LIVE_SOMETIMES } from "./live/live-coverage.ts";
import { simulateLive } from "./live/live-simulate.ts";
import { runSeeds } from "./run-seeds.ts";
import { simulate, type Violation } from "./simulate.ts";

/** Fewer seeds cannot be asked to reach every rare state. */
const SEEDS_FOR_COVERAGE = { paper: 200, live: 1_000 };

async function runOne(seed: number, trace: boolean): Promise<number> {
  const onTrace = trace ? (line: string): void => console.log(line) : undefined;
  const { violations, traceHash, picks, lives, events, virtualMs } = await (values.live
    ? simulateLive({ seed, onTrace })
    : simulate({ seed, onTrace }));
  show(seed, violations);
  console.log(
    `seed ${seed}: ${picks} picks, ${events} events, ${lives} starts, ${virtualMs} virtual ms`,
  );
  console.log(`trace ${traceHash}`);
  return violations.length === 0 ? 0 : 1;
}

function show(seed: number, violations: readonly Violation[]): void {
  for (const { invariant, detail, atUs } of violations) {
    console.log(`VIOLATION of "${invariant}" at ${atUs} us: ${detail}`);
  }
  if (violations.length > 0) {
    console.log(
      `replay it: npm run simulate --${values.live ? " --live" : ""} --seed ${seed} --trace`,
    );
  }
}

async function runMany(from: number, seeds: number, stop: boolean): Promise<number> {
  const { live } = values;
  const states: readonly string[] = live ? LIVE_SOMETIMES : SOMETIMES;
  const coverage = createMarks(states);
  const totals = { picks: 0, events: 0, lives: 0, failed: 0 };
  const startedMs = performance.now();
  await runSeeds({ from, seeds, live }, (result) => {
    coverage.add(result.coverage);
    totals.picks += result.picks;
    totals.events += result.events;
    totals.lives += result.lives;
    if (result.violations.length === 0) return true;
    totals.failed += 1;
    show(result.seed, result.violations);
    return !stop;
  });
  if (stop && totals.failed > 0) return 1;
  const seconds = (performance.now() - startedMs) / 1_000;
  const missing = coverage.missing();
  for (const state of states) {
    console.log(`${String(coverage.counts().get(state) ?? 0).padStart(9)}  ${state}`);
  }
  console.log(
    `${seeds} seeds from ${from}: ${totals.failed} with violations, ${(seeds / seconds).toFixed(1)} seeds/s, ` +
      `${totals.picks} picks, ${totals.events} events, ${totals.lives} starts`,
  );
  if (missing.length > 0) console.log(`never reached: ${missing.join("; ")}`);
  const incomplete = seeds >= SEEDS_FOR_COVERAGE[live ? "live" : "paper"] && missing.length > 0;
  return totals.failed > 0 || incomplete ? 1 : 0;
}

function number(text: string, name: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  console.error(`--${name} must be a whole number of at least 0, not ${JSON.stringify(text)}`);
  process.exit(2);
}

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "200" },
    from: { type: "string", default: "1" },
    seed: { type: "string" },
    trace: { type: "boolean", default: false },
    stop: { type: "boolean", default: false },
    live: { type: "boolean", default: false },
  },
});
process.exitCode =
  values.seed === undefined
    ? await runMany(number(values.from, "from"), number(values.seeds, "seeds"), values.stop)
    : await runOne(number(values.seed, "seed"), values.trace);
