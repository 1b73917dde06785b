/** How much of the chance of a sandwich is taken away, and what would take away more. */
import { divCeil, divFloor } from "../primitives/amount.ts";
import type { MevOptions, Saturation } from "./mev-options.ts";
import { PPM, type Ppm } from "./paper-fill.ts";

export type Protection = {
  readonly priorityFeeLamports: bigint;
  readonly tipLamports: bigint;
  readonly protect: boolean | undefined;
};

/**
 * 1 − (1 − fee share) × (1 − tip share) × (1 − route share), rounded down, 0 to 999,999: what one of them lets through the others
 * may still stop. More of a fee or a tip is never less protection. Whoever declines protection has the priority fee alone.
 */
export function protectionPpm(
  { priorityFeeLamports, tipLamports, protect }: Protection,
  { protection }: MevOptions,
): Ppm {
  const fee = share(priorityFeeLamports, protection.priorityFee);
  const tip = protect === false ? 0n : share(tipLamports, protection.tip);
  const route = protect === true ? BigInt(protection.routePpm) : 0n;
  return PPM - divCeil((PPM - fee) * (PPM - tip) * (PPM - route), PPM * PPM);
}

const share = (lamports: bigint, { maximumPpm, halfLamports }: Saturation): Ppm =>
  divFloor(BigInt(maximumPpm) * lamports, lamports + halfLamports);

/** Beyond one SOL a tip costs more than most trades lose. */
const LARGEST_ADVICE_LAMPORTS = 1_000_000_000n;

/** The smallest change that brings the wanted protection, in words. */
export function protectionAdvice(given: Protection, wanted: Ppm, options: MevOptions): string {
  const isEnough = (change: Partial<Protection>): boolean =>
    protectionPpm({ ...given, ...change }, options) >= wanted;
  if (given.protect !== true && isEnough({ protect: true })) return "`mev.protect` would do";
  // Without asking for the protected route, unless only both will do; a declined one must be taken first.
  const ways = given.protect === undefined ? [undefined, true] : [true];
  for (const protect of ways) {
    const enough = (tipLamports: bigint): boolean => isEnough({ protect, tipLamports });
    if (!enough(LARGEST_ADVICE_LAMPORTS)) continue;
    const tip = smallest(enough, given.tipLamports);
    const both = protect !== given.protect ? "`mev.protect` and " : "";
    return `${both}a tip of ${tip} lamports would do`;
  }
  return "no tip would do: split the trade";
}

/** The least number of lamports that is enough; the most of all is. */
function smallest(isEnough: (lamports: bigint) => boolean, from: bigint): bigint {
  let [low, high] = [from, LARGEST_ADVICE_LAMPORTS];
  while (low < high) {
    const middle = (low + high) / 2n;
    if (isEnough(middle)) high = middle;
    else low = middle + 1n;
  }
  return low;
}
