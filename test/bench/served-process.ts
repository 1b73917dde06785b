/** `orderstream serve` as people run it, timed from its spawn to its first answer. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";
import { createInterface } from "node:readline";
import { credentials } from "@grpc/grpc-js";
import { z } from "zod";
import {
  HealthCheckRequest,
  type HealthCheckResponse,
  TradeExecutionServiceClient,
} from "../../proto/generated/orderstream/v1/trade_execution.ts";

export type Served = {
  /** HOST:PORT. */
  readonly grpc: string;
  /** From the spawn until it printed that it is ready. */
  readonly readyMs: number;
  /** From the spawn until the first call over gRPC was answered with "serving". */
  readonly servingMs: number;
  readonly openOrders: number;
  /** SIGKILL; resolves when it is gone. */
  readonly kill: () => Promise<void>;
  /** SIGTERM; resolves when it has saved its snapshot and is gone. */
  readonly stop: () => Promise<void>;
};

const LAUNCHER = resolve(import.meta.dirname, "../../adapters/launcher.cjs");
const readySchema = z.object({ grpc: z.string() });
const END_TIMEOUT_MS = 20_000;

const living = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of living) child.kill("SIGKILL");
});

/** Rejects with what it printed when it ends early. */
export async function serve(configFile: string): Promise<Served> {
  const startMs = performance.now();
  const args = [LAUNCHER, "serve", "--json", "--config", configFile];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
  living.add(child);
  const ended = once(child, "exit").finally(() => living.delete(child));
  const errors: string[] = [];
  child.stderr.on("data", (chunk: Buffer) => errors.push(chunk.toString()));
  const lines = createInterface({ input: child.stdout });
  const line = await Promise.race([
    once(lines, "line").then(([text]) => String(text)),
    ended.then(() => undefined),
  ]);
  if (line === undefined) throw new Error(`the engine ended: ${errors.join("").trim()}`);
  const readyMs = performance.now() - startMs;
  const { grpc } = readySchema.parse(JSON.parse(line));
  const { serving, reason, openOrders } = await health(grpc);
  const servingMs = performance.now() - startMs;
  const end = async (signal: "SIGKILL" | "SIGTERM"): Promise<void> => {
    child.kill(signal);
    const timer = setTimeout(() => child.kill("SIGKILL"), END_TIMEOUT_MS);
    await ended;
    clearTimeout(timer);
  };
  if (!serving) {
    await end("SIGKILL");
    throw new Error(`the engine is ready and does not serve: ${reason}`);
  }
  return {
    ...{ grpc, readyMs, servingMs, openOrders: Number(openOrders) },
    kill: () => end("SIGKILL"),
    stop: () => end("SIGTERM"),
  };
}

async function health(grpc: string): Promise<HealthCheckResponse> {
  const client = new TradeExecutionServiceClient(grpc, credentials.createInsecure());
  try {
    return await new Promise((answer, reject) => {
      client.healthCheck(HealthCheckRequest.create(), (error, response) =>
        error ? reject(error) : answer(response),
      );
    });
  } finally {
    client.close();
  }
}
