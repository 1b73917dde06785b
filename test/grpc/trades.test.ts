/** ExecuteTrade over real gRPC: fills, failures with their result, repeats, and the caller's wait. */
import { Metadata, status } from "@grpc/grpc-js";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { OrderId } from "../../domain/primitives/ids.ts";
import { SOL_MINT } from "../../domain/primitives/ids.ts";
import {
  OrderStatus,
  TradeAction,
  type TradeRequest,
  type TradeResult,
  TradingMode,
  Urgency,
  WaitFor,
} from "../../proto/generated/orderstream/v1/trade_execution.ts";
import { ask, failure, type Harness, MAIN, sellRequest, startHarness } from "./support/harness.ts";
import { BONK_MINT, noQuote, SOL, USDC, USDC_MINT } from "./support/world.ts";

let harness: Harness;
beforeEach(async () => {
  harness = await startHarness();
});
afterEach(() => harness.stop());

const execute = (request: TradeRequest): Promise<TradeResult> =>
  ask(harness.client.executeTrade.bind(harness.client), request);

const executeWithin = (request: TradeRequest, deadlineMs: number): Promise<TradeResult> =>
  new Promise((resolve, reject) => {
    const options = { deadline: Date.now() + deadlineMs };
    harness.client.executeTrade(request, new Metadata(), options, (error, result) =>
      error ? reject(error) : resolve(result),
    );
  });

describe("ExecuteTrade", () => {
  it("answers a fill with exact amounts, price, fees, slippage, balances and steps", async () => {
    const result = await execute(sellRequest("sell-1", { expectedPrice: "151" }));
    // 150 USDC worsened by 50 bps; 149.25 against 151 is 115.89 bps worse.
    expect(result).toMatchObject({
      requestId: "sell-1",
      status: OrderStatus.ORDER_STATUS_FILLED,
      mode: TradingMode.TRADING_MODE_PAPER,
      action: TradeAction.TRADE_ACTION_SELL,
      account: MAIN,
      attemptCount: 1,
      amountIn: SOL,
      amountOut: 149_250_000n,
      price: "149.25",
      quotedPrice: "150",
      slippageVsQuotedBps: "50.00",
      slippageVsExpectedBps: "115.89",
      txSignature: `sim_${result.orderId}`,
      cacheHit: true,
      lastError: undefined,
      nextRetryAt: undefined,
      fees: {
        baseFeeLamports: 5_000n,
        priorityFeeLamports: 1_000n,
        tipLamports: 0n,
        rentLamports: 0n,
        platformFee: 0n,
        platformFeeMint: "",
      },
    });
    expect(result.balances).toEqual([
      { mint: SOL_MINT, available: 99n * SOL - 6_000n, reserved: 0n, total: 99n * SOL - 6_000n },
      { mint: USDC_MINT, available: 10_149_250_000n, reserved: 0n, total: 10_149_250_000n },
    ]);
    const steps = ["validate", "quote", "reserve", "execute", "total"];
    expect(result.steps.map(({ step }) => step)).toEqual(steps);
    expect(result.position).not.toBe("");
  });

  it("passes every field of the request on", async () => {
    const request = sellRequest("all-fields", {
      action: TradeAction.TRADE_ACTION_BUY,
      amount: 30n * USDC,
      isBaseInput: false,
      slippageToleranceBps: 123,
      urgency: Urgency.URGENCY_HIGH,
      priorityFeeLamports: 7n,
      mev: { simulate: true, protect: true, tipLamports: 9n },
      maxPriceImpactBps: 77,
      expectedPrice: "150.25",
      feeAccount: BONK_MINT,
      trackingAccount: USDC_MINT,
      slippageModel: "fixed",
      expiresAt: { seconds: 1_900_000_000n, nanos: 123_456_789 },
      metadata: { strategy: "mean-reversion" },
      waitFor: WaitFor.WAIT_FOR_FINALIZED,
    });
    await execute(request);
    expect(harness.fake.orders()[0]?.request).toEqual({
      requestId: "all-fields",
      mode: "PAPER",
      account: MAIN,
      sourceService: "strategy-7",
      action: "BUY",
      baseMint: SOL_MINT,
      quoteMint: USDC_MINT,
      amount: "30000000",
      isBaseInput: false,
      slippageToleranceBps: 123,
      urgency: "HIGH",
      priorityFeeLamports: "7",
      mev: { simulate: true, protect: true, tipLamports: "9" },
      maxPriceImpactBps: 77,
      expectedPrice: "150.25",
      feeAccount: BONK_MINT,
      trackingAccount: USDC_MINT,
      slippageModel: "fixed",
      expiresAtUs: 1_900_000_000_123_456,
      isSimulated: false,
      metadata: { strategy: "mean-reversion" },
    });
  });

  it("answers the same order for the same request, also at the same time", async () => {
    const request = sellRequest("twice");
    const results = await Promise.all(Array.from({ length: 20 }, () => execute(request)));
    expect(new Set(results.map(({ orderId }) => orderId)).size).toBe(1);
    expect(harness.fake.orders()).toHaveLength(1);
    const again = await execute(request);
    expect(again.amountOut).toBe(results[0]?.amountOut);
  });

  it("refuses another body under a used id", async () => {
    await execute(sellRequest("used"));
    const error = await failure(execute(sellRequest("used", { amount: 2n * SOL })));
    expect(error.code).toBe(status.ALREADY_EXISTS);
    expect(error.info).toMatchObject({ reason: "REQUEST_ID_REUSED", domain: "orderstream" });
    expect(error.info?.metadata).toEqual({ recorded: "false" });
  });

  it("answers a rejection with its code and the whole result", async () => {
    const error = await failure(execute(sellRequest("poor", { amount: 1_000n * SOL })));
    expect(error.code).toBe(status.FAILED_PRECONDITION);
    expect(error.info?.reason).toBe("INSUFFICIENT_FUNDS");
    expect(error.info?.metadata).toEqual({
      recorded: "true",
      retry: "new_id",
      order_id: error.result?.orderId,
    });
    expect(error.result).toMatchObject({
      status: OrderStatus.ORDER_STATUS_REJECTED,
      amountOut: 0n,
      lastError: { reason: "INSUFFICIENT_FUNDS", message: error.message, retryable: false },
    });
    expect(error.result?.balances).toHaveLength(2);
  });

  it.each([
    ["no route", noQuote("no-route", "no way"), {}, "NO_ROUTE", status.ABORTED],
    [
      "too little slippage allowed",
      undefined,
      { slippageToleranceBps: 10 },
      "SLIPPAGE_EXCEEDED",
      status.ABORTED,
    ],
    [
      "an unsupported mint",
      undefined,
      { baseMint: BONK_MINT },
      "MINT_NOT_SUPPORTED",
      status.FAILED_PRECONDITION,
    ],
  ] as const)("takes the code of %s from the table", async (_, quote, changes, reason, code) => {
    if (quote) harness.fake.setQuote(quote);
    const error = await failure(execute(sellRequest("fails", changes)));
    expect(error.info?.reason).toBe(reason);
    expect(error.code).toBe(code);
    expect(error.result?.orderId).toBe(harness.fake.orders()[0]?.orderId);
  });

  it("answers PENDING shortly before the deadline, with the retry that is scheduled", async () => {
    harness.fake.setQuote(noQuote("timeout", "the market is slow"));
    const result = await executeWithin(sellRequest("slow"), 700);
    expect(result.status).toBe(OrderStatus.ORDER_STATUS_PENDING);
    expect(result.lastError).toEqual({
      reason: "QUOTE_UNAVAILABLE",
      message: "the market is slow",
      retryable: true,
    });
    expect(result.attemptCount).toBe(1);
    expect(result.nextRetryAt?.seconds).toBe(1_767_225_600n);
  });

  it("answers at the awaited point", async () => {
    await harness.fake.hold("requested");
    const accepted = await execute(sellRequest("early", { waitFor: WaitFor.WAIT_FOR_ACCEPTED }));
    expect(accepted.status).toBe(OrderStatus.ORDER_STATUS_PENDING);
    expect(accepted.steps).toEqual([]);
    await harness.fake.hold("executed");
    const submitted = await execute(sellRequest("early", { waitFor: WaitFor.WAIT_FOR_SUBMITTED }));
    expect(submitted.status).toBe(OrderStatus.ORDER_STATUS_SUBMITTED);
    expect(submitted.amountOut).toBe(0n);
  });

  it("goes on when the caller goes away", async () => {
    await harness.fake.hold("quoted");
    const gone = Promise.withResolvers<unknown>();
    const call = harness.client.executeTrade(sellRequest("left"), (error) => gone.resolve(error));
    await vi.waitFor(() => expect(harness.fake.orders()[0]?.phase).toBe("quoted"));
    call.cancel();
    expect(await gone.promise).toMatchObject({ code: status.CANCELLED });
    await harness.fake.hold(undefined);
    expect(harness.fake.orders()[0]?.phase).toBe("filled");
  });

  it("says when to come back where nothing was recorded", async () => {
    harness.fake.answerNext({
      kind: "refused",
      refusal: { reason: "DRAINING", message: "the engine is stopping", retryAfterMs: 2_500 },
    });
    const error = await failure(execute(sellRequest("drain")));
    expect(error.code).toBe(status.UNAVAILABLE);
    expect(error.info?.metadata).toEqual({ recorded: "false" });
    expect(error.retry?.retryDelay).toEqual({ seconds: 2n, nanos: 500_000_000 });
    expect(harness.fake.orders()).toEqual([]);
  });

  it("says that it is unknown whether an append was stored", async () => {
    const orderId = "7d1a1f0e-52c8-5d0e-9a51-0f1a2b3c4d5e" as OrderId;
    harness.fake.answerNext({ kind: "unknown", orderId, cause: "no answer from the store" });
    const error = await failure(execute(sellRequest("unknown")));
    expect(error.code).toBe(status.UNKNOWN);
    expect(error.info).toMatchObject({ reason: "WRITE_OUTCOME_UNKNOWN" });
    expect(error.info?.metadata).toEqual({
      recorded: "unknown",
      order_id: orderId,
      retry: "same_id",
    });
  });

  it("keeps the inside of an exception to itself, and logs it", async () => {
    harness.fake.answerNext(new Error("secret path /var/lib/keys"));
    const error = await failure(execute(sellRequest("broken")));
    expect(error.code).toBe(status.INTERNAL);
    expect(JSON.stringify(error)).not.toContain("secret");
    expect(error.info?.metadata).toEqual({ recorded: "unknown" });
    expect(String(harness.logged[0]?.error)).toContain("secret path");
  });
});
