/** What belongs to another principal does not exist. */
import { Metadata, type ServiceError, status } from "@grpc/grpc-js";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Principal } from "../../domain/primitives/ids.ts";
import {
  CancelTradeRequest,
  GetOrderRequest,
  GetPositionsRequest,
  GetTradeHistoryRequest,
  ResolveOutcomeRequest,
  StreamExecutionStatusRequest,
  type TradeResult,
} from "../../proto/generated/orderstream/v1/trade_execution.ts";
import { ask, failure, type Harness, MAIN, sellRequest, startHarness } from "./support/harness.ts";

let harness: Harness;
let orderId: string;
beforeEach(async () => {
  harness = await startHarness({}, ({ metadata }) => {
    const [name = "local"] = metadata.get("who");
    return String(name) as Principal;
  });
  const { client } = harness;
  const filled: TradeResult = await ask(client.executeTrade.bind(client), sellRequest("mine"));
  orderId = filled.orderId;
});
afterEach(() => harness.stop());

const eve = new Metadata();
eve.set("who", "eve");

type Call<Request> = (
  request: Request,
  metadata: Metadata,
  callback: (error: ServiceError | null, response: unknown) => void,
) => unknown;

const asEve = <Request>(call: Call<Request>, request: Request): Promise<unknown> =>
  new Promise((resolve, reject) => {
    call(request, eve, (error, response) => (error ? reject(error) : resolve(response)));
  });

describe("another principal", () => {
  it("finds none of my orders and accounts", async () => {
    const { client } = harness;
    const order = { $case: "orderId", value: orderId } as const;
    const evidence = [{ node: "https://n", method: "getSlot", answer: Buffer.from("{}") }];
    const calls: readonly (readonly [string, Promise<unknown>])[] = [
      [
        "ORDER_NOT_FOUND",
        asEve(client.getOrder.bind(client), { ...GetOrderRequest.fromPartial({}), order }),
      ],
      [
        "ORDER_NOT_FOUND",
        asEve(client.cancelTrade.bind(client), { ...CancelTradeRequest.fromPartial({}), order }),
      ],
      [
        "ORDER_NOT_FOUND",
        asEve(client.resolveOutcome.bind(client), {
          ...ResolveOutcomeRequest.fromPartial({ requestId: "r", evidence }),
          orderId,
        }),
      ],
      [
        "ORDER_NOT_FOUND",
        client
          .streamExecutionStatus({ ...StreamExecutionStatusRequest.fromPartial({}), order }, eve)
          .toArray(),
      ],
      [
        "ACCOUNT_NOT_FOUND",
        asEve(client.getPositions.bind(client), GetPositionsRequest.fromPartial({ account: MAIN })),
      ],
      [
        "ACCOUNT_NOT_FOUND",
        asEve(
          client.getTradeHistory.bind(client),
          GetTradeHistoryRequest.fromPartial({ account: MAIN }),
        ),
      ],
    ];
    for (const [reason, call] of calls) {
      const error = await failure(call);
      expect([error.code, error.info?.reason]).toEqual([status.NOT_FOUND, reason]);
    }
  });

  it("has orders of its own under the same request id", async () => {
    const { client } = harness;
    const missing = asEve(client.getOrder.bind(client), {
      ...GetOrderRequest.fromPartial({}),
      order: { $case: "requestId", value: "mine" } as const,
    });
    expect((await failure(missing)).code).toBe(status.NOT_FOUND);
  });
});
