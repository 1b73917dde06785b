/**
 * The local chain as a process of its own: `node localnet/chain/main.ts [--port 0] [--nodes 2]
 * [--control-port 0] [--block-time-ms 400] [--state FILE] [--seed TEXT] [--rent 6960]`.
 * Prints one JSON line when ready. Ends on SIGTERM or SIGINT, and when whoever started it goes
 * away; its state is saved then.
 */
import { fstatSync } from "node:fs";
import { parseArgs } from "node:util";
import { z } from "zod";
import { startLocalnet } from "./localnet.ts";

const whole = (max: number) =>
  z
    .string()
    .regex(/^\d{1,15}$/, "not a whole number")
    .transform(Number)
    .refine((value) => value <= max, `over ${max}`);

const argumentsSchema = z.object({
  port: whole(65_000).default(0),
  "control-port": whole(65_535).default(0),
  nodes: whole(16).default(2),
  "block-time-ms": whole(60_000).default(400),
  rent: whole(1_000_000).optional(),
  state: z.string().min(1).optional(),
  seed: z.string().min(1).max(1_000).optional(),
});

function readArguments() {
  const text = { type: "string" } as const;
  const { values } = parseArgs({
    options: {
      ...{ port: text, nodes: text, rent: text, state: text, seed: text },
      ...{ "control-port": text, "block-time-ms": text },
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
  const { port, nodes, rent, state, seed, ...rest } = readArguments();
  const localnet = await startLocalnet({
    port,
    nodes,
    controlPort: rest["control-port"],
    blockTimeMs: rest["block-time-ms"],
    ...(rent === undefined ? {} : { rent: BigInt(rent) }),
    ...(state === undefined ? {} : { stateFile: state }),
    ...(seed === undefined ? {} : { seed }),
  });
  let stopping = false;
  const stop = () => {
    if (stopping) return;
    stopping = true;
    localnet.close().then(() => process.exit(0), failed);
  };
  process.once("SIGTERM", stop);
  process.once("SIGINT", stop);
  process.stdout.on("error", stop);
  if (process.send) {
    // Forked: the starter may have gone while the chain was opened.
    process.once("disconnect", stop);
    if (!process.connected) stop();
  } else if (stdinIsPipe()) {
    process.stdin.on("end", stop).on("error", stop).resume();
  }
  const ready = {
    genesisHash: localnet.chain.genesisHash,
    restored: localnet.restored,
    nodes: localnet.nodes.map(({ url, wsUrl, derivedWsUrl }) => ({ url, wsUrl, derivedWsUrl })),
    controlUrl: localnet.controlUrl,
  };
  process.stdout.write(`${JSON.stringify(ready)}\n`);
}

function failed(error: unknown): void {
  process.stderr.write(`chain: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}

main().catch(failed);
