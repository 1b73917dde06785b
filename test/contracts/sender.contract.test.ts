/** Every adapter behind the sender port, against one contract. */
import { createJsonRpc } from "../../adapters/chain/json-rpc.ts";
import { createJitoSender, JITO_AUTH_HEADER } from "../../adapters/sender/jito.ts";
import { createRpcSender } from "../../adapters/sender/rpc.ts";
import { closeLater } from "../localnet/chain-world.ts";
import { openChainAdapter } from "../support/chain-adapter.ts";
import { type JitoFault, jitoFor } from "../support/jito-for.ts";
import { createManualClock } from "../support/manual-clock.ts";
import { type SenderFault, senderContract } from "./sender.contract.ts";

const clock = createManualClock();
function rpcTo(url: string, timeoutMs: number, headers = {}) {
  const rpc = createJsonRpc({ url: url.replace("//", "//user:pass@"), timeoutMs, clock, headers });
  closeLater(async () => rpc.close());
  return rpc;
}

senderContract("RPC node", async ({ timeoutMs }) => {
  const world = await openChainAdapter();
  const { localnet } = world.local;
  const [node] = localnet.nodes;
  const faults = {
    hang: { hang: true },
    "lost answer": { reset: true, carriedOut: true },
    "HTTP 503": { status: 503 },
    "HTTP 429": { status: 429 },
  };
  return {
    sender: createRpcSender(rpcTo(node?.url ?? "", timeoutMs)),
    transaction: () => world.signedTransfer(world.newAddress(), 1_000_000n),
    landed: (signature) => localnet.chain.status(signature) !== undefined,
    async setFault(fault: SenderFault | undefined) {
      if (fault === "gone") return await localnet.close();
      node?.setFaults(fault === undefined ? [] : [faults[fault]]);
    },
  };
});

senderContract("Jito", async ({ timeoutMs }) => {
  const world = await openChainAdapter();
  const { chain } = world.local.localnet;
  const jito = await jitoFor(chain);
  const faults: Readonly<Record<Exclude<SenderFault, "gone">, JitoFault>> = {
    hang: { hang: true },
    "lost answer": { reset: true },
    "HTTP 503": { status: 503 },
    "HTTP 429": { status: 429 },
  };
  return {
    sender: createJitoSender(rpcTo(jito.url, timeoutMs, { [JITO_AUTH_HEADER]: "auth-secret" })),
    transaction: () => jito.tippedTransfer(world),
    landed: (signature) => chain.status(signature) !== undefined,
    async setFault(fault: SenderFault | undefined) {
      if (fault === "gone") return await jito.close();
      jito.setFault(fault === undefined ? undefined : faults[fault]);
    },
  };
});
