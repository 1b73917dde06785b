/**
 * Everything outside that trading needs, opened together while the log is opened beside it: the network, the signer, the adapters over
 * them. What fails is undone at once.
 */

import { join } from "node:path";
import type { LiveConfig } from "../../domain/application/live/live.types.ts";
import type { Clock } from "../../domain/ports/clock.ts";
import type { Hasher } from "../../domain/ports/hasher.ts";
import { liveConfigOf } from "../config/engine-config.ts";
import type { Config } from "../config.ts";
import { createJupiterServers, type JupiterServers } from "../quotes/jupiter-servers.ts";
import { type SignerProcess, startSignerProcess } from "../signer/process.ts";
import type { Keys } from "./keystores.ts";
import type { OpenLivePorts } from "./live-ports.ts";
import { fundOnce } from "./local-funds.ts";
import { type Localnet, type OpenNetwork, openNetwork } from "./network.ts";
import { type Undo, undoAll } from "./undo.ts";

export type LiveVenue = OpenLivePorts & {
  readonly config: LiveConfig;
  readonly isSignerAvailable: () => boolean;
};

export type Venue = {
  readonly jupiter: JupiterServers;
  readonly jupiterUrls: readonly string[];
  /** Undefined: live orders are refused. */
  readonly live: LiveVenue | undefined;
  readonly localnet: Localnet | undefined;
  readonly close: () => Promise<void>;
};

export type VenueParts = {
  /** Undefined: nobody trades live. */
  readonly keys: Promise<Keys> | undefined;
  readonly clock: Clock;
  readonly hasher: Hasher;
  readonly log: (line: string) => void;
};

type Opening = VenueParts & { readonly undo: Undo };

/** Rejects with a sentence; nothing is left running then. */
export async function openVenue(config: Config, parts: VenueParts): Promise<Venue> {
  const undo: Undo = [];
  const close = (): Promise<void> => undoAll(undo);
  try {
    return { ...(await open(config, { ...parts, undo })), close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function open(config: Config, parts: Opening): Promise<Omit<Venue, "close">> {
  const { keys, undo } = parts;
  // Both to their end, whatever becomes of the other: what was opened can be closed then.
  const [network, signing] = await Promise.allSettled([
    openNetwork(config, parts),
    keys && openSigner(config, keys, parts),
    keys && loadLivePorts(),
  ]);
  if (network.status === "rejected") throw network.reason;
  if (signing.status === "rejected") throw signing.reason;
  const { jupiterUrls, localnet } = network.value;
  const jupiter = serversOf(config, jupiterUrls, parts.clock);
  undo.push(jupiter.close);
  const live =
    signing.value &&
    (await openLive(config, { ...parts, ...signing.value, jupiter, network: network.value }));
  return { jupiter, jupiterUrls, live, localnet };
}

function serversOf({ jupiter }: Config, baseUrls: readonly string[], clock: Clock): JupiterServers {
  const { timeoutMs, requestsPerMinute, apiKey } = jupiter;
  return createJupiterServers({
    ...{ baseUrls, timeoutMs, clock },
    ...(apiKey ? { apiKey: apiKey() } : {}),
    ...(requestsPerMinute === undefined ? {} : { requestsPerMinute }),
  });
}

type Signing = {
  readonly accounts: Keys["accounts"];
  readonly localWallet: string | undefined;
  readonly signer: SignerProcess;
  readonly isSignerAvailable: () => boolean;
};

/** Paper trading alone needs none of it, nor the memory that it takes. */
const loadLivePorts = () => import("./live-ports.ts");

async function openSigner(
  config: Config,
  keys: Promise<Keys>,
  { undo, log }: Opening,
): Promise<Signing> {
  const { accounts, keystores, localWallet, secrets } = await keys;
  let isAvailable = true;
  try {
    const signer = await startSignerProcess({
      keystores,
      limits: config.signer.limits,
      stateFile: join(config.data, "signer.state"),
      onExit: (sentence) => {
        isAvailable = false;
        log(`${sentence}: live orders fail until this engine is started anew`);
      },
    });
    undo.push(signer.close);
    return { accounts, localWallet, signer, isSignerAvailable: () => isAvailable };
  } finally {
    for (const secret of secrets) secret.fill(0);
  }
}

type LiveOpening = Opening &
  Signing & {
    readonly network: OpenNetwork;
    readonly jupiter: JupiterServers;
  };

async function openLive(config: Config, parts: LiveOpening): Promise<LiveVenue | undefined> {
  const { network, accounts, localWallet, isSignerAvailable, jupiter: servers } = parts;
  const { genesisHash, localnet } = network;
  if (genesisHash === undefined) return undefined;
  const { openLivePorts } = await loadLivePorts();
  const opened = openLivePorts(config, { ...parts, servers, network: { ...network, genesisHash } });
  await Promise.all([
    opened.cluster.first,
    localnet && localWallet !== undefined ? fundOnce(localnet, localWallet) : undefined,
  ]);
  return { ...opened, config: liveConfigOf(config, accounts), isSignerAvailable };
}
