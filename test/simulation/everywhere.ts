/** Kills the process at every point of one scenario in turn, and at some of them once more while it recovers. */
import { calmPlan } from "./plan.ts";
import { createRandom } from "./random.ts";
import { type RunResult, simulate } from "./simulate.ts";

/** A second crash comes at most this many engine items after the first one. */
const SOON = 40;

/** Yields the undisturbed run first, then one run for each of its engine items. Every third one is killed twice. */
export async function* crashEverywhere(seed: number): AsyncGenerator<RunResult> {
  const calm = await simulate({ seed, plan: calmPlan });
  yield calm;
  const random = createRandom(seed);
  for (let first = 0; first < calm.enginePicks; first++) {
    yield await simulate({ seed, plan: calmPlan, crashAt: [first] });
    if (first % 3 > 0) continue;
    const second = first + random.between(1, SOON);
    yield await simulate({ seed, plan: calmPlan, crashAt: [first, second] });
  }
}
