/**
 * A live engine on the memory store against the whole local world in this process: real transactions, real HTTP, the real adapters, and
 * a signer that holds its key here. `restart` is a death: the old engine neither writes nor sends any more, and a new one starts on the log.
 */
import { randomBytes } from "node:crypto";
import { gzipSync } from "node:zlib";
import { createChain, type RpcChain } from "../../adapters/chain/chain.ts";
import { createTransactionCompiler } from "../../adapters/chain/compiler.ts";
import { createJsonRpc } from "../../adapters/chain/json-rpc.ts";
import { createSystemClock, createSystemTimers } from "../../adapters/clock/system.ts";
import {
  createMemoryEventStore,
  createMemoryLog,
  type MemoryLog,
} from "../../adapters/event-store/memory.ts";
import { createJupiterServers } from "../../adapters/quotes/jupiter-servers.ts";
import { createJupiterSwaps } from "../../adapters/quotes/jupiter-swaps.ts";
import { createJitoSender } from "../../adapters/sender/jito.ts";
import { createRpcSender } from "../../adapters/sender/rpc.ts";
import { createEngine, type EngineConfig } from "../../domain/application/engine.ts";
import type { Engine } from "../../domain/application/engine.types.ts";
import type { LiveConfig, LivePorts } from "../../domain/application/live/live.types.ts";
import { JITO_TIP_ACCOUNTS } from "../../domain/chain/addresses.ts";
import { createTokenAccounts } from "../../domain/chain/program-address.ts";
import type { OrderEvent } from "../../domain/order/events.ts";
import { type TradeCommand, tradeCommandSchema } from "../../domain/order/request.ts";
import type { EventStore } from "../../domain/ports/event-store.ts";
import type { Sender } from "../../domain/ports/sender.ts";
import { PRIORITY_FEE_RULES } from "../../domain/pricing/priority-fee.ts";
import type { AccountId, OrderId } from "../../domain/primitives/ids.ts";
import { orderStream, SOL_MINT } from "../../domain/primitives/ids.ts";
import {
  type LocalWorld,
  type LocalWorldOptions,
  startLocalWorld,
} from "../../localnet/localnet.ts";
import { CONFIG, LOCAL, recover, USDC_MINT } from "./engine-world.ts";
import { codec, hasher } from "./given.ts";
import { createMemorySigner } from "./memory-signer.ts";

export const LIVE_ACCOUNT = "live" as AccountId;
const LAMPORTS_PER_SOL = 1_000_000_000n;
const RPC_TIMEOUT_MS = 2_000;

export type LiveWorldOptions = {
  readonly local?: LocalWorldOptions;
  readonly live?: Partial<LiveConfig>;
  readonly config?: Partial<EngineConfig>;
  /** Asks these nodes only; default all. */
  readonly nodes?: number;
  readonly jito?: boolean;
  /** Puts something between the engine and its ports. */
  readonly around?: (ports: LivePorts) => LivePorts;
  /** The same for its store. */
  readonly aroundStore?: (store: EventStore) => EventStore;
};

export type LiveWorld = {
  readonly engine: Engine;
  readonly local: LocalWorld;
  readonly chain: RpcChain;
  readonly wallet: string;
  readonly log: MemoryLog;
  readonly faults: unknown[];
  readonly alerts: string[];
  /** Of the start. */
  readonly warnings: string[];
  /** Events of an order as the log has them. */
  readonly events: (orderId: OrderId) => OrderEvent[];
  readonly restart: (options?: Partial<LiveWorldOptions>) => Promise<LiveWorld>;
  /** Ends adapters of every life, and the local world. */
  readonly close: () => Promise<void>;
};

type Shared = {
  readonly local: LocalWorld;
  readonly seed: Uint8Array;
  readonly log: MemoryLog;
  readonly closing: (() => void | Promise<void>)[];
};

/** 20 ms blocks, final after eight: what takes a minute on a real chain takes seconds. */
export async function openLiveWorld(options: LiveWorldOptions = {}): Promise<LiveWorld> {
  const local = await startLocalWorld({ blockTimeMs: 20, finalLag: 8, ...options.local });
  const seed = new Uint8Array(randomBytes(32));
  const world = await live({ local, seed, log: createMemoryLog(), closing: [] }, options);
  local.fund(world.wallet, 100n * LAMPORTS_PER_SOL);
  local.mintTo(world.wallet, USDC_MINT, 10_000_000_000n);
  // Final, and known to a node that is late.
  local.control({ advance: 60 });
  return world;
}

async function live(shared: Shared, options: LiveWorldOptions): Promise<LiveWorld> {
  const { local, seed, log, closing } = shared;
  const clock = createSystemClock();
  const timers = createSystemTimers();
  const nodes = local.addresses.nodes.slice(0, options.nodes);
  const { genesisHash, swapUrl, jitoUrl } = local.addresses;
  const chain = createChain({
    nodes,
    genesisHash,
    timeoutMs: RPC_TIMEOUT_MS,
    clock,
    reconnectMs: 50,
  });
  await chain.checkGenesis();
  const servers = createJupiterServers({ baseUrls: [swapUrl], timeoutMs: 5_000, clock });
  const rpc = (url: string) => createJsonRpc({ url, timeoutMs: RPC_TIMEOUT_MS, clock });
  const rpcs = nodes.map(({ url }) => rpc(url));
  const jito = options.jito ? [rpc(jitoUrl)] : [];
  const life = { isOver: false };
  const { aroundStore = (store) => store } = options;
  const signer = createMemorySigner([seed]);
  const [wallet = ""] = signer.wallets;
  const ports: LivePorts = {
    ...{ chain, signer, compiler: createTransactionCompiler(), swaps: createJupiterSwaps(servers) },
    senders: [...rpcs.map((one) => createRpcSender(one)), ...jito.map(createJitoSender)].map(
      (sender) => mortalSender(sender, life),
    ),
    tokenAccountOf: createTokenAccounts(hasher.digest),
    gzip: (text) => gzipSync(text).toString("base64"),
    isClusterKnown: () => true,
  };
  closing.push(() => {
    chain.close();
    servers.close();
    for (const one of [...rpcs, ...jito]) one.close();
  });
  const faults: unknown[] = [];
  const alerts: string[] = [];
  const warnings: string[] = [];
  const liveConfig: LiveConfig = {
    accounts: new Map([[LIVE_ACCOUNT, { wallet, owner: LOCAL }]]),
    priorityFee: PRIORITY_FEE_RULES,
    ...{ slotsPerAccount: 3, confirmationTimeoutMs: 30_000, rebroadcastMs: 200, graceMs: 1_000 },
    proof: { nodesRequired: 2, acceptSingleNode: false },
    ...{ slippageToleranceBps: 1_000, platformFeeBps: 0, maxOrdersPerMinute: 10_000 },
    ...{ maxExposure: new Map(), allowedExtensions: new Map() },
    tipAccounts: [...JITO_TIP_ACCOUNTS],
    ...options.live,
  };
  const engine = await createEngine(
    {
      store: mortalStore(aroundStore(createMemoryEventStore({ log })), life),
      ...{ codec, hasher, clock, timers },
      quotes: { cached: () => undefined, quote: () => Promise.reject(new Error("paper")) },
      live: options.around ? options.around(ports) : ports,
      onFault: (_, error) => faults.push(error),
      onAlert: (_, message) => alerts.push(message),
      onWarning: (message) => warnings.push(message),
    },
    { ...CONFIG, ...options.config, live: liveConfig },
    recover(log),
  );
  return {
    ...{ engine, local, chain, wallet, log, faults, alerts, warnings },
    events: (orderId) =>
      log.events
        .filter(({ stream }) => stream === orderStream(orderId))
        .map((stored) => codec.decode(stored).event as OrderEvent),
    restart: (changed = {}) => {
      life.isOver = true;
      return live(shared, { ...options, ...changed });
    },
    close: async () => {
      for (const step of closing) await step();
      await local.close();
    },
  };
}

type Life = { readonly isOver: boolean };

/** What the dead ask for never happens, and never ends. */
const unlessOver = <T>(life: Life, deed: () => Promise<T>): Promise<T> =>
  life.isOver ? new Promise(() => {}) : deed();

const mortalSender = (sender: Sender, life: Life): Sender => ({
  ...sender,
  send: (transaction) => unlessOver(life, () => sender.send(transaction)),
});

const mortalStore = (store: EventStore, life: Life): EventStore => ({
  ...store,
  append: (...append) => unlessOver(life, () => store.append(...append)),
});

/** SELL 1 SOL for USDC unless told otherwise. */
export const liveTrade = (requestId: string, changes: Partial<TradeCommand> = {}): TradeCommand =>
  tradeCommandSchema.parse({
    ...{ requestId, mode: "LIVE", account: LIVE_ACCOUNT, sourceService: "test" },
    ...{ action: "SELL", baseMint: SOL_MINT, quoteMint: USDC_MINT, amount: LAMPORTS_PER_SOL },
    ...{ isSimulated: false, metadata: {} },
    ...changes,
  });
