/** Start, stop and condition of both servers, and the words of their errors. */
import { createServer } from "node:net";
import { Client, credentials, type ServiceError, status } from "@grpc/grpc-js";
import { service as healthService } from "grpc-health-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createHttpServer, type HttpServer } from "../../adapters/http/server.ts";
import {
  type ExecutionStatus,
  type HealthCheckResponse,
  OrderStatus,
  StreamExecutionStatusRequest,
  type TradeResult,
} from "../../proto/generated/orderstream/v1/trade_execution.ts";
import {
  ask,
  type Failure,
  failureOf,
  type Harness,
  sellRequest,
  startHarness,
} from "./support/harness.ts";

/** A port that is taken for as long as the callback runs. */
async function withTakenPort(use: (port: number) => Promise<void>): Promise<void> {
  const taken = createServer();
  await new Promise<void>((resolve) => {
    taken.listen(0, "127.0.0.1", resolve);
  });
  const address = taken.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  try {
    await use(address.port);
  } finally {
    taken.close();
  }
}

describe("gRPC server", () => {
  let harness: Harness;
  beforeEach(async () => {
    harness = await startHarness();
  });
  afterEach(() => harness.stop());

  it("answers the actual address", () => {
    expect(harness.address).toMatch(/^127\.0\.0\.1:[1-9]\d+$/);
  });

  it("says in a sentence that a port is in use", async () => {
    const other = await startHarness();
    await withTakenPort(async (port) => {
      await expect(other.server.listen(`127.0.0.1:${port}`)).rejects.toThrow(
        `gRPC cannot listen on 127.0.0.1:${port}: another program uses that port. Stop it, or`,
      );
    });
    await other.stop();
  });

  it.each(["0.0.0.0:0", "10.0.0.1:50051", "nonsense", "127.0.0.1:99999", "[::]:1", ""])(
    "does not listen on %j",
    async (address) => {
      await expect(harness.server.listen(address)).rejects.toThrow(/loopback|HOST:PORT/);
    },
  );

  it("serves grpc.health.v1, following the engine", async () => {
    const client = new Client(harness.address, credentials.createInsecure());
    const { Check } = healthService;
    if (!Check) throw new Error("no Check");
    const check = (name: string) =>
      new Promise((resolve, reject) => {
        const { path, requestSerialize, responseDeserialize } = Check;
        client.makeUnaryRequest(
          path,
          requestSerialize,
          responseDeserialize,
          { service: name },
          (error, value) => (error ? reject(error) : resolve(value)),
        );
      });
    for (const name of [
      "",
      "orderstream.v1.TradeExecutionService",
      "trade_executor.TradeExecutor",
    ]) {
      expect(await check(name)).toEqual({ status: "SERVING" });
    }
    await expect(check("nothing")).rejects.toMatchObject({ code: status.NOT_FOUND });
    harness.fake.setAccepting(false);
    await vi.waitFor(async () => expect(await check("")).toEqual({ status: "NOT_SERVING" }));
    client.close();
  });

  it("drains: calls under way get their answer, streams end, new calls find nobody", async () => {
    await harness.fake.hold("quoted");
    const { client } = harness;
    const trade: Promise<TradeResult> = ask(client.executeTrade.bind(client), sellRequest("last"));
    await vi.waitFor(() => expect(harness.fake.orders()[0]?.phase).toBe("quoted"));
    const seen: ExecutionStatus[] = [];
    const ended = new Promise<Failure>((resolve) => {
      const call = client.streamExecutionStatus({
        ...StreamExecutionStatusRequest.fromPartial({}),
        order: { $case: "requestId", value: "last" },
      });
      call.on("data", (step: ExecutionStatus) => seen.push(step));
      call.on("error", (error: ServiceError) => resolve(failureOf(error)));
    });
    await vi.waitFor(() => expect(seen).toHaveLength(3));
    const drained = harness.server.drain(10_000);
    const end = await ended;
    expect([end.code, end.info?.reason]).toEqual([status.UNAVAILABLE, "DRAINING"]);
    await harness.fake.hold(undefined);
    expect((await trade).status).toBe(OrderStatus.ORDER_STATUS_FILLED);
    await drained;
    const late: Promise<HealthCheckResponse> = ask(client.healthCheck.bind(client), {});
    await expect(late).rejects.toMatchObject({ code: status.UNAVAILABLE });
  });

  it("cuts what does not end in time", async () => {
    await harness.fake.hold("quoted");
    const { client } = harness;
    const trade = ask(client.executeTrade.bind(client), sellRequest("stuck")).catch(failureOf);
    await vi.waitFor(() => expect(harness.fake.orders()[0]?.phase).toBe("quoted"));
    await harness.server.drain(50);
    expect(await trade).toHaveProperty("code");
    await harness.fake.hold(undefined);
    expect(harness.fake.orders()[0]?.phase).toBe("filled");
  });
});

describe("HTTP server", () => {
  let server: HttpServer;
  let address: string;
  let accepting = true;
  const logged: unknown[] = [];
  const report = {
    ...{ logId: "log-1", storeId: "1:2", grpc: "127.0.0.1:50051" },
    position: "17",
    ledgerHash: "ab".repeat(32),
    openOrders: [{ orderId: "o", revision: 3, stateHash: "cd".repeat(32) }],
  };
  let state: () => typeof report;

  beforeEach(async () => {
    accepting = true;
    state = () => report;
    server = createHttpServer({
      status: () => ({ accepting, reason: accepting ? "" : "the engine is starting" }),
      state: () => state(),
      metrics: async () => ({ type: "text/plain; version=0.0.4", body: "up 1\n" }),
      log: (_, error) => logged.push(error),
    });
    address = await server.listen("127.0.0.1:0");
  });
  afterEach(() => server.close());

  const get = async (path: string, method = "GET") => {
    const response = await fetch(`http://${address}${path}`, { method });
    return { status: response.status, headers: response.headers, body: await response.text() };
  };

  it("lives, and is ready while the engine takes orders", async () => {
    expect(await get("/livez")).toMatchObject({ status: 200, body: "ok\n" });
    expect(await get("/readyz?verbose")).toMatchObject({ status: 200, body: "ok\n" });
    accepting = false;
    expect(await get("/livez")).toMatchObject({ status: 200 });
    expect(await get("/readyz")).toMatchObject({ status: 503, body: "the engine is starting\n" });
  });

  it("reports the state", async () => {
    const { status: code, body } = await get("/state");
    expect([code, JSON.parse(body)]).toEqual([200, report]);
  });

  it("hands out the metrics as they are", async () => {
    const { status: code, headers, body } = await get("/metrics");
    expect([code, headers.get("content-type"), body]).toEqual([
      200,
      "text/plain; version=0.0.4",
      "up 1\n",
    ]);
  });

  it("answers other paths, other methods and failures with JSON", async () => {
    const missing = await get("/nothing");
    expect([missing.status, JSON.parse(missing.body)]).toEqual([
      404,
      { error: expect.any(String) },
    ]);
    const post = await get("/livez", "POST");
    expect([post.status, post.headers.get("allow")]).toEqual([405, "GET"]);
    state = () => {
      throw new Error("secret");
    };
    const failed = await get("/state");
    expect(failed.status).toBe(500);
    expect(failed.body).not.toContain("secret");
    expect(String(logged[0])).toContain("secret");
    expect((await get("/livez")).status).toBe(200);
  });

  it("listens on loopback alone and says when it cannot", async () => {
    const other = createHttpServer({
      status: () => ({ accepting, reason: "" }),
      state,
      metrics: () => Promise.reject(new Error("none")),
      log: () => undefined,
    });
    await expect(other.listen("0.0.0.0:0")).rejects.toThrow(/loopback/);
    await withTakenPort(async (port) => {
      await expect(other.listen(`127.0.0.1:${port}`)).rejects.toThrow(/another program uses/);
    });
    await other.close();
  });
});
