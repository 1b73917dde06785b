/** Waits for a condition outside vitest, which has its own way. */

const LOOK_MS = 100;

/** False: it did not hold within `withinMs`. A check that rejects ends the waiting with its error. */
export async function untilTrue(
  check: () => boolean | Promise<boolean>,
  withinMs: number,
): Promise<boolean> {
  const { promise, resolve, reject } = Promise.withResolvers<boolean>();
  const endMs = performance.now() + withinMs;
  let isLooking = false;
  const look = async (): Promise<void> => {
    if (isLooking) return;
    isLooking = true;
    if (await check()) resolve(true);
    else if (performance.now() > endMs) resolve(false);
    isLooking = false;
  };
  const timer = setInterval(() => void look().catch(reject), LOOK_MS);
  try {
    return await promise;
  } finally {
    clearInterval(timer);
  }
}
