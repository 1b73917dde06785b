/** What the network gives: addresses as configured, or a localnet that is started here with a chain of this data folder. */
import { join } from "node:path";
import type { NodeUrls } from "../config/live-settings.ts";
import type { Config } from "../config.ts";
import { startLocalnetProcess } from "../localnet-process.ts";
import type { Undo } from "./undo.ts";

export type Localnet = {
  readonly controlUrl: string;
  readonly rpcUrls: readonly string[];
  readonly jitoUrl: string;
  /** Of its Jupiter-compatible API. */
  readonly swapUrl: string;
};

export type OpenNetwork = {
  /** Undefined: no chain is there to trade on. */
  readonly genesisHash: string | undefined;
  readonly nodes: readonly NodeUrls[];
  readonly jupiterUrls: readonly string[];
  readonly jitoUrl: string | undefined;
  readonly privateSenders: readonly string[];
  /** Where one was started. */
  readonly localnet: Localnet | undefined;
};

export async function openNetwork(
  config: Config,
  { undo, log }: { readonly undo: Undo; readonly log: (line: string) => void },
): Promise<OpenNetwork> {
  const { network, genesisHash, rpc, jupiter, jito } = config;
  if (network !== "localnet") {
    return {
      ...{ genesisHash, nodes: rpc.nodes(), jupiterUrls: jupiter.baseUrls },
      ...{ jitoUrl: jito.url?.(), privateSenders: config.privateSenders(), localnet: undefined },
    };
  }
  const { port: marketPort, ...prices } = config.market;
  const { rpcPort: port, ...chain } = config.localnet;
  const { addresses, stop } = await startLocalnetProcess({
    ...{ ...prices, ...chain, port, marketPort },
    stateFile: join(config.data, "localnet.state"),
    onExit: (sentence) => log(`${sentence}; quotes and live orders will fail`),
    onComplaint: (line) => log(`localnet: ${line}`),
  });
  undo.push(stop);
  const { nodes, swapUrl, jitoUrl, controlUrl } = addresses;
  const rpcUrls = nodes.map(({ url }) => url);
  return {
    ...{ genesisHash: addresses.genesisHash, nodes, jupiterUrls: [swapUrl], jitoUrl },
    privateSenders: [],
    localnet: { controlUrl, rpcUrls, jitoUrl, swapUrl },
  };
}
