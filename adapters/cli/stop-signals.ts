/** When a server is to stop: a signal, the end of the launcher, or a sentence of its own. */

/** Ctrl-C reaches a process twice, from the terminal and from its launcher. */
const SAME_PRESS_MS = 1_000;
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

export type StopSignals = {
  /** Resolves at the first reason to stop; a sentence where it is a failure. */
  readonly stopped: Promise<string | undefined>;
  readonly fail: (sentence: string) => void;
  readonly dispose: () => void;
};

/** `onImpatience`: a second signal, not merely an echo of the first. */
export function listenForStop(onImpatience: () => void): StopSignals {
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  let firstMs: number | undefined;
  const stop = (): void => resolve(undefined);
  const signalled = (): void => {
    const nowMs = performance.now();
    if (firstMs !== undefined && nowMs - firstMs > SAME_PRESS_MS) onImpatience();
    firstMs ??= nowMs;
    stop();
  };
  for (const signal of SIGNALS) process.on(signal, signalled);
  if (process.channel) process.once("disconnect", stop);
  return {
    stopped: promise,
    fail: resolve,
    dispose: () => {
      for (const signal of SIGNALS) process.off(signal, signalled);
      process.off("disconnect", stop);
    },
  };
}
