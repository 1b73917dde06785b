/**
 * At most so many calls at a time; the rest wait in line, and what does not fit in the line is
 * turned away.
 */
export type ConcurrencyGate = {
  /**
   * Runs the task when its turn comes; `turnedAway` if the line is full. Passes the task's outcome
   * on.
   */
  run<T>(task: () => Promise<T>, turnedAway: () => T): Promise<T>;
};

export function createConcurrencyGate(maxRunning: number, maxWaiting: number): ConcurrencyGate {
  let running = 0;
  const line: (() => void)[] = [];

  function leave(): void {
    const next = line.shift();
    // The place is handed over, so that nobody can slip in between.
    if (next) next();
    else running -= 1;
  }

  return {
    async run(task, turnedAway) {
      if (running < maxRunning) running += 1;
      else if (line.length >= maxWaiting) return turnedAway();
      else await new Promise<void>((turn) => line.push(turn));
      try {
        return await task();
      } finally {
        leave();
      }
    },
  };
}
