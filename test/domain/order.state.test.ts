/** The fold refuses what cannot follow, and hashes of states mean the states. */
import { describe, expect, it } from "vitest";
import type { RecordedEvent } from "../../domain/codec/codec.ts";
import type { OrderEvent } from "../../domain/order/events.ts";
import { nextAction } from "../../domain/order/flow.ts";
import { evolve, foldOrder, stateHash } from "../../domain/order/state.ts";
import {
  expectedPriceOf,
  limitOf,
  quotedAmounts,
  reservedFor,
  slippageOf,
} from "../../domain/order/trade.ts";
import type { StreamName } from "../../domain/primitives/ids.ts";
import { hasher, recordAll, STREAM, sealAll, stateAfter, timeOf } from "../support/given.ts";
import {
  EXECUTED_LATE,
  FAILED,
  QUOTE_FAILED,
  QUOTED,
  RESERVED,
  RETRY_SCHEDULED,
  requested,
  VALIDATED,
} from "../support/order-events.ts";

const recorded = (events: readonly OrderEvent[]): RecordedEvent<OrderEvent>[] =>
  recordAll(events) as RecordedEvent<OrderEvent>[];

describe("a stream that no order wrote", () => {
  const [first, second, third] = recorded([requested(), VALIDATED, FAILED]);
  const order = stateAfter([requested()]);
  if (!first || !second || !third) throw new Error("three events were recorded");

  it.each<[string, () => unknown, string]>([
    ["begins with another event", () => evolve(undefined, second), "begins with OrderValidated"],
    ["requests twice", () => evolve(order, first), "requested twice"],
    ["leaves out a revision", () => evolve(order, third), "revision 2 after 0"],
    [
      "repeats a revision",
      () => evolve(stateAfter([requested(), VALIDATED]), second),
      "revision 1 after 1",
    ],
    [
      "goes on after the end",
      () => foldOrder(recorded([requested(), FAILED, VALIDATED])),
      "OrderValidated after the end",
    ],
    [
      "stands elsewhere",
      () => evolve(undefined, { ...first, stream: "account-main" as StreamName }),
      "account-main@0: no place for an order to begin",
    ],
    [
      "begins late",
      () => evolve(undefined, { ...first, revision: 1 }),
      `${STREAM}@1: no place for an order to begin`,
    ],
  ])("that %s is refused with a sentence", (_, fold, sentence) => {
    expect(fold).toThrow(sentence);
  });

  it("that is empty is no order", () => {
    expect(foldOrder([])).toBeUndefined();
  });
});

describe("the state", () => {
  it("has the place and the times of its events", () => {
    const order = stateAfter([requested(), VALIDATED, QUOTED, RESERVED, EXECUTED_LATE]);
    expect(order).toMatchObject({
      revision: 4,
      requestedAtUs: timeOf(0),
      updatedAtUs: timeOf(4),
      attempt: 1,
      decimals: { base: 9, quote: 6 },
      stepsUs: {
        validated: timeOf(1),
        quoted: timeOf(2),
        reserved: timeOf(3),
        executed: timeOf(4),
      },
    });
    const last = sealAll([requested(), VALIDATED, QUOTED, RESERVED, EXECUTED_LATE]).at(-1);
    expect(JSON.parse(new TextDecoder().decode(last?.metadata)).hash).toBe(order.hash);
  });

  it("keeps the first quote's price as its anchor through later quotes", () => {
    const later: OrderEvent = {
      type: "QuoteObtained",
      data: { ...QUOTED.data, attempt: 2, price: { numerator: "9", denominator: "1" } },
    };
    const order = stateAfter([requested(), VALIDATED, QUOTED, RETRY_SCHEDULED, later]);
    expect(order.firstQuotePrice).toEqual(QUOTED.data.price);
    expect(order.quote?.price).toEqual(later.data.price);
    // The anchor's 225.375 USDC × 0.98 would be laxer than the later quote's 13.5e9 × 0.98.
    expect(limitOf(order).amountOut).toBe(13_230_000_000n);
    const worse: OrderEvent = {
      type: "QuoteObtained",
      data: { ...QUOTED.data, attempt: 2, price: { numerator: "1", denominator: "10" } },
    };
    const walked = stateAfter([requested(), VALIDATED, QUOTED, RETRY_SCHEDULED, worse]);
    expect(limitOf(walked).amountOut).toBe(220_867_500n);
  });

  it("knows no numbers before they are there", () => {
    const order = stateAfter([requested({ expectedPrice: "150" })]);
    expect(expectedPriceOf(order)).toBeUndefined();
    expect(() => quotedAmounts(order)).toThrow("the order has no quote yet");
    expect(() => limitOf(stateAfter([requested(), VALIDATED]))).toThrow(
      "the order has no quote yet",
    );
    expect(reservedFor(order, "fee")).toBe(0n);
    const quoted = stateAfter([requested(), VALIDATED, QUOTED]);
    expect(slippageOf(quoted, quotedAmounts(quoted))).toEqual({
      quoted: "0",
      expected: undefined,
    });
  });

  it("tells the last error as soon as it is recorded", () => {
    expect(stateAfter([requested(), VALIDATED, QUOTE_FAILED])).toMatchObject({
      attempt: 1,
      lastError: { reason: "timeout", message: "no answer within 2000 ms" },
    });
    const failed: OrderEvent = {
      type: "SimulationFailed",
      data: {
        attempt: 1,
        class: "SLIPPAGE_EXCEEDED",
        message: "m",
        paper: {
          limit: "2",
          value: "1",
          model: "fixed",
          slippagePpm: 5_000,
          terms: {},
          market: {},
        },
      },
    };
    const order = stateAfter([requested(), VALIDATED, QUOTED, RESERVED, failed]);
    expect(order.lastError).toEqual({ reason: "SLIPPAGE_EXCEEDED", message: "m" });
    expect(order.phase).toBe("reserved");
  });

  it("waits from its last event on when it does not know when it was executed", () => {
    const order = stateAfter([requested(), VALIDATED, QUOTED, RESERVED, EXECUTED_LATE]);
    expect(nextAction({ ...order, stepsUs: {} })).toEqual({
      kind: "WaitUntil",
      untilUs: timeOf(4) + 2_000_000,
      next: "Settle",
    });
  });

  it("of a retry is to be tried at once when its time is not known any more", () => {
    const order = stateAfter([requested(), VALIDATED, QUOTE_FAILED]);
    expect(nextAction(order)).toEqual({ kind: "Quote" });
  });
});

describe("the hash of a state", () => {
  it("is the same for the same events and differs for others", () => {
    const hash = (events: readonly OrderEvent[]): string => stateHash(stateAfter(events), hasher);
    expect(hash([requested(), VALIDATED])).toBe(hash([requested(), VALIDATED]));
    expect(hash([requested(), VALIDATED])).not.toBe(hash([requested()]));
    expect(hash([requested({ amount: 1n })])).not.toBe(hash([requested()]));
  });
});
