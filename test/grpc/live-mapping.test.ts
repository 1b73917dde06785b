/** Live orders as the wire shows them: signature, slot, provisional fills, fee lines that add up, and nothing before it is true. */
import { describe, expect, it } from "vitest";
import { executorAnswerOf, executorResultOf } from "../../adapters/grpc/mapping/executor.ts";
import { historyEntryOf, orderRowOf } from "../../adapters/grpc/mapping/history.ts";
import { createPositionTokens } from "../../adapters/grpc/mapping/position-token.ts";
import { answerOf, tradeResultOf } from "../../adapters/grpc/mapping/result.ts";
import { executionStatusOf } from "../../adapters/grpc/mapping/status-stream.ts";
import { tradeUpdateOf } from "../../adapters/grpc/mapping/updates.ts";
import type { RecordedEvent } from "../../domain/codec/codec.ts";
import type { OrderEvent } from "../../domain/order/events.ts";
import {
  AttemptOutcome,
  OrderStatus,
  TradeResult,
} from "../../proto/generated/orderstream/v1/trade_execution.ts";
import { TradeStatus } from "../../proto/generated/trade_executor/trade_executor.ts";
import { LOG_ID, recordAll, stateAfter } from "../support/given.ts";
import {
  expiredUnseen,
  FINAL_LIFE,
  failedOnChain,
  finalized,
  landed,
  liveFilled,
  liveRequested,
  outcomeUnknown,
  PROVISIONAL_LIFE,
  prepared,
  refusedBySender,
  resolvedAs,
  retryAfter,
  SECOND_TRY_LIFE,
  SIGNATURES,
  SIGNED_LIFE,
  SLOT,
  sentInDoubt,
  signed,
  submitted,
  voided,
  WALLET,
} from "../support/live-order-events.ts";
import { FAILED, VALIDATED } from "../support/order-events.ts";
import { POLICY } from "../support/order-samples.ts";
import { viewsOf } from "../support/views.ts";

const NOWHERE = { balances: undefined, position: "p" };
const resultOf = (events: readonly OrderEvent[]): TradeResult =>
  tradeResultOf(stateAfter(events), NOWHERE);

describe("the result of a live order", () => {
  it("names the signature as soon as there is one, and no fill before there is one", () => {
    expect(resultOf(SIGNED_LIFE.slice(0, -1))).toMatchObject({
      ...{ status: OrderStatus.ORDER_STATUS_PENDING, txSignature: undefined, route: "" },
      ...{ wallet: WALLET, signedAttempts: [] },
    });
    expect(resultOf(SIGNED_LIFE)).toMatchObject({
      ...{ status: OrderStatus.ORDER_STATUS_SUBMITTED, txSignature: SIGNATURES[0] },
      ...{ route: "protected", provisional: false, slot: undefined, fees: undefined },
      ...{ mevProtected: false, amountOut: 0n },
    });
  });

  it("is provisional until its slot is final", () => {
    const filled = { amountOut: 224_248_125n, slot: BigInt(SLOT), txSignature: SIGNATURES[0] };
    expect(resultOf(PROVISIONAL_LIFE)).toMatchObject({
      ...{ ...filled, status: OrderStatus.ORDER_STATUS_CONFIRMING, provisional: true },
    });
    expect(resultOf(FINAL_LIFE)).toMatchObject({
      ...{ ...filled, status: OrderStatus.ORDER_STATUS_FILLED, provisional: false },
      ...{ mevProtected: true, slippageModel: "", warnings: [] },
    });
    expect(resultOf([...PROVISIONAL_LIFE, voided()])).toMatchObject({
      ...{ status: OrderStatus.ORDER_STATUS_CONFIRMING, amountOut: 0n, slot: undefined },
      ...{ txSignature: SIGNATURES[0], lastError: { reason: "FILL_VOIDED" } },
    });
  });

  it("has fee lines whose sum is what the wallet gained or lost", () => {
    const moved = {
      ...{ rentLockedLamports: "2039280", rentRecoveredLamports: "890880" },
      ...{ unwrappedLamports: "-700", otherTransfersLamports: "31" },
      walletLamportsChange: String(-1_500_000_000 - 16_000 - 2_039_280 + 890_880 - 700 - 31),
    };
    const events = [...SIGNED_LIFE, submitted(), landed(), liveFilled(1, SLOT, moved), finalized()];
    const { fees, amountIn, warnings } = resultOf(events);
    if (!fees) throw new Error("no fees");
    const sum =
      fees.rentRecoveredLamports +
      fees.unwrappedLamports -
      (amountIn + fees.baseFeeLamports + fees.priorityFeeLamports + fees.tipLamports) -
      (fees.rentLamports + fees.otherTransfersLamports);
    expect(fees.walletChangeLamports).toBe(sum);
    expect(warnings).toEqual([expect.stringMatching(/^OTHER_TRANSFERS: 0\.000000031 SOL/)]);
    expect(TradeResult.decode(TradeResult.encode(resultOf(events)).finish()).fees).toEqual(fees);
  });

  it("tells every signature, what became of it, and what failures cost", () => {
    const result = resultOf(SECOND_TRY_LIFE);
    expect(result).toMatchObject({ attemptCount: 2, failedAttemptsFeeLamports: 15_000n });
    expect(result.signedAttempts).toEqual([
      {
        ...{ attempt: 1, txSignature: SIGNATURES[0], route: "protected", slot: BigInt(SLOT) },
        ...{ attemptOutcome: AttemptOutcome.ATTEMPT_OUTCOME_FAILED, feeLamports: 15_000n },
      },
      {
        ...{ attempt: 2, txSignature: SIGNATURES[1], route: "protected", slot: BigInt(SLOT + 9) },
        ...{ attemptOutcome: AttemptOutcome.ATTEMPT_OUTCOME_LANDED, feeLamports: 0n },
      },
    ]);
  });

  it("says when the next try comes, and why", () => {
    const waiting = [...SIGNED_LIFE, expiredUnseen(), retryAfter("TRANSACTION_EXPIRED")];
    expect(resultOf(waiting)).toMatchObject({
      status: OrderStatus.ORDER_STATUS_PENDING,
      nextRetryAt: { seconds: 1_767_225_600n, nanos: 100_000_000 },
      lastError: { reason: "TRANSACTION_EXPIRED" },
    });
  });

  it("is an answer, no failure, while the outcome is unknown", () => {
    const unknown = stateAfter([...SIGNED_LIFE, outcomeUnknown()]);
    const result = tradeResultOf(unknown, NOWHERE);
    expect(result).toMatchObject({
      status: OrderStatus.ORDER_STATUS_OUTCOME_UNKNOWN,
      lastError: { reason: "OUTCOME_UNKNOWN", retryable: false },
      signedAttempts: [{ attemptOutcome: AttemptOutcome.ATTEMPT_OUTCOME_UNKNOWN }],
    });
    expect(answerOf(unknown, result).kind).toBe("ok");
    expect(executorResultOf(unknown).status).toBe(TradeStatus.TRADE_STATUS_UNKNOWN);
    expect(executorAnswerOf(unknown).kind).toBe("ok");
  });

  it("warns of public nodes, unless protection was declined", () => {
    const open = (changes: object) => [
      ...[liveRequested({ ...changes }), VALIDATED, ...prepared()],
      signed(1, "public"),
    ];
    expect(resultOf(open({})).warnings).toEqual([expect.stringMatching(/^PUBLIC_ROUTE: /)]);
    expect(resultOf(open({ mev: { simulate: false, protect: false } })).warnings).toEqual([]);
  });

  it("measures sending and landing", () => {
    const steps = resultOf(FINAL_LIFE).steps.map(({ step, durationUs }) => [step, durationUs]);
    expect(steps).toContainEqual(["submit", 1_000n]);
    expect(steps).toContainEqual(["confirm", 1_000n]);
  });
});

describe("the frozen contract", () => {
  it("has no amounts while a fork may undo them", () => {
    expect(executorResultOf(stateAfter(PROVISIONAL_LIFE))).toMatchObject({
      ...{ status: TradeStatus.TRADE_STATUS_PENDING, transactionSignature: SIGNATURES[0] },
      ...{ executedAmount: 0n, executedPrice: 0, feesPaid: 0n, mevProtected: false },
    });
  });

  it("counts the fees of failed attempts, and time from sending", () => {
    expect(executorResultOf(stateAfter(SECOND_TRY_LIFE))).toMatchObject({
      ...{ status: TradeStatus.TRADE_STATUS_SUCCESS, transactionSignature: SIGNATURES[1] },
      ...{ executedAmount: 224_248_125n, feesPaid: 31_000n, mevProtected: true },
      // Submitted, landed, filled, finalized: a millisecond each.
      confirmationTimeMs: 3n,
    });
    const failed = executorResultOf(stateAfter([...SIGNED_LIFE, failedOnChain(), FAILED]));
    expect(failed).toMatchObject({ feesPaid: 15_000n, transactionSignature: SIGNATURES[0] });
  });
});

describe("updates and history", () => {
  it.each([
    ["signed", SIGNED_LIFE],
    ["provisional", PROVISIONAL_LIFE],
    ["void", [...PROVISIONAL_LIFE, voided()]],
    ["final", FINAL_LIFE],
    ["second try", SECOND_TRY_LIFE],
    ["failed", [...SIGNED_LIFE, failedOnChain(), FAILED]],
  ] as const)("say the same of an order that is %s", async (_, events) => {
    const recorded = recordAll(events);
    const { orders = [] } = await viewsOf(recorded);
    const [row] = orders;
    const last = recorded.at(-1);
    if (!row || !last) throw new Error("no row");
    const update = tradeUpdateOf(
      {
        recorded: last as RecordedEvent<OrderEvent>,
        order: stateAfter(events),
        position: last.position,
      },
      { tokens: POLICY.tokens, positions: createPositionTokens(LOG_ID) },
    );
    expect(update.trade).toEqual(historyEntryOf(orderRowOf(row)));
  });
});

describe("status messages", () => {
  const messagesOf = (events: readonly OrderEvent[]) => {
    const recorded = recordAll(events);
    return recorded.map((one, index) =>
      executionStatusOf(
        {
          recorded: one as RecordedEvent<OrderEvent>,
          order: stateAfter(events.slice(0, index + 1)),
        },
        POLICY.tokens,
      ),
    );
  };

  it("tell each step with its facts", () => {
    const steps = messagesOf(FINAL_LIFE).slice(4);
    expect(steps.map(({ message }) => message)).toEqual([
      "attempt 1 passed simulation at slot 2991 with 80000 compute units, and the gate",
      `signed attempt 1 as ${SIGNATURES[0]} for the protected route, good up to block height 3142`,
      "sent attempt 1 to http://127.0.0.1:8897",
      "attempt 1 landed in slot 3001, confirmed",
      "filled, not final yet: 1.5 SOL for 224.248125 USDC at 149.49875, 50.00 bps from the quote, " +
        `in slot 3001 as ${SIGNATURES[0]}`,
      "the fill in slot 3001 is final",
    ]);
    expect(steps.map(({ txSignature }) => txSignature)).toEqual([
      undefined,
      ...steps.slice(1).map(() => SIGNATURES[0]),
    ]);
    expect(steps.map(({ provisional }) => provisional)).toEqual([
      ...[false, false, false, false],
      ...[true, false],
    ]);
    expect(steps.map(({ terminal }) => terminal).indexOf(true)).toBe(5);
  });

  it("have words for every way that an attempt goes, with no hole in them", () => {
    const ways: readonly (readonly OrderEvent[])[] = [
      [refusedBySender(), sentInDoubt(), failedOnChain()],
      [submitted(), expiredUnseen()],
      [outcomeUnknown(), resolvedAs("landed", SLOT), liveFilled(), voided()],
    ];
    for (const way of ways) {
      for (const { message } of messagesOf([...SIGNED_LIFE, ...way])) {
        expect(message.length).toBeGreaterThan(10);
        expect(message).not.toMatch(/undefined|NaN|\[object/);
      }
    }
    const [last] = messagesOf([...SIGNED_LIFE, failedOnChain()]).slice(-1);
    expect(last?.message).toContain("it cost 0.000015 SOL");
  });
});
