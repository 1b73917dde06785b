/**
 * Live trading over real processes: a localnet that outlives the engine, a wallet with a keystore, and `serve` as often as wanted.
 * What the test does not name is fast: final within a second.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  type LocalnetAddresses,
  type LocalnetProcess,
  type LocalnetProcessOptions,
  startLocalnetProcess,
} from "../../adapters/localnet-process.ts";
import type { ControlInput } from "../../localnet/chain/control.ts";
import { run } from "../cli/harness.ts";
import { type EngineProcess, type EngineStart, startEngineProcess } from "./engine-process.ts";

export const SOL = "So11111111111111111111111111111111111111112";
export const USDC = "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v";
export const JUP = "JUPyiwrYJFskUPiHa7hkeR8VUtAeFoSYbKedZNsDvCN";
export const ACCOUNT = "desk";
const PASSPHRASE = "a passphrase of a test";
export const BLOCK_TIME_MS = 20;
const FINAL_LAG = 8;
/** More than any test spends. */
const OPENING_LAMPORTS = 100_000_000_000n;
const OPENING_USDC = 10_000_000_000n;
const MOST_PORT_TRIES = 10;

type Localnet = Omit<LocalnetProcessOptions, "onExit" | "onComplaint">;

export type LiveProcessesOptions = {
  /** Of data, keystore and configuration; must be there. */
  readonly folder: string;
  readonly localnet?: Localnet;
  /** RPC nodes that the engine asks; default all. */
  readonly nodes?: number;
  readonly jito?: boolean;
  /** The localnet can be killed and come back under its addresses. */
  readonly keepsChain?: boolean;
  /** Later ones win over those that this file gives. */
  readonly settings?: readonly string[];
};

export type LiveProcesses = {
  readonly data: string;
  readonly wallet: string;
  readonly addresses: LocalnetAddresses;
  readonly localnetPid: () => number;
  /** The engine on the one data folder. */
  readonly serve: (how?: Pick<EngineStart, "onSpawn">) => Promise<EngineProcess>;
  /** Changes the chain; answers its state. */
  readonly control: (command: ControlInput) => Promise<unknown>;
  /** Changes prices and faults of the market. */
  readonly market: (command: object) => Promise<unknown>;
  /** `result` of a JSON-RPC answer. Rejects with an error's message. */
  readonly rpc: (method: string, params: readonly unknown[]) => Promise<unknown>;
  /** SIGKILL; nothing is saved that was not. */
  readonly killLocalnet: () => Promise<void>;
  readonly restartLocalnet: () => Promise<void>;
  /** Ends the localnet; the engines are the test's. */
  readonly close: () => Promise<void>;
};

const FAST: readonly string[] = [
  ...["liveLimits.rebroadcastMs=200", "liveLimits.maxOrdersPerMinute=100000"],
  ...["liveLimits.slotsPerAccount=3", "signer.maxSolPerTransaction=50"],
  // Chance must not stop a test: expiries in a row are what the kill runs are for.
  ...["signer.maxSolPerDay=100000", "safety.errorsToOpen=1000", "safety.unknownsToOpen=1000"],
];

export async function openLiveProcesses(options: LiveProcessesOptions): Promise<LiveProcesses> {
  const { folder, settings = [], keepsChain = false } = options;
  const data = join(folder, "data");
  const passphraseFile = join(folder, "passphrase");
  writeFileSync(passphraseFile, PASSPHRASE, { mode: 0o600 });
  const stateFile = keepsChain ? { stateFile: join(folder, "chain.state") } : {};
  const wanted: Localnet = {
    ...{ blockTimeMs: BLOCK_TIME_MS, finalLag: FINAL_LAG },
    ...{ ...stateFile, ...options.localnet },
  };
  let localnet = await (keepsChain ? startOnFixedPorts(wanted) : startLocalnet(wanted));
  const { addresses } = localnet;
  const made = await run(["wallet", "new", ACCOUNT, "--data", data, "--json"], {
    ORDERSTREAM_WALLET_PASSPHRASE: PASSPHRASE,
  });
  const wallet = String(made.json()[0]?.address);
  const configuration = join(folder, "config.json");
  // Lists and tables have no short form on the command line.
  writeFileSync(configuration, JSON.stringify({ signer: { otherMints: "allow", tokens: {} } }));
  const args = [
    ...["--config", configuration, "--network", "custom", "--live"],
    ...["--genesis-hash", addresses.genesisHash, "--jupiter", addresses.swapUrl],
    ...addresses.nodes.slice(0, options.nodes).flatMap(nodeOptions),
    ...(options.jito === false ? [] : ["--jito", addresses.jitoUrl]),
    ...["--account", `${ACCOUNT}=${wallet}`, "--passphrase-file", passphraseFile],
    ...[...FAST, ...settings].flatMap((setting) => ["--set", setting]),
  ];
  const control = (command: ControlInput) => post(addresses.controlUrl, command);
  const [node] = addresses.nodes;
  const rpc = async (method: string, params: readonly unknown[]): Promise<unknown> => {
    const body = { jsonrpc: "2.0", id: 1, method, params };
    const answer = (await post(node?.url ?? "", body)) as { result?: unknown; error?: object };
    if (answer.error) throw new Error(`${method}: ${JSON.stringify(answer.error)}`);
    return answer.result;
  };
  await control({ tokens: { wallet, mint: USDC, amount: OPENING_USDC.toString() } });
  await control({ airdrop: { address: wallet, lamports: OPENING_LAMPORTS.toString() } });
  await control({ advance: (wanted.finalLag ?? FINAL_LAG) + 1 });
  return {
    ...{ data, wallet, addresses, control, rpc },
    localnetPid: () => localnet.pid ?? 0,
    serve: (how) => startEngineProcess(data, args, { command: "serve", ...how }),
    market: (command) => post(addresses.marketControlUrl, command),
    killLocalnet: async () => {
      const gone = ended(localnet);
      process.kill(localnet.pid ?? 0, "SIGKILL");
      await gone;
    },
    restartLocalnet: async () => {
      localnet = await startLocalnet({ ...wanted, ...portsOf(addresses) });
    },
    close: () => localnet.stop(),
  };
}

type Ended = LocalnetProcess & { readonly gone: Promise<void> };
const ended = ({ gone }: Ended): Promise<void> => gone;

async function startLocalnet(options: Localnet): Promise<Ended> {
  const { promise: gone, resolve } = Promise.withResolvers<void>();
  const started = await startLocalnetProcess({ ...options, onExit: () => resolve() });
  return { ...started, gone };
}

/** Nodes on free ports get any of them: a localnet that is to come back needs numbers of its own from the start. */
async function startOnFixedPorts(options: Localnet): Promise<Ended> {
  for (let tries = 1; ; tries += 1) {
    const port = 20_000 + 20 * Math.floor(Math.random() * 500);
    const others = { controlPort: port + 10, marketPort: port + 11, jitoPort: port + 12 };
    try {
      return await startLocalnet({ ...options, port, ...others });
    } catch (error) {
      if (tries === MOST_PORT_TRIES) throw error;
    }
  }
}

function portsOf({ nodes, controlUrl, marketUrl, jitoUrl }: LocalnetAddresses) {
  const portOf = (url = ""): number => Number(new URL(url).port);
  return {
    port: portOf(nodes[0]?.url),
    controlPort: portOf(controlUrl),
    marketPort: portOf(marketUrl),
    jitoPort: portOf(jitoUrl),
  };
}

const nodeOptions = ({ url, wsUrl }: LocalnetAddresses["nodes"][number]): string[] => [
  ...["--rpc", url, "--ws", wsUrl],
];

async function post(url: string, body: object): Promise<unknown> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  const answer: unknown = await response.json();
  if (!response.ok) throw new Error(`${url}: ${JSON.stringify(answer)}`);
  return answer;
}
