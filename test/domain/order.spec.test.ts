/** Every command in every phase of an order: exactly these events follow, or none do. */
import { describe, expect, it } from "vitest";
import type { OrderCommand } from "../../domain/order/commands.ts";
import type { OrderEvent } from "../../domain/order/events.ts";
import { type Action, isNotExecuted, nextAction } from "../../domain/order/flow.ts";
import {
  isTerminal,
  type OrderStatus,
  PERCENT_COMPLETE,
  type Phase,
  statusOf,
} from "../../domain/order/state.ts";
import { given, orderAfter, stateAfter, timeOf } from "../support/given.ts";
import {
  CANCEL_REQUESTED,
  CANCELLED,
  EXECUTED,
  EXECUTED_LATE,
  EXPIRED,
  FAILED,
  FILL,
  FILLED,
  QUOTE_FAILED,
  QUOTED,
  REJECTED,
  RESERVED,
  RETRY_SCHEDULED,
  requested,
  VALIDATED,
} from "../support/order-events.ts";
import {
  cancel,
  EXPIRES_AT_US,
  expire,
  recordFailure,
  recordQuote,
  request,
  reserve,
  settle,
  simulate,
  validate,
} from "../support/order-samples.ts";

const reserved = [requested(), VALIDATED, QUOTED, RESERVED];
const PAST = {
  "no order": [],
  requested: [requested()],
  validated: [requested(), VALIDATED],
  "waiting for a retry": [requested(), VALIDATED, QUOTE_FAILED, RETRY_SCHEDULED],
  quoted: [requested(), VALIDATED, QUOTED],
  reserved,
  executed: [...reserved, EXECUTED],
  "executed with a delay": [...reserved, EXECUTED_LATE],
  "executed, cancel asked": [...reserved, EXECUTED_LATE, CANCEL_REQUESTED],
  filled: [...reserved, EXECUTED, FILLED],
  failed: [requested(), VALIDATED, FAILED],
  rejected: [requested(), REJECTED],
  cancelled: [requested(), CANCEL_REQUESTED, CANCELLED],
  expired: [requested(), EXPIRED],
} as const satisfies Record<string, readonly OrderEvent[]>;

type Moment = keyof typeof PAST;
type Row = {
  readonly command: OrderCommand;
  readonly gives: Partial<Record<Moment, readonly OrderEvent[]>>;
  /** At these moments the outcome depends on more than the phase: tests of their own below. */
  readonly elsewhere?: readonly Moment[];
};

const cancelled = [CANCEL_REQUESTED, CANCELLED];
const ROWS: Readonly<Record<string, Row>> = {
  Request: { command: request(), gives: { "no order": [requested()] } },
  Validate: { command: validate(), gives: { requested: [VALIDATED] } },
  "RecordQuote, quoted": {
    command: recordQuote(),
    gives: { validated: [QUOTED] },
    elsewhere: ["waiting for a retry"],
  },
  "RecordQuote, failed": {
    command: recordFailure({ class: "no-route", message: "no route" }),
    gives: {
      validated: [
        {
          type: "QuoteFailed",
          data: { attempt: 1, class: "no-route", message: "no route", retryable: false },
        },
        FAILED,
      ],
    },
    elsewhere: ["waiting for a retry"],
  },
  UseExpectedPrice: {
    command: { type: "UseExpectedPrice" },
    gives: {},
    elsewhere: ["validated", "waiting for a retry"],
  },
  Reserve: { command: reserve(), gives: { quoted: [RESERVED] } },
  Simulate: { command: simulate(), gives: { reserved: [EXECUTED] } },
  Settle: {
    command: settle(),
    gives: { executed: [FILLED] },
    elsewhere: ["executed with a delay", "executed, cancel asked"],
  },
  Cancel: {
    command: cancel(),
    gives: {
      requested: cancelled,
      validated: cancelled,
      "waiting for a retry": cancelled,
      quoted: cancelled,
      reserved: cancelled,
      executed: [CANCEL_REQUESTED],
      "executed with a delay": [CANCEL_REQUESTED],
    },
  },
  "Expire, its time over": {
    command: expire(),
    gives: {
      requested: [EXPIRED],
      validated: [EXPIRED],
      "waiting for a retry": [EXPIRED],
      quoted: [EXPIRED],
      reserved: [EXPIRED],
    },
  },
  "Expire, a microsecond early": { command: expire(EXPIRES_AT_US - 1), gives: {} },
};

const cells = Object.entries(ROWS).flatMap(([name, { command, gives, elsewhere }]) =>
  (Object.keys(PAST) as Moment[])
    .filter((moment) => !elsewhere?.includes(moment))
    .map((moment) => ({ name, command, moment, expected: gives[moment] ?? [] })),
);

describe("every command in every phase", () => {
  it.each(cells)("$name when $moment", ({ command, moment, expected }) => {
    given(PAST[moment])
      .when(command)
      .then(...expected);
  });

  it("covers the ten phases and every type of command", () => {
    const phases = new Set<Phase>();
    for (const past of Object.values(PAST)) {
      const order = orderAfter(past);
      if (order) phases.add(order.phase);
    }
    const live = ["simulated", "signed", "submitted", "landed", "provisional", "dead", "unknown"];
    expect([...phases, ...live].sort()).toEqual(Object.keys(PERCENT_COMPLETE).sort());
    const types = new Set(Object.values(ROWS).map(({ command }) => command.type));
    expect(types.size).toBe(9);
  });

  it("lets a later quote or failure end the waiting for a retry", () => {
    const nowUs = timeOf(1) + 250 + 100_000;
    const past = PAST["waiting for a retry"];
    given(past)
      .when(recordQuote({ obtainedAtUs: nowUs - 250 }, { nowUs }))
      .then({ type: "QuoteObtained", data: { ...QUOTED.data, attempt: 2 } });
    given(past)
      .when(recordFailure({ class: "refused", message: "bad request" }, { nowUs }))
      .then(
        {
          type: "QuoteFailed",
          data: { attempt: 2, class: "refused", message: "bad request", retryable: false },
        },
        {
          type: "OrderFailed",
          data: { attempts: 2, reason: "QUOTE_REFUSED", message: "bad request" },
        },
      );
  });

  it("settles what is executed although a cancel was asked for", () => {
    const nowUs = timeOf(4) + 2_000_000;
    const [filled] = given(PAST["executed, cancel asked"]).when(settle(nowUs)).events;
    expect(filled?.type).toBe("OrderFilled");
    given(PAST["executed with a delay"])
      .when(settle(nowUs))
      .then({
        type: "OrderFilled",
        data: {
          ...FILL,
          timings: { ...FILL.timings, executeUs: 2_001_000, totalUs: 2_004_000 },
        },
      });
  });

  it("never expires an order that has no time limit", () => {
    given([requested({ expiresAtUs: undefined })])
      .when(expire(Number.MAX_SAFE_INTEGER))
      .then();
  });

  it("records who asked for the cancel first and no later one", () => {
    given(PAST["executed, cancel asked"]).when(cancel("somebody else")).then();
    expect(stateAfter(PAST["executed, cancel asked"]).cancelRequestedBy).toBe("local");
  });
});

describe("what each phase shows and does next", () => {
  const settleAtUs = timeOf(4) + 2_000_000;
  const done: Action = { kind: "Done" };
  it.each<[Exclude<Moment, "no order">, OrderStatus, number, Action]>([
    ["requested", "PENDING", 5, { kind: "Validate" }],
    ["validated", "PENDING", 15, { kind: "Quote" }],
    [
      "waiting for a retry",
      "PENDING",
      15,
      { kind: "WaitUntil", untilUs: timeOf(1) + 250 + 100_000, next: "Quote" },
    ],
    ["quoted", "PENDING", 35, { kind: "Reserve" }],
    ["reserved", "PENDING", 50, { kind: "Simulate" }],
    ["executed", "SUBMITTED", 80, { kind: "Settle" }],
    [
      "executed with a delay",
      "CONFIRMING",
      80,
      { kind: "WaitUntil", untilUs: settleAtUs, next: "Settle" },
    ],
    [
      "executed, cancel asked",
      "CONFIRMING",
      80,
      { kind: "WaitUntil", untilUs: settleAtUs, next: "Settle" },
    ],
    ["filled", "FILLED", 100, done],
    ["failed", "FAILED", 100, done],
    ["rejected", "REJECTED", 100, done],
    ["cancelled", "CANCELLED", 100, done],
    ["expired", "EXPIRED", 100, done],
  ])("%s: %s, %i percent", (moment, status, percent, action) => {
    const order = stateAfter(PAST[moment]);
    expect(statusOf(order)).toBe(status);
    expect(PERCENT_COMPLETE[order.phase]).toBe(percent);
    expect(nextAction(order)).toEqual(action);
    expect(isTerminal(order)).toBe(action.kind === "Done");
    expect(isNotExecuted(order)).toBe(status === "PENDING");
  });

  it("holds funds from the reservation to the end and no longer", () => {
    const holding = (Object.keys(PAST) as Moment[]).filter(
      (moment) => orderAfter(PAST[moment])?.reservation !== undefined,
    );
    expect(holding).toEqual([
      "reserved",
      "executed",
      "executed with a delay",
      "executed, cancel asked",
    ]);
  });
});

describe("known gaps of the decider", () => {
  // Each turns red when the rule is there; then it is a plain test.
  it("fills no ordinary order at the caller's own expected price", () => {
    const past = [requested({ expectedPrice: "150.25" }), VALIDATED];
    given(past).when({ type: "UseExpectedPrice" }).then();
  });

  it("stays total when an order without expected price is told to use it", () => {
    given(PAST.validated).when({ type: "UseExpectedPrice" }).then();
  });

  it("takes no quote of the market for a simulated order, which fills at its own price", () => {
    const past = [requested({ isSimulated: true, expectedPrice: "150.25" }), VALIDATED];
    given(past).when(recordQuote()).then();
  });

  it("asks for no quote before the retry is due: the same failure twice counts once", () => {
    given(PAST.validated).when(recordFailure()).then(QUOTE_FAILED, RETRY_SCHEDULED);
  });

  it("does not settle before the delay of the execution is over", () => {
    given(PAST["executed with a delay"])
      .when(settle(timeOf(4)))
      .then();
  });
});
