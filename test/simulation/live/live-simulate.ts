/**
 * One live run: a seed in, a verdict out. Faults until the horizon; then all is healed and every accepted order must come to its end;
 * then the books are compared with the chain, and a last start must find nothing to do.
 */
import { createMarks } from "../coverage.ts";
import { createRandom, type Random } from "../random.ts";
import { createScheduler, settled } from "../scheduler.ts";
import type { Violation } from "../simulate.ts";
import { createLiveAnswers } from "./live-answers.ts";
import {
  beginLiveOrder,
  haltNowAndThen,
  type LiveClient,
  resolveWhatIsLeft,
} from "./live-clients.ts";
import { LIVE_SOMETIMES, type LiveSometimes } from "./live-coverage.ts";
import { finalLiveChecks } from "./live-end.ts";
import { drawLivePlan, type LivePlan } from "./live-plan.ts";
import { createLiveWorld, type LiveWorld } from "./live-world.ts";

export type LiveRunResult = {
  readonly seed: number;
  readonly violations: readonly Violation[];
  readonly traceHash: string;
  readonly coverage: ReadonlyMap<LiveSometimes, number>;
  readonly picks: number;
  readonly enginePicks: number;
  readonly lives: number;
  readonly events: number;
  readonly virtualMs: number;
};

export type LiveRunOptions = {
  readonly seed: number;
  readonly plan?: (random: Random) => LivePlan;
  /** Kills the process instead of these engine items, counted from 0 when the orders begin. */
  readonly crashAt?: readonly number[];
  readonly onTrace?: ((line: string) => void) | undefined;
};

/** Chance of a crash when an outcome has become unknown: that is rare enough. */
const RATE_IN_DOUBT = 0.4;
const MOST_PICKS = 200_000;
/** An outcome that nobody proves is looked at each 30 s; the wall clock may jump by an hour. */
const LONGEST_HEALING_US = 3 * 3_600_000_000;

export async function simulateLive(options: LiveRunOptions): Promise<LiveRunResult> {
  const { seed, crashAt, onTrace } = options;
  const random = createRandom(seed);
  const plan = (options.plan ?? drawLivePlan)(random.fork());
  const scheduler = createScheduler({ random: random.fork(), onTrace });
  const coverage = createMarks(LIVE_SOMETIMES);
  const violations: Violation[] = [];
  const report = (invariant: string, detail: string): void => {
    violations.push({ invariant, detail, atUs: scheduler.nowUs() });
    scheduler.note(`VIOLATION ${invariant}: ${detail}`);
  };
  const world = await createLiveWorld({ plan, random: random.fork(), scheduler, coverage, report });
  const answers = createLiveAnswers(world);
  const crashes = random.fork();
  const client = { world, answers, random: random.fork() };
  let enginePicks = 0;
  let isOver = false;
  let moments = 0;
  let doubts = 0;
  let crashesLeft = plan.crashes;
  let healedAtUs = Number.POSITIVE_INFINITY;

  const isCrash = (): boolean => {
    if (isOver) return false;
    enginePicks += 1;
    if (crashAt) return crashAt.includes(enginePicks - 1);
    if (crashesLeft === 0) return false;
    const { model } = world;
    const rate = model.doubts() > doubts ? RATE_IN_DOUBT : plan.momentRate;
    const isMoment = model.moments() > moments && crashes.chance(rate);
    moments = model.moments();
    doubts = model.doubts();
    if (!isMoment && !(world.faulty() && crashes.chance(plan.crashRate))) return false;
    crashesLeft -= 1;
    return true;
  };

  async function runUntilQuiet(): Promise<void> {
    while (violations.length === 0) {
      const item = scheduler.pick();
      if (!item) return;
      if (item.owner === "engine" && isCrash()) {
        world.crash(crashes.between(0, crashAt ? 300_000 : plan.longestDownUs));
      } else item.run();
      await settled();
      if (scheduler.picks() > MOST_PICKS) report("it comes to rest", `${MOST_PICKS} picks`);
      if (scheduler.nowUs() > healedAtUs + LONGEST_HEALING_US) {
        report("it converges", `not at rest ${LONGEST_HEALING_US} us after healing`);
      }
    }
  }

  world.start();
  world.disturb();
  act(client, () => {
    healedAtUs = scheduler.nowUs();
  });
  await runUntilQuiet();
  isOver = true;
  const failed = (): boolean => violations.length > 0;
  if (!failed()) await finalLiveChecks(world, answers, { runUntilQuiet, failed });
  if (world.chain.forks() > 0) markForks(world);
  return {
    ...{ seed, violations, enginePicks },
    coverage: coverage.counts(),
    traceHash: scheduler.traceHash(),
    picks: scheduler.picks(),
    lives: world.lives(),
    events: world.log.events.length,
    virtualMs: Math.round(scheduler.nowUs() / 1_000),
  };
}

/** Begins all that the plan asks for, and the healing. */
function act(client: LiveClient, onHealed: () => void): void {
  const { world, random } = client;
  const { plan, scheduler } = world;
  const own = (): LiveClient => ({ ...client, random: random.fork() });
  for (let i = 0; i < plan.orders; i++) beginLiveOrder(own(), i);
  void haltNowAndThen(own());
  for (const { atUs, byUs } of plan.clockJumps) {
    void scheduler.sleep("the clock jumps", atUs).then(() => world.jump(byUs));
  }
  for (const { atUs, timeoutMs } of plan.drains) {
    void scheduler.sleep("the process is asked to end", atUs).then(async () => {
      const outcome = await world.call((engine) => engine.drain(timeoutMs));
      if (outcome !== "lost") world.crash(100_000);
    });
  }
  void scheduler.sleep("all is healed", plan.horizonUs).then(() => {
    world.heal();
    onHealed();
    return resolveWhatIsLeft(own());
  });
}

function markForks({ model, chain, coverage }: LiveWorld): void {
  const now = chain.now();
  for (const { attempts } of model.orders()) {
    for (const { signature } of attempts) {
      const placements = chain.transaction(signature)?.placements ?? [];
      if (placements.length === 0) continue;
      if (!chain.placementAt(now, signature)) {
        coverage.mark("chain: what a fork dropped never came again");
      }
      const { confirmLag } = chain.plan;
      const wasConfirmed = placements.some(
        ({ block }) =>
          block.deadUs < Number.POSITIVE_INFINITY &&
          chain.viewAt(block.deadUs - 1).tip.height - block.height >= confirmLag,
      );
      if (wasConfirmed) coverage.mark("chain: a fork dropped what was confirmed");
    }
  }
}
