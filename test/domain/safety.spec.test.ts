/** Halts and the circuit breaker as rules: given what happened, when this is asked, then that follows. */
import { describe, expect, it } from "vitest";
import type { RecordedEvent } from "../../domain/codec/codec.ts";
import {
  type Hash,
  type Mint,
  type OrderId,
  type Principal,
  type RequestId,
  SAFETY_STREAM,
  SOL_MINT,
} from "../../domain/primitives/ids.ts";
import {
  BREAKER_LIMITS,
  countOutcome,
  type LiveOutcome,
  NOTHING_COUNTED,
  type Tally,
} from "../../domain/safety/breaker.ts";
import { decideSafety, type SafetyCommand } from "../../domain/safety/decide.ts";
import type { SafetyEvent } from "../../domain/safety/events.ts";
import {
  evolveSafety,
  type Halt,
  haltOf,
  haltText,
  NOTHING_HALTED,
  type SafetyScope,
  type SafetyState,
} from "../../domain/safety/state.ts";
import { codec, sealAll, timeOf } from "../support/given.ts";

const USDC = "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v" as Mint;
const DESK = { kind: "account", account: "desk" as never } as const;
const BY = "local" as Principal;
const ORDER = "7d1a1f0e-52c8-5d0e-9a51-0f1a2b3c4d5e" as OrderId;
const NOW_US = 1_000_000;

const operator = (id: string) => ({
  requestId: id as RequestId,
  fingerprint: id.padEnd(64, "0").replace(/[^0-9a-f]/g, "0") as Hash,
  by: BY,
  reason: `because of ${id}`,
  known: undefined,
});
const halt = (id: string, scope: SafetyScope = { kind: "all" }): SafetyCommand => ({
  ...{ type: "Halt", scope },
  ...operator(id),
});
const resume = (id: string, scope: SafetyScope = { kind: "all" }): SafetyCommand => ({
  ...{ type: "Resume", scope },
  ...operator(id),
});
const closeBreaker: SafetyCommand = { type: "CloseBreaker", ...operator("c") };
const openBreaker: SafetyCommand = {
  type: "OpenBreaker",
  trip: { cause: "unknown-outcomes", count: 3, limit: 3, outcome: "unknown" },
  ...{ orderId: ORDER, limits: BREAKER_LIMITS, nowUs: NOW_US },
};
const endTrial = (outcome: LiveOutcome): SafetyCommand => ({
  ...{ type: "EndTrial", outcome, orderId: ORDER, limits: BREAKER_LIMITS, nowUs: NOW_US },
});

const fold = (events: readonly SafetyEvent[]): SafetyState =>
  sealAll(events, SAFETY_STREAM)
    .map((stored) => codec.decode(stored) as RecordedEvent as RecordedEvent<SafetyEvent>)
    .reduce(evolveSafety, NOTHING_HALTED);

/** The events of these commands, one after the other. */
function given(...commands: readonly SafetyCommand[]) {
  const events: SafetyEvent[] = [];
  for (const command of commands) {
    const decision = decideSafety(fold(events), command);
    if (decision.kind !== "event") throw new Error(`given ${command.type}: ${decision.kind}`);
    events.push(decision.event);
  }
  const state = fold(events);
  return { events, state, when: (command: SafetyCommand) => decideSafety(state, command) };
}

const refused = (reason: string) => ({ kind: "refused", reason, message: expect.any(String) });

describe("a halt", () => {
  it("is recorded with scope, reason and who", () => {
    const { known: _, ...told } = operator("a");
    expect(given().when(halt("a", DESK))).toEqual({
      kind: "event",
      event: {
        type: "TradingHalted",
        data: { scope: "account", target: "desk", ...told },
      },
    });
    expect(given().when(halt("a"))).toMatchObject({ event: { data: { scope: "all" } } });
  });

  it("said again is recorded again, is one halt, and is lifted once", () => {
    const twice = given(halt("a"), halt("b"));
    expect([...twice.state.halts.values()]).toEqual([
      {
        ...{ scope: "all", reason: "because of b", by: BY, requestId: "b" },
        sinceUs: timeOf(1),
      },
    ]);
    expect(given(halt("a"), halt("b"), resume("c")).state.halts.size).toBe(0);
  });

  it("is not repeated by the same command, and its id is for no other one", () => {
    const { when } = given(halt("a"));
    const { fingerprint } = operator("a");
    expect(when({ ...halt("a"), known: fingerprint } as SafetyCommand)).toEqual({
      kind: "repeated",
    });
    const other = { ...resume("b"), known: fingerprint } as SafetyCommand;
    expect(when(other)).toEqual(refused("REQUEST_ID_REUSED"));
  });

  it.each<[string, SafetyScope, boolean]>([
    ["everything", { kind: "all" }, true],
    ["this account", DESK, true],
    ["another account", { kind: "account", account: "main" as never }, false],
    ["the mint that is spent", { kind: "mint", mint: USDC }, true],
    ["the mint that is received", { kind: "mint", mint: SOL_MINT }, true],
    ["another mint", { kind: "mint", mint: "JUP" as Mint }, false],
    // An account may be called like a mint.
    ["an account called like the mint", { kind: "account", account: USDC as never }, false],
  ])("of %s forbids a trade of the desk: %j, %s", (_, scope, forbids) => {
    const trade = { account: "desk", mints: [USDC, SOL_MINT] };
    const found = haltOf(given(halt("a", scope)).state.halts.values(), trade);
    expect(found !== undefined).toBe(forbids);
  });

  it("of everything is the one that is told", () => {
    const { halts } = given(halt("a", DESK), halt("b")).state;
    const found = haltOf(halts.values(), { account: "desk", mints: [] }) as Halt;
    expect(haltText(found)).toBe("trading is halted: because of b");
    const { halts: one } = given(halt("a", DESK)).state;
    const only = haltOf(one.values(), { account: "desk", mints: [] }) as Halt;
    expect(haltText(only)).toBe("trading is halted for account desk: because of a");
  });
});

describe("a resumption", () => {
  it("lifts its own scope and no other one", () => {
    const { state } = given(halt("a"), halt("b", DESK), resume("c"));
    expect([...state.halts.keys()]).toEqual(["account desk"]);
    expect(state.revision).toBe(2);
  });

  it.each<[string, SafetyScope]>([
    ["everything", { kind: "all" }],
    ["another account", { kind: "account", account: "main" as never }],
  ])("of %s, which is not halted, is refused", (_, scope) => {
    expect(given(halt("a", DESK)).when(resume("b", scope))).toEqual(refused("NOT_HALTED"));
  });

  it("leaves the breaker as it is", () => {
    expect(given(openBreaker, halt("a"), resume("b")).state.breaker.kind).toBe("open");
  });
});

describe("the breaker", () => {
  it("opens with what was counted and the end of its cool-down", () => {
    expect(given().when(openBreaker)).toEqual({
      kind: "event",
      event: {
        type: "BreakerOpened",
        data: {
          ...{ cause: "unknown-outcomes", count: 3, limit: 3, outcome: "unknown", orderId: ORDER },
          ...{ windowMs: 600_000, coolDownMs: 60_000, untilUs: NOW_US + 60_000_000 },
        },
      },
    });
    expect(given(openBreaker).when(openBreaker)).toEqual({ kind: "nothing" });
  });

  it.each<LiveOutcome>(["landed", "failed-on-chain"])("closes when a trial %s", (outcome) => {
    const { when } = given(openBreaker);
    expect(when(endTrial(outcome))).toMatchObject({
      event: { type: "BreakerClosed", data: { cause: "trial-succeeded", orderId: ORDER } },
    });
    expect(given(openBreaker, endTrial(outcome)).when(endTrial(outcome))).toEqual({
      kind: "nothing",
    });
  });

  it.each<LiveOutcome>(["expired", "unknown", "infrastructure-error"])(
    "opens anew when a trial is %s",
    (outcome) => {
      const { state } = given(openBreaker, endTrial(outcome));
      expect(state.breaker).toMatchObject({ kind: "open", cause: "trial-failed", outcome });
      expect(state.revision).toBe(1);
    },
  );

  it("is closed by an operator only where it is open", () => {
    const { state } = given(openBreaker, closeBreaker);
    expect(state.breaker).toEqual({ kind: "closed" });
    expect(given().when(closeBreaker)).toEqual(refused("NOT_HALTED"));
  });

  it("lifts no halt", () => {
    expect(given(halt("a"), openBreaker, closeBreaker).state.halts.size).toBe(1);
  });
});

describe("counting outcomes", () => {
  const limits = { unknownsToOpen: 3, errorsToOpen: 4, windowMs: 1_000, coolDownMs: 1 };
  type At = readonly [outcome: LiveOutcome, atMs: number];

  /** The first outcome, by number, that opens the breaker. */
  function opensAt(outcomes: readonly At[]): number | undefined {
    let tally: Tally = NOTHING_COUNTED;
    for (const [index, [outcome, atMs]] of outcomes.entries()) {
      const counted = countOutcome(tally, { outcome, nowUs: atMs * 1_000 }, limits);
      if (counted.trip) return index + 1;
      tally = counted.tally;
    }
    return undefined;
  }
  const errors = (n: number): At[] => Array.from({ length: n }, () => ["expired", 0]);

  it.each<[string, readonly At[], number | undefined]>([
    [
      "three unknown within the window",
      [
        ["unknown", 0],
        ["unknown", 1],
        ["unknown", 999],
      ],
      3,
    ],
    [
      "two and one that is too old",
      [
        ["unknown", 0],
        ["unknown", 1],
        ["unknown", 1_000],
      ],
      undefined,
    ],
    [
      "successes between unknowns",
      [
        ["unknown", 0],
        ["landed", 1],
        ["unknown", 2],
        ["unknown", 3],
      ],
      4,
    ],
    ["errors in a row", errors(4), 4],
    ["errors and expiries together", [...errors(3), ["infrastructure-error", 9_999]], 4],
    ["errors that a landing interrupts", [...errors(3), ["landed", 0], ...errors(3)], undefined],
    ["a failure on chain interrupts too", [...errors(3), ["failed-on-chain", 0], ...errors(4)], 8],
    ["an unknown neither counts nor interrupts", [...errors(3), ["unknown", 0], ...errors(1)], 5],
  ])("%s", (_, outcomes, expected) => {
    expect(opensAt(outcomes)).toBe(expected);
  });

  it("keeps no more than can count", () => {
    let tally: Tally = NOTHING_COUNTED;
    for (let atMs = 0; atMs < 100_000; atMs += 500) {
      tally = countOutcome(tally, { outcome: "unknown", nowUs: atMs * 1_000 }, limits).tally;
    }
    expect(tally.unknownsAtUs.length).toBeLessThan(limits.unknownsToOpen);
  });
});

describe("a stream", () => {
  it("is folded without a gap", () => {
    const [stored] = sealAll([{ type: "BreakerClosed", data: { cause: "operator", by: BY } }]);
    if (!stored) throw new Error("nothing sealed");
    const recorded = codec.decode({ ...stored, stream: SAFETY_STREAM, revision: 2 });
    const asSafety = recorded as RecordedEvent as RecordedEvent<SafetyEvent>;
    expect(() => evolveSafety(NOTHING_HALTED, asSafety)).toThrow(/revision 2 after -1/);
  });
});
