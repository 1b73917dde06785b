/**
 * The chain over one or more nodes. Evidence comes from each node by itself; everything else from the first that can give it: nodes
 * that failed lately or lag are asked last. It never tries the same node twice for one question.
 */
import type { Chain, ChainAnswer, ChainFailure } from "../../domain/ports/chain.ts";
import type { Clock } from "../../domain/ports/clock.ts";
import { freshestBlockhash } from "./freshest-blockhash.ts";
import type { GenesisVerdict } from "./genesis.ts";
import { createJsonRpc, type JsonRpc } from "./json-rpc.ts";
import { createLookupTables } from "./lookup-tables.ts";
import { createNode, type RpcChainNode } from "./node.ts";
import { createNodesHealth, failureOfAll, inOrder } from "./node-health.ts";
import { createSubscriptions, derivedWsUrl } from "./subscriptions.ts";

const RENT_CACHE_US = 60_000_000;
const MAX_RENT_SIZES = 64;

export type ChainOptions = {
  /** In order of preference; at least one. Without `wsUrl` the socket is where web3.js would look for it. */
  readonly nodes: readonly { readonly url: string; readonly wsUrl?: string | undefined }[];
  /** Of the cluster: a node that answers another one is never used. */
  readonly genesisHash: string;
  /** Longest wait for one answer of one node. */
  readonly timeoutMs: number;
  readonly clock: Clock;
  /** Largest answer; default 4 MiB. */
  readonly maxBodyBytes?: number;
  /** Of the WebSockets, before the first try to connect again; default 250. */
  readonly reconnectMs?: number;
};

export type RpcChain = Chain & {
  /** Sentences about the configuration, e.g. nodes that are one. */
  readonly warnings: readonly string[];
  /**
   * Asks every node for its genesis hash and how far it is, and says what came of the first. A node that cannot be reached is asked again
   * before its first use.
   */
  checkGenesis(): Promise<readonly GenesisVerdict[]>;
  /** Ends calls, connections and sockets; later calls fail. */
  close(): void;
};

/** Throws, without repeating URLs, where one is none or there is no node. */
export function createChain(options: ChainOptions): RpcChain {
  const { clock, genesisHash } = options;
  if (options.nodes.length === 0) throw new Error("at least one node is needed");
  const { distinct, warnings } = distinctNodes(options);
  const monotonicUs = () => clock.monotonicUs();
  const health = createNodesHealth(monotonicUs);
  const nodes = distinct.map(({ rpc }) => createNode({ rpc, genesisHash, health: health.add() }));
  const subscriptions = createSubscriptions({
    urls: distinct.map(({ wsUrl }) => wsUrl),
    ...(options.reconnectMs === undefined ? {} : { firstPauseMs: options.reconnectMs }),
  });

  /** One node after the other, until one can say it. */
  async function firstOf<T>(
    ask: (node: RpcChainNode) => Promise<ChainAnswer<T>>,
  ): Promise<ChainAnswer<T>> {
    const failures: (readonly [string, ChainFailure])[] = [];
    for (const node of inOrder(nodes)) {
      const answer = await ask(node);
      if (answer.kind === "ok") return answer;
      failures.push([node.name, answer]);
    }
    return failureOfAll(failures);
  }

  /** Asks those for their slot that have not told one lately. */
  const hearOthers = (others: readonly RpcChainNode[]) =>
    Promise.all(
      others
        .filter(({ health: known }) => known.isUnheard() && !known.isAvoided())
        .map((node) => node.latestBlockhash()),
    );

  /**
   * A slot that was never reached is replaced here, where the slots of all nodes are known, and before anybody is asked: only the liar
   * could serve it. What takes its place is at the tip, so the balances are no older than a real landing but for some slots; and the
   * answer tells its own slot, so that the caller can still refuse it. Nothing is replaced while nobody confirms how far the chain is.
   */
  async function accounts(addresses: readonly string[], minContextSlot: number) {
    const readAt = (slot: number) => firstOf((node) => node.accounts(addresses, slot));
    const believed = health.believable(minContextSlot);
    const answer = await readAt(believed);
    if (answer.kind === "ok" || minContextSlot === 0) return answer;
    // Whoever refuses a slot does not tell its own.
    await hearOthers(nodes);
    const now = health.believable(minContextSlot);
    return believed === minContextSlot && now !== believed ? readAt(now) : answer;
  }
  const tables = createLookupTables((addresses) => accounts(addresses, 0));
  const rents = new Map<number, { readonly lamports: bigint; readonly untilUs: number }>();

  return {
    ...{ nodes, genesisHash, warnings, accounts },
    latestBlockhash() {
      // Without waiting for it: whether the one that is asked lags is only known by the others.
      void hearOthers(inOrder(nodes).slice(1));
      return freshestBlockhash(nodes, health.bestSlot);
    },
    lookupTables: (addresses, { isFresh }) => tables.resolve(addresses, isFresh),
    simulate: (message, wanted) => firstOf((node) => node.simulate(message, wanted)),
    prioritizationFees: (writable) => firstOf((node) => node.prioritizationFees(writable)),
    async rentExemption(bytes) {
      const found = rents.get(bytes);
      if (found && found.untilUs > monotonicUs()) {
        return { kind: "ok", value: found.lamports, node: "cache" };
      }
      const answer = await firstOf((node) => node.rentExemption(bytes));
      if (answer.kind === "failed") return answer;
      if (rents.size >= MAX_RENT_SIZES) rents.clear();
      rents.set(bytes, { lamports: answer.value, untilUs: monotonicUs() + RENT_CACHE_US });
      return answer;
    },
    onSignature: subscriptions.onSignature,
    checkGenesis: () =>
      Promise.all(
        nodes.map(async (node) => {
          const verdict = await node.genesis();
          if (verdict.kind === "same") await node.latestBlockhash();
          return verdict;
        }),
      ),
    close() {
      subscriptions.close();
      for (const node of nodes) node.close();
    },
  };
}

type Distinct = { readonly rpc: JsonRpc; readonly wsUrl: string };

/** The first address of each server, and a sentence for each that is left out. */
function distinctNodes(options: ChainOptions) {
  const { timeoutMs, clock, maxBodyBytes } = options;
  const byPeer = new Map<string, Distinct>();
  const warnings: string[] = [];
  for (const { url, wsUrl } of options.nodes) {
    const limit = maxBodyBytes === undefined ? {} : { maxBodyBytes };
    const rpc = createJsonRpc({ url, timeoutMs, clock, ...limit });
    if (byPeer.has(rpc.peer)) {
      rpc.close();
      warnings.push(`${rpc.name} is configured more than once: it is one node`);
    } else {
      byPeer.set(rpc.peer, { rpc, wsUrl: wsUrl ?? derivedWsUrl(url) });
    }
  }
  return { distinct: [...byPeer.values()], warnings };
}
