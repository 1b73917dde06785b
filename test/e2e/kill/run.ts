/**
 * `npm run kill:live -- --kills N --seed S`: kills the engine N times with live orders on their way and compares its log with the chain.
 * Exit code 1 when anything does not fit (its folder is kept then), 2 for wrong arguments.
 */
import "../../support/loopback-only.ts";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { killRun } from "./kill-run.ts";
import { summaryText } from "./kill-summary.ts";

function number(text: string, name: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 1) return value;
  console.error(`--${name} must be a whole number of at least 1, not ${JSON.stringify(text)}`);
  process.exit(2);
}

const { values } = parseArgs({
  options: {
    kills: { type: "string", default: "60" },
    seed: { type: "string", default: "1" },
    quiet: { type: "boolean", default: false },
  },
});
const [kills, seed] = [number(values.kills, "kills"), number(values.seed, "seed")];
const folder = mkdtempSync(join(tmpdir(), "orderstream-kill-"));
const startedMs = performance.now();
const onKill = values.quiet ? undefined : (words: string): void => console.log(words);
const { summary, problems } = await killRun({ kills, seed, folder, ...(onKill && { onKill }) });
for (const problem of problems) console.log(`PROBLEM: ${problem}`);
const seconds = ((performance.now() - startedMs) / 1_000).toFixed(0);
console.log(`seed ${seed}, ${seconds} s: ${summaryText(summary)}`);
console.log(`${problems.length} problems${problems.length === 0 ? "" : `; see ${folder}`}`);
if (problems.length === 0) rmSync(folder, { recursive: true, force: true });
process.exitCode = problems.length === 0 ? 0 : 1;
