/**
 * The whole local world: a chain with RPC nodes, the venue on it, a Jupiter-compatible API over the
 * venue's pools, and a stand-in for Jito's block engine. In process for tests, behind `main.ts` as
 * a process.
 */
import type { Address, Chain } from "./chain/chain.types.ts";
import { type Localnet, startLocalnet } from "./chain/localnet.ts";
import { type Jito, startJito } from "./jito/server.ts";
import { reservesBy } from "./market/pools.ts";
import { createPrices } from "./market/prices.ts";
import { type Market, startMarket } from "./market/server.ts";
import { createWorld } from "./venue/world.ts";

export type LocalWorldOptions = {
  /** Of the first RPC node, whose WebSocket is on the next one too; the others follow by two. */
  readonly port?: number;
  readonly controlPort?: number;
  readonly marketPort?: number;
  readonly jitoPort?: number;
  /** RPC nodes over the one chain; default 2. */
  readonly nodes?: number;
  /** Milliseconds; 0: a block only when told to. Default 400. */
  readonly blockTimeMs?: number;
  /** Where the chain's state is kept; without it nothing outlives the process. */
  readonly stateFile?: string;
  /** Lamports per byte; default 6960, or what a saved chain has. */
  readonly rent?: bigint;
  /** Blocks until a block is confirmed (default 1) and final (31), or what a saved chain has. */
  readonly confirmLag?: number;
  readonly finalLag?: number;
  /** Of the generated prices; default 1. */
  readonly seed?: number;
  /** Market time per real time; default 1. */
  readonly speed?: number;
  /** CSV of recorded one-minute candles, and the symbol that it drives (default SOL). */
  readonly marketFile?: string;
  readonly symbol?: string;
  /** How often the pools follow the prices; default 400 ms, 0 only when told to. */
  readonly followMs?: number;
};

/** What a client has to know, as the process prints it. */
export type Addresses = {
  readonly genesisHash: string;
  /** True if the chain goes on from its state file. */
  readonly restored: boolean;
  readonly nodes: readonly { readonly url: string; readonly wsUrl: string }[];
  /** The base of Jupiter's API. */
  readonly swapUrl: string;
  readonly marketUrl: string;
  readonly jitoUrl: string;
  /** `POST` for the chain: faults, time, forks, and funds for wallets. */
  readonly controlUrl: string;
  /** `POST` for the market: prices, faults, drains. */
  readonly marketControlUrl: string;
};

export type LocalWorld = Pick<Localnet, "chain" | "nodes" | "producer" | "control" | "state"> & {
  readonly market: Market;
  readonly jito: Jito;
  readonly addresses: Addresses;
  /** Creates lamports by a transfer of the faucet's; answers its signature. */
  fund(wallet: Address, lamports: bigint): string;
  /**
   * Creates tokens, smallest units, in the wallet's associated token account; answers its address.
   */
  mintTo(wallet: Address, mint: Address, amount: bigint): Address;
  /** Stops, and saves the chain's state if there is a file for it. */
  close(): Promise<void>;
};

/** Rejects with a sentence: port in use, no LiteSVM for this machine, a file that is none. */
export async function startLocalWorld(options: LocalWorldOptions = {}): Promise<LocalWorld> {
  const localnet = await startLocalnet({ ...chainOptions(options), setUp: setUpFor(options) });
  const closing: (() => Promise<void>)[] = [localnet.close];
  const close = async () => {
    // Whoever sends goes first, the chain with its state last.
    for (const step of closing.reverse()) await step();
  };
  try {
    const { chain, nodes, producer, controlUrl, restored } = localnet;
    const market = await startMarket({ chain, ...marketOptions(options) });
    closing.push(market.close);
    // Not only with the first block time: a restored chain has the prices of its last day.
    market.followPrices();
    const jito = await startJito({ chain: jitoChain(chain), port: options.jitoPort ?? 0 });
    closing.push(jito.close);
    let closed: Promise<void> | undefined;
    return {
      ...{ chain, nodes, producer, market, jito },
      ...{ control: localnet.control, state: localnet.state },
      addresses: {
        ...{ genesisHash: chain.genesisHash, restored },
        nodes: nodes.map(({ url, wsUrl }) => ({ url, wsUrl })),
        ...{ swapUrl: market.swapUrl, marketUrl: market.url, jitoUrl: jito.url, controlUrl },
        marketControlUrl: `${market.url}/control`,
      },
      fund: chain.airdrop,
      mintTo(wallet, mint, amount) {
        const tokens = { wallet, mint, amount: amount.toString() };
        const { tokenAccount } = localnet.control({ tokens });
        if (tokenAccount === undefined) throw new Error("no token account was made");
        return tokenAccount;
      },
      close() {
        closed ??= close();
        return closed;
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

const chainOptions = (options: LocalWorldOptions) => {
  const { port, controlPort, nodes, blockTimeMs, stateFile, rent, confirmLag, finalLag } = options;
  return given({ port, controlPort, nodes, blockTimeMs, stateFile, rent, confirmLag, finalLag });
};

const marketOptions = (options: LocalWorldOptions) => {
  const { marketPort: port, marketFile: file, seed, speed, symbol, followMs } = options;
  return given({ port, file, seed, speed, symbol, followMs });
};

/** The venue, before the chain's first blocks, so that it is final from the start. */
function setUpFor({ seed = 1, confirmLag, finalLag }: LocalWorldOptions) {
  return (chain: Localnet["chain"]): void => {
    // A saved chain has lags of its own, which yield to what is asked for now.
    if (confirmLag !== undefined) chain.settings.confirmLag = confirmLag;
    if (finalLag !== undefined) chain.settings.finalLag = finalLag;
    const first = createPrices({ seed, speed: 1, nowMs: () => 0 });
    createWorld(chain, reservesBy(first.now()));
  };
}

const jitoChain = (chain: Chain) => ({
  slot: chain.slot,
  status: chain.status,
  send: chain.sendTransaction,
});

type Given<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** Without the keys that are undefined. */
function given<T extends object>(options: T): Given<T> {
  const kept: Given<T> = { ...options };
  for (const key in kept) if (kept[key] === undefined) delete kept[key];
  return kept;
}
