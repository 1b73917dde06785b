/**
 * What the processes of the local world share: arguments, one JSON line when ready, and an end on
 * SIGTERM, on SIGINT, and when whoever started them goes away.
 */
import { fstatSync } from "node:fs";
import { parseArgs } from "node:util";
import { z } from "zod";

/** A whole number from `min` to `max`, as an argument. */
export const wholeNumber = (max: number, min = 0) =>
  z
    .string()
    .regex(/^\d{1,15}$/, "not a whole number")
    .transform(Number)
    .refine((value) => value <= max, `over ${max}`)
    .refine((value) => value >= min, `under ${min}`);

/** A number from 0 on, such as 0.5, as an argument. */
export const decimalNumber = z
  .string()
  .regex(/^\d{1,7}(\.\d{1,6})?$/, "not a number")
  .transform(Number);

export const port = wholeNumber(65_535).default(0);

/** `--name value` for each key of the schema; throws a sentence that names the wrong one. */
export function readArguments<T extends z.ZodRawShape>(
  schema: z.ZodObject<T>,
): z.output<z.ZodObject<T>> {
  const names = Object.keys(schema.shape);
  const options = Object.fromEntries(names.map((name) => [name, { type: "string" } as const]));
  const parsed = schema.safeParse(parseArgs({ options }).values);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new Error(`--${issue?.path.join(".") ?? "?"}: ${issue?.message ?? "wrong"}`);
}

export type Started = {
  /** What is printed, as one line of JSON, once everything is served. */
  readonly ready: object;
  close(): Promise<void>;
};

/** Runs until the process is told to stop; ends it with 1 and a sentence if it does not start. */
export function runProcess(name: string, start: () => Promise<Started>): void {
  const failed = (error: unknown): void => {
    process.stderr.write(`${name}: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  };
  start()
    .then(({ ready, close }) => {
      stopOnEnd(() => void close().then(() => process.exit(0), failed));
      process.stdout.write(`${JSON.stringify(ready)}\n`);
    })
    .catch(failed);
}

function stopOnEnd(close: () => void): void {
  let stopping = false;
  const stop = () => {
    if (stopping) return;
    stopping = true;
    close();
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
  process.stdout.on("error", stop);
  if (process.send) {
    // Forked: the starter may have gone while everything was opened.
    process.once("disconnect", stop);
    if (!process.connected) stop();
  } else if (stdinIsPipe()) {
    process.stdin.on("end", stop).on("error", stop).resume();
  }
}

/**
 * A pipe to the starter: it ends when the starter dies. A terminal, a file or /dev/null says
 * nothing.
 */
function stdinIsPipe(): boolean {
  try {
    const stdin = fstatSync(0);
    return stdin.isFIFO() || stdin.isSocket();
  } catch {
    return false;
  }
}
