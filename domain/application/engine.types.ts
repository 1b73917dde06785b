/** What the engine offers to its edges. Edges map to and from this; they decide nothing. */
import type { RecordedEvent } from "../codec/codec.ts";
import type { OrderEvent } from "../order/events.ts";
import type { Refusal } from "../order/policy.ts";
import type { TradeCommand } from "../order/request.ts";
import type { OrderState } from "../order/state.ts";
import type { Position } from "../ports/event-store.ts";
import type { AccountId, Mint, OrderId, Principal, RequestId } from "../primitives/ids.ts";
import type { TimestampUs } from "../primitives/time.ts";

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

export type EngineStatus = {
  readonly accepting: boolean;
  /** Why not, in words; empty while accepting. */
  readonly reason: string;
  readonly openOrders: number;
  readonly unknownOrders: number;
  /** Orders that wait for their account's slot. */
  readonly queueLength: number;
  readonly startedAtUs: TimestampUs;
  /** Of the last event that this engine knows to be in the log. */
  readonly position: Position | undefined;
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

  /** Takes no new orders and settles what is under way, at most `timeoutMs`. Open orders go on after a restart. */
  drain(timeoutMs: number): Promise<void>;
}
