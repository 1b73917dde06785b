/** ResolveOutcome: what is handed to the engine, what is refused before, and what its answers become. */
import { status } from "@grpc/grpc-js";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { HandedEvidence, SubmitResult } from "../../domain/application/engine.types.ts";
import {
  OrderStatus,
  type ResolveOutcomeResponse,
  type TradeResult,
} from "../../proto/generated/orderstream/v1/trade_execution.ts";
import { ask, failure, type Harness, sellRequest, startHarness } from "./support/harness.ts";

let harness: Harness;
let orderId = "";
let handed: (readonly HandedEvidence[])[] = [];
let answer: SubmitResult | undefined;
beforeAll(async () => {
  harness = await startHarness();
  const { client } = harness;
  const sold: TradeResult = await ask(client.executeTrade.bind(client), sellRequest("doubt"));
  orderId = sold.orderId;
  const { engine } = harness.fake;
  Object.assign(engine, {
    resolve: async (id: string, evidence: readonly HandedEvidence[]): Promise<SubmitResult> => {
      handed.push(evidence);
      const order = await engine.get(id as never);
      if (answer) return answer;
      if (!order) throw new Error("no order");
      return { kind: "order", order };
    },
  });
});
afterAll(() => harness.stop());
beforeEach(() => {
  handed = [];
  answer = undefined;
});

type Given = { readonly node: string; readonly method: string; readonly answer: Uint8Array };
const GOOD: Given = {
  ...{ node: "https://node.example:8899", method: "getEpochInfo" },
  answer: Buffer.from('{"result":"é"}'),
};
const resolve = (
  evidence: readonly Partial<Given>[],
  id = orderId,
): Promise<ResolveOutcomeResponse> =>
  ask(harness.client.resolveOutcome.bind(harness.client), {
    ...{ orderId: id, requestId: "r" },
    evidence: evidence.map((one) => ({
      ...GOOD,
      ...one,
      answer: Buffer.from(one.answer ?? GOOD.answer),
    })),
  });

describe("ResolveOutcome", () => {
  it("hands the answers on as text, and answers the order as it is then", async () => {
    const { result, position } = await resolve([{}, { node: "http://127.0.0.1:8901" }]);
    expect(handed).toEqual([
      [
        { node: GOOD.node, method: "getEpochInfo", answer: '{"result":"é"}' },
        { node: "http://127.0.0.1:8901", method: "getEpochInfo", answer: '{"result":"é"}' },
      ],
    ]);
    expect(result).toMatchObject({ orderId, status: OrderStatus.ORDER_STATUS_FILLED });
    expect(position).toBe(result?.position);
  });

  it.each<[string, Partial<Given>, string]>([
    ["a node with a key in its path", { node: "https://node.example/v2/key" }, "evidence[0].node"],
    ["a node with a key in its query", { node: "https://node.example/?k=1" }, "evidence[0].node"],
    ["a node with a password", { node: "https://u:p@node.example" }, "evidence[0].node"],
    ["a node that is no URL", { node: "node.example" }, "evidence[0].node"],
    ["a node of 301 bytes", { node: `https://${"n".repeat(293)}` }, "evidence[0].node"],
    ["a method that is none", { method: "get slot" }, "evidence[0].method"],
    ["an empty answer", { answer: Buffer.alloc(0) }, "evidence[0].answer"],
    ["an answer that is no UTF-8", { answer: Buffer.from([0xff]) }, "evidence[0].answer"],
    [
      "an answer of 512 KiB and a byte",
      { answer: Buffer.alloc(512 * 1024 + 1, 0x20) },
      "evidence[0].answer",
    ],
  ])("refuses %s", async (_, wrong, field) => {
    const error = await failure(resolve([wrong]));
    expect(error).toMatchObject({ code: status.INVALID_ARGUMENT, fields: [field] });
    expect(handed).toEqual([]);
  });

  it("takes sixteen answers and no more, of 512 KiB each at most", async () => {
    await resolve(Array.from({ length: 16 }, () => ({})));
    expect(handed[0]).toHaveLength(16);
    await resolve([{ answer: Buffer.alloc(512 * 1024, 0x20) }]);
    const error = await failure(resolve(Array.from({ length: 17 }, () => ({}))));
    expect(error).toMatchObject({ code: status.INVALID_ARGUMENT, fields: ["evidence"] });
  });

  it("tells what the engine refuses, and what it does not know", async () => {
    const refusal = { reason: "EVIDENCE_NOT_ENOUGH", message: "one node" } as const;
    answer = { kind: "refused", refusal };
    const refused = await failure(resolve([{}]));
    expect(refused.info?.reason).toBe("EVIDENCE_NOT_ENOUGH");
    expect(refused.info?.metadata.order_id).toBe(orderId);
    answer = { kind: "unknown", cause: "the store is away" };
    const unknown = await failure(resolve([{}]));
    expect(unknown.info?.reason).toBe("WRITE_OUTCOME_UNKNOWN");
  });
});
