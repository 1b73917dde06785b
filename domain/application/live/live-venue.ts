/** The live venue: what its orders share, put together; its steps are in unsigned-steps.ts, sign-step.ts and signed-steps.ts. */

import type { Policy } from "../../order/policy.ts";
import type { RetryPolicy } from "../../order/retry-policy.ts";
import { isTerminal, type OrderState } from "../../order/state.ts";
import { totalsOf } from "../../order/trade.ts";
import type { Clock, Timers } from "../../ports/clock.ts";
import type { OrderId } from "../../primitives/ids.ts";
import { US_PER_SECOND } from "../../primitives/time.ts";
import type { Perform, StepTools } from "../orders/driver.types.ts";
import { createSlots, type Slots } from "../orders/slots.ts";
import type { Safety } from "../safety/safety.ts";
import { createChainFacts } from "./chain-facts.ts";
import { createEvidence, type EvidencePorts } from "./evidence.ts";
import type { LiveAccount, LiveConfig, LivePorts } from "./live.types.ts";
import { createMonitor } from "./monitor.ts";
import { createBroadcaster } from "./send.ts";
import { createSignStep } from "./sign-step.ts";
import { createSignedSteps } from "./signed-steps.ts";
import { createUnsignedSteps } from "./unsigned-steps.ts";
import type { Venue } from "./venue.types.ts";
import { createWalletFunds, type WalletFunds } from "./wallet-funds.ts";

export type LiveVenue = {
  readonly slots: Slots;
  readonly account: (name: string) => LiveAccount | undefined;
  readonly stepsWith: (tools: StepTools) => Perform;
  /** Folds what is durable of an order: what it holds of its wallet, and what is free again. Also at the start, for each open order. */
  readonly apply: (order: OrderState) => void;
  /** Attempts that are followed on the chain. */
  readonly following: () => number;
  readonly keepEvidence: Venue["evidence"]["keep"];
};

export type LiveVenueParts = Omit<EvidencePorts, "gzip"> & {
  readonly ports: LivePorts;
  readonly config: LiveConfig;
  readonly policy: Policy;
  readonly retry: RetryPolicy;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly safety: Safety;
  readonly onAlert: (orderId: OrderId, message: string) => void;
};

export function createLiveVenue(parts: LiveVenueParts): LiveVenue {
  const { ports, config, policy, retry, clock, timers, safety, onAlert } = parts;
  const broadcaster = createBroadcaster(ports.senders, timers);
  const evidence = createEvidence({ ...parts, gzip: ports.gzip });
  const funds = createWalletFunds();
  const monitor = createMonitor(
    { chain: ports.chain, clock, timers, broadcast: broadcaster.again },
    { rule: config.proof, rebroadcastMs: config.rebroadcastMs, graceMs: config.graceMs },
  );
  const venue: Venue = {
    ...{ ports, config, policy, retry, clock, timers, safety, onAlert },
    ...{ broadcaster, evidence, funds, monitor },
    facts: createChainFacts(ports.chain, clock, timers),
    tokens: policy.tokens,
    materials: new Map(),
    deciding: new Map(),
    ends: new Map(),
    countOrder: createOrderCounter(clock),
  };
  return {
    slots: createSlots(config.slotsPerAccount),
    account: (name) => config.accounts.get(name as never),
    stepsWith: (tools) => {
      const steps = {
        ...createUnsignedSteps(venue, tools),
        Sign: createSignStep(venue, tools),
        ...createSignedSteps(venue, tools),
      };
      return (entry, order, step) => steps[step](entry, order);
    },
    apply: (order) => {
      applyToFunds(funds, order);
      if (!isTerminal(order)) return;
      venue.materials.delete(order.orderId);
      venue.deciding.delete(order.orderId);
      venue.ends.get(order.orderId)?.();
      venue.ends.delete(order.orderId);
      evidence.forget(order.orderId);
    },
    following: monitor.following,
    keepEvidence: evidence.keep,
  };
}

function applyToFunds(funds: WalletFunds, order: OrderState): void {
  const { wallet, orderId, reservation, landing } = order;
  if (wallet === undefined) return;
  if (reservation === undefined) funds.release(wallet, orderId);
  else if (!funds.holds(wallet, orderId)) funds.hold(wallet, orderId, totalsOf(reservation));
  const failedSlot = order.signedAttempts?.findLast(({ outcome }) => outcome === "failed")?.slot;
  // A failed transaction has paid its fee there.
  if (failedSlot !== undefined) funds.seen(wallet, failedSlot);
  if (landing) funds.landed(wallet, orderId, landing.slot);
  else funds.unlanded(wallet, orderId);
}

/** Orders of an account within the last minute; counted in memory, so that a restart begins anew. */
function createOrderCounter(clock: Clock): (account: string) => number {
  const times = new Map<string, number[]>();
  return (account) => {
    const nowUs = clock.monotonicUs();
    const recent = (times.get(account) ?? []).filter((atUs) => nowUs - atUs < 60 * US_PER_SECOND);
    recent.push(nowUs);
    times.set(account, recent);
    return recent.length;
  };
}
