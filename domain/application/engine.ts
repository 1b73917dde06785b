/**
 * The engine: admission, one driver for each open order, waiters, account commands, recovery and drain. It owns its accounts alone.
 */
import type { Codec } from "../codec/codec.ts";
import { decide } from "../order/decide.ts";
import {
  fingerprintOf,
  isSameRequest,
  orderIdOf,
  type RequestDefaults,
  resolveRequest,
  type TradeCommand,
} from "../order/request.ts";
import { isTerminal, type OrderState, statusOf } from "../order/state.ts";
import type { Clock, Timers } from "../ports/clock.ts";
import type { EventStore, Position } from "../ports/event-store.ts";
import type { Hasher } from "../ports/hasher.ts";
import type { Quotes } from "../ports/quotes.ts";
import type { LogId, OrderId, Principal } from "../primitives/ids.ts";
import type { TimestampUs } from "../primitives/time.ts";
import { createAccounts } from "./accounts.ts";
import { type AdmissionLimits, createAdmission } from "./admission.ts";
import { createCommitBell } from "./commit-bell.ts";
import type { CancelResult, Engine, Refused, SubmitResult } from "./engine.types.ts";
import type { Ledger } from "./ledger.ts";
import { loadOrder } from "./load-order.ts";
import { createOpenOrders } from "./open-orders.ts";
import { createDriver, type DriveEnd, type DriverConfig } from "./order-driver.ts";
import {
  createEntry,
  isReached,
  type OrderEntry,
  settleAll,
  stage,
  type Waiter,
} from "./order-entry.ts";
import { createOrderQuotes } from "./pair-quotes.ts";
import { createRecorder } from "./recorder.ts";
import { refused } from "./refusals.ts";
import { createSealer, tipOf } from "./sealer.ts";
import { createSlots } from "./slots.ts";
import { watchOrder } from "./watch-order.ts";

export type EnginePorts = {
  readonly store: EventStore;
  readonly quotes: Quotes;
  readonly codec: Codec;
  readonly hasher: Hasher;
  readonly clock: Clock;
  readonly timers: Timers;
  /** A broken invariant: the order stays as it is in the log. */
  readonly onFault: (orderId: OrderId, error: unknown) => void;
};

export type EngineConfig = DriverConfig & {
  readonly defaults: RequestDefaults;
  readonly limits: AdmissionLimits;
  /** Orders of one account that run at a time; undefined: no limit. */
  readonly paperSlotsPerAccount: number | undefined;
};

/** What the log says at the start. */
export type Recovered = {
  readonly logId: LogId;
  readonly ledger: Ledger;
  readonly openOrders: readonly OrderId[];
  /** The log's clock. */
  readonly clockUs: TimestampUs;
  readonly position: Position | undefined;
};

/** Starts the engine on what the log says; every open order goes on by itself. */
export async function createEngine(
  ports: EnginePorts,
  config: EngineConfig,
  recovered: Recovered,
): Promise<Engine> {
  const { store, codec, hasher, clock, timers } = ports;
  const { ledger, logId } = recovered;
  const startedAtUs = clock.nowUs();
  const open = createOpenOrders();
  const bell = createCommitBell();
  const recorder = createRecorder(store, timers);
  const sealer = createSealer({ codec, clock, logId, lastUs: recovered.clockUs });
  const slots = createSlots(config.paperSlotsPerAccount);
  let position = recovered.position;
  let onQuiet: (() => void) | undefined;

  const moveTo = (stored: Position): void => {
    if (position === undefined || stored > position) position = stored;
  };
  const driver = createDriver(
    {
      codec,
      clock,
      timers,
      sealer,
      recorder,
      ledger,
      slots,
      quotes: createOrderQuotes(ports.quotes, config.policy),
      onStored: (entry, stored) => {
        moveTo(stored);
        bell.ring(entry.orderId);
      },
    },
    config,
  );
  const accounts = createAccounts({
    ...{ store, codec, hasher, recorder, sealer, ledger },
    isSupported: (mint) => config.policy.tokens.has(mint),
    openOrders: open.ofAccount,
    onStored: moveTo,
  });
  const admission = createAdmission({ ledger, accounts, open }, config.limits);

  function add(entry: OrderEntry): void {
    open.add(entry);
    void run(entry);
  }

  async function run(entry: OrderEntry): Promise<void> {
    let answer: SubmitResult | undefined;
    try {
      answer = await conclude(entry, await driver.drive(entry));
    } catch (error) {
      ports.onFault(entry.orderId, error);
      const cause = "a rule of this program was broken; the order stays as it is in the log";
      answer = asFarAsKnown(entry, cause);
    }
    // Removed first: whoever is answered may come back at once with the same request id.
    open.remove(entry);
    onQuiet?.();
    if (answer) settleAll(entry, answer);
  }

  /** What those who still wait are told; undefined when all were told on the way. */
  async function conclude(entry: OrderEntry, end: DriveEnd): Promise<SubmitResult | undefined> {
    switch (end.kind) {
      case "finished":
        return undefined;
      case "unavailable":
        forget(entry);
        return refused("STORE_UNAVAILABLE", end.reason);
      case "exists": {
        forget(entry);
        const { order } = await loadOrder(ports, entry.orderId);
        return answerExisting(order, entry.command);
      }
      case "fenced":
        admission.fail(FENCED);
        return asFarAsKnown(entry, FENCED);
    }
  }

  /** Nothing of the entry is in the log: what it held is free again. */
  function forget(entry: OrderEntry): void {
    if (entry.draft) ledger.release(entry.draft.request.account, entry.orderId);
  }

  function asFarAsKnown(entry: OrderEntry, cause: string): SubmitResult {
    const { committed: order, orderId } = entry;
    return order ? { kind: "order", order } : { kind: "unknown", orderId, cause };
  }

  function answerExisting(
    order: OrderState | undefined,
    command: TradeCommand | undefined,
  ): SubmitResult {
    if (!order || !command) {
      return { kind: "unknown", cause: "the order's stream changed while it was read" };
    }
    return isSameRequest(order, command, { defaults: config.defaults, hasher })
      ? { kind: "order", order }
      : reused(command);
  }

  const reused = (command: TradeCommand): Refused =>
    refused(
      "REQUEST_ID_REUSED",
      `request_id ${command.requestId} was used for another trade request`,
    );

  function begin(command: TradeCommand, orderId: OrderId, principal: Principal): OrderEntry {
    const { request, defaulted } = resolveRequest(command, config.defaults);
    const entry = createEntry(orderId, undefined, command);
    const events = decide(undefined, {
      type: "Request",
      request,
      principal,
      accountOwner: ledger.ownerOf(request.account) ?? principal,
      fingerprint: fingerprintOf(request, hasher),
      defaulted,
    });
    stage(entry, events, { sealer, actor: principal });
    return entry;
  }

  /** Resolves at the waited-for point, or with what is durable when `waitMs` is over. */
  function waitOn(
    entry: OrderEntry,
    waitFor: Waiter["waitFor"],
    waitMs: number,
  ): Promise<SubmitResult> {
    const now = entry.committed;
    if (now && isReached(now, waitFor)) return Promise.resolve({ kind: "order", order: now });
    return new Promise((resolve) => {
      const waiter: Waiter = {
        waitFor,
        settle: (result) => {
          cancelTimer();
          resolve(result);
        },
      };
      const cancelTimer = timers.schedule(waitMs, () => {
        entry.waiters.delete(waiter);
        const { committed: order, orderId } = entry;
        const cause = "the store had not answered when the wait was over";
        resolve(order ? { kind: "order", order } : { kind: "unknown", orderId, cause });
      });
      entry.waiters.add(waiter);
    });
  }

  const submit: Engine["submit"] = async (command, { principal, waitFor, waitMs }) => {
    const orderId = orderIdOf(principal, command.requestId, hasher);
    const entry = open.get(orderId);
    if (entry?.draft) {
      const same = isSameRequest(entry.draft, command, { defaults: config.defaults, hasher });
      if (same) return waitOn(entry, waitFor, waitMs);
      if (entry.committed) return reused(command);
      // Whether the order under way is the first of its id turns out with its first append.
      await waitOn(entry, "ACCEPTED", waitMs);
      if (entry === open.get(orderId)) return reused(command);
      return submit(command, { principal, waitFor, waitMs });
    }
    const refusal = admission.check(command, principal);
    if (refusal) return (await existing(orderId, command)) ?? refusal;
    const begun = begin(command, orderId, principal);
    const result = waitOn(begun, waitFor, waitMs);
    add(begun);
    return result;
  };

  /** A repeated request is answered even when new ones are not admitted. */
  async function existing(
    orderId: OrderId,
    command: TradeCommand,
  ): Promise<SubmitResult | undefined> {
    const { order } = await loadOrder(ports, orderId);
    return order && answerExisting(order, command);
  }

  const cancel: Engine["cancel"] = async (orderId, { principal, message }) => {
    const entry = open.get(orderId);
    const state = entry?.draft ?? (await loadOrder(ports, orderId)).order;
    if (!state || state.principal !== principal) {
      return refused("ORDER_NOT_FOUND", `order ${orderId} does not exist`);
    }
    if (!entry || isTerminal(state)) return concludeCancel(entry, state);
    const asked = state.cancelRequestedBy !== undefined;
    if (asked) return { kind: "too-late", order: entry.committed ?? state };
    entry.cancels.push({ by: principal, message });
    entry.wake?.();
    const result = await waitOn(entry, "CANCEL_DECIDED", CANCEL_WAIT_MS);
    return result.kind === "order" ? cancelResult(result.order) : result;
  };

  /** The order has ended, perhaps an instant ago and not durably yet. */
  async function concludeCancel(
    entry: OrderEntry | undefined,
    order: OrderState,
  ): Promise<CancelResult> {
    if (!entry) return { kind: "already-final", order };
    const result = await waitOn(entry, "FINALIZED", CANCEL_WAIT_MS);
    return result.kind === "order" ? { kind: "already-final", order: result.order } : result;
  }

  const get: Engine["get"] = async (orderId, moment) => {
    const { order } = await loadOrder(ports, orderId, (next) => {
      if (!moment) return true;
      return "revision" in moment
        ? next.revision <= moment.revision
        : next.metadata.recordedAtUs <= moment.timeUs;
    });
    return order;
  };

  const drain: Engine["drain"] = (timeoutMs) => {
    admission.beginDrain();
    return new Promise((resolve) => {
      const finish = (): void => {
        onQuiet = undefined;
        stopPolling();
        stopTimer();
        resolve();
      };
      let stopPolling = (): void => {};
      const stopTimer = timers.schedule(timeoutMs, finish);
      const look = (): void => {
        if (!open.busy()) finish();
        else stopPolling = timers.schedule(DRAIN_LOOK_MS, look);
      };
      onQuiet = () => {
        if (!open.busy()) finish();
      };
      look();
    });
  };

  for (const orderId of recovered.openOrders) {
    const { order, last } = await loadOrder(ports, orderId);
    if (order && last && !isTerminal(order)) {
      add(createEntry(orderId, { order, tip: tipOf(last) }));
    }
  }

  return {
    submit,
    cancel,
    account: (account, command, context) => {
      const closed = admission.closedBecause();
      return closed === ""
        ? accounts.handle(account, command, context)
        : Promise.resolve(refused("DRAINING", `the engine takes no commands: ${closed}`));
    },
    get,
    watch: (orderId, afterRevision, signal) =>
      watchOrder({ store, codec, bell }, { orderId, afterRevision }, signal),
    balances: ledger.balances,
    ownerOf: ledger.ownerOf,
    status: () => ({
      accepting: admission.closedBecause() === "",
      reason: admission.closedBecause(),
      openOrders: open.size(),
      unknownOrders: [...open.all()].filter(
        ({ committed }) => committed && statusOf(committed) === "OUTCOME_UNKNOWN",
      ).length,
      queueLength: slots.waiting(),
      startedAtUs,
      position,
    }),
    drain,
  };
}

const FENCED = "another engine writes to this log: let one of them run only";
const CANCEL_WAIT_MS = 10_000;
const DRAIN_LOOK_MS = 20;

function cancelResult(order: OrderState): CancelResult {
  if (order.phase === "cancelled") return { kind: "cancelled", order };
  return { kind: isTerminal(order) ? "already-final" : "too-late", order };
}
