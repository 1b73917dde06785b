/** Laws that hold for every life of an order. Each counts what it met, so that none passes without having seen anything. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decide } from "../../domain/order/decide.ts";
import type { OrderEvent } from "../../domain/order/events.ts";
import { isNotExecuted, nextAction } from "../../domain/order/flow.ts";
import {
  evolve,
  foldOrder,
  isTerminal,
  type MaybeOrder,
  type OrderState,
  PERCENT_COMPLETE,
  stateHash,
  statusOf,
} from "../../domain/order/state.ts";
import { type Canonical, canonicalJson } from "../../domain/primitives/canonical-json.ts";
import { createCounter } from "../support/counter.ts";
import { codec, hasher } from "../support/given.ts";
import { type Fate, fates, lives } from "../support/order-fates.ts";
import { commandOf, type Moment, run } from "../support/order-lives.ts";

const RUNS = { numRuns: 1_000 };

const hashOf = (order: MaybeOrder): string | undefined => order && stateHash(order, hasher);
const decode = (stored: ReturnType<typeof run>["stored"]) =>
  stored.map((event) => codec.decode(event));

const EVENTS = [
  "OrderRequested",
  "OrderValidated",
  "OrderRejected",
  "QuoteObtained",
  "QuoteFailed",
  "FundsReserved",
  "PaperExecutionSimulated",
  "SimulationFailed",
  "RetryScheduled",
  "OrderFilled",
  "OrderFailed",
  "OrderCancelRequested",
  "OrderCancelled",
  "OrderExpired",
] as const satisfies readonly OrderEvent["type"][];
/** The lives are those of paper orders. */
const LIVE_PHASES = [
  "simulated",
  "signed",
  "submitted",
  "landed",
  "provisional",
  "dead",
  "unknown",
];
const PHASES = Object.keys(PERCENT_COMPLETE).filter((phase) => !LIVE_PHASES.includes(phase));
const ENDS = ["filled", "failed", "rejected", "cancelled", "expired"];

describe("replay", () => {
  it("of the stored bytes gives the state that the engine had, hash for hash", () => {
    const seen = createCounter();
    fc.assert(
      fc.property(lives, (life) => {
        const { stored, live } = run(life);
        expect(hashOf(foldOrder(decode(stored)))).toBe(hashOf(live));
        expect(stored.every((event) => codec.decodeAndVerify(event).isIntact)).toBe(true);
        seen.add(live?.phase);
      }),
      RUNS,
    );
    seen.expectAll(PHASES);
  });

  it("in two parts, the first put aside as canonical JSON, is replay in one", () => {
    const seen = createCounter();
    fc.assert(
      fc.property(lives, fc.nat(), (life, cut) => {
        const { stored, live } = run(life);
        if (stored.length < 2) return;
        const at = 1 + (cut % (stored.length - 1));
        const events = decode(stored);
        const first = foldOrder(events.slice(0, at));
        let order: OrderState = JSON.parse(canonicalJson(first as Canonical));
        for (const recorded of events.slice(at)) {
          order = evolve(order, recorded as Parameters<typeof evolve>[1]);
        }
        expect(hashOf(order)).toBe(hashOf(live));
        seen.add(first?.phase);
      }),
      RUNS,
    );
    seen.expectAll(["requested", "validated", "quoted", "reserved", "executed"], 10);
  });

  it("tells any two moments of a life apart", () => {
    fc.assert(
      fc.property(lives, (life) => {
        const { moments } = run(life);
        const states = new Set(moments.map(({ after }) => after).filter((order) => order));
        expect(new Set([...states].map(hashOf)).size).toBe(states.size);
      }),
      RUNS,
    );
  });
});

describe("decide", () => {
  it("never throws, and what it decides is storable and is read back as it was", () => {
    const seen = createCounter();
    fc.assert(
      fc.property(lives, (life) => {
        const { moments, stored } = run(life);
        const decided = moments.flatMap(({ events }) => events);
        expect(decode(stored).map(({ event }) => event)).toEqual(decided);
        seen.add(...decided.map(({ type }) => type));
      }),
      RUNS,
    );
    seen.expectAll(EVENTS);
  });

  it("adds nothing after the end, whatever is asked", () => {
    const seen = createCounter();
    const anything = fc.array(fates, { minLength: 3, maxLength: 6 });
    fc.assert(
      fc.property(lives, anything, (life, later: readonly Fate[]) => {
        const { live } = run(life);
        if (!live || !isTerminal(live)) return;
        for (const fate of later) {
          const world = { raw: life.raw, order: live, nowUs: live.updatedAtUs + fate.passUs };
          expect(decide(live, commandOf(fate.kind, fate, world))).toEqual([]);
          seen.add(fate.kind);
        }
        seen.add(live.phase);
      }),
      RUNS,
    );
    seen.expectAll([...ENDS, "Request", "Validate", "RecordQuote", "Reserve", "Simulate"]);
    seen.expectAll(["UseExpectedPrice", "Settle", "Cancel", "Expire"]);
  });

  it("decides a command once: the second time it has nothing to add", () => {
    const seen = createCounter();
    const retries = ({ events }: Moment): boolean =>
      events.some(({ type }) => type === "RetryScheduled");
    fc.assert(
      fc.property(lives, (life) => {
        for (const moment of run(life).moments) {
          // A failed quote told twice counts as two attempts: the decider cannot tell them apart.
          if (moment.events.length === 0 || retries(moment)) continue;
          expect(decide(moment.after, moment.command)).toEqual([]);
          seen.add(moment.command.type);
        }
      }),
      RUNS,
    );
    seen.expectAll(["Request", "Validate", "RecordQuote", "UseExpectedPrice", "Reserve"]);
    seen.expectAll(["Simulate", "Settle", "Cancel", "Expire"]);
  });
});

describe("every reachable state", () => {
  it("has a next action, a status and a percentage; the end is where nothing is to do", () => {
    const seen = createCounter();
    fc.assert(
      fc.property(lives, (life) => {
        let percent = 0;
        for (const { after } of run(life).moments) {
          if (!after) continue;
          const action = nextAction(after);
          expect(action.kind === "Done").toBe(isTerminal(after));
          expect(isNotExecuted(after)).toBe(statusOf(after) === "PENDING");
          if (isTerminal(after)) expect(after.reservation).toBeUndefined();
          if (isTerminal(after)) expect(after.nextRetryAtUs).toBeUndefined();
          expect(PERCENT_COMPLETE[after.phase]).toBeGreaterThanOrEqual(percent);
          percent = PERCENT_COMPLETE[after.phase];
          seen.add(after.phase, action.kind, statusOf(after));
        }
      }),
      RUNS,
    );
    seen.expectAll([...PHASES, "Validate", "Quote", "Reserve", "Simulate", "Settle"]);
    seen.expectAll(["WaitUntil", "Done", "PENDING", "SUBMITTED", "CONFIRMING", "FILLED"]);
  });

  it("comes to an end when the engine does what is next", () => {
    const seen = createCounter();
    const kind: fc.Arbitrary<Fate> = fates.map((fate) => ({ ...fate, follow: true }));
    const patient = fc.record({
      raw: fc.constant({}),
      fates: fc.array(kind, { minLength: 14, maxLength: 14 }),
    });
    fc.assert(
      fc.property(patient, lives, (steady, { raw }) => {
        const { live } = run({ ...steady, raw });
        expect(live && isTerminal(live)).toBe(true);
        seen.add(live?.phase);
      }),
      RUNS,
    );
    seen.expectAll(["filled", "failed", "rejected"], 10);
  });
});
