/** The two servers that are compared, each in a process of its own: the engine and the floor. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { credentials } from "@grpc/grpc-js";
import { z } from "zod";
import {
  HealthCheckRequest,
  type HealthCheckResponse,
  OrderStatus,
  TradeExecutionServiceClient,
  TradeResult,
} from "../../proto/generated/orderstream/v1/trade_execution.ts";
import type { Child } from "./child.ts";
import type { FloorSteps } from "./live/live-floor.ts";
import { streamSize } from "./log-file.ts";
import { benchTrade } from "./trade-frame.ts";
import { type Usage, usageSchema } from "./usage.ts";

export type Side = {
  /** HOST:PORT. */
  readonly grpc: string;
  /** Path of its log. */
  readonly log: string;
  readonly child: Child;
  readonly usage: () => Promise<Usage>;
  /** Resolves when nothing is left to do for the answered calls. */
  readonly settled: () => Promise<void>;
};

/** An order that the engine executed. */
export type Sample = {
  readonly log: string;
  readonly stream: string;
  readonly events: number;
  /** Of data and metadata of its events. */
  readonly bytes: number;
  readonly answer: TradeResult;
};

export type Engine = Side & {
  readonly sample: Sample;
  readonly client: TradeExecutionServiceClient;
  /** Ends the process as SIGTERM would; nothing happens the second time. */
  readonly stop: () => Promise<void>;
};

export type EngineOptions = {
  /** 0: every order asks the market. */
  readonly cacheTtlMs: number;
  /** Data folder with a log that is there already; a new one in the engine's folder without it. */
  readonly data?: string;
};

const startedSchema = z.object({ grpc: z.string(), log: z.string() });
/** As the launcher starts the engine. */
export const HEAP = ["--max-semi-space-size=16", "--max-old-space-size=512"];
/** So long without a step forward, and the views will never catch up. */
const CATCH_UP_TIMEOUT_MS = 120_000;
const CATCH_UP_LOOK_MS = 5;
/** Orders that `startEngine` sends. */
export const SAMPLE_ORDERS = 2;
const SAMPLE_IDS = [999_999_999_998, 999_999_999_999] as const;

/** Starts an engine with a local market; its folder must be new. */
export async function startEngine(
  child: Child,
  folder: string,
  options: EngineOptions,
): Promise<Engine> {
  const started = await child.ask("start", configFile(folder, options), startedSchema);
  const client = new TradeExecutionServiceClient(started.grpc, credentials.createInsecure());
  const trade = (number: number): Promise<TradeResult> =>
    new Promise((resolve, reject) => {
      client.executeTrade(benchTrade(number), (error, result) =>
        error ? reject(error) : resolve(result),
      );
    });
  const health = (): Promise<HealthCheckResponse> =>
    new Promise((resolve, reject) => {
      client.healthCheck(HealthCheckRequest.create(), (error, response) =>
        error ? reject(error) : resolve(response),
      );
    });
  // The second order finds its price in the cache, as nearly all later ones do.
  await trade(SAMPLE_IDS[0]);
  const answer = await trade(SAMPLE_IDS[1]);
  if (answer.status !== OrderStatus.ORDER_STATUS_FILLED) {
    throw new Error(`the sample trade was not filled: ${answer.lastError?.message}`);
  }
  const stream = `order-${answer.orderId}`;
  return {
    ...started,
    child,
    usage: usageOf(child),
    settled: () => viewsCaughtUp(health),
    client,
    sample: { log: started.log, stream, answer, ...streamSize(started.log, stream) },
    stop: async () => {
      client.close();
      await child.end();
    },
  };
}

/** `more`: configuration beside what every engine of the bench has. Answers its path. */
export function configFile(folder: string, options: EngineOptions, more: object = {}): string {
  mkdirSync(folder);
  const file = join(folder, "config.json");
  const config = {
    data: options.data ?? join(folder, "data"),
    grpc: "127.0.0.1:0",
    http: "127.0.0.1:0",
    cache: { ttlMs: options.cacheTtlMs },
    firstAccount: { name: "paper", funds: { SOL: "1000000" } },
    ...more,
  };
  writeFileSync(file, JSON.stringify(config));
  return file;
}

async function viewsCaughtUp(health: () => Promise<HealthCheckResponse>): Promise<void> {
  let least = Number.POSITIVE_INFINITY;
  let untilMs = 0;
  for (;;) {
    const { viewLag } = await health();
    const behind = Math.max(0, ...Object.values(viewLag).map(Number));
    if (behind === 0) return;
    if (behind < least) untilMs = performance.now() + CATCH_UP_TIMEOUT_MS;
    least = Math.min(least, behind);
    if (performance.now() > untilMs) throw new Error(`the views stay ${behind} events behind`);
    await sleep(CATCH_UP_LOOK_MS);
  }
}

/** Starts the floor with the bytes of the sample; its log is `log`. `steps`: exchanges of a live order. */
export async function startFloor(
  child: Child,
  log: string,
  sample: Sample & { readonly steps?: FloorSteps },
): Promise<Side> {
  const answer = Buffer.from(TradeResult.encode(sample.answer).finish()).toString("base64");
  const source = { log: sample.log, stream: sample.stream };
  const { steps } = sample;
  const started = await child.ask("start", { log, sample: source, answer, steps }, startedSchema);
  return { ...started, child, usage: usageOf(child), settled: async () => {} };
}

const usageOf = (child: Child) => (): Promise<Usage> => child.ask("usage", null, usageSchema);
