/** The frozen contract over real gRPC: a thin mapping onto the same command. */
import { Metadata, status } from "@grpc/grpc-js";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { decimalOf } from "../../adapters/grpc/mapping/executor.ts";
import { SOL_MINT } from "../../domain/primitives/ids.ts";
import { isDecimalPrice } from "../../domain/primitives/ratio.ts";
import {
  type ExecutorStatus,
  TradeRequest,
  type TradeResult,
  TradeStatus,
  UrgencyLevel,
} from "../../proto/generated/trade_executor/trade_executor.ts";
import { ask, failure, type Harness, startHarness } from "./support/harness.ts";
import { noQuote, SOL, START_US, USDC_MINT } from "./support/world.ts";

let harness: Harness;
beforeEach(async () => {
  harness = await startHarness();
});
afterEach(() => harness.stop());

const swap = (requestId: string, changes: Partial<TradeRequest> = {}): TradeRequest => ({
  ...TradeRequest.fromPartial({}),
  requestId,
  sourceService: "old-bot",
  inputToken: SOL_MINT,
  outputToken: USDC_MINT,
  amountLamports: 2n * SOL,
  maxSlippageBps: 200,
  ...changes,
});
const execute = (request: TradeRequest): Promise<TradeResult> =>
  ask(harness.executor.executeTradeRequest.bind(harness.executor), request);

describe("ExecuteTradeRequest", () => {
  it("swaps and answers in the contract's own terms", async () => {
    const request = swap("old-1", { urgencyLevel: UrgencyLevel.URGENCY_LEVEL_HIGH });
    const result = await execute(request);
    const [order] = harness.fake.orders();
    expect(order?.request).toMatchObject({
      action: "SWAP",
      mode: "PAPER",
      account: "main",
      baseMint: SOL_MINT,
      quoteMint: USDC_MINT,
      amount: "2000000000",
      slippageToleranceBps: 200,
      urgency: "HIGH",
      sourceService: "old-bot",
    });
    expect(result).toEqual({
      requestId: "old-1",
      status: TradeStatus.TRADE_STATUS_SUCCESS,
      transactionSignature: `sim_${order?.orderId}`,
      executedAmount: 298_500_000n,
      executedPrice: 149.25,
      slippageBps: 50,
      feesPaid: 15_000n,
      priorityFee: 10_000n,
      // The fake clock moves 1 ms per event: five from acceptance to the end, one from submission.
      executionTimeMs: 5n,
      errorMessage: undefined,
      mevProtected: false,
      confirmationTimeMs: 1n,
    });
    expect(await execute(request)).toEqual(result);
  });

  it("counts slippage against the expected price, an improvement as 0", async () => {
    const worse = await execute(swap("worse", { expectedPrice: 150.75 }));
    // 149.25 against 150.75 is 99.50 bps worse: rounded half up.
    expect(worse.slippageBps).toBe(100);
    const better = await execute(swap("better", { expectedPrice: 140.5 }));
    expect(better.slippageBps).toBe(0);
    expect(harness.fake.orders().map(({ request }) => request.expectedPrice)).toEqual([
      "150.75",
      "140.5",
    ]);
  });

  it("takes 0 as no slippage allowed, and answers a failure with its own result", async () => {
    const error = await failure(execute(swap("none", { maxSlippageBps: 0 })));
    expect(error.code).toBe(status.ABORTED);
    expect(error.info?.reason).toBe("SLIPPAGE_EXCEEDED");
    expect(error.info?.metadata).toMatchObject({ recorded: "true", retry: "new_id" });
    expect(error.result).toBeUndefined();
    expect(error.executorResult).toMatchObject({
      requestId: "none",
      status: TradeStatus.TRADE_STATUS_FAILED,
      executedAmount: 0n,
      feesPaid: 0n,
      errorMessage: error.message,
    });
  });

  it("answers PENDING when the order is not final in time", async () => {
    harness.fake.setQuote(noQuote("timeout", "slow"));
    const result = await new Promise<TradeResult>((resolve, reject) => {
      const options = { deadline: Date.now() + 500 };
      harness.executor.executeTradeRequest(
        swap("pending"),
        new Metadata(),
        options,
        (error, value) => (error ? reject(error) : resolve(value)),
      );
    });
    expect(result.status).toBe(TradeStatus.TRADE_STATUS_PENDING);
    expect(result.errorMessage).toBeUndefined();
  });

  it("refuses what the engine refuses, and levels that it does not know", async () => {
    await execute(swap("same"));
    const reused = await failure(execute(swap("same", { amountLamports: 1n })));
    expect(reused.code).toBe(status.ALREADY_EXISTS);
    const level = await failure(execute(swap("level", { urgencyLevel: 9 as UrgencyLevel })));
    expect([level.code, level.fields]).toEqual([status.INVALID_ARGUMENT, ["urgency_level"]]);
    harness.fake.answerNext({ kind: "unknown", cause: "no answer" });
    expect((await failure(execute(swap("u")))).code).toBe(status.UNKNOWN);
  });
});

describe("GetExecutorStatus", () => {
  it("tells the engine's condition", async () => {
    await execute(swap("one"));
    const { executor } = harness;
    const answer: ExecutorStatus = await ask(executor.getExecutorStatus.bind(executor), {});
    expect(answer).toEqual({
      accepting: true,
      mode: "PAPER",
      breaker: "closed",
      killSwitch: false,
      open: 0n,
      unknown: 0n,
      queueLength: 0n,
      lastPosition: answer.lastPosition,
      version: "1.2.3",
      startedAt: "2026-01-01T00:00:00.000000Z",
    });
    expect(answer.lastPosition).not.toBe("");
    expect(START_US).toBe(Date.UTC(2026, 0, 1) * 1_000);
  });
});

describe("decimalOf", () => {
  it.each([
    [150.25, "150.25"],
    [0.1, "0.1"],
    [1e-7, "0.0000001"],
    [1.5e-7, "0.00000015"],
    [123456789012, "123456789012"],
    [1e21, "1000000000000000000000"],
    [1.5e21, "1500000000000000000000"],
    [1e-30, "0"],
  ])("writes %d as %s", (value, text) => expect(decimalOf(value)).toBe(text));

  it("loses nothing of a double from 1 up", () => {
    const price = fc.double({ min: 1, max: 1e15, noNaN: true });
    fc.assert(
      fc.property(price, (value) => {
        const text = decimalOf(value);
        expect(isDecimalPrice(text)).toBe(true);
        expect(Number(text)).toBe(value);
      }),
    );
  });
});
