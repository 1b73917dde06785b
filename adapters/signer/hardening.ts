/** What the signer's process must not have: a debugger, options from outside, reports or cores with its memory in them. */
import { readFileSync } from "node:fs";
import inspector from "node:inspector";
import type { CoreDumps } from "./wire.ts";

/** Needed: no debugger by SIGUSR1; no files but those that are named, no processes, threads and add-ons; no code made of texts. */
export const NODE_FLAGS: readonly string[] = [
  "--disable-sigusr1",
  "--permission",
  "--disallow-code-generation-from-strings",
];
const ALLOWED = /^--(allow-fs-(read|write)=.+|disable-warning=ExperimentalWarning)$/;

/** On Linux, for the child to see that its core limit is 0. */
export const PROCESS_LIMITS = "/proc/self/limits";

export type Surroundings = {
  readonly flags: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Of a debugger that listens. */
  readonly debuggerUrl: string | undefined;
};

export const surroundings = (): Surroundings => ({
  flags: process.execArgv,
  environment: process.env,
  debuggerUrl: inspector.url(),
});

/** Why the signer must not start here; undefined where it may. */
export function hardeningProblem(around: Surroundings): string | undefined {
  const { flags, environment, debuggerUrl } = around;
  if (debuggerUrl !== undefined) return "the signer does not run under a debugger";
  if ((environment.NODE_OPTIONS ?? "") !== "") {
    return "the signer does not start with NODE_OPTIONS set";
  }
  const missing = NODE_FLAGS.find((flag) => !flags.includes(flag));
  if (missing !== undefined) return `the signer does not start without ${missing}`;
  const foreign = flags.find((flag) => !NODE_FLAGS.includes(flag) && !ALLOWED.test(flag));
  // Only its name: a value may be anything.
  return foreign && `the signer does not start with the option ${foreign.replace(/=.*/s, "")}`;
}

/** Diagnostic reports show environment and stacks; none is written from here on. */
export function silenceReports(): void {
  if (!process.report) return;
  process.report.reportOnFatalError = false;
  process.report.reportOnSignal = false;
  process.report.reportOnUncaughtException = false;
}

/** Whether the operating system says that this process leaves no core file. */
export function coreDumps(): CoreDumps {
  if (process.platform === "win32") return "off";
  try {
    return /^Max core file size\s+0\s+0\s/m.test(readFileSync(PROCESS_LIMITS, "utf8"))
      ? "off"
      : "unknown";
  } catch {
    return "unknown";
  }
}
