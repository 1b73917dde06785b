/**
 * One order of a written log: the decider's own answers to real commands, append by append.
 */
import type { PositionedEvent } from "../../domain/codec/codec.ts";
import type { DomainEvent } from "../../domain/codec/registry.ts";
import type { OrderCommand } from "../../domain/order/commands.ts";
import { decide } from "../../domain/order/decide.ts";
import type { OrderEvent } from "../../domain/order/events.ts";
import { nextAction } from "../../domain/order/flow.ts";
import { orderIdOf } from "../../domain/order/request.ts";
import { evolve, type OrderState } from "../../domain/order/state.ts";
import { inputMintOf, outputMintOf } from "../../domain/order/trade.ts";
import { fixedSlippage } from "../../domain/pricing/slippage/fixed.ts";
import {
  type Hash,
  type OrderId,
  orderStream,
  type Principal,
  type RequestId,
  type StreamName,
} from "../../domain/primitives/ids.ts";
import { hasher } from "./given.ts";
import { PLAIN, POLICY, quoteOf, RETRY, requestOf } from "./order-samples.ts";

export const PRINCIPAL = "local" as Principal;

/**
 * How an order ends. `rejected`: its account is closed. `poor`: its account has nothing.
 * `slippage`: over its limit.
 */
export type Outcome =
  | "filled"
  | "rejected"
  | "poor"
  | "no-route"
  | "slippage"
  | "cancelled"
  | "expired";

export type OrderOptions = {
  readonly outcome?: Outcome;
  /** Fields of the trade command; account main sells 1.5 SOL for USDC unless they say otherwise. */
  readonly request?: Record<string, unknown>;
  /**
   * What one whole-looking amount of base gives in quote, smallest units. 1 SOL : 150.25 USDC
   * unless given.
   */
  readonly price?: { readonly base: bigint; readonly quote: bigint };
  /** Failed quotes with a retry each before the good one; at most 2. */
  readonly retries?: number;
  /** Pause between execution and settlement; the settlement is an append of its own then. */
  readonly delayMs?: number;
};

export type WrittenOrder = {
  readonly orderId: OrderId;
  readonly state: () => OrderState;
  /**
   * Decides commands one after the other and appends all their events at once; nothing when there
   * are none.
   */
  readonly append: (...commands: readonly OrderCommand[]) => readonly PositionedEvent[];
  /** The next append of the order's way; false when it has ended. */
  readonly step: () => boolean;
  readonly finish: () => OrderState;
};

export type World = {
  readonly requestId: RequestId;
  readonly nowUs: () => number;
  readonly append: (
    stream: StreamName,
    events: readonly DomainEvent[],
    correlationId: string,
  ) => readonly PositionedEvent[];
  readonly waitUntilUs: (timeUs: number) => void;
};

export function writeOrder(options: OrderOptions, world: World): WrittenOrder {
  const request = requestOf({ requestId: world.requestId, ...options.request });
  const orderId = orderIdOf(PRINCIPAL, request.requestId, hasher);
  let order: OrderState | undefined;
  let failures = 0;

  const append: WrittenOrder["append"] = (...commands) => {
    let ahead = order;
    const events: OrderEvent[] = [];
    for (const command of commands) {
      for (const event of decide(ahead, command)) {
        // Only to decide the next command: times and hashes are the log's own below.
        ahead = evolve(ahead, provisional(event, { orderId, before: ahead }));
        events.push(event);
      }
    }
    if (events.length === 0) return [];
    const written = world.append(orderStream(orderId), events, orderId);
    for (const [index, recorded] of written.entries()) {
      const event = events[index];
      if (event) order = evolve(order, { ...recorded, event });
    }
    return written;
  };

  const state = (): OrderState => {
    if (!order) throw new Error("the order was not requested");
    return order;
  };

  const step = (): boolean => {
    const action = nextAction(state());
    if (action.kind === "Done") return false;
    if (action.kind === "WaitUntil") world.waitUntilUs(action.untilUs);
    if (action.kind === "Validate" && failures < (options.retries ?? 0)) {
      append(validate(options, world), failedQuote("timeout", world));
      failures += 1;
    } else if (failures > 0 && failures < (options.retries ?? 0)) {
      append(failedQuote("timeout", world));
      failures += 1;
    } else {
      append(...wayToEnd(options, state(), world));
    }
    return true;
  };

  append({
    type: "Request",
    request,
    principal: PRINCIPAL,
    accountOwner: PRINCIPAL,
    fingerprint: "f".repeat(64) as Hash,
    defaulted: [],
  });
  return {
    orderId,
    state,
    append,
    step,
    finish: () => {
      while (step());
      return state();
    },
  };
}

/**
 * All that is left of the order's way in one append, but not past a pause before the settlement.
 */
function wayToEnd(options: OrderOptions, order: OrderState, world: World): OrderCommand[] {
  const { outcome = "filled", delayMs = 0 } = options;
  const settle: OrderCommand = { type: "Settle", nowUs: world.nowUs() };
  if (order.phase === "executed") return [settle];
  if (outcome === "cancelled")
    return [{ type: "Cancel", by: PRINCIPAL, message: "changed my mind" }];
  if (outcome === "expired") {
    return [{ type: "Expire", nowUs: order.request.expiresAtUs ?? world.nowUs() }];
  }
  return [
    validate(options, world),
    outcome === "no-route" ? failedQuote("no-route", world) : goodQuote(options, order, world),
    {
      type: "Reserve",
      available: () => (outcome === "poor" ? 0n : 2n ** 64n),
      baseFeeLamports: 5_000n,
      tokens: POLICY.tokens,
    },
    {
      type: "Simulate",
      model:
        outcome === "slippage"
          ? { name: "fixed", slippage: () => ({ ppm: 600_000n, terms: {} }) }
          : fixedSlippage(50),
      ...PLAIN,
      delayMs,
    },
    ...(delayMs === 0 ? [settle] : []),
  ];
}

const validate = ({ outcome }: OrderOptions, world: World): OrderCommand => ({
  type: "Validate",
  policy: POLICY,
  nowUs: world.nowUs(),
  accountOpen: outcome !== "rejected",
});

const failedQuote = (failure: "timeout" | "no-route", world: World): OrderCommand => ({
  type: "RecordQuote",
  answer: { kind: "failed", class: failure, message: `${failure} "ł🚀"`, retryAfterMs: undefined },
  policy: POLICY,
  retry: RETRY,
  nowUs: world.nowUs(),
});

function goodQuote({ price }: OrderOptions, order: OrderState, world: World): OrderCommand {
  const { base, quote } = price ?? { base: 1_000_000_000n, quote: 150_250_000n };
  const { request } = order;
  const buys = request.action === "BUY";
  return {
    type: "RecordQuote",
    answer: {
      kind: "quoted",
      basis: "pair",
      cacheHit: false,
      stale: false,
      quote: quoteOf({
        inputMint: inputMintOf(request),
        outputMint: outputMintOf(request),
        inAmount: buys ? quote : base,
        outAmount: buys ? base : quote,
        obtainedAtUs: world.nowUs(),
      }),
    },
    policy: POLICY,
    retry: RETRY,
    nowUs: world.nowUs(),
  };
}

const provisional = (
  event: OrderEvent,
  { orderId, before }: { readonly orderId: OrderId; readonly before: OrderState | undefined },
) => ({
  stream: orderStream(orderId),
  revision: (before?.revision ?? -1) + 1,
  event,
  metadata: {
    actor: PRINCIPAL,
    correlationId: orderId,
    causationId: orderId,
    recordedAtUs: 0,
    prevHash: before?.hash ?? ("0".repeat(64) as Hash),
  },
  hash: "0".repeat(64) as Hash,
  eventId: "provisional" as PositionedEvent["eventId"],
});
