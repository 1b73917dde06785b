/** Everything beside ExecuteTrade that answers once: orders, cancels, accounts, views. */
import { status } from "@grpc/grpc-js";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createPositionTokens } from "../../adapters/grpc/mapping/position-token.ts";
import { SOL_MINT } from "../../domain/primitives/ids.ts";
import { formatTimestamp } from "../../domain/primitives/time.ts";
import {
  CancelOutcome,
  type CancelTradeResponse,
  GetOrderRequest,
  GetTradeHistoryRequest,
  type GetTradeHistoryResponse,
  type OpenPaperAccountResponse,
  type Order,
  OrderStatus,
  type TradeResult,
  TradingMode,
  WaitFor,
} from "../../proto/generated/orderstream/v1/trade_execution.ts";
import { ask, failure, type Harness, MAIN, sellRequest, startHarness } from "./support/harness.ts";
import { BONK_MINT, OTHER_LOG_ID, SOL, START_US, USDC_MINT } from "./support/world.ts";

let harness: Harness;
beforeEach(async () => {
  harness = await startHarness();
});
afterEach(() => harness.stop());

const sell = (id: string, changes = {}): Promise<TradeResult> =>
  ask(harness.client.executeTrade.bind(harness.client), sellRequest(id, changes));
const order = (request: Partial<GetOrderRequest>): Promise<Order> =>
  ask(harness.client.getOrder.bind(harness.client), {
    ...GetOrderRequest.fromPartial({}),
    ...request,
  });
const history = (request: Partial<GetTradeHistoryRequest>): Promise<GetTradeHistoryResponse> =>
  ask(harness.client.getTradeHistory.bind(harness.client), {
    ...GetTradeHistoryRequest.fromPartial({}),
    ...request,
  });
const cancel = (requestId: string): Promise<CancelTradeResponse> =>
  ask(harness.client.cancelTrade.bind(harness.client), {
    order: { $case: "requestId", value: requestId },
    reason: "changed my mind",
  });
const requestId = (value: string) => ({ $case: "requestId", value }) as const;
const seconds = (timeUs: number) => ({
  seconds: BigInt(Math.floor(timeUs / 1_000_000)),
  nanos: (timeUs % 1_000_000) * 1_000,
});

describe("GetOrder", () => {
  it("answers the order by either id, with its request and state hash", async () => {
    const result = await sell("one", { metadata: { note: "x" } });
    const byRequest = await order({ order: requestId("one") });
    const byOrder = await order({ order: { $case: "orderId", value: result.orderId } });
    expect(byOrder).toEqual(byRequest);
    expect(byRequest.result).toEqual(result);
    expect(byRequest.principal).toBe("local");
    expect(byRequest.stateHash).toMatch(/^[0-9a-f]{64}$/);
    expect(byRequest.request).toMatchObject({
      requestId: "one",
      amount: SOL,
      slippageToleranceBps: 200,
      slippageModel: "fixed",
      metadata: { note: "x" },
      waitFor: WaitFor.WAIT_FOR_UNSPECIFIED,
    });
  });

  it("answers OK for an order that failed", async () => {
    await failure(sell("failed", { baseMint: BONK_MINT }));
    const { result } = await order({ order: requestId("failed") });
    expect(result?.status).toBe(OrderStatus.ORDER_STATUS_REJECTED);
    expect(result?.lastError?.reason).toBe("MINT_NOT_SUPPORTED");
  });

  it("answers the state at a revision and at a time", async () => {
    await sell("past");
    const atTwo = await order({
      order: requestId("past"),
      moment: { $case: "atRevision", value: 2n },
    });
    expect(atTwo.result).toMatchObject({
      revision: 2n,
      status: OrderStatus.ORDER_STATUS_PENDING,
      quotedPrice: "150",
      price: "",
    });
    const atStart = await order({
      order: requestId("past"),
      moment: { $case: "atTime", value: seconds(START_US + 1_000) },
    });
    expect(atStart.result?.revision).toBe(0n);
    const before = order({
      order: requestId("past"),
      moment: { $case: "atTime", value: seconds(START_US) },
    });
    const error = await failure(before);
    expect([error.code, error.info?.reason]).toEqual([status.NOT_FOUND, "ORDER_NOT_FOUND"]);
    const times = [START_US + 1_000, START_US].map(formatTimestamp);
    expect(error.message).toBe(
      `order ${atStart.result?.orderId} was requested at ${times[0]}, after at_time ${times[1]}`,
    );
  });

  it("answers OUT_OF_RANGE beyond the last revision, and names that one", async () => {
    const { orderId, revision } = await sell("short");
    const at = (value: bigint) =>
      order({ order: requestId("short"), moment: { $case: "atRevision", value } });
    expect((await at(revision)).result?.revision).toBe(revision);
    const error = await failure(at(revision + 1n));
    expect(error.code).toBe(status.OUT_OF_RANGE);
    expect(error.info?.reason).toBe("REVISION_OUT_OF_RANGE");
    expect(error.info?.metadata.recorded).toBe("false");
    expect(error.message).toBe(
      `at_revision: order ${orderId} has no revision ${revision + 1n}; its last one is ${revision}`,
    );
  });

  it("answers NOT_FOUND for an order that does not exist", async () => {
    const error = await failure(order({ order: requestId("nobody") }));
    expect(error.code).toBe(status.NOT_FOUND);
    expect(error.info?.reason).toBe("ORDER_NOT_FOUND");
  });
});

describe("CancelTrade", () => {
  it("answers all three outcomes with OK", async () => {
    await harness.fake.hold("quoted");
    await sell("open", { waitFor: WaitFor.WAIT_FOR_ACCEPTED });
    const cancelled = await cancel("open");
    expect(cancelled.outcome).toBe(CancelOutcome.CANCEL_OUTCOME_CANCELLED);
    expect(cancelled.result?.status).toBe(OrderStatus.ORDER_STATUS_CANCELLED);
    expect(cancelled.position).toBe(cancelled.result?.position);
    expect((await cancel("open")).outcome).toBe(CancelOutcome.CANCEL_OUTCOME_ALREADY_FINAL);
    await harness.fake.hold("executed");
    await sell("late", { waitFor: WaitFor.WAIT_FOR_SUBMITTED });
    expect((await cancel("late")).outcome).toBe(CancelOutcome.CANCEL_OUTCOME_TOO_LATE_PENDING);
    const again = await failure(sell("open"));
    expect(again.code).toBe(status.ABORTED);
    expect(again.info?.reason).toBe("CANCELLED");
    expect(again.message).toBe("changed my mind");
  });

  it("answers NOT_FOUND for no order, and UNKNOWN for an append of unknown outcome", async () => {
    expect((await failure(cancel("nobody"))).code).toBe(status.NOT_FOUND);
    harness.fake.answerNext({ kind: "unknown", cause: "no answer" });
    const error = await failure(cancel("nobody"));
    expect(error.code).toBe(status.UNKNOWN);
    expect(error.info?.metadata.order_id).toMatch(/^[0-9a-f-]{36}$/);
  });
});

describe("paper accounts", () => {
  it("opens, deposits, withdraws and closes", async () => {
    const { client } = harness;
    const funds = { mint: SOL_MINT, amount: 5n, cost: undefined };
    const of = (name: string) => ({ requestId: name, account: "second" });
    const opened: OpenPaperAccountResponse = await ask(client.openPaperAccount.bind(client), {
      ...of("o"),
      initialFunds: [funds, { mint: USDC_MINT, amount: 7n, cost: 7n }],
    });
    expect(opened.account).toBe("second");
    expect(opened.balances).toEqual([
      { mint: SOL_MINT, available: 5n, reserved: 0n, total: 5n },
      { mint: USDC_MINT, available: 7n, reserved: 0n, total: 7n },
    ]);
    const deposit = { ...of("d"), funds };
    await ask(client.depositPaperFunds.bind(client), deposit);
    const twice: OpenPaperAccountResponse = await ask(
      client.depositPaperFunds.bind(client),
      deposit,
    );
    expect(twice.balances[0]?.total).toBe(10n);
    const less: OpenPaperAccountResponse = await ask(client.withdrawPaperFunds.bind(client), {
      ...of("w"),
      funds: { ...funds, amount: 4n },
    });
    expect(less.balances[0]?.total).toBe(6n);
    const closed: OpenPaperAccountResponse = await ask(
      client.closePaperAccount.bind(client),
      of("c"),
    );
    expect(closed.balances).toHaveLength(2);
  });

  it("takes no cost for a withdrawal, and changes nothing", async () => {
    const { client, fake } = harness;
    const request = {
      requestId: "w-cost",
      account: MAIN,
      funds: { mint: SOL_MINT, amount: 4n, cost: 0n },
    };
    const before = fake.engine.balances(MAIN);
    const error = await failure(ask(client.withdrawPaperFunds.bind(client), request));
    expect([error.code, error.fields]).toEqual([status.INVALID_ARGUMENT, ["funds.cost"]]);
    expect(error.descriptions).toEqual([expect.stringContaining("must be absent")]);
    expect(fake.engine.balances(MAIN)).toEqual(before);
  });

  it("opens no account whose name could be an option or a path, but serves one of before", async () => {
    const { client } = harness;
    for (const account of ["--help", "..", "_a", ".b"]) {
      const request = { requestId: "odd", account, initialFunds: [] };
      const error = await failure(ask(client.openPaperAccount.bind(client), request));
      expect([error.code, error.fields]).toEqual([status.INVALID_ARGUMENT, ["account"]]);
      expect(error.descriptions).toEqual(["must begin with a letter or a digit"]);
      const close = ask(client.closePaperAccount.bind(client), { requestId: "odd", account });
      expect((await failure(close)).info?.reason).toBe("ACCOUNT_NOT_FOUND");
    }
  });

  it("takes codes from the failures table", async () => {
    const { client } = harness;
    const open = (name: string, account: string) =>
      ask(client.openPaperAccount.bind(client), { requestId: name, account, initialFunds: [] });
    const exists = await failure(open("other", MAIN));
    expect([exists.code, exists.info?.reason]).toEqual([status.ALREADY_EXISTS, "ACCOUNT_EXISTS"]);
    const missing = await failure(
      ask(client.closePaperAccount.bind(client), { requestId: "c", account: "none" }),
    );
    expect([missing.code, missing.info?.reason]).toEqual([status.NOT_FOUND, "ACCOUNT_NOT_FOUND"]);
    harness.fake.answerNext({ kind: "unknown", cause: "no answer" });
    expect((await failure(open("x", "y"))).code).toBe(status.UNKNOWN);
  });
});

describe("ResolveOutcome", () => {
  const resolve = (orderId: string) =>
    ask(harness.client.resolveOutcome.bind(harness.client), {
      orderId,
      requestId: "r",
      evidence: [{ node: "http://n", method: "getBlockHeight", answer: Buffer.from("{}") }],
    });
  it("has nothing to resolve yet", async () => {
    const { orderId } = await sell("known");
    const known = await failure(resolve(orderId));
    expect(known.code).toBe(status.FAILED_PRECONDITION);
    expect(known.info?.reason).toBe("OUTCOME_IS_KNOWN");
    const missing = await failure(resolve("7d1a1f0e-52c8-5d0e-9a51-0f1a2b3c4d5e"));
    expect(missing.code).toBe(status.NOT_FOUND);
  });
});

describe("GetTradeHistory", () => {
  it("pages newest first, each order once", async () => {
    for (let i = 0; i < 7; i++) await sell(`h${i}`);
    const seen: string[] = [];
    let pageToken = "";
    let pages = 0;
    do {
      const page = await history({ pageSize: 3, pageToken, account: MAIN });
      seen.push(...page.trades.map((trade) => trade.requestId));
      pageToken = page.nextPageToken;
      pages += 1;
    } while (pageToken !== "" && pages < 10);
    expect(seen).toEqual(["h6", "h5", "h4", "h3", "h2", "h1", "h0"]);
    expect(pages).toBe(3);
    expect((await history({ pageSize: 7 })).nextPageToken).toBe("");
  });

  it("maps rows and filters", async () => {
    await sell("good");
    await failure(sell("bad", { baseMint: BONK_MINT }));
    const all = await history({});
    expect(all.trades.map(({ requestId: id }) => id)).toEqual(["bad", "good"]);
    expect(all.trades[1]).toMatchObject({
      account: MAIN,
      mode: TradingMode.TRADING_MODE_PAPER,
      status: OrderStatus.ORDER_STATUS_FILLED,
      amountIn: SOL,
      amountOut: 149_250_000n,
      feesLamports: 5_000n,
      error: undefined,
      sourceService: "strategy-7",
      requestedAt: seconds(START_US + 1_000),
    });
    expect(all.trades[0]?.error).toMatchObject({ reason: "MINT_NOT_SUPPORTED", retryable: false });
    expect(all.position).not.toBe("");
    const only = await history({ status: OrderStatus.ORDER_STATUS_REJECTED });
    expect(only.trades.map(({ requestId: id }) => id)).toEqual(["bad"]);
    const byMint = await history({ mint: BONK_MINT });
    expect(byMint.trades).toHaveLength(1);
    expect((await history({ mode: TradingMode.TRADING_MODE_LIVE })).trades).toEqual([]);
    expect((await history({ from: seconds(START_US + 5_000) })).trades).toHaveLength(1);
  });

  it("refuses pages and tokens that are wrong, by name", async () => {
    await sell("t1");
    await sell("t2");
    const { nextPageToken } = await history({ pageSize: 1 });
    const foreign = createPositionTokens(OTHER_LOG_ID);
    const page = foreign.encodePage({ requestedAtUs: START_US, orderId: "x" }, "q");
    const cases: [Partial<GetTradeHistoryRequest>, string][] = [
      [{ pageSize: 1_001 }, "page_size"],
      [{ pageToken: "nonsense" }, "page_token"],
      [{ pageToken: "%%%" }, "page_token"],
      [{ pageToken: "x".repeat(10_000) }, "page_token"],
      [{ pageToken: page }, "page_token"],
      [{ pageToken: nextPageToken, account: MAIN }, "page_token"],
      [{ minPosition: nextPageToken }, "min_position"],
      [{ minPosition: foreign.encode(1n) }, "min_position"],
      [{ status: 99 as OrderStatus }, "status"],
      [{ mint: "x" }, "mint"],
      [{ from: seconds(START_US), to: seconds(START_US) }, "from"],
    ];
    for (const [request, field] of cases) {
      const error = await failure(history(request));
      expect([error.code, ...error.fields]).toEqual([status.INVALID_ARGUMENT, field]);
    }
    expect((await history({ pageSize: 1_000, pageToken: nextPageToken })).trades).toHaveLength(1);
    expect((await history({ pageSize: 1, pageToken: nextPageToken })).trades).toHaveLength(1);
  });

  it("waits for the views, then says that they are behind", async () => {
    const { position } = await sell("w");
    expect((await history({ minPosition: position })).trades).toHaveLength(1);
    harness.views.stickAt(1n);
    const error = await failure(history({ minPosition: position }));
    expect(error.code).toBe(status.UNAVAILABLE);
    expect(error.info?.reason).toBe("VIEW_BEHIND");
    expect(error.retry?.retryDelay).toBeDefined();
  });

  it("says that the views are behind while they are being made, instead of a page without rows", async () => {
    await sell("f");
    harness.views.fillAgain();
    const error = await failure(history({}));
    expect([error.code, error.info?.reason]).toEqual([status.UNAVAILABLE, "VIEW_BEHIND"]);
    expect(error.message).toContain("are still being made");
  });
});
