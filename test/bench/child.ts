/** The parent's side of a bench process, which never outlives its parent. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { z } from "zod";

export type Child = {
  /**
   * One command at a time. Rejects with the child's reason, and when the child ends or is silent
   * for ten minutes.
   */
  readonly ask: <T>(command: string, argument: unknown, schema: z.ZodType<T>) => Promise<T>;
  /** Lets the child end, and kills it when it does not. */
  readonly stop: () => Promise<void>;
  /** Asks it to stop what it runs first; nothing happens when it has ended. */
  readonly end: () => Promise<void>;
};

const replySchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("answer"), value: z.unknown() }),
  z.object({ kind: z.literal("failed"), reason: z.string() }),
]);

const ANSWER_TIMEOUT_MS = 600_000;
const END_TIMEOUT_MS = 5_000;

const living = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of living) child.kill("SIGKILL");
});

/** `file`: a module of this folder. */
export function startChild(file: string, nodeArgs: readonly string[] = []): Child {
  const child = fork(fileURLToPath(new URL(file, import.meta.url)), [], {
    execArgv: ["--disable-warning=ExperimentalWarning", ...nodeArgs],
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  living.add(child);
  const ended = once(child, "exit").finally(() => living.delete(child));

  const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null;
  const self: Child = {
    ask: async (command, argument, schema) => {
      const over = new AbortController();
      const signal = AbortSignal.any([over.signal, AbortSignal.timeout(ANSWER_TIMEOUT_MS)]);
      try {
        const reply = once(child, "message", { signal }).then(([message]) => message);
        const gone = once(child, "exit", { signal }).then(() => {
          throw new Error(`${file} ended before it had answered ${command}`);
        });
        // Whichever comes second must not be an unhandled rejection.
        gone.catch(() => {});
        child.send({ command, argument });
        const parsed = replySchema.parse(await Promise.race([reply, gone]));
        if (parsed.kind === "failed") throw new Error(`${file}, ${command}: ${parsed.reason}`);
        return schema.parse(parsed.value);
      } finally {
        over.abort();
      }
    },
    stop: async () => {
      if (hasEnded()) return;
      const timer = setTimeout(() => child.kill("SIGKILL"), END_TIMEOUT_MS);
      if (child.connected) child.disconnect();
      await ended;
      clearTimeout(timer);
    },
    end: async () => {
      if (hasEnded()) return;
      await self.ask("stop", null, z.unknown());
      await self.stop();
    },
  };
  return self;
}
