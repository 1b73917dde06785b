/** Which network is meant, and whether what is given is all of it: nothing public is asked that was not named. */
import type { Network } from "./live-schema.ts";
import type { Report } from "./report.ts";
import type { RawConfig } from "./schema.ts";

/** Genesis hashes of the public clusters: solana.com/docs/references/clusters. */
const GENESIS_HASHES: Readonly<Partial<Record<Network, string>>> = {
  mainnet: "5eykt4UsFv8P8NJdTREpY1vzqKqZKvdpKuc147dw2N9d",
  devnet: "EtWTRABZaYq6iMfeYKouRu166VU2xqa1wcaWoxPkrZBG",
};

export type ResolvedNetwork = {
  readonly network: Network;
  /** Live orders are taken. */
  readonly isLive: boolean;
  /** Of the cluster; undefined where it is not known before (localnet) or there is none. */
  readonly genesisHash: string | undefined;
};

export function resolveNetwork(config: RawConfig, report: Report): ResolvedNetwork {
  const { jupiter, rpc } = config;
  const isPlain = jupiter.baseUrls.length === 0 && rpc.urls.length === 0;
  const network = config.network ?? (isPlain ? "localnet" : "none");
  const isLive = config.live ?? network === "localnet";
  if (network === "localnet") checkLocalnet(config, report);
  else if (network === "none") checkNone(config, report);
  else checkPublic(config, network, { isLive, report });
  return { network, isLive, genesisHash: config.genesisHash ?? GENESIS_HASHES[network] };
}

/** Keys that name a network's addresses, as far as they are given. */
function givenAddresses(config: RawConfig): string[][] {
  const { jito, jupiter, rpc, privateSenders, genesisHash } = config;
  const found: readonly (readonly [string[], boolean])[] = [
    [["jupiter", "baseUrls"], jupiter.baseUrls.length > 0],
    [["rpc", "urls"], rpc.urls.length > 0],
    [["rpc", "wsUrls"], rpc.wsUrls.length > 0],
    [["jito", "url"], jito.url !== undefined],
    [["privateSenders"], privateSenders.length > 0],
    [["genesisHash"], genesisHash !== undefined],
  ];
  return found.flatMap(([path, isGiven]) => (isGiven ? [path] : []));
}

function checkLocalnet(config: RawConfig, report: Report): void {
  for (const path of givenAddresses(config)) {
    report(
      path,
      "must not be given with network localnet, which brings its own; for another chain on this machine give network custom",
    );
  }
}

function checkNone(config: RawConfig, report: Report): void {
  if (config.live === true) {
    report(["live"], "needs a network to trade on: give `network` as well");
  }
  for (const path of givenAddresses(config)) {
    if (path[0] === "jupiter") continue;
    report(path, "needs `network` as devnet, mainnet or custom beside it");
  }
  if (config.jupiter.baseUrls.length === 0) {
    report(["jupiter", "baseUrls"], "must name where quotes come from where network is none");
  }
}

function checkPublic(
  config: RawConfig,
  network: Network,
  { isLive, report }: { readonly isLive: boolean; readonly report: Report },
): void {
  const { genesisHash, jupiter, rpc, accounts } = config;
  const own = GENESIS_HASHES[network];
  if (own === undefined && genesisHash === undefined) {
    report(
      ["genesisHash"],
      "must be given with network custom: nodes of another chain are refused by it",
    );
  }
  if (own !== undefined && genesisHash !== undefined && genesisHash !== own) {
    report(["genesisHash"], `must be ${own} with network ${network}, or absent`);
  }
  if (jupiter.baseUrls.length === 0) {
    report(["jupiter", "baseUrls"], `must name where quotes come from with network ${network}`);
  }
  if (rpc.wsUrls.length > rpc.urls.length) {
    report(["rpc", "wsUrls"], `must have at most as many entries as rpc.urls, ${rpc.urls.length}`);
  }
  if (!isLive) return;
  if (rpc.urls.length === 0) {
    report(["rpc", "urls"], `must name one node or more to trade live on network ${network}`);
  }
  if (accounts === undefined) {
    report(
      ["accounts"],
      `must name a live account with its wallet to trade live on network ${network}`,
    );
  }
}
