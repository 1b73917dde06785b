/** What all live orders of an engine share. */

import type { Policy } from "../../order/policy.ts";
import type { RetryPolicy } from "../../order/retry-policy.ts";
import type { Clock, Timers } from "../../ports/clock.ts";
import type { SwapQuote } from "../../ports/swaps.ts";
import type { OrderId } from "../../primitives/ids.ts";
import type { Safety } from "../safety/safety.ts";
import type { ChainFacts } from "./chain-facts.ts";
import type { Evidence } from "./evidence.ts";
import type { LiveConfig, LivePorts } from "./live.types.ts";
import type { Monitor, Outcome } from "./monitor.ts";
import type { Plan } from "./plan.ts";
import type { Broadcaster } from "./send.ts";
import type { Simulated } from "./simulate.ts";
import type { WalletFunds } from "./wallet-funds.ts";

/** What an attempt was prepared with; lives in memory only, nothing of it outlives the process. */
export type Material = {
  readonly quote: SwapQuote;
  /** Monotonic time of the quote. */
  readonly quotedUs: number;
  /** All that was to be kept is durable. */
  kept: Promise<void>;
  plan?: Plan;
  simulated?: Simulated;
};

export type Venue = {
  readonly ports: LivePorts;
  readonly config: LiveConfig;
  readonly policy: Policy;
  /** Of the policy. */
  readonly tokens: Policy["tokens"];
  readonly retry: RetryPolicy;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly safety: Safety;
  readonly facts: ChainFacts;
  readonly evidence: Evidence;
  readonly funds: WalletFunds;
  readonly monitor: Monitor;
  readonly broadcaster: Broadcaster;
  readonly materials: Map<OrderId, Material>;
  /** Orders of an account that were validated in the last minute, this one included. */
  readonly countOrder: (account: string) => number;
  /** What is being found out of an order's attempt, from its first broadcast until it is looked at. */
  readonly deciding: Map<OrderId, Promise<Outcome>>;
  /** Timers that answer waiting callers, by order. */
  readonly ends: Map<OrderId, () => void>;
  /** Something that a person should look at. */
  readonly onAlert: (orderId: OrderId, message: string) => void;
};
