/** The adapters of live trading behind their ports: nodes, senders of both routes, Jupiter's swaps. */
import { gzipSync } from "node:zlib";
import type { LivePorts } from "../../domain/application/live/live.types.ts";
import { createTokenAccounts } from "../../domain/chain/program-address.ts";
import type { Clock } from "../../domain/ports/clock.ts";
import type { Hasher } from "../../domain/ports/hasher.ts";
import type { Signer } from "../../domain/ports/signer.ts";
import { createChain } from "../chain/chain.ts";
import { createTransactionCompiler } from "../chain/compiler.ts";
import { createJsonRpc, type JsonRpc } from "../chain/json-rpc.ts";
import type { Config } from "../config.ts";
import type { JupiterServers } from "../quotes/jupiter-servers.ts";
import { createJupiterSwaps, type RouteOptions } from "../quotes/jupiter-swaps.ts";
import { createJitoSender, JITO_AUTH_HEADER } from "../sender/jito.ts";
import { createRpcSender } from "../sender/rpc.ts";
import { type Cluster, watchCluster } from "./cluster.ts";
import type { OpenNetwork } from "./network.ts";
import type { Undo } from "./undo.ts";

export type LiveParts = {
  readonly network: OpenNetwork & { readonly genesisHash: string };
  readonly signer: Signer;
  readonly servers: JupiterServers;
  readonly clock: Clock;
  readonly hasher: Hasher;
  readonly log: (line: string) => void;
  readonly undo: Undo;
};

export type OpenLivePorts = { readonly ports: LivePorts; readonly cluster: Cluster };

export function openLivePorts(config: Config, parts: LiveParts): OpenLivePorts {
  const { network, clock, log, undo } = parts;
  const { timeoutMs } = config.rpc;
  const { nodes, genesisHash } = network;
  const chain = createChain({ nodes, genesisHash, timeoutMs, clock });
  undo.push(chain.close);
  chain.warnings.forEach(log);
  if (chain.nodes.length < 2 && !config.liveLimits.acceptSingleNode) {
    log(
      "one node cannot prove that a transaction expired: such orders stop as OUTCOME_UNKNOWN; " +
        "name a second one in rpc.urls",
    );
  }
  const senders = sendersOf(config, parts);
  if (senders.every(({ route }) => route === "public")) {
    log("neither Jito nor a private sender is configured: live orders take the public route");
  }
  const cluster = watchCluster({ check: chain.checkGenesis, log });
  undo.push(cluster.close);
  const ports: LivePorts = {
    ...{ chain, senders, signer: parts.signer, compiler: createTransactionCompiler() },
    swaps: createJupiterSwaps(parts.servers, routesOf(config)),
    tokenAccountOf: createTokenAccounts(parts.hasher.digest),
    // A tenth larger than by default, in less than half of the time: it is on the way of every order.
    gzip: (text) => gzipSync(text, { level: 1 }).toString("base64"),
    isClusterKnown: cluster.isKnown,
  };
  return { ports, cluster };
}

function routesOf({ jupiter }: Config): RouteOptions {
  const { onlyDirectRoutes, maxAccounts, useSharedAccounts } = jupiter;
  const { restrictIntermediateTokens, skipUserAccountsRpcCalls, dexes, excludeDexes } = jupiter;
  return {
    ...{ restrictIntermediateTokens, skipUserAccountsRpcCalls, dexes, excludeDexes },
    ...(onlyDirectRoutes === undefined ? {} : { onlyDirectRoutes }),
    ...(maxAccounts === undefined ? {} : { maxAccounts }),
    ...(useSharedAccounts === undefined ? {} : { useSharedAccounts }),
  };
}

function sendersOf(config: Config, { network, clock, undo }: LiveParts): LivePorts["senders"] {
  const { timeoutMs } = config.rpc;
  const open = (url: string, headers: Readonly<Record<string, string>> = {}): JsonRpc => {
    const rpc = createJsonRpc({ url, timeoutMs, clock, headers });
    undo.push(rpc.close);
    return rpc;
  };
  const { jitoUrl, nodes, privateSenders } = network;
  const authKey = config.jito.authKey?.();
  const headers = authKey === undefined ? {} : { [JITO_AUTH_HEADER]: authKey };
  const relays = privateSenders.map((url) => open(url));
  return [
    ...(jitoUrl === undefined ? [] : [createJitoSender(open(jitoUrl, headers))]),
    ...relays.map((rpc) => createRpcSender(rpc, "protected")),
    ...onePerServer(nodes.map(({ url }) => open(url))).map((rpc) => createRpcSender(rpc)),
  ];
}

const onePerServer = (rpcs: readonly JsonRpc[]): readonly JsonRpc[] =>
  [...new Map(rpcs.toReversed().map((rpc) => [rpc.peer, rpc])).values()].reverse();
