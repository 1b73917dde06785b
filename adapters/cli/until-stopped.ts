/** Commands that run until Ctrl-C. */
import { EXIT, type ExitCode } from "./exit-codes.ts";
import { listenForStop } from "./stop-signals.ts";

/**
 * Runs until `use` ends; its signal aborts at Ctrl-C, and what it then throws is no error. `restore`: puts the terminal
 * back before an impatient second Ctrl-C ends the process.
 */
export async function untilStopped(
  use: (signal: AbortSignal) => Promise<ExitCode>,
  restore: () => void = () => undefined,
): Promise<ExitCode> {
  const stopping = new AbortController();
  const signals = listenForStop(() => {
    restore();
    process.exit(EXIT.ok);
  });
  void signals.stopped.then(() => stopping.abort());
  try {
    return await use(stopping.signal);
  } catch (error) {
    if (stopping.signal.aborted) return EXIT.ok;
    throw error;
  } finally {
    signals.dispose();
  }
}
