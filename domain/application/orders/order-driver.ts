/**
 * Drives one order to its end: asks nextAction what to do, performs it through a port, and records what came of it.
 *
 * Decided events are staged; they are stored together before anything outside the process can depend on them: before the
 * driver waits for anything, and at the end. A paper order whose price is at hand is one append.
 */
import type { OrderCommand, QuoteAnswer, RetryPolicy } from "../../order/commands.ts";
import { decide } from "../../order/decide.ts";
import type { OrderEvent } from "../../order/events.ts";
import { type Action, isNotExecuted, nextAction, type Step } from "../../order/flow.ts";
import type { Policy } from "../../order/policy.ts";
import { isTerminal, type OrderState } from "../../order/state.ts";
import { totalsOf } from "../../order/trade.ts";
import type { Clock, Timers } from "../../ports/clock.ts";
import type { ExpectedRevision, Position } from "../../ports/event-store.ts";
import type { MevModel } from "../../pricing/mev.ts";
import type { OutcomeKnobs } from "../../pricing/outcomes.ts";
import { NOTHING_KNOWN, type SlippageModel } from "../../pricing/slippage/model.ts";
import { assertNever } from "../../primitives/assert-never.ts";
import type { Mint } from "../../primitives/ids.ts";
import type { TimestampUs } from "../../primitives/time.ts";
import type { Ledger } from "../ledger.ts";
import type { Recorder } from "../log/recorder.ts";
import type { Sealer } from "../log/sealer.ts";
import type { OrderFacts } from "./market-facts.ts";
import { type OrderEntry, settleWaiters, stage } from "./order-entry.ts";
import { createOrderWaits } from "./order-waits.ts";
import type { OrderQuotes } from "./pair-quotes.ts";
import type { Slots } from "./slots.ts";
import { createUnconfirmed } from "./unconfirmed.ts";

export type DriverConfig = {
  readonly policy: Policy;
  readonly retry: RetryPolicy;
  readonly baseFeeLamports: bigint;
  /** By name; the policy refuses every other name. */
  readonly slippageModels: ReadonlyMap<string, SlippageModel>;
  readonly mev: MevModel;
  /** Outcomes drawn instead of modelled; undefined: none. */
  readonly outcomes: OutcomeKnobs | undefined;
  /** Mints that count as one US dollar a token. */
  readonly usdMints: readonly Mint[];
  /** Artificial delay of paper fills, milliseconds. */
  readonly paperDelayMs: number;
};

export type DriverPorts = {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly sealer: Sealer;
  readonly recorder: Recorder;
  readonly ledger: Ledger;
  readonly slots: Slots;
  readonly quotes: OrderQuotes;
  readonly facts: OrderFacts;
  /** Events of the order are durable. */
  readonly onStored: (entry: OrderEntry, position: Position) => void;
};

/** How a drive ended. */
export type DriveEnd =
  | { readonly kind: "finished" }
  /** The first append met events that stand there already. Nothing of this drive is in the log. */
  | { readonly kind: "exists" }
  /** The first append was refused; nothing of this drive is in the log. */
  | { readonly kind: "unavailable"; readonly reason: string }
  /** Somebody else wrote to the stream of an order that this engine drives. */
  | { readonly kind: "fenced"; readonly actual: ExpectedRevision };

export type Driver = { readonly drive: (entry: OrderEntry) => Promise<DriveEnd> };

export function createDriver(ports: DriverPorts, config: DriverConfig): Driver {
  const { clock, ledger, slots, quotes, sealer } = ports;
  const unconfirmed = createUnconfirmed();
  const { pause, until } = createOrderWaits(ports);
  const record = (entry: OrderEntry, command: OrderCommand, actor = "engine"): void =>
    stage(entry, decide(entry.draft, command), { sealer, actor });

  /** Stores what is staged. Undefined: all is durable, go on. */
  async function flush(entry: OrderEntry): Promise<DriveEnd | undefined> {
    if (entry.staged.length === 0) return undefined;
    const isFirst = !entry.committed;
    const ended = await append(entry);
    if (isFirst) confirm(entry, ended);
    return ended;
  }

  /** The first append is answered; when nothing of the order is in the log, what it held is free before anybody looks. */
  function confirm({ draft, orderId }: OrderEntry, ended: DriveEnd | undefined): void {
    if (!draft) return;
    if (ended) ledger.release(draft.request.account, orderId);
    unconfirmed.remove(draft.request.account, orderId);
  }

  async function append(entry: OrderEntry): Promise<DriveEnd | undefined> {
    const { staged, stream } = entry;
    entry.staged = [];
    const expected = entry.committed?.revision ?? "no-stream";
    const events = staged.map(({ encoded }) => encoded);
    const outcome = await ports.recorder.record(
      { stream, expected, events },
      entry.committed !== undefined,
    );
    if (outcome.kind === "unavailable") return outcome;
    if (outcome.kind === "conflict") {
      return entry.committed ? { kind: "fenced", actual: outcome.actual } : { kind: "exists" };
    }
    for (const { recorded, after } of staged) {
      ledger.apply(recorded, after);
      entry.committed = after;
    }
    ports.onStored(entry, outcome.position);
    settleWaiters(entry);
    return undefined;
  }

  /** Takes the account's slot; what is staged is stored first if that means waiting. */
  async function enter(
    entry: OrderEntry,
    order: OrderState,
  ): Promise<DriveEnd | "entered" | "woken"> {
    if (entry.holdsSlot) return "entered";
    const { account, expiresAtUs } = order.request;
    const turn = slots.take(account, entry.hadSlot);
    if (turn) {
      const ended = await flush(entry);
      const mayExpire = expiresAtUs !== undefined && expiresAtUs > clock.nowUs();
      const untilUs = mayExpire ? expiresAtUs : undefined;
      const woken = !ended && entry.cancels.length === 0 && (await pause(entry, { untilUs, turn }));
      if (woken !== "turn") {
        // It gives up its place: the turn is handed on when it comes.
        void turn.then(() => slots.give(account));
        return ended ?? "woken";
      }
    }
    entry.holdsSlot = true;
    entry.hadSlot = true;
    return "entered";
  }

  function giveSlot(entry: OrderEntry): void {
    if (!entry.holdsSlot || !entry.draft) return;
    entry.holdsSlot = false;
    slots.give(entry.draft.request.account);
  }

  /** Cancels and the passing of time, before anything new is begun. */
  function attend(entry: OrderEntry): void {
    for (const { by, message } of entry.cancels.splice(0)) {
      record(entry, { type: "Cancel", by, message }, by);
    }
    record(entry, { type: "Expire", nowUs: clock.nowUs() });
  }

  async function reserve(entry: OrderEntry, order: OrderState): Promise<DriveEnd | undefined> {
    const { account } = order.request;
    const events = decide(order, {
      type: "Reserve",
      baseFeeLamports: config.baseFeeLamports,
      tokens: config.policy.tokens,
      available: (mint) => ledger.available(account, mint),
    });
    // What is missing may be held by a request that turns out to be a repeated one.
    const inDoubt = isShortOfFunds(events) ? unconfirmed.answered(account) : undefined;
    if (inDoubt && entry.doubts < MOST_DOUBTS) {
      entry.doubts += 1;
      const ended = await flush(entry);
      if (!ended) await until(entry, order, inDoubt);
      return ended;
    }
    stage(entry, events, { sealer, actor: "engine" });
    const reservation = entry.draft?.reservation;
    if (reservation && !ledger.hold(account, entry.orderId, totalsOf(reservation))) {
      throw new Error(`${entry.orderId}: reserved more than its account has available`);
    }
    if (reservation && !entry.committed) unconfirmed.add(account, entry.orderId);
    return undefined;
  }

  /** Asks the market; undefined when the order is woken before the answer is there. */
  async function ask(entry: OrderEntry, order: OrderState): Promise<QuoteAnswer | undefined> {
    if (entry.cancels.length > 0) return undefined;
    const asked = quotes.ask(order.request);
    return (await until(entry, order, asked)) ? asked : undefined;
  }

  async function quote(entry: OrderEntry, order: OrderState): Promise<DriveEnd | undefined> {
    if (order.request.isSimulated) {
      record(entry, { type: "UseExpectedPrice" });
      return undefined;
    }
    let answer = quotes.cached(order.request);
    if (!answer) {
      const ended = await flush(entry);
      if (ended) return ended;
      answer = await ask(entry, order);
      // A cancel or the end of the order's time came first: the answer is of no use any more.
      if (!answer) return undefined;
    }
    const { policy, retry } = config;
    record(entry, { type: "RecordQuote", answer, policy, retry, nowUs: clock.nowUs() });
    return undefined;
  }

  /** Asks the market for what the models cannot do without; what it does not say stays unknown. */
  async function simulate(entry: OrderEntry, order: OrderState): Promise<DriveEnd | undefined> {
    const { isSimulated, mev, slippageModel } = order.request;
    const model = config.slippageModels.get(slippageModel);
    if (!model) throw new Error(`no slippage model ${slippageModel}`);
    let market = isSimulated ? NOTHING_KNOWN : ports.facts.atHand(order);
    const isMissing = market.usdMicros === undefined && (model.needsUsd || mev.simulate);
    if (isMissing && !isSimulated) {
      const ended = await flush(entry);
      if (ended) return ended;
      const asked = ports.facts.ask(order);
      if (!(await until(entry, order, asked))) return undefined;
      market = await asked;
    }
    const { mev: mevModel, outcomes, paperDelayMs: delayMs } = config;
    record(entry, { type: "Simulate", model, mev: mevModel, outcomes, market, delayMs });
    return undefined;
  }

  async function perform(
    entry: OrderEntry,
    order: OrderState,
    step: Step,
  ): Promise<DriveEnd | undefined> {
    switch (step) {
      case "Validate":
        record(entry, {
          type: "Validate",
          policy: config.policy,
          nowUs: clock.nowUs(),
          accountOpen: ledger.isOpen(order.request.account),
        });
        return undefined;
      case "Quote":
        return quote(entry, order);
      case "Reserve":
        return reserve(entry, order);
      case "Simulate":
        return simulate(entry, order);
      case "Settle":
        record(entry, { type: "Settle", nowUs: clock.nowUs() });
        return undefined;
      default:
        return assertNever(step);
    }
  }

  /** One step, or one wait before it. */
  async function advance(
    entry: OrderEntry,
    order: OrderState,
    action: Exclude<Action, { kind: "Done" }>,
  ): Promise<DriveEnd | undefined> {
    const step = action.kind === "WaitUntil" ? action.next : action.kind;
    if (action.kind === "WaitUntil" && clock.nowUs() < action.untilUs) {
      const ended = await flush(entry);
      if (ended) return ended;
      giveSlot(entry);
      // A cancel or the end of the order's time may come first.
      const untilUs = soonest(order, action.untilUs);
      if (entry.cancels.length === 0) await pause(entry, { untilUs });
      return undefined;
    }
    if (step === "Validate" || step === "Quote") {
      const entered = await enter(entry, order);
      if (entered === "woken") return undefined;
      if (entered !== "entered") return entered;
    }
    return perform(entry, order, step);
  }

  async function drive(entry: OrderEntry): Promise<DriveEnd> {
    for (;;) {
      attend(entry);
      const order = entry.draft;
      if (!order) throw new Error(`${entry.orderId}: nothing to drive`);
      const action = nextAction(order);
      if (action.kind === "Done" || isTerminal(order)) {
        giveSlot(entry);
        return (await flush(entry)) ?? { kind: "finished" };
      }
      const ended = await advance(entry, order, action);
      if (ended) return ended;
    }
  }

  return {
    drive: (entry) =>
      drive(entry).finally(() => {
        giveSlot(entry);
        if (entry.draft) unconfirmed.remove(entry.draft.request.account, entry.orderId);
      }),
  };
}

/** Under constant load there is always somebody unconfirmed: after so many looks an order is judged as it stands. */
const MOST_DOUBTS = 8;

const isShortOfFunds = (events: readonly OrderEvent[]): boolean =>
  events.some(({ type, data }) => type === "OrderRejected" && data.reason === "INSUFFICIENT_FUNDS");

/** The wait ends no later than the order's own time. */
const soonest = (order: OrderState, untilUs: TimestampUs): TimestampUs =>
  order.request.expiresAtUs !== undefined && isNotExecuted(order)
    ? Math.min(untilUs, order.request.expiresAtUs)
    : untilUs;
