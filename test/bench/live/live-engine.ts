/** The engine with its signer over given addresses, and rounds of live orders sent to it by the load process. */
import { setTimeout as sleep } from "node:timers/promises";
import { credentials } from "@grpc/grpc-js";
import { z } from "zod";
import {
  HealthCheckRequest,
  type HealthCheckResponse,
  TradeExecutionServiceClient,
  type TradeResult,
} from "../../../proto/generated/orderstream/v1/trade_execution.ts";
import type { Child } from "../child.ts";
import { type LiveTrades, type LoadRound, loadRoundSchema } from "../load.types.ts";
import { streamSize } from "../log-file.ts";
import { assertAllOk, requestIdsFor } from "../rig.ts";
import { configFile, type Sample } from "../servers.ts";
import { liveBenchTrade } from "../trade-frame.ts";
import { type Usage, usageSchema } from "../usage.ts";
import type { LiveWallets } from "./live-wallets.ts";

/** Where nodes and Jupiter are. */
export type Market = {
  readonly genesisHash: string;
  readonly nodes: readonly { readonly url: string; readonly wsUrl: string }[];
  readonly swapUrl: string;
};

export type LiveLoad = {
  readonly orders: number;
  readonly inFlight: number;
  readonly waitFor: LiveTrades["waitFor"];
};
export type LiveRound = LoadRound & { readonly firstId: number };

export type LiveEngine = {
  /** HOST:PORT. */
  readonly grpc: string;
  readonly log: string;
  readonly child: Child;
  /** An order that is sent now and waited for until it is final. */
  readonly sample: () => Promise<Sample>;
  /** Resolves when no order is open any more and the views have every event. */
  readonly settled: () => Promise<void>;
  readonly usage: () => Promise<Usage>;
  readonly stop: () => Promise<void>;
};

export type LiveEngineParts = {
  readonly engine: Child;
  readonly folder: string;
  readonly market: Market;
  readonly wallets: LiveWallets;
};

const startedSchema = z.object({ grpc: z.string(), log: z.string() });
const LOOK_MS = 20;
const SETTLE_TIMEOUT_MS = 120_000;

export async function startLiveEngine(parts: LiveEngineParts): Promise<LiveEngine> {
  const { engine, folder, wallets } = parts;
  const config = configFile(folder, { cacheTtlMs: 2_000 }, liveConfig(parts));
  const { grpc, log } = await engine.ask("start", config, startedSchema);
  const client = new TradeExecutionServiceClient(grpc, credentials.createInsecure());
  const health = (): Promise<HealthCheckResponse> =>
    new Promise((resolve, reject) => {
      client.healthCheck(HealthCheckRequest.create(), (error, answer) =>
        error ? reject(error) : resolve(answer),
      );
    });
  return {
    ...{ grpc, log, child: engine },
    async sample() {
      const [account] = wallets.accounts;
      const trade = liveBenchTrade(requestIdsFor(1), account?.name ?? "", "FINALIZED");
      const answer = await new Promise<TradeResult>((resolve, reject) => {
        client.executeTrade(trade, (error, result) => (error ? reject(error) : resolve(result)));
      });
      const stream = `order-${answer.orderId}`;
      return { log, stream, answer, ...streamSize(log, stream) };
    },
    async settled() {
      const untilMs = performance.now() + SETTLE_TIMEOUT_MS;
      for (;;) {
        const { openOrders, viewLag } = await health();
        if (Number(openOrders) + Math.max(0, ...Object.values(viewLag).map(Number)) === 0) return;
        if (performance.now() > untilMs) throw new Error(`${openOrders} live orders stay open`);
        await sleep(LOOK_MS);
      }
    },
    usage: () => engine.ask("usage", null, usageSchema),
    async stop() {
      client.close();
      await engine.end();
    },
  };
}

/** New orders, in turns from each account; throws unless every answer was OK. */
export async function loadLive(
  loader: Child,
  { address, wallets }: { readonly address: string; readonly wallets: LiveWallets },
  { orders, inFlight, waitFor }: LiveLoad,
): Promise<LiveRound> {
  const firstId = requestIdsFor(orders);
  const live = { accounts: wallets.accounts.map(({ name }) => name), waitFor };
  const request = { address, orders, inFlight, firstId, live };
  const round = await loader.ask("run", request, loadRoundSchema);
  assertAllOk(round, orders);
  return { ...round, firstId };
}

/** Public route over all nodes; limits that the load never meets. */
function liveConfig({ market, wallets }: LiveEngineParts): object {
  return {
    ...{ network: "custom", live: true, genesisHash: market.genesisHash, firstAccount: null },
    rpc: {
      urls: market.nodes.map(({ url }) => url),
      wsUrls: market.nodes.map(({ wsUrl }) => wsUrl),
    },
    jupiter: { baseUrls: [market.swapUrl] },
    accounts: wallets.accounts,
    signer: {
      ...{ keystores: wallets.keystores, passphraseFile: wallets.passphraseFile },
      ...{ maxSolPerTransaction: "10", maxSolPerDay: "1000000", otherMints: "allow" },
    },
    liveLimits: { maxOrdersPerMinute: 1_000_000, slotsPerAccount: 3 },
  };
}
