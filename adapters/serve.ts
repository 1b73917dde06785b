/** The composition root: plain function calls put the adapters behind the ports and start the engine. */
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { createEngine } from "../domain/application/engine.ts";
import type { Engine } from "../domain/application/engine.types.ts";
import { openLog } from "../domain/application/log/open-log.ts";
import { createRecorder } from "../domain/application/log/recorder.ts";
import { createMarkSource } from "../domain/application/marks.ts";
import { createPairPrices } from "../domain/application/orders/pair-prices.ts";
import {
  createEngineState,
  ENGINE_STATE_TARGET,
} from "../domain/application/processors/engine-state.ts";
import {
  type RunningProcessor,
  runProcessor,
} from "../domain/application/processors/run-processor.ts";
import { createViewsProcessor } from "../domain/application/processors/views-processor.ts";
import { createCodec } from "../domain/codec/codec.ts";
import type { LogId, Mint, Principal, RequestId } from "../domain/primitives/ids.ts";
import { createProjections, VIEW_TABLES } from "../projections/registry.ts";
import { openSqliteCheckpoints } from "./checkpoints/sqlite.ts";
import { createSystemClock, createSystemTimers } from "./clock/system.ts";
import { formatAddress } from "./config/address.ts";
import { engineConfigOf } from "./config/engine-config.ts";
import type { Config } from "./config.ts";
import { fileIdentity } from "./event-store/file-identity.ts";
import { acquireLock } from "./event-store/lock.ts";
import { openSqliteEventStore } from "./event-store/sqlite.ts";
import { createGrpcServer } from "./grpc/server.ts";
import { createNodeHasher } from "./hasher/node.ts";
import { createHttpServer } from "./http/server.ts";
import { startMarketProcess } from "./market-process.ts";
import { createCachedQuotes } from "./quotes/cached.ts";
import { createJupiterQuotes } from "./quotes/jupiter.ts";
import { createSqliteReadModel } from "./read-model/sqlite.ts";
import { createTelemetry } from "./telemetry/telemetry.ts";

export type Running = {
  readonly grpc: string;
  readonly http: string;
  /** Base URL of the local market, where one was started. */
  readonly market: string | undefined;
  /** Path of the log. */
  readonly store: string;
  /** Takes nothing new, settles what is under way, saves the snapshots, and lets go of the data folder. */
  readonly stop: () => Promise<void>;
};

export type ServeOptions = {
  readonly version: string;
  /** Shows how far the log is folded, where the start has to: without a snapshot that takes a while. */
  readonly progress: (totalEvents: number) => {
    readonly step: (events: number) => void;
    readonly end: () => void;
  };
  readonly log: (line: string) => void;
  /** The store is dead: the process must end, and go on from the log in its next life. */
  readonly onFatal: (sentence: string) => void;
};

/** USDC: costs and profits are counted in it. */
const COST_MINT = "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v" as Mint;
const DRAIN_TIMEOUT_MS = 10_000;

/** Undoes what was done, last first, also when a later step of the start fails. */
type Undo = (() => void | Promise<void>)[];

/** Starts engine, views and edges. Rejects with a sentence; nothing is left running then. */
export async function startServer(config: Config, options: ServeOptions): Promise<Running> {
  const undo: Undo = [];
  const stop = async (): Promise<void> => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    const addresses = await start(config, options, undo);
    return { ...addresses, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function start(
  config: Config,
  options: ServeOptions,
  undo: Undo,
): Promise<Omit<Running, "stop">> {
  const { log } = options;
  const lock = acquireLock(join(config.data, "lock.db"));
  undo.push(() => lock.release());

  const clock = createSystemClock();
  const telemetry = createTelemetry({ version: options.version, clock });
  const file = join(config.data, "log.db");
  const { onFatal } = options;
  const store = telemetry.countAppends(await openSqliteEventStore({ file, onFatal }));
  undo.push(() => store.close());
  const checkpoints = openSqliteCheckpoints(join(config.data, "state.db"));
  undo.push(() => checkpoints.close());

  const hasher = createNodeHasher();
  const codec = createCodec(hasher);
  const timers = createSystemTimers();
  const recorder = createRecorder(store, timers);
  const logId = await openLog(
    { store, codec, clock, recorder },
    { newLogId: randomUUID() as LogId, engineVersion: options.version },
  );
  const state = createEngineState({ store, codec });
  const progress = options.progress(Number((await store.end()) ?? 0n));
  const recovered = await state
    .recover({ checkpoints, logId, onProgress: progress.step })
    .finally(progress.end);

  // No source of quotes is configured: a local market is started for it.
  const usesMarket = config.jupiter.baseUrls.length === 0;
  const market = usesMarket
    ? await startMarketProcess({ ...config.market, onExit: log })
    : undefined;
  undo.push(() => market?.stop());
  const source = createJupiterQuotes({
    baseUrls: market ? [market.swapUrl] : config.jupiter.baseUrls,
    timeoutMs: config.jupiter.timeoutMs,
    clock,
    ...(config.jupiter.apiKey ? { apiKey: config.jupiter.apiKey() } : {}),
  });
  undo.push(() => source.close());
  const quotes = createCachedQuotes({ source, clock, ...config.cache });

  const engineConfig = engineConfigOf(config);
  const engine = await createEngine(
    {
      ...{ store, quotes, codec, hasher, clock, timers },
      onFault: (orderId, error) => log(`order ${orderId}: ${describe(error)}`),
      onEnded: telemetry.orderEnded,
    },
    engineConfig,
    recovered,
  );
  await openFirstAccount(engine, config);

  const readModel = createSqliteReadModel({
    path: join(config.data, "views.db"),
    tables: VIEW_TABLES,
    logId,
    newId: randomUUID,
    log,
    onMadeAnew: () => views.restart(),
  });
  undo.push(() => readModel.close());
  const stopping = new AbortController();
  const common = { store, checkpoints, codec, logId, clock, timers, log, signal: stopping.signal };
  const stateProcessor = runProcessor({
    ...common,
    processor: state,
    targetId: () => ENGINE_STATE_TARGET,
  });
  const viewsProcessor = createViewsProcessor({
    ...{ store, codec, readModel },
    projections: createProjections({ costMint: COST_MINT }),
    settings: COST_MINT,
    breathe: () => setImmediate(),
  });
  const views = runProcessor({
    ...common,
    processor: viewsProcessor,
    targetId: () => readModel.targetId,
  });
  undo.push(async () => {
    stopping.abort();
    await Promise.all([stateProcessor.done, views.done]);
  });

  const behind = (processor: RunningProcessor): number =>
    Number((engine.status().position ?? 0n) - (processor.status().position ?? 0n));
  const grpc = createGrpcServer({
    ...{ engine, readModel, store, codec, hasher, logId },
    views: {
      position: () => views.status().position,
      waitFor: views.waitFor,
      lag: () => ({ views: behind(views), "engine-state": behind(stateProcessor) }),
      positions: (account) => viewsProcessor.newestRows("positions", account),
      rebuild: async (names, how) => {
        const { refused } = views.status();
        if (refused !== undefined) return { kind: "failed", message: refused };
        return viewsProcessor.rebuild(names, how);
      },
    },
    tokens: engineConfig.policy.tokens,
    costMint: COST_MINT,
    marks: createMarkSource({
      pairs: createPairPrices(quotes, engineConfig.policy),
      tokens: engineConfig.policy.tokens,
      costMint: COST_MINT,
      timers,
    }),
    clock,
    executor: config.executor,
    version: options.version,
    log: (message, error) => log(`${message}: ${describe(error)}`),
  });
  const lagOf = (processor: RunningProcessor) => ({
    lagEvents: behind(processor),
    lagUs: processor.status().lagUs,
  });
  telemetry.observe({
    status: engine.status,
    quotes: quotes.stats,
    views: () => ({ views: lagOf(views), "engine-state": lagOf(stateProcessor) }),
  });
  let grpcAddress = "";
  const http = createHttpServer({
    metrics: telemetry.expose,
    status: engine.status,
    state: () => {
      const report = state.report(hasher);
      const place = { logId, storeId: fileIdentity(file) ?? "", grpc: grpcAddress };
      return { ...place, ...report, position: report.position?.toString() ?? "" };
    },
    log: (message, error) => log(`${message}: ${describe(error)}`),
  });
  undo.push(() => http.close());
  // Together: new trades are told that the engine is draining while the calls under way get their answers.
  undo.push(async () => {
    await Promise.all([engine.drain(DRAIN_TIMEOUT_MS), grpc.drain(DRAIN_TIMEOUT_MS)]);
  });
  grpcAddress = await grpc.listen(formatAddress(config.grpc));
  const httpAddress = await http.listen(formatAddress(config.http));
  return { grpc: grpcAddress, http: httpAddress, market: market?.swapUrl, store: file };
}

/** The account to try things out with; its request id makes every start after the first a repetition. */
async function openFirstAccount(engine: Engine, { firstAccount }: Config): Promise<void> {
  if (!firstAccount || engine.ownerOf(firstAccount.name) !== undefined) return;
  const result = await engine.account(
    firstAccount.name,
    { type: "Open", initialFunds: firstAccount.funds },
    { principal: "local" as Principal, requestId: "first-account" as RequestId },
  );
  if (result.kind === "account") return;
  const reason = result.kind === "refused" ? result.refusal.message : result.cause;
  throw new Error(`the first account ${firstAccount.name} cannot be opened: ${reason}`);
}

const describe = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);
