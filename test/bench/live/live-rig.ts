/** Engine, signer, load and stand-ins, or engine, signer, load and the real local world: each a process; all of it is gone afterwards. */
import { join } from "node:path";
import { z } from "zod";
import { startLocalnetProcess } from "../../../adapters/localnet-process.ts";
import { SOL_MINT } from "../../../domain/primitives/ids.ts";
import { type Child, startChild } from "../child.ts";
import { temporaryFolder } from "../log-file.ts";
import { HEAP, type Side, startFloor } from "../servers.ts";
import { type Usage, usageSchema } from "../usage.ts";
import {
  type LiveEngine,
  type LiveLoad,
  type LiveRound,
  loadLive,
  type Market,
  startLiveEngine,
} from "./live-engine.ts";
import { floorSteps } from "./live-floor.ts";
import { type LiveWallets, makeWallets } from "./live-wallets.ts";
import type { Landing, Seen } from "./stand-in-chain.ts";

export type LiveRigOptions = { readonly folder: string; readonly wallets: number };

export type LiveRig = {
  readonly engine: LiveEngine;
  readonly load: (side: Pick<LiveEngine, "grpc">, round: LiveLoad) => Promise<LiveRound>;
};

export type StandInRig = LiveRig & {
  /** How the orders after this land. */
  readonly begin: (landing: Landing & { readonly isMute: boolean }) => Promise<void>;
  /** Since `begin`. */
  readonly seen: () => Promise<readonly Seen[]>;
  readonly standInUsage: () => Promise<Usage>;
  /** The exchanges and appends of an order as a bare client makes them. */
  readonly floor: () => Promise<Side>;
};

const USDC_MINT = "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v";
const MINTS = [SOL_MINT, USDC_MINT];
/** Of each wallet, smallest units of both tokens. */
const FUNDS = String(10n ** 12n);

const marketSchema = z.object({
  genesisHash: z.string(),
  nodes: z.array(z.object({ url: z.string(), wsUrl: z.string() })),
  swapUrl: z.string(),
});
const seenSchema = z.array(
  z.object({ orderId: z.string(), sentUs: z.number(), landedUs: z.number() }),
);
const requestsSchema = z.array(
  z.object({ to: z.enum(["node", "swap"]), name: z.string(), body: z.string() }),
);

/** Lends an engine over stand-ins in another process, which have learned what they answer from the real local world. */
export const withStandIns = <T>(
  options: LiveRigOptions,
  use: (rig: StandInRig) => Promise<T>,
): Promise<T> =>
  withParts(options, async (parts) => {
    const { start, ends, path, wallets } = parts;
    const standIn = start("./live/stand-in-child.ts");
    const funds = { wallets: wallets.addresses, mints: MINTS };
    const market = await standIn.ask("start", funds, marketSchema);
    const rig = await rigOver(market, parts);
    const { engine, load } = rig;
    // Each wallet once, one after the other: this is what later orders are answered from.
    const each = { orders: wallets.addresses.length, inFlight: 1, waitFor: "FINALIZED" } as const;
    await load(engine, each);
    await engine.settled();
    await standIn.ask("replay", null, z.unknown());
    return use({
      ...rig,
      begin: (landing) => standIn.ask("begin", landing, z.unknown()).then(() => undefined),
      seen: () => standIn.ask("seen", null, seenSchema),
      standInUsage: () => standIn.ask("usage", null, usageSchema),
      floor: async () => {
        const sample = await engine.sample();
        const requests = await standIn.ask("requests", null, requestsSchema);
        const child = start("./floor-child.ts");
        ends.push(child.end);
        const steps = floorSteps(requests, market);
        return startFloor(child, join(path, "floor.db"), { ...sample, steps });
      },
    });
  });

/** Lends an engine over the real local world, which is a process of its own; every wallet has funds. */
export const withLocalnet = <T>(
  options: LiveRigOptions,
  use: (rig: LiveRig) => Promise<T>,
): Promise<T> =>
  withParts(options, async (parts) => {
    const localnet = await startLocalnetProcess({ onExit: (sentence) => console.error(sentence) });
    parts.ends.push(localnet.stop);
    const { addresses } = localnet;
    for (const wallet of parts.wallets.addresses) {
      const tokens = { wallet, mint: USDC_MINT, amount: FUNDS };
      await control(addresses.controlUrl, { tokens });
      await control(addresses.controlUrl, { airdrop: { address: wallet, lamports: FUNDS } });
    }
    return use(await rigOver(addresses, parts));
  });

type Parts = {
  readonly path: string;
  readonly wallets: LiveWallets;
  readonly start: (file: string) => Child;
  readonly ends: (() => Promise<void> | void)[];
};

async function rigOver(market: Market, { start, ends, path, wallets }: Parts): Promise<LiveRig> {
  const loader = start("./load-child.ts");
  const engine = await startLiveEngine({
    ...{ engine: start("./engine-child.ts"), folder: join(path, "engine"), market, wallets },
  });
  ends.push(engine.stop);
  return {
    engine,
    load: ({ grpc: address }, round) => loadLive(loader, { address, wallets }, round),
  };
}

async function withParts<T>(
  options: LiveRigOptions,
  use: (parts: Parts) => Promise<T>,
): Promise<T> {
  const { path, remove } = temporaryFolder(options.folder);
  const ends: Parts["ends"] = [remove];
  const start = (file: string): Child => {
    const child = startChild(file, HEAP);
    ends.push(child.stop);
    return child;
  };
  try {
    const wallets = await makeWallets(join(path, "wallets"), options.wallets);
    return await use({ path, wallets, start, ends });
  } finally {
    for (const end of ends.reverse()) await Promise.resolve(end()).catch(console.error);
  }
}

async function control(url: string, body: object): Promise<void> {
  const headers = { "content-type": "application/json" };
  const answer = await fetch(url, { method: "POST", headers, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`the localnet gave no funds: ${await answer.text()}`);
}
