/**
 * Kills the engine again and again while live orders are on their way, lets it come to an end, and compares its log with the chain. The
 * localnet is a process of its own and lives on. What happens is drawn from the seed; when exactly, the machine decides.
 */
import type { ControlInput } from "../../../localnet/chain/control.ts";
import type {
  HealthCheckRequest,
  HealthCheckResponse,
} from "../../../proto/generated/orderstream/v1/trade_execution.ts";
import { run } from "../../cli/harness.ts";
import { createRandom, type Random } from "../../simulation/random.ts";
import { readBalances, readTransactions } from "../../support/chain-book.ts";
import { call, type EngineProcess } from "../../support/engine-process.ts";
import { exportedLog } from "../../support/exported-orders.ts";
import { type LiveProcesses, openLiveProcesses } from "../../support/live-processes.ts";
import { untilTrue } from "../../support/until-true.ts";
import { disagreements } from "./agreement.ts";
import { createCallers } from "./callers.ts";
import { type Life, planLife } from "./kill-plan.ts";
import { type KillSummary, summaryOf } from "./kill-summary.ts";
import { createMortal } from "./mortal.ts";

export type KillOptions = {
  readonly kills: number;
  readonly seed: number;
  readonly folder: string;
  /** Told after each kill. */
  readonly onKill?: (words: string) => void;
};

export type KillResult = {
  readonly summary: KillSummary;
  /** Sentences about everything that is not as it must be. */
  readonly problems: readonly string[];
};

const LATE: ControlInput["sends"] = [{ action: "hold", until: "last-valid", count: 3 }];
const MOST_SETTLING_MS = 60_000;
/** Blocks after which nothing withheld may land any more, and all that landed is final. */
const FINAL_BLOCKS = 300;

export async function killRun(options: KillOptions): Promise<KillResult> {
  const processes = await openLiveProcesses({ folder: options.folder });
  try {
    return await killAndJudge(processes, options);
  } finally {
    await processes.close();
  }
}

async function killAndJudge(
  processes: LiveProcesses,
  { kills, seed, onKill = () => {} }: KillOptions,
): Promise<KillResult> {
  const mortal = createMortal(processes);
  const callers = createCallers();
  const random: Random = createRandom(seed);
  const opening = await readBalances(processes);
  for (let kill = 1; kill <= kills; kill += 1) {
    const life = planLife(random, kill);
    const stopFork = await meet(processes, life);
    await mortal.liveAndDie(life.death, (engine) => callers.send(engine, life));
    stopFork();
    onKill(`kill ${kill}: ${JSON.stringify({ ...life.death, sends: life.sends })}`);
  }
  // The last life is long enough to see late transactions land while it decides what became of them.
  await processes.control({ sends: LATE });
  const engine = await mortal.start();
  callers.send(engine, { ...planLife(random, kills + 1), cancelled: new Set() });
  await callers.sendAgain(engine);
  const problems = [...callers.problems, ...(await settle(engine))];
  if ((await engine.stop()) !== 0) problems.push("the last life did not stop with 0");
  problems.push(...(await audit(processes.data)));
  problems.push(...(await mortal.leftOver()).map((pid) => `process ${pid} was left over`));
  if (mortal.said().includes("would leave loopback")) problems.push("loopback was left");
  await processes.control({ advance: FINAL_BLOCKS });
  const log = await exportedLog(processes.data);
  const transactions = await readTransactions(processes);
  const closing = await readBalances(processes);
  const { acknowledged, refused } = callers;
  const books = { orders: log.orders, transactions, opening, closing, acknowledged, refused };
  const lives = { kills, killedBeforeReady: mortal.killedBeforeReady() };
  return {
    summary: summaryOf(log, transactions, lives),
    problems: [...problems, ...disagreements(books)],
  };
}

/** What the world does to this life. */
async function meet({ control, market }: LiveProcesses, life: Life): Promise<() => void> {
  const { sends, prices, fork } = life;
  if (sends) await control({ sends });
  const [first, second] = prices;
  const move = (price: string): Promise<unknown> => market({ price: { token: "SOL", price } });
  await move(first);
  const timers = [
    setTimeout(() => void move(second.price), second.afterMs),
    ...(fork
      ? [setTimeout(() => void control({ fork: { depth: fork.depth } }), fork.afterMs)]
      : []),
  ];
  return () => timers.forEach(clearTimeout);
}

/** Waits until no order is open. */
async function settle({ client }: EngineProcess): Promise<string[]> {
  const check = client.healthCheck.bind(client);
  let open = 0n;
  const isSettled = await untilTrue(async () => {
    open = (await call<HealthCheckRequest, HealthCheckResponse>(check, {})).openOrders;
    return open === 0n;
  }, MOST_SETTLING_MS);
  return isSettled ? [] : [`${open} orders do not end`];
}

/** Hash chains, the engine's state and every view row; then the views made anew, and again. */
async function audit(data: string): Promise<string[]> {
  const nobody = ["--http", "127.0.0.1:1"];
  const problems: string[] = [];
  for (const [command, words] of [
    [["verify"], "all hashes fit"],
    [["replay", "--all", ...nobody], "no difference"],
    [["rebuild"], ""],
    [["replay", "--all", ...nobody], "no difference"],
  ] as const) {
    const { code, out, err } = await run([...command, "--data", data]);
    if (code === 0 && out.includes(words)) continue;
    problems.push(`${command.join(" ")}: ${code} ${out} ${err}`);
  }
  return problems;
}
