/** When calls are due that do not wait for each other. */
import { createRandom } from "../simulation/random.ts";

/**
 * Milliseconds after the start, ascending: a Poisson process, so exponential gaps. The same numbers
 * give the same times.
 */
export function arrivals({
  orders,
  perSecond,
}: {
  orders: number;
  perSecond: number;
}): Float64Array {
  const random = createRandom(1);
  const share = (): number => random.u32() / 2 ** 32;
  let atMs = 0;
  return Float64Array.from({ length: orders }, () => {
    atMs += (-Math.log(1 - share()) * 1_000) / perSecond;
    return atMs;
  });
}
