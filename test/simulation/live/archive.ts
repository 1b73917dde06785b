/** Answers of two nodes that never forget, as somebody would hand them in: JSON-RPC, taken in the order that the proof asks for. */
import type { HandedEvidence } from "../../../domain/application/engine.types.ts";
import { encodeBase64 } from "../../../domain/chain/bytes.ts";
import type { ChainModel } from "./chain-model.types.ts";
import type { SignedRecord } from "./live-log.types.ts";
import { transactionOf } from "./node-view.ts";

const ARCHIVES = ["https://archive-one.example", "https://archive-two.example"];

export function evidenceOf(chain: ChainModel, attempt: SignedRecord): HandedEvidence[] {
  const { signature } = attempt;
  const view = chain.now();
  const placement = chain.placementAt(view, signature);
  const value = placement
    ? {
        slot: placement.block.slot,
        confirmations: null,
        err: placement.error ?? null,
        confirmationStatus: chain.commitmentOf(view, placement.block),
      }
    : null;
  const { root, tip } = view;
  const result = (body: unknown): string => JSON.stringify({ jsonrpc: "2.0", id: 1, result: body });
  const asked = (method: string, params: unknown[], body: unknown): string =>
    JSON.stringify({
      request: { method, params },
      response: { jsonrpc: "2.0", id: 1, result: body },
    });
  return ARCHIVES.flatMap((node) => [
    {
      ...{ node, method: "getEpochInfo" },
      answer: asked("getEpochInfo", [{ commitment: "finalized" }], {
        absoluteSlot: root.slot,
        blockHeight: root.height,
      }),
    },
    {
      ...{ node, method: "getSignatureStatuses" },
      answer: asked("getSignatureStatuses", [[signature], { searchTransactionHistory: true }], {
        context: { slot: tip.slot },
        value: [value],
      }),
    },
    { ...{ node, method: "getFirstAvailableBlock" }, answer: result(0) },
    ...(placement
      ? [
          {
            ...{ node, method: "getTransaction" },
            answer: asked(
              "getTransaction",
              [signature, { commitment: "confirmed", encoding: "base64" }],
              rawOf(placement, attempt.bytes),
            ),
          },
        ]
      : []),
  ]);
}

/** As a node tells it in the encoding base64. */
function rawOf(placement: Parameters<typeof transactionOf>[0], bytes: Uint8Array): unknown {
  const { accountKeys: _, instructions: __, ...told } = transactionOf(placement);
  const tokens = (list: typeof told.preTokenBalances) =>
    list.map(({ accountIndex, mint, owner, amount }) => ({
      ...{ accountIndex, mint, owner },
      uiTokenAmount: { amount: amount.toString() },
    }));
  return {
    slot: Number(told.slot),
    blockTime: null,
    version: 0,
    transaction: [encodeBase64(bytes), "base64"],
    meta: {
      err: told.error ?? null,
      fee: Number(told.feeLamports),
      preBalances: told.preBalances.map(Number),
      postBalances: told.postBalances.map(Number),
      preTokenBalances: tokens(told.preTokenBalances),
      postTokenBalances: tokens(told.postTokenBalances),
      innerInstructions: [],
      computeUnitsConsumed: Number(told.computeUnits),
    },
  };
}
