/**
 * Drives one order to its end: asks nextAction what to do, performs it at the order's venue, and records what came of it.
 *
 * Decided events are staged; they are stored together before anything outside the process can depend on them: before the
 * driver waits for anything that an answer hangs on, before signed bytes leave, and at the end. A paper order whose price is at
 * hand is one append.
 */
import type { OrderCommand } from "../../order/commands.ts";
import { decide } from "../../order/decide.ts";
import { type Action, isNotExecuted, nextAction } from "../../order/flow.ts";
import { isTerminal, type OrderState } from "../../order/state.ts";
import type { Clock, Timers } from "../../ports/clock.ts";
import type { Position } from "../../ports/event-store.ts";
import type { TimestampUs } from "../../primitives/time.ts";
import type { Ledger } from "../ledger.ts";
import type { LiveVenue } from "../live/live-venue.ts";
import type { Recorder } from "../log/recorder.ts";
import type { Sealer } from "../log/sealer.ts";
import type { DriveEnd, StepTools } from "./driver.types.ts";
import type { OrderFacts } from "./market-facts.ts";
import { type OrderEntry, settleWaiters, stage } from "./order-entry.ts";
import { createOrderWaits } from "./order-waits.ts";
import type { OrderQuotes } from "./pair-quotes.ts";
import { createPaperSteps, type PaperConfig } from "./paper-steps.ts";
import type { Slots } from "./slots.ts";
import { createUnconfirmed } from "./unconfirmed.ts";

export type DriverConfig = PaperConfig;

export type DriverPorts = {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly sealer: Sealer;
  readonly recorder: Recorder;
  readonly ledger: Ledger;
  readonly slots: Slots;
  readonly quotes: OrderQuotes;
  readonly facts: OrderFacts;
  /** Undefined: there are no live orders. */
  readonly live: LiveVenue | undefined;
  /** Events of the order are durable. */
  readonly onStored: (entry: OrderEntry, position: Position) => void;
};

export type Driver = { readonly drive: (entry: OrderEntry) => Promise<DriveEnd> };

export function createDriver(ports: DriverPorts, config: DriverConfig): Driver {
  const { clock, ledger, live, sealer } = ports;
  const unconfirmed = createUnconfirmed();
  const waits = createOrderWaits(ports);
  const { pause } = waits;
  const slotsOf = ({ request }: OrderState): Slots =>
    request.mode === "LIVE" && live ? live.slots : ports.slots;
  const record = (entry: OrderEntry, command: OrderCommand, actor = "engine"): void =>
    stage(entry, decide(entry.draft, command), { sealer, actor });

  /** Stores what is staged. Undefined: all is durable, go on. */
  async function flush(entry: OrderEntry): Promise<DriveEnd | undefined> {
    if (entry.staged.length === 0) return undefined;
    // What the events cite is durable before they are.
    if (entry.cites) await entry.cites;
    entry.cites = undefined;
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
      live?.apply(after);
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
    const slots = slotsOf(order);
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
    slotsOf(entry.draft).give(entry.draft.request.account);
  }

  /** Cancels and the passing of time, before anything new is begun. */
  function attend(entry: OrderEntry): void {
    for (const { by, message } of entry.cancels.splice(0)) {
      record(entry, { type: "Cancel", by, message }, by);
    }
    for (const { resolved, fill } of entry.resolutions.splice(0)) {
      record(entry, { type: "RecordResolution", resolved }, resolved.by);
      if (!fill) continue;
      // The same answers tell what it moved and that it is final: nodes that have forgotten it are not asked again.
      const { landed, node, slot, nodes } = fill;
      record(entry, { type: "RecordFill", landed, node, nowUs: clock.nowUs() });
      record(entry, { type: "RecordFinality", slot, nodes });
    }
    record(entry, { type: "Expire", nowUs: clock.nowUs() });
  }

  const tools: StepTools = {
    ...waits,
    record,
    stage: (entry, events) => stage(entry, events, { sealer, actor: "engine" }),
    ...{ flush, giveSlot },
  };
  const paperSteps = createPaperSteps({ ...ports, unconfirmed }, config, tools);
  const liveSteps = live?.stepsWith(tools);

  /** Holds no slot until a time; a cancel or the end of the order's own time may come first. */
  async function rest(
    entry: OrderEntry,
    untilUs: TimestampUs | undefined,
  ): Promise<DriveEnd | undefined> {
    const ended = await flush(entry);
    if (ended) return ended;
    giveSlot(entry);
    if (entry.cancels.length === 0) await pause(entry, { untilUs });
    return undefined;
  }

  /** One step, or one wait before it. */
  async function advance(
    entry: OrderEntry,
    order: OrderState,
    action: Exclude<Action, { kind: "Done" }>,
  ): Promise<DriveEnd | undefined> {
    const step = action.kind === "WaitUntil" ? action.next : action.kind;
    if (action.kind === "WaitUntil" && clock.nowUs() < action.untilUs) {
      return rest(entry, soonest(order, action.untilUs));
    }
    if (step === "Validate" || step === "Quote") {
      const entered = await enter(entry, order);
      if (entered === "woken") return undefined;
      if (entered !== "entered") return entered;
    }
    const perform = order.request.mode === "LIVE" ? liveSteps : paperSteps;
    // A live order of the log, and no venue for it in this life of the process: it stays as it is until there is one.
    return perform ? perform(entry, order, step) : rest(entry, undefined);
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

/** The wait ends no later than the order's own time. */
const soonest = (order: OrderState, untilUs: TimestampUs): TimestampUs =>
  order.request.expiresAtUs !== undefined && isNotExecuted(order)
    ? Math.min(untilUs, order.request.expiresAtUs)
    : untilUs;
