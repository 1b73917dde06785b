/**
 * Does the simulation see mistakes? `node test/simulation/mutants.ts` plants each of these in a copy of the sources, in a folder of its
 * own, and runs seeds until one of them fails; `--live` plants those of live trading only, `--only TEXT` those with that text in their
 * name. Exit code 1 when a mistake survives, or when its place in the code is gone.
 */
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { LIVE_MUTANTS } from "./live/live-mutants.ts";
import type { Mutant } from "./mutants.types.ts";

const SEEDS = "300";
const LIVE_SEEDS = "2000";
const PARTS = [
  "domain",
  "adapters/event-store",
  "adapters/hasher",
  "adapters/quotes",
  "test/simulation",
];
const application = (file: string): string => `domain/application/${file}`;

/** From the append to the folding of what was stored. */
const FLUSH = `const outcome = await ports.recorder.record(
      { stream, expected, events },
      entry.committed !== undefined,
    );
    if (outcome.kind === "unavailable") return outcome;
    if (outcome.kind === "conflict") {
      return entry.committed ? { kind: "fenced", actual: outcome.actual } : { kind: "exists" };
    }
    for (const { recorded, after } of staged) {
      ledger.apply(recorded, after);
`;

const MUTANTS: readonly Mutant[] = [
  {
    name: "a hold is released twice",
    file: application("ledger.ts"),
    find: "  book.holds.delete(key);\n",
    put: "  if (totals) book.holds.delete(key);\n",
  },
  {
    name: "nothing is held before the append",
    file: application("orders/paper-steps.ts"),
    find: "if (reservation && !ledger.hold(",
    put: "if (!reservation && !ledger.hold(",
  },
  {
    name: "a doubtful append is given up",
    file: application("log/recorder.ts"),
    find: "doubtful = true;",
    put: 'if (!accepted) return { kind: "unavailable", reason: "given up" };',
  },
  {
    name: "an accepted order's append is given up",
    file: application("log/recorder.ts"),
    find: "if (!accepted && !doubtful) return result;",
    put: "if (!doubtful) return result;",
  },
  {
    name: "funds are credited before the append is answered",
    file: application("orders/order-driver.ts"),
    find: FLUSH,
    put: `for (const { recorded, after } of staged) ledger.apply(recorded, after);
    ${FLUSH.replace("      ledger.apply(recorded, after);\n", "")}`,
  },
  {
    name: "the fingerprint is not looked at",
    file: application("orders/run-order.ts"),
    find: "isSameRequest(order, command, { defaults, hasher });",
    put: "isSameRequest(order, command, { defaults, hasher }) || true;",
  },
  {
    name: "an order is shown before it is durable",
    file: application("orders/wait-on-order.ts"),
    find: "const { committed: order, orderId } = entry;",
    put: "const { draft: order, orderId } = entry;",
  },
  {
    name: "a refused order keeps its hold",
    file: application("orders/order-driver.ts"),
    find: "if (ended) ledger.release(",
    put: "if (ended && entry.parked) ledger.release(",
  },
  {
    name: "an executed order is cancelled",
    file: "domain/order/decide.ts",
    find: "return isNotExecuted(order)\n    ? [asked,",
    put: "return isNotExecuted(order) || order.execution\n    ? [asked,",
  },
  {
    name: "a re-quote moves the limit",
    file: "domain/order/trade.ts",
    find: "expectedPriceOf(order) ?? (firstQuotePrice && ratioOf(firstQuotePrice));",
    put: "order.quote && ratioOf(order.quote.price);",
  },
  {
    name: "rounding favours the trader",
    file: "domain/pricing/paper-fill.ts",
    find: "? divFloor(amount * denominator, numerator)",
    put: "? divCeil(amount * denominator, numerator)",
  },
  {
    name: "an attack costs nothing",
    file: "domain/order/paper-slippage.ts",
    find: "const totalPpm = modelPpm + impactPpm;",
    put: "const totalPpm = impactPpm < 0n ? impactPpm : modelPpm;",
  },
  {
    name: "the knobs draw the same for every order",
    file: "domain/order/decide-paper.ts",
    find: "drawOutcome(command.outcomes, order.orderId)",
    put: "drawOutcome(command.outcomes, order.request.account)",
  },
  {
    name: "what is spent is worth what is received",
    file: application("orders/market-facts.ts"),
    find: "usdMicros(amountIn, spent);",
    put: "usdMicros(amountOut, spent);",
  },
  {
    name: "a retrying order keeps its slot",
    file: application("orders/order-driver.ts"),
    find: "    giveSlot(entry);\n    if (entry.cancels.length === 0) await pause(",
    put: "    if (entry.cancels.length === 0) await pause(",
  },
  {
    name: "the log's clock is forgotten at the start",
    file: application("engine.ts"),
    find: "lastUs: recovered.clockUs",
    put: "lastUs: 0",
  },
  {
    name: "a withdrawal holds nothing",
    file: application("accounts.ts"),
    find: "ledger.hold(account, key, new Map([[mint, BigInt(amount)]]));",
    put: "ledger.total(account, mint) === BigInt(amount);",
  },
  {
    name: "an account closes with open orders",
    file: "domain/account/decide.ts",
    find: "if (openOrders > 0) {",
    put: "if (openOrders > 1) {",
  },
  {
    name: "the snapshot forgets what is held",
    file: application("ledger.ts"),
    find: "for (const { key, totals } of holds) setHold(book, key, totalsFrom(totals));",
    put: "for (const { key, totals } of holds.slice(1)) setHold(book, key, totalsFrom(totals));",
  },
  {
    name: "watchers are not rung for",
    file: application("engine.ts"),
    find: "bell.ring(entry.orderId);",
    put: "if (entry.parked) bell.ring(entry.orderId);",
  },
  {
    name: "a refused batch is called written",
    file: "adapters/event-store/group-commit.ts",
    find: "if (result) settle(state, one, result);",
    put: 'if (result) settle(state, one, result.kind === "unavailable" ? { kind: "appended", revision: 0, position: 1n } : result);',
  },
];

const root = resolve(import.meta.dirname, "../..");
const folder = mkdtempSync(join(tmpdir(), "orderstream-mutants-"));
let survivors = 0;
try {
  for (const part of PARTS) cpSync(join(root, part), join(folder, part), { recursive: true });
  cpSync(join(root, "package.json"), join(folder, "package.json"));
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  const { live, only } = parseArgs({
    options: { live: { type: "boolean" }, only: { type: "string", default: "" } },
  }).values;
  for (const mutant of live ? LIVE_MUTANTS : [...MUTANTS, ...LIVE_MUTANTS]) {
    if (!mutant.name.includes(only)) continue;
    const verdict = tryOne(mutant);
    if (!verdict.startsWith("caught")) survivors += 1;
    console.log(`${mutant.name}: ${verdict}`);
  }
} finally {
  rmSync(folder, { recursive: true });
}
process.exitCode = survivors > 0 ? 1 : 0;

function tryOne(mutant: Mutant): string {
  const { file, find, put } = mutant;
  const path = join(folder, file);
  const source = readFileSync(path, "utf8");
  if (source.split(find).length !== 2) return "NOT PLANTED: its place in the code has changed";
  writeFileSync(
    path,
    source.replace(find, () => put),
  );
  const seeds = isLive(mutant) ? ["--live", "--seeds", LIVE_SEEDS] : ["--seeds", SEEDS];
  const command = ["test/simulation/run.ts", ...seeds, "--stop"];
  const { stdout } = spawnSync(process.execPath, command, { cwd: folder, encoding: "utf8" });
  writeFileSync(path, source);
  const broken = /VIOLATION of "([^"]+)"/.exec(stdout)?.[1];
  const seed = /--seed (\d+)/.exec(stdout)?.[1];
  return broken === undefined ? "SURVIVED" : `caught by "${broken}", seed ${seed}`;
}

function isLive(mutant: Mutant): boolean {
  return LIVE_MUTANTS.includes(mutant);
}
