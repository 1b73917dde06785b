/** The RPC adapter over a local chain of its own, with what a test does to that chain. Everything is closed after the test. */
import { type ChainOptions, createChain, type RpcChain } from "../../adapters/chain/chain.ts";
import { createSystemClock } from "../../adapters/clock/system.ts";
import type { ChainUnderTest } from "../contracts/chain.contract.ts";
import {
  type ChainWorld,
  closeLater,
  key,
  newAddress,
  openChain,
  signatureOf,
  signed,
  transferTo,
} from "../localnet/chain-world.ts";
import { LOOKUP_TABLE_PROGRAM, lookupTableData } from "./lookup-table-account.ts";

const TIMEOUT_MS = 5_000;
const SOL = 1_000_000_000n;

export type ChainAdapterWorld = ChainUnderTest & {
  readonly chain: RpcChain;
  readonly local: ChainWorld;
  readonly urls: readonly string[];
  /** Bytes of a signed transfer, not sent. */
  signedTransfer(to: string, lamports: bigint): { raw: Uint8Array; signature: string };
};

export async function openChainAdapter(
  options: Partial<ChainOptions> = {},
): Promise<ChainAdapterWorld> {
  const local = await openChain();
  const { localnet, payer } = local;
  const chain = createChain({
    nodes: localnet.nodes.map(({ url, wsUrl }) => ({ url, wsUrl })),
    genesisHash: localnet.chain.genesisHash,
    timeoutMs: TIMEOUT_MS,
    clock: createSystemClock(),
    reconnectMs: 10,
    ...options,
  });
  closeLater(async () => chain.close());
  const transfer = (to: string, lamports: bigint) => {
    const { blockhash } = localnet.chain.latestBlockhash();
    return signed(payer, blockhash, [transferTo(payer, key(to), Number(lamports))]);
  };
  const signedTransfer = (to: string, lamports: bigint) => {
    const transaction = transfer(to, lamports);
    return { raw: transaction.serialize(), signature: signatureOf(transaction) };
  };
  return {
    ...{ chain, local, signedTransfer },
    urls: localnet.nodes.map(({ url }) => url),
    wallet: payer.publicKey.toBase58(),
    lamports: 100n * SOL,
    newAddress: () => newAddress().toBase58(),
    async land(to, lamports) {
      const { raw, signature } = signedTransfer(to, lamports);
      localnet.chain.sendTransaction(raw, { node: 0 });
      return signature;
    },
    message: (to, lamports) => transfer(to, lamports).message.serialize(),
    advance: local.advance,
    finalLag: localnet.chain.settings.finalLag,
    setTable(address, addresses) {
      const data = lookupTableData(addresses).toString("base64");
      const account = { address, data, owner: LOOKUP_TABLE_PROGRAM, lamports: "1000000000" };
      localnet.control({ account });
    },
    confirmedSlot: () => localnet.chain.blocks.at(localnet.state().confirmedHeight)?.slot ?? 0,
  };
}
