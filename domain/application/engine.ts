/**
 * The engine: admission, one driver for each open order, waiters, account commands, recovery and drain. It owns its accounts alone.
 * This file only puts the parts together.
 */
import type { Codec } from "../codec/codec.ts";
import type { RequestDefaults } from "../order/request.ts";
import { isTerminal, type OrderState, statusOf } from "../order/state.ts";
import type { Clock, Timers } from "../ports/clock.ts";
import type { EventStore, Position } from "../ports/event-store.ts";
import type { Hasher } from "../ports/hasher.ts";
import type { Quotes } from "../ports/quotes.ts";
import type { AccountId, LogId, OrderId, Principal } from "../primitives/ids.ts";
import type { TimestampUs } from "../primitives/time.ts";
import { BREAKER_LIMITS, type BreakerLimits } from "../safety/breaker.ts";
import { type Accounts, createAccounts } from "./accounts.ts";
import type { Engine } from "./engine.types.ts";
import type { Ledger } from "./ledger.ts";
import type { LiveConfig, LivePorts } from "./live/live.types.ts";
import { createLiveVenue } from "./live/live-venue.ts";
import { missingAccounts } from "./live/missing-accounts.ts";
import { createResolve } from "./live/resolve-outcome.ts";
import { createRecorder } from "./log/recorder.ts";
import { createSealer, tipOf } from "./log/sealer.ts";
import { type Admission, type AdmissionLimits, createAdmission } from "./orders/admission.ts";
import { createCancel } from "./orders/cancel-order.ts";
import { createCommitBell } from "./orders/commit-bell.ts";
import { createDrain } from "./orders/drain.ts";
import { loadOrder } from "./orders/load-order.ts";
import { createOrderFacts } from "./orders/market-facts.ts";
import { createOpenOrders } from "./orders/open-orders.ts";
import { createDriver, type DriverConfig } from "./orders/order-driver.ts";
import { createEntry, type OrderEntry } from "./orders/order-entry.ts";
import { createPairPrices } from "./orders/pair-prices.ts";
import { createOrderQuotes } from "./orders/pair-quotes.ts";
import { refused } from "./orders/refusals.ts";
import { FENCED, type RunParts, runOrder } from "./orders/run-order.ts";
import { createSlots } from "./orders/slots.ts";
import { createSubmit } from "./orders/submit-order.ts";
import { createWaitOn } from "./orders/wait-on-order.ts";
import { watchOrder } from "./orders/watch-order.ts";
import { createSafety } from "./safety/safety.ts";
import { recoverSafety } from "./safety/safety-log.ts";

export type EnginePorts = {
  readonly store: EventStore;
  readonly quotes: Quotes;
  readonly codec: Codec;
  readonly hasher: Hasher;
  readonly clock: Clock;
  readonly timers: Timers;
  /** A broken invariant: the order stays as it is in the log. */
  readonly onFault: (orderId: OrderId, error: unknown) => void;
  /** Absent: live orders are refused, and those of the log stay as they are. */
  readonly live?: LivePorts | undefined;
  /** Something that a person should look at. */
  readonly onAlert?: ((orderId: OrderId, message: string) => void) | undefined;
  /** What somebody should know at the start, a sentence. */
  readonly onWarning?: (message: string) => void;
  /** An order's last event is durable. Must be cheap, and never throw. */
  readonly onEnded?: (order: OrderState) => void;
};

export type EngineConfig = DriverConfig & {
  readonly defaults: RequestDefaults;
  readonly limits: AdmissionLimits;
  /** Orders of one account between validation and the venue, at a time; undefined: no limit. */
  readonly paperSlotsPerAccount: number | undefined;
  readonly live?: LiveConfig | undefined;
  /** Of the circuit breaker; absent: its defaults. */
  readonly safety?: BreakerLimits;
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
  const { store, codec, hasher, clock, timers, onFault } = ports;
  const { ledger, logId } = recovered;
  const startedAtUs = clock.nowUs();
  const open = createOpenOrders();
  const bell = createCommitBell();
  const recorder = createRecorder(store, timers);
  const sealer = createSealer({ codec, clock, logId, lastUs: recovered.clockUs });
  const slots = createSlots(config.paperSlotsPerAccount);
  const waitOn = createWaitOn(timers);
  let { position } = recovered;
  const moveTo = (stored: Position): void => {
    if (position === undefined || stored > position) position = stored;
  };
  const liveAccounts = config.live?.accounts;
  const ownerOf = (account: AccountId): Principal | undefined =>
    liveAccounts?.get(account)?.owner ?? ledger.ownerOf(account);
  for (const account of liveAccounts?.keys() ?? []) {
    if (ledger.ownerOf(account) !== undefined) {
      throw new Error(
        `account ${account} is a paper account of this log: name the live one otherwise`,
      );
    }
  }
  const safety = createSafety(
    {
      ...{ hasher, clock, timers, recorder, sealer },
      isAccount: (account) => ownerOf(account) !== undefined,
      isMint: (mint) => config.policy.tokens.has(mint),
      onStored: moveTo,
      onFenced: () => admission.fail(FENCED),
    },
    config.safety ?? BREAKER_LIMITS,
    await recoverSafety({ store, codec }),
  );
  const pairs = createPairPrices(ports.quotes, config.policy);
  const quotes = createOrderQuotes(ports.quotes, pairs);
  const { usdMints } = config;
  const facts = createOrderFacts({ pairs, tokens: config.policy.tokens, usdMints });
  const { policy, retry } = config;
  const live =
    ports.live &&
    config.live &&
    createLiveVenue({
      ...{ store, codec, hasher, sealer, recorder, clock, timers, safety, policy, retry },
      ports: ports.live,
      config: config.live,
      onAlert: ports.onAlert ?? (() => {}),
    });
  const driver = createDriver(
    {
      ...{ clock, timers, sealer, recorder, ledger, slots, quotes, facts, live },
      onStored: (entry, stored) => {
        moveTo(stored);
        bell.ring(entry.orderId);
        if (entry.committed && isTerminal(entry.committed)) ports.onEnded?.(entry.committed);
      },
    },
    config,
  );
  const accounts = createAccounts({
    ...{ store, codec, hasher, recorder, sealer, ledger },
    isSupported: (mint) => config.policy.tokens.has(mint),
    openOrders: open.ofAccount,
    isLive: (account) => liveAccounts?.has(account) ?? false,
    onStored: moveTo,
  });
  const admission = createAdmission({ ledger, accounts, open, safety, live }, config.limits);
  const { defaults } = config;
  const parts = { store, codec, hasher, driver, ledger, open, admission, defaults, onFault };

  const resumed = await resume(parts, recovered.openOrders, (order) => live?.apply(order));
  for (const message of missingAccounts(resumed, liveAccounts)) ports.onWarning?.(message);

  return {
    submit: createSubmit({ ...parts, sealer, waitOn, live }),
    cancel: createCancel({ ...parts, waitOn }),
    resolve: createResolve({
      ...{ ...parts, live, waitOn, proof: config.live?.proof },
      nodes: ports.live?.chain.nodes ?? [],
    }),
    account: accountCommands({ accounts, admission, timers }),
    get: createGet(parts),
    watch: (orderId, afterRevision, signal) =>
      watchOrder({ store, codec, bell }, { orderId, afterRevision }, signal),
    balances: ledger.balances,
    ownerOf,
    safety,
    status: () => ({
      accepting: admission.closedBecause() === "",
      reason: admission.closedBecause(),
      openOrders: open.size(),
      unknownOrders: [...open.all()].filter(
        ({ committed }) => committed && statusOf(committed) === "OUTCOME_UNKNOWN",
      ).length,
      queueLength: slots.waiting() + (live?.slots.waiting() ?? 0),
      followedAttempts: live?.following() ?? 0,
      startedAtUs,
      position,
    }),
    drain: createDrain({ admission, open, timers }),
  };
}

/** Orders that the last life of the engine left open. */
async function resume(
  parts: RunParts,
  openOrders: readonly OrderId[],
  onLoaded: (order: OrderState) => void,
): Promise<readonly OrderState[]> {
  const entries: OrderEntry[] = [];
  const orders: OrderState[] = [];
  for (const orderId of openOrders) {
    const { order, last } = await loadOrder(parts, orderId);
    if (!order || !last || isTerminal(order)) continue;
    onLoaded(order);
    orders.push(order);
    entries.push(createEntry(orderId, { order, tip: tipOf(last) }));
  }
  // Only when what all of them hold is known.
  for (const entry of entries) void runOrder(parts, entry);
  return orders;
}

/** A caller waits no longer than this for a write that is in doubt; the command itself goes on. */
const ACCOUNT_WAIT_MS = 10_000;

const accountCommands =
  (parts: { accounts: Accounts; admission: Admission; timers: Timers }): Engine["account"] =>
  (account, command, context) => {
    const closed = parts.admission.closedBecause();
    if (closed !== "") {
      return Promise.resolve(refused("DRAINING", `the engine takes no commands: ${closed}`));
    }
    return new Promise((resolve, reject) => {
      const stopTimer = parts.timers.schedule(ACCOUNT_WAIT_MS, () => {
        resolve({ kind: "unknown", cause: "the store had not answered when the wait was over" });
      });
      parts.accounts.handle(account, command, context).finally(stopTimer).then(resolve, reject);
    });
  };

const createGet =
  (parts: RunParts): Engine["get"] =>
  async (orderId, moment) => {
    const { order } = await loadOrder(parts, orderId, (next) => {
      if (!moment) return true;
      return "revision" in moment
        ? next.revision <= moment.revision
        : next.metadata.recordedAtUs <= moment.timeUs;
    });
    return order;
  };
