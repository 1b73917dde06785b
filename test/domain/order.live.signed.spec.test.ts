/** Given the events of a live order, when something is recorded after its signature, then these events; and which commands mean nothing. */
import { describe, expect, it } from "vitest";
import { decide } from "../../domain/order/decide.ts";
import type { OrderEvent } from "../../domain/order/events.ts";
import type { LiveCommand } from "../../domain/order/live-commands.ts";
import type { Phase } from "../../domain/order/state.ts";
import { given, stateAfter } from "../support/given.ts";
import {
  conclude,
  LIVE_COMMANDS,
  NOW_US,
  recordChainFailure,
  recordExpiry,
  recordFill,
  recordFinality,
  recordFork,
  recordLanding,
  recordResolution,
  recordSubmission,
  recordUnknown,
} from "../support/live-order-commands.ts";
import {
  expiredUnseen,
  FINAL_LIFE,
  failedOnChain,
  finalized,
  landed,
  liveFilled,
  liveQuoted,
  liveRequested,
  liveReserved,
  NODES,
  outcomeUnknown,
  PROVISIONAL_LIFE,
  prepared,
  resolvedAs,
  retryAfter,
  SIGNATURES,
  SIGNED_LIFE,
  SLOT,
  sentInDoubt,
  signed,
  simulationPassed,
  submitted,
  voided,
} from "../support/live-order-events.ts";
import {
  CANCEL_REQUESTED,
  CANCELLED,
  EXPIRED,
  FAILED,
  REJECTED,
  VALIDATED,
} from "../support/order-events.ts";
import { EXPIRES_AT_US, RETRY } from "../support/order-samples.ts";

const BEGUN = [liveRequested(), VALIDATED];
const SUBMITTED_LIFE = [...SIGNED_LIFE, submitted()];
const LANDED_LIFE = [...SUBMITTED_LIFE, landed()];
const UNKNOWN_LIFE = [...SUBMITTED_LIFE, outcomeUnknown()];
const DEAD_LIFE = [...SUBMITTED_LIFE, expiredUnseen()];

/** A life that ends in each phase; paper orders alone are executed. */
const LIFE_TO: readonly (readonly [Phase, readonly OrderEvent[]])[] = [
  ["requested", [liveRequested()]],
  ["validated", BEGUN],
  ["quoted", [...BEGUN, liveQuoted()]],
  ["reserved", [...BEGUN, liveQuoted(), liveReserved()]],
  ["simulated", [...BEGUN, liveQuoted(), liveReserved(), simulationPassed()]],
  ["signed", SIGNED_LIFE],
  ["submitted", SUBMITTED_LIFE],
  ["landed", LANDED_LIFE],
  ["provisional", PROVISIONAL_LIFE],
  ["dead", DEAD_LIFE],
  ["unknown", UNKNOWN_LIFE],
  ["filled", FINAL_LIFE],
  ["failed", [...BEGUN, FAILED]],
  ["rejected", [liveRequested(), REJECTED]],
  ["cancelled", [...BEGUN, CANCELLED]],
  ["expired", [...BEGUN, EXPIRED]],
];

/** What each phase listens to, beside Request, Validate and the other commands of every order. */
const HEARD: Readonly<Record<string, readonly LiveCommand["type"][]>> = {
  requested: ["Halt"],
  validated: ["RecordObstacle", "Halt"],
  quoted: ["ReserveLive", "RecordObstacle", "Abandon", "Halt"],
  reserved: [
    ...(["RecordSimulation", "RecordSimulationFailure", "RecordGateRefusal"] as const),
    ...(["RecordObstacle", "Abandon", "Halt"] as const),
  ],
  simulated: ["RecordObstacle", "Abandon", "Halt", "RecordSigned", "RecordSigningRefusal"],
  signed: [
    ...(["RecordSubmission", "RecordLanding", "RecordChainFailure", "RecordExpiry"] as const),
    "RecordUnknown",
  ],
  submitted: ["RecordLanding", "RecordChainFailure", "RecordExpiry", "RecordUnknown"],
  landed: ["RecordUnknown", "RecordFill", "RecordFork"],
  provisional: ["RecordUnknown", "RecordFinality", "RecordFork"],
  dead: ["Halt", "Conclude"],
  unknown: ["RecordLanding", "RecordChainFailure", "RecordExpiry", "RecordResolution"],
};

describe("a live command", () => {
  it.each(LIFE_TO)(
    "gives events in phase %s where it means something, and nowhere else",
    (phase, life) => {
      const order = stateAfter(life);
      expect(order.phase).toBe(phase);
      const heard = LIVE_COMMANDS.filter((command) => decide(order, command).length > 0);
      expect(heard.map(({ type }) => type).toSorted()).toEqual(
        [...(HEARD[phase] ?? [])].toSorted(),
      );
    },
  );

  it("means nothing to a paper order, whatever it is in, and nothing to no order", () => {
    const [, ...later] = [...BEGUN, liveQuoted()];
    const paper = liveRequested({ mode: "PAPER" });
    for (const past of [[], [paper], [paper, VALIDATED], [paper, ...later]]) {
      for (const command of LIVE_COMMANDS) given(past).when(command).then();
    }
  });

  it("of each kind is in the list of this file", () => {
    expect(new Set(LIVE_COMMANDS.map(({ type }) => type)).size).toBe(19);
    expect(new Set(Object.values(HEARD).flat()).size).toBe(19);
  });
});

describe("what senders say", () => {
  it("is recorded of each of them, and proves nothing", () => {
    given(SIGNED_LIFE)
      .when(
        recordSubmission([
          { sender: "a", answer: { kind: "accepted", answer: "bundle\u0000 1" } },
          { sender: "b", answer: { kind: "refused", reason: "-32002", isTransient: false } },
          { sender: "c", answer: { kind: "unknown", cause: "no answer within 2000 ms" } },
        ]),
      )
      .then(
        { type: "AttemptSubmitted", data: { attempt: 1, sender: "a", answer: "bundle  1" } },
        { type: "SubmissionRefused", data: { attempt: 1, sender: "b", reason: "-32002" } },
        {
          type: "SubmissionUnknown",
          data: { attempt: 1, sender: "c", cause: "no answer within 2000 ms" },
        },
      );
  });
});

describe("what the chain says", () => {
  it.each([
    ["signed", SIGNED_LIFE],
    ["submitted", [...SIGNED_LIFE, sentInDoubt()]],
    ["unknown", UNKNOWN_LIFE],
  ] as const)("is recorded of the attempt that is %s", (_, past) => {
    given(past).when(recordLanding()).then(landed());
    given(past).when(recordChainFailure()).then(failedOnChain());
    given(past).when(recordExpiry()).then(expiredUnseen());
  });

  it("is unknown once", () => {
    for (const past of [SIGNED_LIFE, SUBMITTED_LIFE, LANDED_LIFE, PROVISIONAL_LIFE]) {
      given(past).when(recordUnknown()).then(outcomeUnknown());
    }
  });

  it("ends a doubt by a person's evidence", () => {
    given(UNKNOWN_LIFE).when(recordResolution("landed", 7)).then(resolvedAs("landed", 7));
    given(UNKNOWN_LIFE).when(recordResolution("expired")).then(resolvedAs("expired"));
  });

  it("is final, or was undone, for the fill of exactly this landing", () => {
    given(PROVISIONAL_LIFE).when(recordFinality()).then(finalized());
    given(PROVISIONAL_LIFE).when(recordFork()).then(voided());
    given(LANDED_LIFE).when(recordFork()).then(voided());
    const elsewhere = [...PROVISIONAL_LIFE, voided(), landed(1, SLOT + 3)];
    given(elsewhere)
      .when(recordFork())
      .then(voided(1, SLOT + 3));
  });

  it("of the second attempt bears its number", () => {
    const past = [...SUBMITTED_LIFE, failedOnChain(), retryAfter("SLIPPAGE_EXCEEDED")];
    const second = [...past, ...prepared(2), signed(2), submitted(2)];
    given(second)
      .when(recordLanding(SLOT + 9))
      .then(landed(2, SLOT + 9));
    const fill = { signature: SIGNATURES[1], slot: SLOT + 9 };
    const { events } = given([...second, landed(2, SLOT + 9)]).when(recordFill(fill));
    expect(events).toMatchObject([
      { data: { attempt: 2, live: { fillId: `${SIGNATURES[1]}:${SLOT + 9}` } } },
    ]);
  });
});

const retried = (reason: string, message: string, delayMs = 100): OrderEvent => ({
  type: "RetryScheduled",
  data: { nextAttempt: 2, notBeforeUs: NOW_US + delayMs * 1_000, reason, message },
});
const failedFor = (reason: string, message: string, attempts = 1): OrderEvent =>
  ({ type: "OrderFailed", data: { attempts, reason, message } }) as OrderEvent;
const EXPIRY = "not landed before block height 3142 was over";
const SLIPPED = failedOnChain().data.message;
const late = { nowUs: EXPIRES_AT_US };
const halted = { halted: "halted by local: test" };

describe("after a proven death", () => {
  it("there is another attempt where the reason may pass: expired, or slipped", () => {
    given(DEAD_LIFE).when(conclude()).then(retried("TRANSACTION_EXPIRED", EXPIRY));
    given([...SUBMITTED_LIFE, failedOnChain()])
      .when(conclude())
      .then(retried("SLIPPAGE_EXCEEDED", SLIPPED));
  });

  it("there is none where it would come again, or after the last one", () => {
    for (const reason of ["FAILED_ON_CHAIN", "SOMETHING_OF_A_NEWER_PROGRAM"]) {
      const { events } = given(SUBMITTED_LIFE).when(recordChainFailure(reason));
      given([...SUBMITTED_LIFE, ...events])
        .when(conclude())
        .then(failedFor("FAILED_ON_CHAIN", SLIPPED));
    }
    given(DEAD_LIFE)
      .when(conclude({ retry: { ...RETRY, attempts: 1 } }))
      .then(failedFor("TRANSACTION_EXPIRED", EXPIRY));
    const third = [...BEGUN, retryAfter("QUOTE_UNAVAILABLE", 3), ...prepared(3), signed(3)];
    given([...third, expiredUnseen(3)])
      .when(conclude())
      .then(failedFor("TRANSACTION_EXPIRED", EXPIRY, 3));
  });

  const cancelled = [...SUBMITTED_LIFE, CANCEL_REQUESTED];
  const resolvedAfterCancel = [...cancelled, outcomeUnknown(), resolvedAs("expired")];
  const resolved = [...UNKNOWN_LIFE, resolvedAs("failed", 7)];
  const cancelledBy = (message: string): OrderEvent => ({
    type: "OrderCancelled",
    data: { by: "local", message: `cancelled by local; ${message}` },
  });

  it("a cancel comes first, whatever else there is", () => {
    given([...cancelled, expiredUnseen()])
      .when(conclude())
      .then(cancelledBy(EXPIRY));
    given(resolvedAfterCancel)
      .when(conclude({ ...late, ...halted }))
      .then(cancelledBy("an archive node told it"));
  });

  it("a person's resolution comes before a halt and the end of its time", () => {
    given(resolved)
      .when(conclude({ ...late, ...halted }))
      .then(failedFor("FAILED_ON_CHAIN", "an archive node told it"));
    // Also where the reason alone would allow another attempt.
    given([...UNKNOWN_LIFE, resolvedAs("expired")])
      .when(conclude())
      .then(failedFor("TRANSACTION_EXPIRED", "an archive node told it"));
  });

  it("a doubt that the nodes have ended is followed by no other signature either", () => {
    given([...UNKNOWN_LIFE, expiredUnseen()])
      .when(conclude())
      .then(failedFor("TRANSACTION_EXPIRED", EXPIRY));
  });

  it("a halt comes before the end of its time, and that before another attempt", () => {
    given(DEAD_LIFE)
      .when(conclude({ ...late, ...halted }))
      .then({ type: "OrderCancelled", data: { by: "safety", message: halted.halted } });
    given(DEAD_LIFE)
      .when(conclude(late))
      .then({ type: "OrderExpired", data: { expiresAtUs: EXPIRES_AT_US, message: EXPIRY } });
    given(DEAD_LIFE)
      .when(conclude({ nowUs: EXPIRES_AT_US - 1 }))
      .then({
        type: "RetryScheduled",
        data: {
          ...{ nextAttempt: 2, notBeforeUs: EXPIRES_AT_US - 1 + 100_000 },
          ...{ reason: "TRANSACTION_EXPIRED", message: EXPIRY },
        },
      });
  });
});

describe("the fill of a live order", () => {
  const EVIDENCE = `balances of the transaction in slot ${SLOT} as ${NODES[0]} tells them`;

  it("is what the transaction moved", () => {
    const expected = liveFilled();
    given(LANDED_LIFE)
      .when(recordFill())
      .then({ ...expected, data: { ...expected.data, evidence: EVIDENCE } });
  });
});
