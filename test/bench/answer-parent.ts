/**
 * The child's side of a bench process: commands come over the IPC channel, one at a time, and each
 * is answered.
 */
import { z } from "zod";

/** Each answers plain JSON data, or throws. */
export type Commands = Readonly<Record<string, (argument: unknown) => Promise<unknown> | unknown>>;

const requestSchema = z.object({ command: z.string(), argument: z.unknown() });

/** Answers until the parent lets go of the channel, or is gone: then this process ends at once. */
export function answerParent(commands: Commands): void {
  process.on("message", (raw) => {
    void answer(commands, raw).then(
      (value) => process.send?.({ kind: "answer", value: value ?? null }),
      (error: unknown) => process.send?.({ kind: "failed", reason: reasonOf(error) }),
    );
  });
  process.once("disconnect", () => process.exit(0));
}

async function answer(commands: Commands, raw: unknown): Promise<unknown> {
  const { command, argument } = requestSchema.parse(raw);
  const run = commands[command];
  if (!run) throw new Error(`there is no command ${command}`);
  return run(argument);
}

const reasonOf = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? error.message) : String(error);
