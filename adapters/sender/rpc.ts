/** Sends through an RPC node: the public route. Without preflight and without the node's own repetitions, which are the engine's. */
import type { Sender } from "../../domain/ports/sender.ts";
import type { RpcCaller } from "./rpc-call.types.ts";
import { sendAnswerOf } from "./send-answer.ts";

/** Nodes look the blockhash up even without preflight, by default at finalized, where a new one is not known yet. */
const OPTIONS = {
  encoding: "base64",
  skipPreflight: true,
  preflightCommitment: "processed",
  maxRetries: 0,
} as const;

/** `protected` is for private relays that speak a node's `sendTransaction`; default `public`. */
export const createRpcSender = (rpc: RpcCaller, route: Sender["route"] = "public"): Sender => ({
  name: rpc.name,
  route,
  async send(transaction) {
    const text = Buffer.from(transaction).toString("base64");
    const outcome = await rpc.call({
      ...{ method: "sendTransaction", params: [text, OPTIONS] },
      // The same bytes are the same transaction, but when to send again is not decided here.
      isRepeatable: false,
    });
    return sendAnswerOf(outcome, transaction, () => undefined);
  },
});
