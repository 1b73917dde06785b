/** The stand-in for Jito's block engine over a local chain; closed after the test. */
import { type Jito, startJito } from "../../localnet/jito/server.ts";
import { closeLater, key, signatureOf, signed, transferTo } from "../localnet/chain-world.ts";
import type { ChainAdapterWorld } from "./chain-adapter.ts";

export type JitoFault = NonNullable<Parameters<Jito["setFault"]>[0]>;
type LocalChain = ChainAdapterWorld["local"]["localnet"]["chain"];

const TIP_ACCOUNT = "96gYZGLnJYVFmbjzopPSU6QiEV5fGqZNyN9nmNhvrZU5";
const TIP = 10_000_000;

export async function jitoFor(chain: LocalChain) {
  const jito = await startJito({
    chain: {
      slot: chain.slot,
      status: chain.status,
      send: (raw, options) => chain.sendTransaction(raw, options),
    },
  });
  let isOpen = true;
  const close = async () => {
    if (isOpen) await jito.close();
    isOpen = false;
  };
  closeLater(close);
  return {
    ...jito,
    close,
    /** A transfer, and a tip that opens its account; as large as the first rent demands. */
    tippedTransfer({ local, newAddress }: ChainAdapterWorld, lamports = 1_000_000) {
      const { payer, localnet } = local;
      const { blockhash } = localnet.chain.latestBlockhash();
      const transaction = signed(payer, blockhash, [
        transferTo(payer, key(newAddress()), lamports),
        transferTo(payer, key(TIP_ACCOUNT), TIP),
      ]);
      return { raw: transaction.serialize(), signature: signatureOf(transaction) };
    },
  };
}
