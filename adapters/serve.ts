/** The composition root: plain function calls put the adapters behind the ports and start the engine. Its parts are in serve/. */
import { join } from "node:path";
import { createEngine } from "../domain/application/engine.ts";
import { createCodec } from "../domain/codec/codec.ts";
import { createSystemClock, createSystemTimers } from "./clock/system.ts";
import { engineConfigOf } from "./config/engine-config.ts";
import type { Network } from "./config/live-schema.ts";
import type { Config } from "./config.ts";
import { acquireLock } from "./event-store/lock.ts";
import { createNodeHasher } from "./hasher/node.ts";
import { createCachedQuotes } from "./quotes/cached.ts";
import { createJupiterQuotes } from "./quotes/jupiter.ts";
import { describe, openEdges } from "./serve/edges.ts";
import { openFirstAccount } from "./serve/first-account.ts";
import { keysOf, type PassphraseSource } from "./serve/keystores.ts";
import { liveStatusOf } from "./serve/live-status.ts";
import { type LogParts, openFoldedLog } from "./serve/log.ts";
import type { Localnet } from "./serve/network.ts";
import { type Undo, undoAll } from "./serve/undo.ts";
import { openVenue, type Venue, type VenueParts } from "./serve/venue.ts";
import { followLog } from "./serve/views.ts";
import { createTelemetry } from "./telemetry/telemetry.ts";

export type Running = {
  readonly grpc: string;
  readonly http: string;
  readonly network: Network;
  /** Where one was started. */
  readonly localnet: Localnet | undefined;
  /** Live accounts; none: live orders are refused. */
  readonly accounts: readonly { readonly name: string; readonly wallet: string }[];
  /** URLs without keys of all that live orders are read from and sent to. */
  readonly endpoints: readonly string[];
  /** Path of the log. */
  readonly store: string;
  /** Takes nothing new, settles what is under way, saves the snapshots, and lets go of the data folder. */
  readonly stop: () => Promise<void>;
};

export type ServeOptions = PassphraseSource &
  Pick<LogParts, "version" | "progress"> & {
    readonly log: (line: string) => void;
    /** The store is dead: the process must end, and go on from the log in its next life. */
    readonly onFatal: (sentence: string) => void;
  };

/** Starts engine, views and edges. Rejects with a sentence; nothing is left running then. */
export async function startServer(config: Config, options: ServeOptions): Promise<Running> {
  const undo: Undo = [];
  const stop = (): Promise<void> => undoAll(undo);
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
  const { log, version, progress, onFatal } = options;
  const { data, network } = config;
  const lock = acquireLock(join(data, "lock.db"));
  undo.push(() => lock.release());

  const clock = createSystemClock();
  const timers = createSystemTimers();
  const hasher = createNodeHasher();
  const codec = createCodec(hasher);
  const telemetry = createTelemetry({ version, clock });
  const keys = config.isLive ? keysOf(config, options) : undefined;
  // Elsewhere somebody may be asked for a passphrase: before anything else is shown.
  if (network !== "localnet") await keys;
  const opening = beginVenue(config, { keys, clock, hasher, log }, undo);
  const folded = await openFoldedLog({
    ...{ data, version, clock, timers, codec, progress, onFatal, undo },
    counted: telemetry.countAppends,
  });
  const { store } = folded;
  const { jupiter, jupiterUrls, live, localnet } = await opening;

  const { timeoutMs } = config.jupiter;
  const source = createJupiterQuotes({ baseUrls: jupiterUrls, timeoutMs, clock }, jupiter);
  const quotes = createCachedQuotes({ source, clock, ...config.cache });
  const engineConfig = { ...engineConfigOf(config), live: live?.config };
  const engine = await createEngine(
    {
      ...{ store, quotes, codec, hasher, clock, timers, live: live?.ports },
      onFault: (orderId, error) => log(`order ${orderId}: ${describe(error)}`),
      onAlert: (orderId, message) => log(`order ${orderId} needs somebody: ${message}`),
      onWarning: log,
      onEnded: telemetry.orderEnded,
    },
    engineConfig,
    folded.recovered,
  );
  await openFirstAccount(engine, config);
  const followed = followLog({
    ...{ ...folded, data, codec, clock, timers, log, undo, status: engine.status },
  });
  const liveStatus = live && liveStatusOf(live, engine);
  telemetry.observe({
    ...{ status: engine.status, safety: engine.safety.status, quotes: quotes.stats },
    ...{ views: followed.figures, live: liveStatus },
  });
  const { policy } = engineConfig;
  const addresses = await openEdges(config, {
    ...{ engine, folded, followed, quotes, policy, codec, hasher, clock, timers },
    ...{ version, telemetry, live: liveStatus, log, undo },
  });
  const accounts = [...(live?.config.accounts ?? [])].map(([name, { wallet }]) => ({
    ...{ name, wallet },
  }));
  return {
    ...addresses,
    network,
    localnet,
    accounts,
    endpoints: endpointsOf(live),
    store: folded.file,
  };
}

/** Opens it beside the log, which takes its time too. The promise rejects with a sentence. */
function beginVenue(config: Config, parts: VenueParts, undo: Undo): Promise<Venue> {
  const opening = openVenue(config, parts);
  // Its failure is told where it is waited for.
  opening.catch(() => undefined);
  undo.push(() =>
    opening.then(
      ({ close }) => close(),
      () => undefined,
    ),
  );
  return opening;
}

const endpointsOf = (live: Venue["live"]): string[] =>
  live
    ? [...new Set([...live.ports.chain.nodes, ...live.ports.senders].map(({ name }) => name))]
    : [];
