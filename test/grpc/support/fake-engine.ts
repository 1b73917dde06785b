/**
 * A small Engine for the edge's tests: real decisions, real events, real codec, a memory store; a market that stands still.
 * Knobs hold orders at a phase and refuse or break the next call.
 */
import { createSystemTimers } from "../../../adapters/clock/system.ts";
import { createMemoryEventStore } from "../../../adapters/event-store/memory.ts";
import { createNodeHasher } from "../../../adapters/hasher/node.ts";
import type {
  CancelResult,
  Engine,
  Refused,
  SubmitResult,
  WaitFor,
  WriteUnknown,
} from "../../../domain/application/engine.types.ts";
import { createRecorder } from "../../../domain/application/log/recorder.ts";
import { createSealer } from "../../../domain/application/log/sealer.ts";
import { createSafety } from "../../../domain/application/safety/safety.ts";
import { NOTHING_RECORDED } from "../../../domain/application/safety/safety-log.ts";
import { createCodec, type RecordedEvent } from "../../../domain/codec/codec.ts";
import type { OrderCommand, QuoteAnswer } from "../../../domain/order/commands.ts";
import { decide } from "../../../domain/order/decide.ts";
import type { OrderEvent } from "../../../domain/order/events.ts";
import { nextAction } from "../../../domain/order/flow.ts";
import {
  fingerprintOf,
  isSameRequest,
  orderIdOf,
  resolveRequest,
} from "../../../domain/order/request.ts";
import {
  evolve,
  foldOrder,
  isTerminal,
  type MaybeOrder,
  type OrderState,
  type Phase,
  statusOf,
} from "../../../domain/order/state.ts";
import type { Position } from "../../../domain/ports/event-store.ts";
import { fixedSlippage } from "../../../domain/pricing/slippage/fixed.ts";
import type { LogId, OrderId, Principal } from "../../../domain/primitives/ids.ts";
import { orderStream } from "../../../domain/primitives/ids.ts";
import { BREAKER_LIMITS } from "../../../domain/safety/breaker.ts";
import { createManualClock } from "../../support/manual-clock.ts";
import { PLAIN } from "../../support/order-samples.ts";
import { createFakeLedger } from "./fake-ledger.ts";
import { DEFAULTS, LOG_ID, POLICY, START_US, solQuote } from "./world.ts";

export type FakeEngine = ReturnType<typeof createFakeEngine>;

type Life = { order: OrderState; readonly events: RecordedEvent<OrderEvent>[] };

const REACHED: Readonly<Record<WaitFor, (order: OrderState) => boolean>> = {
  ACCEPTED: () => true,
  SUBMITTED: (order) => isTerminal(order) || statusOf(order) !== "PENDING",
  CONFIRMED: (order) => isTerminal(order) || statusOf(order) !== "PENDING",
  FINALIZED: isTerminal,
};

export function createFakeEngine(logId: LogId = LOG_ID) {
  const hasher = createNodeHasher();
  const codec = createCodec(hasher);
  const store = createMemoryEventStore();
  const ledger = createFakeLedger();
  const lives = new Map<OrderId, Life>();
  const bells = new Map<OrderId, Set<() => void>>();
  let position: Position | undefined;
  let clockUs = START_US;
  let watching = 0;
  let submits = 0;
  let hold: Phase | undefined;
  let accepting = true;
  let quote: () => QuoteAnswer = solQuote;
  let next: Refused | WriteUnknown | Error | undefined;
  let turn: Promise<unknown> = Promise.resolve();

  /** One writer at a time. */
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const mine = turn.then(work);
    turn = mine.catch(() => undefined);
    return mine;
  };

  const takeNext = (): Refused | WriteUnknown | undefined => {
    const taken = next;
    next = undefined;
    if (taken instanceof Error) throw taken;
    return taken;
  };

  async function append(orderId: OrderId, before: MaybeOrder, events: readonly OrderEvent[]) {
    const stream = orderStream(orderId);
    const encoded = [];
    const recorded: RecordedEvent<OrderEvent>[] = [];
    let order = before;
    for (const event of events) {
      clockUs += 1_000;
      const revision = order ? order.revision + 1 : 0;
      const sealed = codec.encode(stream, revision, {
        event,
        metadata: {
          correlationId: orderId,
          causationId: recorded.at(-1)?.eventId ?? orderId,
          actor: "engine",
          recordedAtUs: clockUs,
          prevHash: order?.hash ?? codec.rootHash(logId, stream),
        },
      });
      encoded.push(sealed.encoded);
      recorded.push(sealed.recorded);
      order = evolve(order, sealed.recorded);
    }
    if (!order) throw new Error("nothing to append");
    const result = await store.append(stream, before?.revision ?? "no-stream", encoded);
    if (result.kind !== "appended") throw new Error(`append: ${result.kind}`);
    position = result.position;
    const life: Life = lives.get(orderId) ?? { order, events: [] };
    life.order = order;
    life.events.push(...recorded);
    lives.set(orderId, life);
    for (const { event } of recorded) ledger.apply(event, order);
    for (const ring of bells.get(orderId) ?? []) ring();
  }

  function commandFor(order: OrderState): OrderCommand | undefined {
    const action = nextAction(order);
    switch (action.kind) {
      case "Validate":
        return { type: "Validate", policy: POLICY, nowUs: clockUs, accountOpen: true };
      case "Quote":
        if (order.request.isSimulated) return { type: "UseExpectedPrice" };
        return {
          type: "RecordQuote",
          answer: quote(),
          policy: POLICY,
          retry: { attempts: 3, baseDelayMs: 100, maxDelayMs: 1_000 },
          nowUs: clockUs,
        };
      case "Reserve":
        return {
          type: "Reserve",
          available: (mint) => ledger.available(order.request.account, mint),
          baseFeeLamports: 5_000n,
          tokens: POLICY.tokens,
        };
      case "Simulate":
        return { type: "Simulate", model: fixedSlippage(50), ...PLAIN, delayMs: 0 };
      case "Settle":
        return { type: "Settle", nowUs: clockUs };
      default:
        return undefined;
    }
  }

  const advance = async (orderId: OrderId): Promise<void> => {
    for (;;) {
      const order = lives.get(orderId)?.order;
      if (!order || order.phase === hold) return;
      const command = commandFor(order);
      const events = command ? decide(order, command) : [];
      if (events.length === 0) return;
      await append(orderId, order, events);
    }
  };

  /** Resolves at the next event of an order, or when the signal aborts. */
  const rung = (orderId: OrderId, signal: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      const set = bells.get(orderId) ?? new Set();
      bells.set(orderId, set);
      const done = (): void => {
        set.delete(done);
        if (set.size === 0) bells.delete(orderId);
        signal.removeEventListener("abort", done);
        resolve();
      };
      set.add(done);
      signal.addEventListener("abort", done);
      if (signal.aborted) done();
    });

  const waitUntil = async (orderId: OrderId, waitFor: WaitFor, waitMs: number) => {
    const over = new AbortController();
    const timer = setTimeout(() => over.abort(), waitMs);
    for (;;) {
      const order = lives.get(orderId)?.order;
      if (!order) throw new Error("no order");
      if (REACHED[waitFor](order) || over.signal.aborted) {
        clearTimeout(timer);
        return order;
      }
      await rung(orderId, over.signal);
    }
  };

  const safety = createSafety(
    {
      ...{ hasher, clock: createManualClock(), timers: createSystemTimers() },
      recorder: createRecorder(store, createSystemTimers()),
      sealer: createSealer({ codec, clock: createManualClock(), logId, lastUs: START_US }),
      isAccount: (account) => ledger.ownerOf(account) !== undefined,
      isMint: (mint) => POLICY.tokens.has(mint),
      onStored: (stored) => {
        position = stored;
      },
      onFenced: () => undefined,
    },
    BREAKER_LIMITS,
    NOTHING_RECORDED,
  );

  const engine: Engine = {
    submit: async (command, { principal, waitFor, waitMs }): Promise<SubmitResult> => {
      submits += 1;
      const taken = takeNext() ?? safety.admission(command);
      if (taken) return taken;
      const owner = ledger.ownerOf(command.account);
      if (!owner) return refusal("ACCOUNT_NOT_FOUND", `there is no account ${command.account}`);
      const orderId = orderIdOf(principal, command.requestId, hasher);
      const conflict = await inTurn(async () => {
        const known = lives.get(orderId)?.order;
        if (known) return !isSameRequest(known, command, { defaults: DEFAULTS, hasher });
        const { request, defaulted } = resolveRequest(command, DEFAULTS);
        const fingerprint = fingerprintOf(request, hasher);
        const accountOwner = owner;
        const asked = { request, principal, accountOwner, fingerprint, defaulted };
        await append(orderId, undefined, decide(undefined, { type: "Request", ...asked }));
        return false;
      });
      if (conflict) return refusal("REQUEST_ID_REUSED", `${command.requestId} was used otherwise`);
      void inTurn(() => advance(orderId));
      return { kind: "order", order: await waitUntil(orderId, waitFor, waitMs) };
    },
    cancel: async (orderId, { principal, message }): Promise<CancelResult> => {
      const taken = takeNext();
      if (taken) return taken;
      return inTurn(async () => {
        const order = lives.get(orderId)?.order;
        if (order?.principal !== principal) return refusal("ORDER_NOT_FOUND", "no such order");
        if (isTerminal(order)) return { kind: "already-final", order };
        const events = decide(order, { type: "Cancel", by: principal, message });
        if (events.length > 0) await append(orderId, order, events);
        const after = lives.get(orderId)?.order ?? order;
        return { kind: after.phase === "cancelled" ? "cancelled" : "too-late", order: after };
      });
    },
    resolve: async (orderId, _evidence, { principal }) => {
      const taken = takeNext();
      if (taken) return taken;
      const order = lives.get(orderId)?.order;
      if (order?.principal !== principal) return refusal("ORDER_NOT_FOUND", "no such order");
      return refusal("OUTCOME_IS_KNOWN", "there is no doubt to end");
    },
    account: async (account, command, context) =>
      takeNext() ?? ledger.perform(account, command, context),
    get: async (orderId, moment) => {
      const events = lives.get(orderId)?.events ?? [];
      return foldOrder(
        events.filter(({ revision, metadata }) => {
          if (!moment) return true;
          return "revision" in moment
            ? revision <= moment.revision
            : metadata.recordedAtUs <= moment.timeUs;
        }),
      );
    },
    async *watch(orderId, afterRevision, signal) {
      watching += 1;
      try {
        let order: MaybeOrder;
        let seen = 0;
        while (!signal.aborted) {
          const events = lives.get(orderId)?.events ?? [];
          const recorded = events[seen];
          if (!recorded) {
            if (order && isTerminal(order)) return;
            await rung(orderId, signal);
            continue;
          }
          seen += 1;
          order = evolve(order, recorded);
          if (recorded.revision > afterRevision) yield { recorded, order };
        }
      } finally {
        watching -= 1;
      }
    },
    balances: ledger.balances,
    ownerOf: ledger.ownerOf,
    safety: {
      ...safety,
      halt: async (...asked) => takeNext() ?? safety.halt(...asked),
      resume: async (...asked) => takeNext() ?? safety.resume(...asked),
    },
    status: () => ({
      accepting,
      reason: accepting ? "" : "draining",
      openOrders: [...lives.values()].filter(({ order }) => !isTerminal(order)).length,
      unknownOrders: 0,
      queueLength: 0,
      followedAttempts: 0,
      startedAtUs: START_US,
      position,
    }),
    drain: async () => undefined,
  };

  return {
    engine,
    store,
    codec,
    hasher,
    ledger,
    safety,
    orders: (): OrderState[] => [...lives.values()].map(({ order }) => order),
    watching: () => watching,
    listening: () => [...bells.values()].reduce((sum, set) => sum + set.size, 0),
    submits: () => submits,
    position: () => position,
    /** Orders stop when they are in this phase; undefined lets all go on. */
    hold: async (phase: Phase | undefined) => {
      hold = phase;
      await Promise.all([...lives.keys()].map((orderId) => inTurn(() => advance(orderId))));
    },
    setAccepting: (value: boolean) => {
      accepting = value;
    },
    setQuote: (answer: () => QuoteAnswer) => {
      quote = answer;
    },
    /** The next submit, cancel or account call answers this, or throws it. */
    answerNext: (answer: Refused | WriteUnknown | Error) => {
      next = answer;
    },
  };
}

export const LOCAL = "local" as Principal;

const refusal = (reason: Refused["refusal"]["reason"], message: string): Refused => ({
  kind: "refused",
  refusal: { reason, message },
});
