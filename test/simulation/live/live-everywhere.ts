/** Kills the process at every point of one live scenario in turn, and at some of them once more while it recovers. */
import { createRandom } from "../random.ts";
import { calmLivePlan } from "./live-plan.ts";
import { type LiveRunResult, simulateLive } from "./live-simulate.ts";

/** A second crash comes at most this many engine items after the first one. */
const SOON = 40;

/** Yields the undisturbed run first, then one run for each of its engine items. Every fifth one is killed twice. */
export async function* crashLiveEverywhere(seed: number): AsyncGenerator<LiveRunResult> {
  const calm = await simulateLive({ seed, plan: calmLivePlan });
  yield calm;
  const random = createRandom(seed);
  for (let first = 0; first < calm.enginePicks; first++) {
    yield await simulateLive({ seed, plan: calmLivePlan, crashAt: [first] });
    if (first % 5 > 0) continue;
    const second = first + random.between(1, SOON);
    yield await simulateLive({ seed, plan: calmLivePlan, crashAt: [first, second] });
  }
}
