/** What the engine offers to its edges. Edges map to and from this; they decide nothing. */
import type { RecordedEvent } from "../codec/codec.ts";
import type { OrderEvent } from "../order/events.ts";
import type { Refusal } from "../order/policy.ts";
import type { TradeCommand } from "../order/request.ts";
import type { OrderState } from "../order/state.ts";
import type { Position } from "../ports/event-store.ts";
import type { AccountId, Mint, OrderId, Principal, RequestId } from "../primitives/ids.ts";
import type { TimestampUs } from "../primitives/time.ts";
import type { BreakerStatus, Halt, SafetyScope } from "../safety/state.ts";

export type WaitFor = "ACCEPTED" | "SUBMITTED" | "CONFIRMED" | "FINALIZED";

/** Nothing was recorded by this call. `retryAfterMs` where coming back later helps. */
export type Refused = {
  readonly kind: "refused";
  readonly refusal: Refusal & { readonly retryAfterMs?: number };
};

/** The write may be in the log: the same request id finds out. */
export type WriteUnknown = {
  readonly kind: "unknown";
  readonly orderId?: OrderId;
  readonly cause: string;
};

/** `order` is what is durable: at the awaited point, or as far as it was when the wait was over. */
export type SubmitResult =
  | { readonly kind: "order"; readonly order: OrderState }
  | Refused
  | WriteUnknown;

export type CancelResult =
  | {
      readonly kind: "cancelled" | "too-late" | "already-final";
      readonly order: OrderState;
    }
  | Refused
  | WriteUnknown;

export type Balance = {
  readonly mint: Mint;
  /** Smallest units: free, held by open orders. */
  readonly available: bigint;
  readonly reserved: bigint;
};

export type AccountResult =
  | { readonly kind: "account"; readonly account: AccountId; readonly balances: readonly Balance[] }
  | Refused
  | WriteUnknown;

export type Funds = {
  readonly mint: Mint;
  readonly amount: bigint;
  readonly cost?: bigint | undefined;
};

export type AccountCommand =
  | { readonly type: "Open"; readonly initialFunds: readonly Funds[] }
  | { readonly type: "Deposit"; readonly funds: Funds }
  | { readonly type: "Withdraw"; readonly funds: Funds }
  | { readonly type: "Close" };

export type HaltCommand = { readonly scope: SafetyScope; readonly reason: string };
/** `breaker`: closes the circuit breaker. `all` lifts the halt of everything, and no other one. */
export type ResumeCommand = {
  readonly scope: SafetyScope | { readonly kind: "breaker" };
  readonly reason: string;
};

export type SafetyStatus = {
  /** In effect; `recorded` false: its event is not durable yet. */
  readonly halts: readonly (Halt & { readonly recorded: boolean })[];
  readonly breaker: BreakerStatus;
  /** Of the last durable event of the stream `safety`; -1: there is none. */
  readonly revision: number;
};

export type SafetyResult =
  | { readonly kind: "done"; readonly status: SafetyStatus }
  | Refused
  /** A halt is in effect all the same. */
  | WriteUnknown;

type SafetyContext = { readonly principal: Principal; readonly requestId: RequestId };

/** Idempotent by request id; another body under a used id is refused with REQUEST_ID_REUSED. */
export type SafetyCommands = {
  readonly halt: (command: HaltCommand, context: SafetyContext) => Promise<SafetyResult>;
  readonly resume: (command: ResumeCommand, context: SafetyContext) => Promise<SafetyResult>;
  readonly status: () => SafetyStatus;
};

export type EngineStatus = {
  readonly accepting: boolean;
  /** Why not, in words; empty while accepting. */
  readonly reason: string;
  readonly openOrders: number;
  readonly unknownOrders: number;
  /** Orders that wait for their account's slot. */
  readonly queueLength: number;
  /** Signed attempts of live orders whose outcome is asked of the chain. */
  readonly followedAttempts: number;
  readonly startedAtUs: TimestampUs;
  /** Of the last event that this engine knows to be in the log. */
  readonly position: Position | undefined;
};

/** One node's answer to one JSON-RPC call. */
export type HandedEvidence = {
  /** URL without credentials. */
  readonly node: string;
  readonly method: string;
  /** The whole answer. */
  readonly answer: string;
};

export interface Engine {
  /**
   * Accepts a trade and waits for `waitFor`, at most `waitMs`. The same request id and body answer the same order.
   * Only the account's owner may trade on it.
   */
  submit(
    command: TradeCommand,
    context: { readonly principal: Principal; readonly waitFor: WaitFor; readonly waitMs: number },
  ): Promise<SubmitResult>;

  /** Cancels what is not executed yet. Another principal's order is not found. */
  cancel(
    orderId: OrderId,
    context: { readonly principal: Principal; readonly message: string },
  ): Promise<CancelResult>;

  /**
   * Ends the doubt about an order in OUTCOME_UNKNOWN by what nodes have answered to a person; a bare verdict is nothing. Another
   * principal's order is not found.
   */
  resolve(
    orderId: OrderId,
    evidence: readonly HandedEvidence[],
    context: { readonly principal: Principal },
  ): Promise<SubmitResult>;

  /** Idempotent by request id; another body under a used id is refused with REQUEST_ID_REUSED. */
  account(
    account: AccountId,
    command: AccountCommand,
    context: { readonly principal: Principal; readonly requestId: RequestId },
  ): Promise<AccountResult>;

  /** What is durable of an order: whole, up to a revision, or up to a time. Undefined: no such order (then). */
  get(
    orderId: OrderId,
    moment?: { readonly revision: number } | { readonly timeUs: TimestampUs },
  ): Promise<OrderState | undefined>;

  /**
   * Each durable event of an order after `afterRevision` (-1: all) with the state after it; what is there, then live; ends after the
   * terminal event or when the signal aborts. Waits for an order that does not exist yet.
   */
  watch(
    orderId: OrderId,
    afterRevision: number,
    signal: AbortSignal,
  ): AsyncIterable<{ readonly recorded: RecordedEvent<OrderEvent>; readonly order: OrderState }>;

  /** Balances of an account; undefined if there is none. */
  balances(account: AccountId): readonly Balance[] | undefined;
  /** Owner of an account; undefined if there is none. */
  ownerOf(account: AccountId): Principal | undefined;

  status(): EngineStatus;

  /** Stops and resumes trading; taken while the engine drains, too. */
  readonly safety: SafetyCommands;

  /** Takes no new orders and settles what is under way, at most `timeoutMs`. Open orders go on after a restart. */
  drain(timeoutMs: number): Promise<void>;
}
