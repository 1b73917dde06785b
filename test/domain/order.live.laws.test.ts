/** Laws that hold for every life of a live order. Each counts what it met, so that none passes without having seen anything. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decide } from "../../domain/order/decide.ts";
import type { OrderEvent } from "../../domain/order/events.ts";
import { nextAction } from "../../domain/order/flow.ts";
import { LIVE_EVENTS } from "../../domain/order/live-events.ts";
import {
  foldOrder,
  isTerminal,
  type MaybeOrder,
  type OrderState,
  stateHash,
  statusOf,
} from "../../domain/order/state.ts";
import { createCounter } from "../support/counter.ts";
import { codec, hasher } from "../support/given.ts";
import { anyCommand, type LiveFate, liveFates, liveLives, runLive } from "../support/live-lives.ts";
import { LIVE_COMMANDS } from "../support/live-order-commands.ts";
import { RETRY } from "../support/order-samples.ts";

const RUNS = { numRuns: 500 };
/** The rarest of them comes about ten times in so many runs. */
const LEAST = 1;
const LIVE_PHASES = [
  "simulated",
  "signed",
  "submitted",
  "landed",
  "provisional",
  "dead",
  "unknown",
];
const COMMON_PHASES = ["requested", "validated", "quoted", "reserved"];
const SIGNED = "AttemptSigned";
/** Nothing is signed after them. */
const LAST_WORDS: readonly string[] = ["OrderCancelRequested", "OutcomeUnknown", "OutcomeResolved"];
const ENDS = ["filled", "failed", "rejected", "cancelled", "expired"];
/** Signed bytes may be on their way, or are in the chain and not final. */
const EXPOSED = new Set(["signed", "submitted", "landed", "provisional", "unknown"]);

const hashOf = (order: MaybeOrder): string | undefined => order && stateHash(order, hasher);
const eventsOf = (fates: readonly LiveFate[]): OrderEvent[] =>
  runLive(fates).moments.flatMap(({ events }) => events);

/** Every state that a life went through. */
const statesOf = (fates: readonly LiveFate[]): OrderState[] =>
  runLive(fates).moments.flatMap(({ after }) => after ?? []);

/** Ids of the fills that no later event made void. */
function standingFills(events: readonly OrderEvent[]): ReadonlySet<string> {
  const standing = new Set<string>();
  for (const { type, data } of events) {
    if (type === "OrderFilled") standing.add(data.live?.fillId ?? "");
    if (type === "FillVoided") standing.delete(data.fillId);
  }
  return standing;
}

describe("replay of a live order", () => {
  it("gives the state that the engine had, hash for hash, from bytes that are intact", () => {
    const seen = createCounter();
    fc.assert(
      fc.property(liveLives, (fates) => {
        const { stored, live, moments } = runLive(fates);
        const decoded = stored.map((event) => codec.decode(event));
        expect(hashOf(foldOrder(decoded))).toBe(hashOf(live));
        const decided = moments.flatMap(({ events }) => events);
        expect(decoded.map(({ event }) => event)).toEqual(decided);
        expect(stored.every((event) => codec.decodeAndVerify(event).isIntact)).toBe(true);
        seen.add(...moments.map(({ after }) => after?.phase));
        seen.add(...decided.map(({ type }) => type));
      }),
      RUNS,
    );
    seen.expectAll([...COMMON_PHASES, ...LIVE_PHASES, ...ENDS, ...Object.keys(LIVE_EVENTS)], LEAST);
    seen.expectAll(
      ["OrderCancelRequested", "RetryScheduled", "SimulationFailed", "OrderFilled"],
      LEAST,
    );
  });
});

describe("decide of a live order", () => {
  it("never throws, and each command has its say in some life", () => {
    const seen = createCounter();
    fc.assert(
      fc.property(liveLives, (fates) => {
        for (const { command, events } of runLive(fates).moments) {
          if (events.length > 0) seen.add(command.type);
        }
      }),
      RUNS,
    );
    seen.expectAll(
      LIVE_COMMANDS.map(({ type }) => type),
      LEAST,
    );
    seen.expectAll(["Request", "Validate", "RecordQuote", "Cancel", "Expire"], LEAST);
  });

  it("adds nothing after the end, whatever is asked", () => {
    const seen = createCounter();
    const later = fc.array(fc.nat(1_000), { minLength: 5, maxLength: 10 });
    fc.assert(
      fc.property(liveLives, later, (fates, choices) => {
        const { live } = runLive(fates);
        if (!live || !isTerminal(live)) return;
        for (const choice of choices) {
          const command = anyCommand(choice, {
            ...{ nowUs: live.updatedAtUs + choice, draws: choice, order: live },
          });
          expect(decide(live, command)).toEqual([]);
          seen.add(command.type);
        }
        seen.add(live.phase);
      }),
      RUNS,
    );
    seen.expectAll([...ENDS, ...LIVE_COMMANDS.map(({ type }) => type), "Cancel", "Expire"], LEAST);
  });

  it("decides a command once: the second time it has nothing to add", () => {
    const seen = createCounter();
    fc.assert(
      fc.property(liveLives, (fates) => {
        for (const { after, command, events } of runLive(fates).moments) {
          // A failure told twice before the next quote counts as two attempts: the decider cannot tell them apart.
          if (events.length === 0 || events.some(({ type }) => type === "RetryScheduled")) continue;
          expect(decide(after, command)).toEqual([]);
          seen.add(command.type);
        }
      }),
      RUNS,
    );
    const retrying = ["RecordObstacle", "RecordSimulationFailure", "Abandon"];
    seen.expectAll(
      LIVE_COMMANDS.map(({ type }) => type).filter((it) => !retrying.includes(it)),
      LEAST,
    );
  });
});

describe("signatures", () => {
  it("follow each other only after the proven death of the one before, and rise in number", () => {
    const seen = createCounter();
    fc.assert(
      fc.property(liveLives, (fates) => {
        let [isOpen, last, count] = [false, 0, 0];
        for (const { type, data } of eventsOf(fates)) {
          if (type === "AttemptFailed" || type === "AttemptExpired") isOpen = false;
          if (type !== "AttemptSigned") continue;
          expect(isOpen).toBe(false);
          expect(data.attempt).toBeGreaterThan(last);
          isOpen = true;
          last = data.attempt;
          count += 1;
        }
        expect(last).toBeLessThanOrEqual(RETRY.attempts);
        seen.add(`${count} signatures`);
      }),
      RUNS,
    );
    seen.expectAll(["0 signatures", "1 signatures", "2 signatures", "3 signatures"], LEAST);
  });

  it("never follow a cancel, a doubt, a person's resolution or a success that stands", () => {
    const seen = createCounter();
    fc.assert(
      fc.property(liveLives, (fates) => {
        const events = eventsOf(fates);
        const last = events.findLastIndex(({ type }) => type === "AttemptSigned");
        for (const [index, { type }] of events.entries()) {
          if (!LAST_WORDS.includes(type)) continue;
          expect(last).toBeLessThan(index);
          if (last >= 0) seen.add(type);
        }
        if (events.some(({ type }) => type === "FillFinalized")) {
          expect(events.at(-1)?.type).toBe("FillFinalized");
          seen.add("FillFinalized");
        }
      }),
      RUNS,
    );
    seen.expectAll([...LAST_WORDS, "FillFinalized"], LEAST);
  });

  it("are all known to the state, at most one of them open, the last one", () => {
    const seen = createCounter();
    const isOpen = ({ outcome }: { outcome: string }): boolean =>
      outcome === "open" || outcome === "unknown";
    fc.assert(
      fc.property(liveLives, (fates) => {
        const signed: string[] = [];
        for (const { events, after } of runLive(fates).moments) {
          signed.push(...events.flatMap((it) => (it.type === SIGNED ? it.data.signature : [])));
          const attempts = after?.signedAttempts ?? [];
          expect(attempts.map(({ signature }) => signature)).toEqual(signed);
          expect(attempts.slice(0, -1).some(isOpen)).toBe(false);
          seen.add(...attempts.map(({ outcome }) => outcome));
        }
      }),
      RUNS,
    );
    seen.expectAll(["open", "landed", "failed", "expired", "unknown"], LEAST);
  });

  it("have cost what the chain, or a person's evidence, says that they failed with", () => {
    const seen = createCounter();
    const SIGNED_FEE = 15_000n;
    fc.assert(
      fc.property(liveLives, (fates) => {
        const { moments, live } = runLive(fates);
        let paid = 0n;
        for (const { type, data } of moments.flatMap(({ events }) => events)) {
          if (type === "AttemptFailed") paid += BigInt(data.feeLamports);
          const isFailed = type === "OutcomeResolved" && data.outcome === "failed";
          if (isFailed) paid += SIGNED_FEE;
          if (isFailed || type === "AttemptFailed") seen.add(type);
        }
        expect(BigInt(live?.feesOfFailedAttempts ?? "0")).toBe(paid);
      }),
      RUNS,
    );
    seen.expectAll(["AttemptFailed", "OutcomeResolved"], LEAST);
  });
});

describe("every reachable state of a live order", () => {
  it("has bytes, funds and an attempt exactly while they may be in the chain", () => {
    const seen = createCounter();
    fc.assert(
      fc.property(liveLives, (fates) => {
        for (const order of statesOf(fates)) {
          const isExposed = EXPOSED.has(order.phase);
          expect(order.signed !== undefined).toBe(isExposed);
          const holds = isExposed || order.phase === "reserved" || order.phase === "simulated";
          expect(order.reservation !== undefined).toBe(holds);
          if (order.phase === "landed" || order.phase === "provisional") {
            expect(order.landing).toBeDefined();
          }
          if (order.fill) seen.add(`fill ${order.phase}`);
          if (isExposed) expect(statusOf(order)).not.toBe("PENDING");
          expect(nextAction(order).kind === "Done").toBe(isTerminal(order));
          seen.add(order.phase);
        }
      }),
      RUNS,
    );
    seen.expectAll([...COMMON_PHASES, ...LIVE_PHASES, ...ENDS], LEAST);
    // While nobody can tell, what was read of it is kept; once it is proven dead it is not.
    seen.expectAll(["fill provisional", "fill filled", "fill unknown"], LEAST);
    seen.expectNone([
      "fill dead",
      "fill failed",
      "fill cancelled",
      "fill expired",
      "fill simulated",
    ]);
  });

  it("has one fill that stands if it is filled, of the attempt that landed, and else none", () => {
    const seen = createCounter();
    fc.assert(
      fc.property(liveLives, (fates) => {
        const { live } = runLive(fates);
        if (!live || !isTerminal(live)) return;
        const events = eventsOf(fates);
        const isFilled = live.phase === "filled";
        expect([...standingFills(events)]).toEqual(isFilled ? [live.fill?.live?.fillId] : []);
        if (isFilled) expect(live.signedAttempts?.at(-1)?.outcome).toBe("landed");
        if (events.some(({ type }) => type === "FillVoided")) seen.add(`void, ${live.phase}`);
        seen.add(live.phase);
      }),
      RUNS,
    );
    seen.expectAll([...ENDS, "void, filled", "void, failed"], LEAST);
  });

  it("comes to an end when the engine does what is next and the best comes of it", () => {
    const seen = createCounter();
    const best = fc.record({
      ...{ follow: fc.constant(true), choice: fc.constant(0), passUs: fc.constant(1_000) },
    });
    const tail = fc.array(best, { minLength: 16, maxLength: 16 });
    fc.assert(
      fc.property(fc.array(liveFates, { maxLength: 25, size: "max" }), tail, (first, last) => {
        const { live } = runLive([...first, ...last]);
        expect(live && isTerminal(live)).toBe(true);
        seen.add(live?.phase);
      }),
      RUNS,
    );
    seen.expectAll(ENDS, LEAST);
  });
});
