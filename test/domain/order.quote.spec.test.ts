/** What follows from a quote, from a bad one, and from none: rejections, the retry schedule, the end of trying. */
import { describe, expect, it } from "vitest";
import { retryDelayMs } from "../../domain/order/decide-quote.ts";
import type { OrderEvent } from "../../domain/order/events.ts";
import { nextAction } from "../../domain/order/flow.ts";
import type { RetryPolicy } from "../../domain/order/retry-policy.ts";
import { statusOf } from "../../domain/order/state.ts";
import type { QuoteFailureClass } from "../../domain/ports/quotes.ts";
import { given, stateAfter, timeOf } from "../support/given.ts";
import {
  check,
  QUOTE_FAILED,
  QUOTED,
  RETRY_SCHEDULED,
  requested,
  VALIDATED,
} from "../support/order-events.ts";
import { POLICY, RETRY, recordFailure, recordQuote, SOL, USDC } from "../support/order-samples.ts";

const past = [requested(), VALIDATED];
const NOW_US = timeOf(1) + 250;

describe("a quote", () => {
  it("in the other direction gives the same price, turned round", () => {
    const [event] = given(past).when(
      recordQuote({
        inputMint: USDC,
        outputMint: SOL,
        inAmount: 150_250_000n,
        outAmount: 1_000_000_000n,
      }),
    ).events;
    expect(event).toMatchObject({
      type: "QuoteObtained",
      data: { price: QUOTED.data.price, inputMint: USDC, outputMint: SOL },
    });
  });

  it("without a slot, fresh and for this amount, is recorded so", () => {
    const { contextSlot: _, ...data } = QUOTED.data;
    const command = recordQuote({ contextSlot: undefined, obtainedAtUs: NOW_US });
    given(past)
      .when({
        ...command,
        answer: { ...command.answer, basis: "route", cacheHit: false } as typeof command.answer,
      })
      .then({
        type: "QuoteObtained",
        data: {
          ...data,
          basis: "route",
          cacheHit: false,
          ageUs: 0,
          checks: [check("quote_age_us", "10000000", "0")],
        },
      });
  });

  it("from the clock's future has age 0", () => {
    const [event] = given(past).when(recordQuote({ obtainedAtUs: NOW_US + 5 })).events;
    expect(event).toMatchObject({ data: { ageUs: 0 } });
  });

  it.each([
    ["exactly as old as allowed", 10_000_000, false],
    ["a microsecond older", 10_000_001, true],
  ])("%s", (_, ageUs, tooOld) => {
    const obtainedAtUs = NOW_US - ageUs;
    const checks = [check("quote_age_us", "10000000", String(ageUs))];
    const quoted: OrderEvent = { type: "QuoteObtained", data: { ...QUOTED.data, ageUs, checks } };
    const message = "the quote is 10000001 us old; at most 10000000 us are allowed";
    const rejected: OrderEvent = {
      type: "OrderRejected",
      data: { stage: "quote", reason: "QUOTE_TOO_OLD", message, checks },
    };
    given(past)
      .when(recordQuote({ obtainedAtUs }))
      .then(...(tooOld ? [quoted, rejected] : [quoted]));
  });

  const limited = [requested({ maxPriceImpactBps: 12 }), VALIDATED];
  it.each([
    ["0.0012", false],
    ["0.00120000000000000001", true],
    ["1.2e-3", false],
    ["1.3E-3", true],
    ["-0.5", false],
    ["0", false],
    ["no number", true],
    ["", true],
  ])("with price impact %j against a limit of 12 bps", (priceImpact, tooHigh) => {
    const checks = [
      check("quote_age_us", "10000000", "250"),
      check("price_impact", "12 bps", priceImpact),
    ];
    const quoted: OrderEvent = {
      type: "QuoteObtained",
      data: { ...QUOTED.data, priceImpact, checks },
    };
    const { events } = given(limited).when(recordQuote({ priceImpact }));
    expect(events[0]).toEqual(quoted);
    expect(events.slice(1)).toMatchObject(
      tooHigh
        ? [
            {
              type: "OrderRejected",
              data: { stage: "quote", reason: "PRICE_IMPACT_TOO_HIGH", checks },
            },
          ]
        : [],
    );
  });

  it("has no limit to its price impact where the request sets none", () => {
    const { events } = given(past).when(recordQuote({ priceImpact: "0.99" }));
    expect(events).toMatchObject([{ type: "QuoteObtained", data: { priceImpact: "0.99" } }]);
  });

  it.each([
    [0n, 1n],
    [1n, 0n],
  ])("of %i in and %i out has no price", (inAmount, outAmount) => {
    given(past)
      .when(recordQuote({ inAmount, outAmount }))
      .then({
        type: "OrderRejected",
        data: {
          stage: "quote",
          reason: "AMOUNT_TOO_SMALL",
          message: `the market quotes ${outAmount} smallest units for ${inAmount}`,
          checks: [check("quoted_amount", "> 0", `${inAmount} in, ${outAmount} out`)],
        },
      });
  });
});

describe("no quote", () => {
  it("is tried again after 100 ms, then 200 ms; only then has the order failed", () => {
    let events: OrderEvent[] = [...past];
    const run = (nowUs: number): readonly OrderEvent[] => {
      const decided = given(events).when(recordFailure({}, { nowUs })).events;
      events = [...events, ...decided];
      return decided;
    };
    expect(run(NOW_US)).toEqual([QUOTE_FAILED, RETRY_SCHEDULED]);
    let order = stateAfter(events);
    expect(order).toMatchObject({
      attempt: 1,
      nextRetryAtUs: NOW_US + 100_000,
      lastError: { reason: "QUOTE_UNAVAILABLE", message: "no answer within 2000 ms" },
    });
    expect(statusOf(order)).toBe("PENDING");
    expect(nextAction(order)).toEqual({
      kind: "WaitUntil",
      untilUs: NOW_US + 100_000,
      next: "Quote",
    });

    expect(run(NOW_US + 100_000)).toMatchObject([
      { type: "QuoteFailed", data: { attempt: 2, retryable: true } },
      { type: "RetryScheduled", data: { nextAttempt: 3, notBeforeUs: NOW_US + 300_000 } },
    ]);
    order = stateAfter(events);
    expect(order).toMatchObject({ attempt: 2, nextRetryAtUs: NOW_US + 300_000 });
    expect(statusOf(order)).toBe("PENDING");

    expect(run(NOW_US + 300_000)).toEqual([
      { ...QUOTE_FAILED, data: { ...QUOTE_FAILED.data, attempt: 3 } },
      {
        type: "OrderFailed",
        data: { attempts: 3, reason: "QUOTE_UNAVAILABLE", message: "no answer within 2000 ms" },
      },
    ]);
    order = stateAfter(events);
    expect(statusOf(order)).toBe("FAILED");
    expect(order.nextRetryAtUs).toBeUndefined();
  });

  it("forgets the waiting and the error once the order is filled on a later attempt", () => {
    const quoted: OrderEvent = { type: "QuoteObtained", data: { ...QUOTED.data, attempt: 2 } };
    const order = stateAfter([...past, QUOTE_FAILED, RETRY_SCHEDULED, quoted]);
    expect(order.nextRetryAtUs).toBeUndefined();
    expect(order.attempt).toBe(2);
    expect(order.lastError).toMatchObject({ reason: "QUOTE_UNAVAILABLE" });
  });

  it.each<[QuoteFailureClass, string, boolean]>([
    ["no-route", "NO_ROUTE", false],
    ["refused", "QUOTE_REFUSED", false],
    ["rate-limited", "QUOTE_UNAVAILABLE", true],
    ["timeout", "QUOTE_UNAVAILABLE", true],
    ["unreachable", "QUOTE_UNAVAILABLE", true],
    ["malformed", "QUOTE_UNAVAILABLE", true],
    ["upstream-error", "QUOTE_UNAVAILABLE", true],
  ])("for %s means %s", (failure, reason, retryable) => {
    given(past)
      .when(recordFailure({ class: failure, message: "m" }))
      .thenOnce(
        { type: "QuoteFailed", data: { attempt: 1, class: failure, message: "m", retryable } },
        retryable
          ? {
              type: "RetryScheduled",
              data: { nextAttempt: 2, notBeforeUs: NOW_US + 100_000, reason, message: "m" },
            }
          : { type: "OrderFailed", data: { attempts: 1, reason, message: "m" } },
      );
  });

  it("is final at once when the policy allows one attempt", () => {
    given(past)
      .when(recordFailure({}, { retry: { ...RETRY, attempts: 1 } }))
      .then(QUOTE_FAILED, {
        type: "OrderFailed",
        data: { attempts: 1, reason: "QUOTE_UNAVAILABLE", message: "no answer within 2000 ms" },
      });
  });
});

describe("the delay before the next attempt", () => {
  const slow: RetryPolicy = { attempts: 20, baseDelayMs: 100, maxDelayMs: 5_000 };
  it.each([
    [1, undefined, 100],
    [2, undefined, 200],
    [3, undefined, 400],
    [6, undefined, 3_200],
    [7, undefined, 5_000],
    [2_000, undefined, 5_000],
    [1, 99, 100],
    [1, 101, 101],
    [1, 101.2, 102],
    [1, 60_000, 60_000],
    [1, 700_000, 600_000],
    [3, 0, 400],
  ])("after attempt %i, the source asking for %s ms, is %i ms", (attempt, asked, expected) => {
    expect(retryDelayMs(attempt, slow, asked)).toBe(expected);
  });

  it("that the source asked for is in the event", () => {
    const { events } = given(past).when(recordFailure({ retryAfterMs: 750 }));
    expect(events[1]).toMatchObject({ data: { notBeforeUs: NOW_US + 750_000 } });
  });
});

describe("the policy of the quote", () => {
  it("is the one that comes with the command", () => {
    const policy = { ...POLICY, maxQuoteAgeMs: 0 };
    const { events } = given(past).when(recordQuote({ inputMint: SOL }, { policy }));
    expect(events[1]).toMatchObject({ data: { reason: "QUOTE_TOO_OLD" } });
  });
});
