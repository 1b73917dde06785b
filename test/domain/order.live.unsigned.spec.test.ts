/** Given the events of a live order, when something is recorded before its signature, then these events. */
import { describe, expect, it } from "vitest";
import type { OrderEvent } from "../../domain/order/events.ts";
import { given, stateAfter } from "../support/given.ts";
import {
  abandon,
  CHAIN_SAID,
  halt,
  NO_NODE,
  NOW_US,
  recordGateRefusal,
  recordObstacle,
  recordSigned,
  recordSigningRefusal,
  recordSimulation,
  recordSimulationFailure,
  reserveLive,
  SLIPPED,
} from "../support/live-order-commands.ts";
import {
  expiredUnseen,
  liveQuoted,
  liveRequested,
  liveReserved,
  outcomeUnknown,
  prepared,
  resolvedAs,
  retryAfter,
  SIGNED_LIFE,
  signed,
  simulationPassed,
  submitted,
} from "../support/live-order-events.ts";
import { CANCEL_REQUESTED, check, VALIDATED } from "../support/order-events.ts";
import { SOL, USDC } from "../support/order-samples.ts";

const QUOTED_LIFE = [liveRequested(), VALIDATED, liveQuoted()];
const RESERVED_LIFE = [...QUOTED_LIFE, liveReserved()];
const READY = [...RESERVED_LIFE, simulationPassed()];
/** The first attempt was signed and is dead; the second one is prepared. */
const READY_AGAIN: readonly OrderEvent[] = [
  ...SIGNED_LIFE,
  ...[submitted(), expiredUnseen(), retryAfter("TRANSACTION_EXPIRED"), ...prepared(2)],
];
const HELD = 1_500_000_000n + 15_000n + 1_000n + 2_039_280n;

const scheduled = (
  nextAttempt: number,
  delayMs: number,
  { reason, message }: { reason: string; message: string },
): OrderEvent => ({
  type: "RetryScheduled",
  data: { nextAttempt, notBeforeUs: NOW_US + delayMs * 1_000, reason, message },
});
const failedWith = (attempts: number, reason: string, message: string): OrderEvent =>
  ({ type: "OrderFailed", data: { attempts, reason, message } }) as OrderEvent;

describe("the reservation of a live order", () => {
  it("holds the lines that it is told, with the slot at which the wallet was read", () => {
    given(QUOTED_LIFE).when(reserveLive()).then(liveReserved());
  });

  it("takes the last lamport: input, fee, tip and rent of SOL count together", () => {
    const { events } = given(QUOTED_LIFE).when(reserveLive(() => HELD));
    expect(events).toMatchObject([
      { type: "FundsReserved", data: { available: [{ mint: SOL, amount: HELD.toString() }] } },
    ]);
    given(QUOTED_LIFE)
      .when(reserveLive(() => HELD - 1n))
      .then({
        type: "OrderRejected",
        data: {
          ...{ stage: "reserve", reason: "INSUFFICIENT_FUNDS" },
          message: "account hot has 1.502055279 SOL available, the order needs 1.50205528 SOL",
          checks: [check(`funds ${SOL}`, (HELD - 1n).toString(), HELD.toString())],
        },
      });
  });

  it("asks each mint for its own lines", () => {
    const lines = [
      { mint: USDC, amount: "150000000", purpose: "input" as const },
      { mint: SOL, amount: "15000", purpose: "fee" as const },
    ];
    const poor = reserveLive((mint) => (mint === SOL ? 14_999n : 150_000_000n), lines);
    expect(given(QUOTED_LIFE).when(poor).events).toMatchObject([
      { data: { checks: [{ check: `funds ${SOL}`, limit: "14999", value: "15000" }] } },
    ]);
  });
});

describe("a live simulation", () => {
  it("that passes is recorded under the attempt's number", () => {
    given(RESERVED_LIFE).when(recordSimulation()).then(simulationPassed());
  });

  it("that fails for a reason which may pass is followed by another attempt", () => {
    given(RESERVED_LIFE)
      .when(recordSimulationFailure())
      .then(
        {
          type: "SimulationFailed",
          data: {
            ...{ attempt: 1, class: SLIPPED.reason, message: SLIPPED.message },
            chain: CHAIN_SAID,
          },
        },
        scheduled(2, 100, SLIPPED),
      );
  });

  it("that fails for good, or for the last time, ends the order", () => {
    const forGood = { ...SLIPPED, reason: "SIMULATION_FAILED" as const, isRetryable: false };
    const { events } = given(RESERVED_LIFE).when(recordSimulationFailure(forGood));
    expect(events[1]).toEqual(failedWith(1, "SIMULATION_FAILED", SLIPPED.message));
    const one = { attempts: 1, baseDelayMs: 100, maxDelayMs: 100 };
    const last = given(RESERVED_LIFE).when(recordSimulationFailure(SLIPPED, one));
    expect(last.events[1]).toEqual(failedWith(1, "SLIPPAGE_EXCEEDED", SLIPPED.message));
  });

  it("keeps nothing of what cannot be stored as text", () => {
    const broken = { ...SLIPPED, message: "half \ud800 a sign\u0000" };
    const { events } = given(RESERVED_LIFE).when(recordSimulationFailure(broken));
    for (const { data } of events) {
      expect("message" in data && data.message.isWellFormed()).toBe(true);
    }
  });

  it("whose bytes the gate refuses ends the order, with the rule", () => {
    const message =
      "the transaction gate refused the transaction: programs: found Evil, allowed Jupiter";
    given(RESERVED_LIFE)
      .when(recordGateRefusal())
      .then(
        {
          type: "GateRefused",
          data: { attempt: 1, rule: "programs", found: "Evil", allowed: "Jupiter" },
        },
        failedWith(1, "GATE_REFUSED", message),
      );
  });
});

describe("an obstacle", () => {
  it("after the quote uses the number of the attempt up, and the delay grows", () => {
    given(QUOTED_LIFE)
      .when(recordObstacle())
      .thenOnce(scheduled(2, 100, NO_NODE));
    given(READY)
      .when(recordObstacle())
      .thenOnce(scheduled(2, 100, NO_NODE));
    given(READY_AGAIN)
      .when(recordObstacle())
      .thenOnce(scheduled(3, 200, NO_NODE));
  });

  it("before the quote counts as an attempt of its own", () => {
    given([liveRequested(), VALIDATED])
      .when(recordObstacle())
      .thenOnce(scheduled(2, 100, NO_NODE));
    const afterTwo = [liveRequested(), VALIDATED, retryAfter("CHAIN_UNAVAILABLE", 3)];
    given(afterTwo)
      .when(recordObstacle())
      .then(failedWith(3, NO_NODE.reason, NO_NODE.message));
  });

  it("waits as long as it was asked to", () => {
    const asked = { ...NO_NODE, retryAfterMs: 7_000 };
    given(QUOTED_LIFE)
      .when(recordObstacle(asked))
      .thenOnce(scheduled(2, 7_000, NO_NODE));
  });

  it("that would come again ends the order", () => {
    const forGood = { ...NO_NODE, reason: "TRANSACTION_TOO_LARGE" as const, isRetryable: false };
    given(READY)
      .when(recordObstacle(forGood))
      .then(failedWith(1, "TRANSACTION_TOO_LARGE", NO_NODE.message));
  });
});

describe("what was prepared and is gone", () => {
  it.each([
    ["quoted", QUOTED_LIFE, 1],
    ["reserved", RESERVED_LIFE, 1],
    ["simulated", READY, 1],
    ["simulated again", READY_AGAIN, 2],
  ] as const)("is prepared anew under the same number: %s", (_, past, attempt) => {
    const again = { reason: "PREPARATION_LOST", message: abandon().message };
    const { events } = given(past).when(abandon());
    expect(events).toEqual([scheduled(attempt, 0, again)]);
    const after = stateAfter([...past, ...events]);
    expect(after).toMatchObject({ phase: "validated", attempt: attempt - 1 });
    expect(after.reservation).toBeUndefined();
  });
});

describe("a signature", () => {
  it("exists from its event on, under the attempt's number", () => {
    given(READY).when(recordSigned()).then(signed());
    given(READY_AGAIN).when(recordSigned(2)).then(signed(2));
  });

  it("is thrown away after a cancel, and after a person has ended a doubt", () => {
    given([...READY, CANCEL_REQUESTED])
      .when(recordSigned())
      .then();
    const resolved = [...SIGNED_LIFE, outcomeUnknown(), resolvedAs("expired")];
    given([...resolved, retryAfter("TRANSACTION_EXPIRED"), ...prepared(2)])
      .when(recordSigned(2))
      .then();
  });

  it("that the signer refuses ends the order", () => {
    const { rule, message } = recordSigningRefusal().refused;
    given(READY)
      .when(recordSigningRefusal())
      .then(
        { type: "SigningRefused", data: { attempt: 1, rule, message } },
        failedWith(1, "SIGNING_REFUSED", message),
      );
  });
});

it("ends by a halt in the words of the halt", () => {
  for (const past of [QUOTED_LIFE, RESERVED_LIFE, READY, READY_AGAIN]) {
    given(past)
      .when(halt())
      .then({ type: "OrderCancelled", data: { by: "safety", message: "halted by local: test" } });
  }
});
