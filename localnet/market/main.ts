/**
 * The local market as a process of its own:
 * `node localnet/market/main.ts [--port 0] [--seed 1] [--market FILE] [--symbol SOL] [--speed 1]`.
 * Prints one JSON line when ready. Ends on SIGTERM or SIGINT, and when whoever started it goes
 * away.
 */
import { fstatSync } from "node:fs";
import { parseArgs } from "node:util";
import { z } from "zod";
import { startMarket } from "./server.ts";

const whole = (max: number) =>
  z
    .string()
    .regex(/^\d{1,15}$/, "not a whole number")
    .transform(Number)
    .refine((value) => value <= max, `over ${max}`);

const argumentsSchema = z.object({
  port: whole(65_535).default(0),
  seed: whole(Number.MAX_SAFE_INTEGER).default(1),
  speed: z
    .string()
    .regex(/^\d{1,7}(\.\d{1,6})?$/, "not a number")
    .transform(Number)
    .default(1),
  market: z.string().min(1).optional(),
  symbol: z.string().min(1).optional(),
});

function readArguments() {
  const { values } = parseArgs({
    options: {
      port: { type: "string" },
      seed: { type: "string" },
      speed: { type: "string" },
      market: { type: "string" },
      symbol: { type: "string" },
    },
  });
  const parsed = argumentsSchema.safeParse(values);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new Error(`--${issue?.path.join(".") ?? "?"}: ${issue?.message ?? "wrong"}`);
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

async function main(): Promise<void> {
  const { market: file, symbol, ...numbers } = readArguments();
  const market = await startMarket({
    ...numbers,
    ...(file === undefined ? {} : { file }),
    ...(symbol === undefined ? {} : { symbol }),
  });
  const stop = () => {
    void market.close().then(() => process.exit(0));
  };
  process.once("SIGTERM", stop);
  process.once("SIGINT", stop);
  process.stdout.on("error", stop);
  if (process.send) {
    // Forked: the starter may have gone while the market was opened.
    process.once("disconnect", stop);
    if (!process.connected) stop();
  } else if (stdinIsPipe()) {
    process.stdin.on("end", stop).on("error", stop).resume();
  }
  process.stdout.write(`${JSON.stringify({ url: market.url, swapUrl: market.swapUrl })}\n`);
}

main().catch((error: unknown) => {
  process.stderr.write(`market: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
});
