/** Given these events of a live order, this state: phases, signatures, what failed attempts have cost. */
import { describe, expect, it } from "vitest";
import type { OrderEvent } from "../../domain/order/events.ts";
import { isTerminal, signatureOf, statusOf } from "../../domain/order/state.ts";
import { stateAfter, timeOf } from "../support/given.ts";
import {
  expiredUnseen,
  FINAL_LIFE,
  failedOnChain,
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

const READY = SIGNED_LIFE.slice(0, -1);

describe("a live order", () => {
  it.each<[phase: string, status: string, events: readonly OrderEvent[]]>([
    ["simulated", "PENDING", READY],
    ["signed", "SUBMITTED", SIGNED_LIFE],
    ["submitted", "CONFIRMING", [...SIGNED_LIFE, submitted()]],
    ["submitted", "CONFIRMING", [...SIGNED_LIFE, refusedBySender()]],
    ["submitted", "CONFIRMING", [...SIGNED_LIFE, sentInDoubt()]],
    ["landed", "CONFIRMING", [...SIGNED_LIFE, submitted(), landed()]],
    ["dead", "PENDING", [...SIGNED_LIFE, submitted(), failedOnChain()]],
    ["dead", "PENDING", [...SIGNED_LIFE, submitted(), expiredUnseen()]],
    ["unknown", "OUTCOME_UNKNOWN", [...SIGNED_LIFE, outcomeUnknown()]],
    ["landed", "CONFIRMING", [...SIGNED_LIFE, outcomeUnknown(), resolvedAs("landed", SLOT)]],
    ["dead", "PENDING", [...SIGNED_LIFE, outcomeUnknown(), resolvedAs("expired")]],
    ["provisional", "CONFIRMING", PROVISIONAL_LIFE],
    ["submitted", "CONFIRMING", [...PROVISIONAL_LIFE, voided()]],
    ["filled", "FILLED", FINAL_LIFE],
  ])("is %s (%s)", (phase, status, events) => {
    const order = stateAfter(events);
    expect([order.phase, statusOf(order)]).toEqual([phase, status]);
    expect(isTerminal(order)).toBe(phase === "filled");
  });

  it("knows its wallet, and its signature as soon as it is signed", () => {
    expect(stateAfter([liveRequested()]).wallet).toBe(WALLET);
    expect(signatureOf(stateAfter(READY))).toBeUndefined();
    expect(signatureOf(stateAfter(SIGNED_LIFE))).toBe(SIGNATURES[0]);
    // Also when the attempt is over.
    const failed = [...SIGNED_LIFE, submitted(), failedOnChain()];
    expect(signatureOf(stateAfter(failed))).toBe(SIGNATURES[0]);
    expect(stateAfter(failed).signed).toBeUndefined();
  });

  it("keeps every signature with what became of it", () => {
    const outcomesOf = (events: readonly OrderEvent[]) => stateAfter(events).signedAttempts;
    const first = { attempt: 1, signature: SIGNATURES[0], route: "protected" };
    expect(outcomesOf(SIGNED_LIFE)).toEqual([{ ...first, outcome: "open" }]);
    expect(outcomesOf(PROVISIONAL_LIFE)).toEqual([{ ...first, outcome: "landed", slot: SLOT }]);
    expect(outcomesOf([...PROVISIONAL_LIFE, voided()])).toEqual([{ ...first, outcome: "open" }]);
    expect(outcomesOf([...SIGNED_LIFE, outcomeUnknown()])).toEqual([
      { ...first, outcome: "unknown" },
    ]);
    expect(outcomesOf([...SIGNED_LIFE, outcomeUnknown(), resolvedAs("failed", 7)])).toEqual([
      { ...first, outcome: "failed", slot: 7, feeLamports: "15000" },
    ]);
    expect(outcomesOf(SECOND_TRY_LIFE)).toEqual([
      { ...first, outcome: "failed", slot: SLOT, feeLamports: "15000" },
      {
        ...{ attempt: 2, signature: SIGNATURES[1], route: "protected" },
        ...{ outcome: "landed", slot: SLOT + 9 },
      },
    ]);
  });

  it("adds up what failed attempts have cost", () => {
    const again = [retryAfter("SLIPPAGE_EXCEEDED"), ...prepared(2), signed(2), failedOnChain(2)];
    const order = stateAfter([...SIGNED_LIFE, failedOnChain(), ...again]);
    expect(order.feesOfFailedAttempts).toBe("30000");
    expect(stateAfter(FINAL_LIFE).feesOfFailedAttempts).toBeUndefined();
  });

  it("holds its reservation while the attempt may land, and no longer", () => {
    for (const events of [SIGNED_LIFE, PROVISIONAL_LIFE, [...PROVISIONAL_LIFE, voided()]]) {
      expect(stateAfter(events).reservation).toHaveLength(4);
    }
    for (const events of [FINAL_LIFE, [...SIGNED_LIFE, expiredUnseen()]]) {
      expect(stateAfter(events).reservation).toBeUndefined();
      expect(stateAfter(events).signed).toBeUndefined();
    }
  });

  it("has no fill any more once it is void, and the reason", () => {
    const order = stateAfter([...PROVISIONAL_LIFE, voided()]);
    expect(order.fill).toBeUndefined();
    expect(order.landing).toBeUndefined();
    expect(order.lastError?.reason).toBe("FILL_VOIDED");
    const refilled = stateAfter([
      ...[...PROVISIONAL_LIFE, voided(), landed(1, SLOT + 3)],
      liveFilled(1, SLOT + 3),
    ]);
    expect(refilled).toMatchObject({ phase: "provisional", landing: { slot: SLOT + 3 } });
    expect(refilled.lastError).toBeUndefined();
  });

  it("remembers who ended a doubt", () => {
    const order = stateAfter([...SIGNED_LIFE, outcomeUnknown(), resolvedAs("landed", 7)]);
    expect(order).toMatchObject({ resolvedBy: "local", landing: { slot: 7, nodes: ["local"] } });
  });

  it("says when each step was recorded", () => {
    expect(stateAfter(PROVISIONAL_LIFE).stepsUs).toEqual({
      ...{ validated: timeOf(1), quoted: timeOf(2), reserved: timeOf(3) },
      ...{ executed: timeOf(5), submitted: timeOf(6), confirmed: timeOf(7) },
    });
  });

  it("ends like every other order", () => {
    const failed = [...SIGNED_LIFE, expiredUnseen(), FAILED];
    expect(isTerminal(stateAfter(failed))).toBe(true);
    expect(() => stateAfter([...failed, landed()])).toThrow("after the end");
    expect(() => stateAfter([liveRequested(), VALIDATED, FAILED, submitted()])).toThrow();
  });
});
