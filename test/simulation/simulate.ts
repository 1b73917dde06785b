/**
 * One run: a seed in, a verdict out. Clients and faults until the horizon; then everything is healed and what was accepted must
 * come to its end in bounded time; then the process is started once more, and what it folds must be what was live.
 */
import { createChecks } from "./checks.ts";
import { createCoverage, type Sometimes } from "./coverage.ts";
import { finalChecks, stepChecks } from "./end-checks.ts";
import { drawPlan, type Plan } from "./plan.ts";
import { createRandom } from "./random.ts";
import { createScheduler, settled } from "./scheduler.ts";
import { createScript } from "./script.ts";
import { createSubmitMarks } from "./submit-marks.ts";
import { createWorld } from "./world.ts";

export type Violation = {
  readonly invariant: string;
  readonly detail: string;
  readonly atUs: number;
};

export type RunResult = {
  readonly seed: number;
  readonly violations: readonly Violation[];
  readonly traceHash: string;
  readonly coverage: ReadonlyMap<Sometimes, number>;
  /** Items picked, those of the engine alone, starts of the process, events in the log. */
  readonly picks: number;
  readonly enginePicks: number;
  readonly lives: number;
  readonly events: number;
  readonly virtualMs: number;
};

export type RunOptions = {
  readonly seed: number;
  /** Instead of the seed's own. */
  readonly plan?: (random: ReturnType<typeof createRandom>) => Plan;
  /** Kills the process instead of these engine items, counted from 0 when the accounts are open. */
  readonly crashAt?: readonly number[];
  readonly onTrace?: ((line: string) => void) | undefined;
};

const MOST_PICKS = 200_000;
/** Clocks jump by two hours at most; everything else takes minutes. */
const LONGEST_HEALING_US = 3 * 3_600_000_000;
const LOOK_EVERY = 8;

export async function simulate({ seed, plan, crashAt, onTrace }: RunOptions): Promise<RunResult> {
  const random = createRandom(seed);
  const drawn = (plan ?? drawPlan)(random.fork());
  const scheduler = createScheduler({ random: random.fork(), onTrace });
  const coverage = createCoverage();
  const violations: Violation[] = [];
  const report = (invariant: string, detail: string): void => {
    const violation = { invariant, detail, atUs: scheduler.nowUs() };
    violations.push(violation);
    scheduler.note(`VIOLATION ${invariant}: ${detail}`);
  };
  const options = { plan: drawn, random: random.fork(), scheduler, coverage, report };
  const world = await createWorld(options);
  const checks = createChecks(world);
  const marks = createSubmitMarks(world);
  const crashes = random.fork();
  const script = createScript({ world, checks, marks, random: random.fork() });
  let enginePicks = 0;
  let crashesLeft = drawn.crashes;

  const isCrash = (): boolean => {
    if (!script.isDisturbed()) return false;
    enginePicks += 1;
    if (crashAt) return crashAt.includes(enginePicks - 1);
    if (!world.faulty() || crashesLeft === 0 || !crashes.chance(drawn.crashRate)) return false;
    crashesLeft -= 1;
    return true;
  };

  async function runUntilQuiet(): Promise<void> {
    while (violations.length === 0) {
      const item = scheduler.pick();
      if (!item) return;
      if (item.owner === "engine" && isCrash()) world.crash(crashes.between(0, 300_000));
      else item.run();
      await settled();
      if (scheduler.picks() % LOOK_EVERY === 0) stepChecks(world);
      if (scheduler.picks() > MOST_PICKS) report("it comes to rest", `${MOST_PICKS} picks`);
      if (scheduler.nowUs() > script.healedAtUs() + LONGEST_HEALING_US) {
        report("it converges", `not at rest ${LONGEST_HEALING_US} us after healing`);
      }
    }
  }

  world.start();
  await runUntilQuiet();
  script.disturb();
  await runUntilQuiet();
  const failed = (): boolean => violations.length > 0;
  if (!failed()) await finalChecks(world, checks, { runUntilQuiet, failed });
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
