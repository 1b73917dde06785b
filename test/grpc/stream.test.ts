/** StreamExecutionStatus: history then live, resume, waiting, ends, limits, and what a caller leaves behind: nothing. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { type ClientReadableStream, Metadata, type ServiceError, status } from "@grpc/grpc-js";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  type ExecutionStatus,
  type HealthCheckResponse,
  OrderStatus,
  type RecordedEvent,
  StreamExecutionStatusRequest,
  type TradeRequest,
  type TradeResult,
  WaitFor,
} from "../../proto/generated/orderstream/v1/trade_execution.ts";
import {
  ask,
  type Failure,
  failureOf,
  type Harness,
  sellRequest,
  startHarness,
} from "./support/harness.ts";

const SLOTS = 32;

let harness: Harness;
beforeEach(async () => {
  harness = await startHarness({ maxStatusStreams: SLOTS });
});
afterEach(() => harness.stop());

type Followed = {
  readonly call: ClientReadableStream<ExecutionStatus>;
  readonly seen: ExecutionStatus[];
  /** Undefined: ended well. */
  readonly end: Promise<Failure | undefined>;
};

function follow(
  request: Partial<StreamExecutionStatusRequest>,
  deadlineMs: number | undefined = undefined,
): Followed {
  const call = harness.client.streamExecutionStatus(
    { ...StreamExecutionStatusRequest.fromPartial({}), ...request },
    new Metadata(),
    deadlineMs === undefined ? {} : { deadline: Date.now() + deadlineMs },
  );
  const seen: ExecutionStatus[] = [];
  const end = new Promise<Failure | undefined>((resolve) => {
    call.on("data", (step: ExecutionStatus) => seen.push(step));
    call.on("error", (error: ServiceError) => resolve(failureOf(error)));
    call.on("end", () => resolve(undefined));
  });
  return { call, seen, end };
}

const byRequest = (value: string) => ({ order: { $case: "requestId", value } }) as const;
const submit = (requestId: string, changes: Partial<TradeRequest> = {}): Promise<TradeResult> =>
  ask(
    harness.client.executeTrade.bind(harness.client),
    sellRequest(requestId, { waitFor: WaitFor.WAIT_FOR_ACCEPTED, ...changes }),
  );
const nothingLeft = () =>
  vi.waitFor(() => expect([harness.fake.watching(), harness.fake.listening()]).toEqual([0, 0]), {
    interval: 2,
  });

describe("StreamExecutionStatus", () => {
  it("sends what happened, then what happens, and ends after the terminal status", async () => {
    await harness.fake.hold("quoted");
    const { orderId } = await submit("live");
    const { seen, end } = follow(byRequest("live"));
    await vi.waitFor(() => expect(seen).toHaveLength(3));
    await harness.fake.hold(undefined);
    expect(await end).toBeUndefined();
    expect(
      seen.map(({ eventType, revision, percentComplete }) => [
        eventType,
        revision,
        percentComplete,
      ]),
    ).toEqual([
      ["OrderRequested", 0n, 5],
      ["OrderValidated", 1n, 15],
      ["QuoteObtained", 2n, 35],
      ["FundsReserved", 3n, 50],
      ["PaperExecutionSimulated", 4n, 80],
      ["OrderFilled", 5n, 100],
    ]);
    expect(seen.map(({ message }) => message)).toEqual([
      "accepted: PAPER SELL SOL/USDC with 1 SOL, at most 200 bps of slippage",
      expect.stringMatching(/^passed \d+ checks$/),
      "quoted at 150 from the cache of http://market.test",
      "reserved 1 SOL (input), 0.000006 SOL (fee)",
      "executed on paper with 50.00 bps of slippage (fixed)",
      "filled: 1 SOL for 149.25 USDC at 149.25, 50.00 bps from the quote",
    ]);
    expect(seen.map(({ terminal }) => terminal)).toEqual([false, false, false, false, false, true]);
    expect(seen.at(-1)).toMatchObject({
      orderId,
      requestId: "live",
      status: OrderStatus.ORDER_STATUS_FILLED,
      time: { seconds: 1_767_225_600n, nanos: 6_000_000 },
    });
    await nothingLeft();
  });

  it("resumes after a revision", async () => {
    const { orderId } = await submit("resume");
    const order = { $case: "orderId", value: orderId } as const;
    const { seen, end } = follow({ order, afterRevision: 3n });
    expect(await end).toBeUndefined();
    expect(seen.map(({ revision }) => revision)).toEqual([4n, 5n]);
    const finished = follow({ order, afterRevision: 5n });
    expect(await finished.end).toBeUndefined();
    expect(finished.seen).toEqual([]);
  });

  it("waits for an order that does not exist yet", async () => {
    const { seen, end } = follow(byRequest("soon"), 20_000);
    await vi.waitFor(() => expect(harness.fake.watching()).toBe(1));
    await submit("soon");
    expect(await end).toBeUndefined();
    expect(seen).toHaveLength(6);
  });

  it("answers NOT_FOUND at the deadline when it never came", async () => {
    const { seen, end } = follow(byRequest("never"), 400);
    const error = await end;
    expect([error?.code, error?.info?.reason]).toEqual([status.NOT_FOUND, "ORDER_NOT_FOUND"]);
    expect(seen).toEqual([]);
    await nothingLeft();
  });

  it("runs into the deadline when the order exists and does not end", async () => {
    await harness.fake.hold("quoted");
    const { orderId } = await submit("open");
    const order = { $case: "orderId", value: orderId } as const;
    const { end } = follow({ order, afterRevision: 2n }, 400);
    expect((await end)?.code).toBe(status.DEADLINE_EXCEEDED);
    await nothingLeft();
  });

  it("shows a failure as a status, not as an error of the call", async () => {
    const call = harness.client.executeTrade.bind(harness.client);
    await ask(call, sellRequest("poor", { amount: 10n ** 15n })).catch(() => undefined);
    const { seen, end } = follow(byRequest("poor"));
    expect(await end).toBeUndefined();
    expect(seen.at(-1)).toMatchObject({
      status: OrderStatus.ORDER_STATUS_REJECTED,
      terminal: true,
      message: expect.stringMatching(/^rejected \(INSUFFICIENT_FUNDS\): account main has /),
    });
  });

  it("refuses a stream without an order", async () => {
    const error = await follow({}).end;
    expect([error?.code, error?.fields]).toEqual([status.INVALID_ARGUMENT, ["order"]]);
  });

  it("limits the streams that are open, and frees their places", async () => {
    const open = Array.from({ length: SLOTS }, () => follow(byRequest("nobody")));
    await vi.waitFor(() => expect(harness.fake.watching()).toBe(SLOTS));
    const error = await follow(byRequest("nobody")).end;
    expect([error?.code, error?.info?.reason]).toEqual([
      status.RESOURCE_EXHAUSTED,
      "TOO_MANY_WATCHERS",
    ]);
    expect(error?.retry).toBeDefined();
    for (const { call } of open) call.cancel();
    await nothingLeft();
    await submit("free");
    expect(await follow(byRequest("free")).end).toBeUndefined();
  });

  it("leaves nothing behind after 1,000 connects and drops", async () => {
    setFlagsFromString("--expose-gc");
    const collect: () => void = runInNewContext("gc");
    await harness.fake.hold("quoted");
    await submit("dropped");
    const drop = async (count: number) => {
      for (let done = 0; done < count; done += 20) {
        const batch = Array.from({ length: 20 }, (_, i) =>
          follow(byRequest(i % 2 === 0 ? "dropped" : "nobody")),
        );
        await vi.waitFor(() => expect(harness.fake.watching()).toBe(20), { interval: 2 });
        for (const { call } of batch) call.cancel();
        await Promise.all(batch.map(({ end }) => end));
        await nothingLeft();
      }
      collect();
      return process.memoryUsage().heapUsed;
    };
    await drop(200);
    const before = await drop(200);
    const after = await drop(1_000);
    // A leaked stream with its call holds about 10 KiB: 1,000 of them would be 10 MiB.
    expect(after - before).toBeLessThan(4 * 1024 * 1024);
    expect(harness.logged).toEqual([]);
  });
});

describe("back-pressure", () => {
  it("reads the log no faster than the caller takes it, and stops when it goes", async () => {
    const orders = 1_000;
    await harness.fake.hold("requested");
    const metadata = Object.fromEntries(
      Array.from({ length: 16 }, (_, i) => [`key-${i}`, "x".repeat(250)]),
    );
    for (let i = 0; i < orders; i += 100) {
      const ids = Array.from({ length: 100 }, (_, k) => `p${i + k}`);
      await Promise.all(ids.map((id) => submit(id, { metadata })));
    }
    const reads = vi.spyOn(harness.fake.store, "readAll");
    const call = harness.client.replayEvents({
      ...{ orderId: "", from: undefined, to: undefined },
      includeEvidence: false,
    });
    const end = new Promise((resolve) => call.on("error", resolve));
    // One message is taken and no more: the transport's window fills up and the server has to wait.
    await new Promise((resolve) => {
      call.once("data", resolve);
    });
    call.pause();
    const { client } = harness;
    for (let i = 0; i < 200; i++) {
      const health: HealthCheckResponse = await ask(client.healthCheck.bind(client), {});
      expect(health.serving).toBe(true);
    }
    // The log is five megabytes in four pages; the windows hold a tenth of one.
    expect(reads.mock.calls.length).toBe(1);
    call.cancel();
    expect(await end).toMatchObject({ code: status.CANCELLED });
    const stopped = reads.mock.calls.length;
    const all: RecordedEvent[] = [];
    for await (const event of client.replayEvents({
      orderId: "",
      from: undefined,
      to: undefined,
      includeEvidence: false,
    })) {
      all.push(event);
    }
    expect(all).toHaveLength(orders);
    expect(reads.mock.calls.length).toBeGreaterThan(stopped);
  });
});
