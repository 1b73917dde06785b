/** What the parts of the tour share: commands as a person types them, shown with their answers, and held to what they must say. */
import { execFile } from "node:child_process";
import type { EngineProcess } from "../support/engine-process.ts";
import { LAUNCHER } from "../support/engine-process.ts";

type Outcome = { readonly code: number; readonly out: string };

/** The whole tour takes less; a command that hangs is killed. Milliseconds. */
export const TOUR_LIMIT_MS = 120_000;

export const bold = (text: string): string =>
  process.stdout.isTTY ? `\u001b[1m${text}\u001b[0m` : text;

export function say(title: string): void {
  console.log(`\n${bold(title)}`);
}

export function insist(isSo: boolean, otherwise: string): void {
  if (!isSo) throw new Error(otherwise);
}

/** Runs a command line; what takes longer than `limitMs` is killed. */
export function orderstream(args: readonly string[], limitMs = TOUR_LIMIT_MS): Promise<Outcome> {
  return new Promise((resolve) => {
    const options = { timeout: limitMs };
    execFile(process.execPath, [LAUNCHER, ...args], options, (error, stdout, stderr) => {
      const code = error ? Number(error.code ?? 70) : 0;
      resolve({ code, out: (stdout + stderr).trimEnd() });
    });
  });
}

/** Runs a command as a person would, shows it with its answer, and insists on both. `target` is not shown: where to find things. */
export async function show(
  command: string,
  target: readonly string[],
  expected: { readonly code?: number; readonly says: RegExp },
): Promise<string> {
  const { code, out } = await orderstream([...command.split(" "), ...target]);
  console.log(`$ orderstream ${command}\n${out.replace(/^/gm, "  ")}`);
  const wanted = expected.code ?? 0;
  insist(code === wanted, `${command}: exit code ${code}, not ${wanted}`);
  insist(expected.says.test(out), `${command}: the answer does not say ${expected.says}`);
  return out;
}

/** The order id that an answer to a trade names. */
export const orderIdIn = (answer: string): string =>
  /^ *order +(\S+)$/m.exec(answer)?.[1] ?? "none";

type Running = Pick<EngineProcess, "pid" | "child">;
const running = new Set<Running>();

/** Notes a process that would outlive a tour that is cut off. */
export function mustEnd<T extends Running>(started: T): T {
  running.add(started);
  started.child.once("exit", () => running.delete(started));
  return started;
}

export function killAll(): void {
  for (const { pid } of running) process.kill(pid, "SIGKILL");
}
