/** StreamTradeUpdates: the caller's orders as they change, and nobody else's; limits, ends, and what is left behind: nothing. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import {
  type ClientReadableStream,
  credentials,
  Metadata,
  type ServiceError,
  status,
} from "@grpc/grpc-js";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { watchOrders } from "../../domain/application/orders/watch-orders.ts";
import type { AccountId, Principal } from "../../domain/primitives/ids.ts";
import {
  OrderStatus,
  TradeExecutionServiceClient,
  type TradeRequest,
  type TradeResult,
  type TradeUpdate,
  WaitFor,
} from "../../proto/generated/orderstream/v1/trade_execution.ts";
import {
  ask,
  type Failure,
  failureOf,
  type Harness,
  MAIN,
  sellRequest,
  startHarness,
} from "./support/harness.ts";
import { SOL, USDC, USDC_MINT } from "./support/world.ts";

const SLOTS = 20;
const EVE_ACCOUNT = "eve-desk" as AccountId;

let harness: Harness;
beforeEach(async () => {
  harness = await startHarness({ maxUpdateStreams: SLOTS }, ({ metadata }) => {
    const [name = "local"] = metadata.get("who");
    return String(name) as Principal;
  });
});
afterEach(() => harness.stop());

const as = (who: string): Metadata => {
  const metadata = new Metadata();
  metadata.set("who", who);
  return metadata;
};

type Followed = {
  readonly call: ClientReadableStream<TradeUpdate>;
  readonly seen: TradeUpdate[];
  /** The server sends what is stored from now on. */
  readonly begun: Promise<unknown>;
  /** Undefined: ended well. */
  readonly end: Promise<Failure | undefined>;
};

function follow(account = "", who = "local", client = harness.client): Followed {
  const call = client.streamTradeUpdates({ account }, as(who));
  const seen: TradeUpdate[] = [];
  const begun = new Promise((resolve) => {
    call.on("metadata", resolve);
  });
  const end = new Promise<Failure | undefined>((resolve) => {
    call.on("data", (update: TradeUpdate) => seen.push(update));
    call.on("error", (error: ServiceError) => resolve(failureOf(error)));
    call.on("end", () => resolve(undefined));
  });
  return { call, seen, begun, end };
}

const submit = (requestId: string, changes: Partial<TradeRequest> = {}): Promise<TradeResult> =>
  ask(
    harness.client.executeTrade.bind(harness.client),
    sellRequest(requestId, { waitFor: WaitFor.WAIT_FOR_FINALIZED, ...changes }),
  );

const submitAs = (who: string, request: TradeRequest): Promise<TradeResult> =>
  new Promise((resolve, reject) => {
    harness.client.executeTrade(request, as(who), (error, result) =>
      error ? reject(error) : resolve(result),
    );
  });

const openAccount = (account: AccountId, who = "local"): Promise<unknown> =>
  new Promise((resolve, reject) => {
    const initialFunds = [
      { mint: sellRequest("").baseMint, amount: 100n * SOL, cost: undefined },
      { mint: USDC_MINT, amount: 10_000n * USDC, cost: undefined },
    ];
    const request = { requestId: `open-${account}`, account, initialFunds };
    harness.client.openPaperAccount(request, as(who), (error, response) =>
      error ? reject(error) : resolve(response),
    );
  });

const LIFE = [
  "OrderRequested",
  "OrderValidated",
  "QuoteObtained",
  "FundsReserved",
  "PaperExecutionSimulated",
  "OrderFilled",
];
const seenOf = ({ seen }: Followed, requestId: string): readonly string[] =>
  seen.filter(({ trade }) => trade?.requestId === requestId).map(({ eventType }) => eventType);

describe("StreamTradeUpdates", () => {
  it("sends each event of each order from now on, with the order after it", async () => {
    await submit("before");
    const followed = follow();
    await followed.begun;
    await Promise.all([submit("one"), submit("two")]);
    await vi.waitFor(() => expect(followed.seen).toHaveLength(12));
    expect(seenOf(followed, "one")).toEqual(LIFE);
    expect(seenOf(followed, "two")).toEqual(LIFE);
    const order = harness.fake.orders().find(({ request }) => request.requestId === "one");
    const last = followed.seen.filter(({ trade }) => trade?.requestId === "one").at(-1);
    expect(last).toMatchObject({
      eventType: "OrderFilled",
      percentComplete: 100,
      message: expect.stringMatching(/^filled: 1 SOL for /),
      position: expect.stringMatching(/./),
      trade: {
        orderId: order?.orderId,
        account: MAIN,
        status: OrderStatus.ORDER_STATUS_FILLED,
        amountIn: SOL,
        amountOut: BigInt(order?.fill?.amountOut ?? 0),
        price: expect.stringMatching(/^149\./),
        feesLamports: 6_000n,
        sourceService: "strategy-7",
        revision: 5n,
      },
    });
  });

  it("goes on with orders that began before", async () => {
    await harness.fake.hold("quoted");
    await submit("old", { waitFor: WaitFor.WAIT_FOR_ACCEPTED });
    await vi.waitFor(() => expect(harness.fake.orders()[0]?.phase).toBe("quoted"));
    const followed = follow();
    await followed.begun;
    await harness.fake.hold(undefined);
    await vi.waitFor(() => expect(seenOf(followed, "old")).toEqual(LIFE.slice(3)));
    expect(followed.seen[0]?.trade?.revision).toBe(3n);
  });

  it("shows why an order failed", async () => {
    const followed = follow();
    await followed.begun;
    await submit("poor", { amount: 10n ** 15n }).catch(() => undefined);
    await vi.waitFor(() => expect(seenOf(followed, "poor").at(-1)).toBe("OrderRejected"));
    expect(followed.seen.at(-1)?.trade).toMatchObject({
      status: OrderStatus.ORDER_STATUS_REJECTED,
      amountIn: 0n,
      error: { reason: "INSUFFICIENT_FUNDS", retryable: false },
    });
  });

  it("sends one account's orders where one is named", async () => {
    await openAccount("second" as AccountId);
    const followed = follow("second");
    await followed.begun;
    await submit("elsewhere");
    await submit("here", { account: "second" });
    await vi.waitFor(() => expect(seenOf(followed, "here")).toEqual(LIFE));
    expect(followed.seen).toHaveLength(LIFE.length);
  });

  it("never sends another principal's orders", async () => {
    await openAccount(EVE_ACCOUNT, "eve");
    const [mine, hers] = [follow(), follow("", "eve")];
    await Promise.all([mine.begun, hers.begun]);
    await submit("mine");
    await submitAs("eve", sellRequest("hers", { account: EVE_ACCOUNT }));
    await vi.waitFor(() => {
      expect(seenOf(mine, "mine")).toEqual(LIFE);
      expect(seenOf(hers, "hers")).toEqual(LIFE);
    });
    await submit("mine-too");
    await vi.waitFor(() => expect(seenOf(mine, "mine-too")).toEqual(LIFE));
    expect([mine.seen.length, hers.seen.length]).toEqual([12, 6]);
    const refused = await follow(EVE_ACCOUNT).end;
    expect([refused?.code, refused?.info?.reason]).toEqual([status.NOT_FOUND, "ACCOUNT_NOT_FOUND"]);
  });

  it("names a wrong account by its field", async () => {
    const error = await follow("no account!").end;
    expect([error?.code, error?.fields]).toEqual([status.INVALID_ARGUMENT, ["account"]]);
  });

  it("limits the streams that are open, and frees their places", async () => {
    const open = Array.from({ length: SLOTS }, () => follow());
    await Promise.all(open.map(({ begun }) => begun));
    const error = await follow().end;
    expect([error?.code, error?.info?.reason]).toEqual([
      status.RESOURCE_EXHAUSTED,
      "TOO_MANY_WATCHERS",
    ]);
    for (const { call } of open) call.cancel();
    await vi.waitFor(async () => {
      const next = follow();
      expect(await Promise.race([next.begun.then(() => "begun"), next.end])).toBe("begun");
    });
  });

  it("ends as draining when the server stops, and when the log does", async () => {
    const drained = follow();
    await drained.begun;
    await harness.server.drain(5_000);
    const end = await drained.end;
    expect([end?.code, end?.info?.reason]).toEqual([status.UNAVAILABLE, "DRAINING"]);
    await harness.stop();
    harness = await startHarness();
    const closed = follow();
    await closed.begun;
    await harness.fake.store.close();
    const last = await closed.end;
    expect([last?.code, last?.info?.reason]).toEqual([status.UNAVAILABLE, "DRAINING"]);
  });

  it("reads the log no faster than the updates are taken, and leaves nothing out", async () => {
    const orders = 50;
    const { store, codec } = harness.fake;
    const stop = new AbortController();
    let read = 0;
    async function* counted(): ReturnType<typeof store.subscribe> {
      for await (const message of store.subscribe((await store.end()) ?? "start", stop.signal)) {
        if (message.kind === "events") read += message.events.length;
        yield message;
      }
    }
    const counting = { ...store, subscribe: counted };
    const updates = watchOrders({ store: counting, codec }, { wanted: () => true }, stop.signal);
    const first = updates.next();
    for (let i = 0; i < orders; i += 1) await submit(`p${i}`, { amount: 9n });
    const seen = [await first];
    // One was asked for: the rest stays in the log.
    expect(read).toBeLessThanOrEqual(LIFE.length);
    const total = orders * LIFE.length;
    while (seen.length < total) seen.push(await updates.next());
    expect(read).toBe(total);
    const told = seen.map(
      ({ value }) => value && `${value.order.request.requestId} ${value.position}`,
    );
    expect(new Set(told).size).toBe(total);
    const end = updates.next();
    stop.abort();
    expect((await end).done).toBe(true);
  });

  it("leaves nothing behind after 1,000 connects and drops", async () => {
    setFlagsFromString("--expose-gc");
    const collect: () => void = runInNewContext("gc");
    const drop = async (count: number) => {
      // HTTP/2 servers cut a connection that resets streams by the thousand.
      const client = new TradeExecutionServiceClient(
        harness.address,
        credentials.createInsecure(),
        { "grpc.use_local_subchannel_pool": 1 },
      );
      for (let done = 0; done < count; done += SLOTS) {
        const batch = Array.from({ length: SLOTS }, () => follow("", "local", client));
        await Promise.all(batch.map(({ begun }) => begun));
        for (const { call } of batch) call.cancel();
        await Promise.all(batch.map(({ end }) => end));
        // Each round needs every place: a place that is not freed stops the next one.
        await ask(client.healthCheck.bind(client), {});
      }
      client.close();
      collect();
      return process.memoryUsage().heapUsed;
    };
    await drop(200);
    const before = await drop(200);
    for (let round = 0; round < 4; round += 1) await drop(200);
    const after = await drop(200);
    expect(after - before).toBeLessThan(4 * 1024 * 1024);
    expect(harness.logged).toEqual([]);
  });
});
