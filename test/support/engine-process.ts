/** The engine as people run it: a process of its own, found by the JSON line that it prints when it is ready. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";
import { createInterface } from "node:readline";
import { credentials, Metadata, type ServiceError } from "@grpc/grpc-js";
import { z } from "zod";
import {
  TradeExecutionServiceClient,
  TradeRequest,
  type TradeResult,
} from "../../proto/generated/orderstream/v1/trade_execution.ts";

const ROOT = resolve(import.meta.dirname, "../..");
export const LAUNCHER = resolve(ROOT, "adapters/launcher.cjs");

const readySchema = z.object({
  grpc: z.string(),
  http: z.string(),
  market: z.string().optional(),
  store: z.string(),
  pid: z.number(),
  network: z.string(),
  accounts: z.array(z.object({ name: z.string(), wallet: z.string() })),
  localnet: z.object({ controlUrl: z.string(), rpcUrls: z.array(z.string()) }).optional(),
});

export type EngineProcess = z.output<typeof readySchema> & {
  readonly child: ChildProcess;
  /** What it has written to stderr. */
  readonly said: () => string;
  readonly client: TradeExecutionServiceClient;
  /** SIGKILL: what a power cut leaves of a process. Resolves when it is gone. */
  readonly kill: () => Promise<void>;
  /** SIGTERM. Resolves with the exit code. */
  readonly stop: () => Promise<number | null>;
};

export type EngineStart = {
  /** Default `start`. */
  readonly command?: "start" | "serve";
  /** Beside that of the test. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Told of the process at once: it may be killed before it is ready. */
  readonly onSpawn?: (child: ChildProcess) => void;
};

/** Starts `orderstream start --json` on a data folder and free ports. Rejects with what it printed when it ends early. */
export async function startEngineProcess(
  data: string,
  args: readonly string[] = [],
  { command = "start", environment = {}, onSpawn }: EngineStart = {},
): Promise<EngineProcess> {
  const addresses = ["--data", data, "--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0"];
  const child = spawn(process.execPath, [LAUNCHER, command, "--json", ...addresses, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...environment },
  });
  onSpawn?.(child);
  let errors = "";
  child.stderr.on("data", (chunk: Buffer) => {
    errors += chunk.toString();
  });
  const line = await Promise.race([
    once(createInterface({ input: child.stdout }), "line").then(([text]) => String(text)),
    once(child, "exit").then(() => undefined),
  ]);
  if (line === undefined) throw new Error(`the engine ended: ${errors}`);
  const parsed = readySchema.safeParse(JSON.parse(line));
  if (!parsed.success) throw new Error(`the engine did not start: ${line} ${errors}`);
  const ready = parsed.data;
  const client = new TradeExecutionServiceClient(ready.grpc, credentials.createInsecure());
  const gone = once(child, "exit");
  return {
    ...ready,
    child,
    said: () => errors,
    client,
    kill: async () => {
      // The launcher's child is the engine; it is the one that dies.
      process.kill(ready.pid, "SIGKILL");
      await gone;
      client.close();
    },
    stop: async () => {
      child.kill("SIGTERM");
      const [code] = await gone;
      client.close();
      return code as number | null;
    },
  };
}

export type Answer =
  | { readonly kind: "ok"; readonly result: TradeResult }
  | { readonly kind: "error"; readonly error: ServiceError };

/** Calls ExecuteTrade; the error is a value, for tests look at both. */
export const execute = (
  client: TradeExecutionServiceClient,
  request: Partial<TradeRequest>,
  deadlineMs = 20_000,
): Promise<Answer> =>
  new Promise((resolve) => {
    client.executeTrade(
      TradeRequest.fromPartial(request),
      new Metadata(),
      { deadline: Date.now() + deadlineMs },
      (error, result) => resolve(error ? { kind: "error", error } : { kind: "ok", result }),
    );
  });

/** One unary call as a promise. */
export const call = <Q, R>(
  method: (request: Q, callback: (error: ServiceError | null, response: R) => void) => unknown,
  request: Q,
): Promise<R> =>
  new Promise((resolve, reject) => {
    method(request, (error, response) => (error ? reject(error) : resolve(response)));
  });
