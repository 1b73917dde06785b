/** What an order is in, as its events left it: the types. The fold stands in state.ts. */
import type { Hash, OrderId, Principal } from "../primitives/ids.ts";
import type { TimestampUs } from "../primitives/time.ts";
import type { OrderEventData, OrderRequest, ReservationLine } from "./events.ts";

/** What the last event left the order in. */
export type Phase =
  | "requested"
  | "validated"
  | "quoted"
  | "reserved"
  /** Paper: executed at the venue, its delay may be running. */
  | "executed"
  /** Live: simulated on the chain, and the gate let the bytes pass. */
  | "simulated"
  /** Live: signed bytes are durable and count as sent. */
  | "signed"
  /** Live: every sender has had the bytes once. */
  | "submitted"
  /** Live: the transaction was seen to have landed; its amounts are not read yet. */
  | "landed"
  /** Live: filled at `confirmed`; a fork may still undo it. */
  | "provisional"
  /** Live: the attempt is proven dead, what follows is not decided yet. */
  | "dead"
  /** Live: nobody can prove what became of the attempt. */
  | "unknown"
  | "filled"
  | "failed"
  | "rejected"
  | "cancelled"
  | "expired";

/** FIX OrdStatus as clients see it; documented in proto and README. */
export type OrderStatus =
  | "PENDING"
  | "SUBMITTED"
  | "CONFIRMING"
  | "FILLED"
  | "FAILED"
  | "REJECTED"
  | "CANCELLED"
  | "EXPIRED"
  | "OUTCOME_UNKNOWN";

/** One signature of a live order. */
export type SignedAttempt = {
  readonly attempt: number;
  readonly signature: string;
  readonly route: "public" | "protected";
  readonly outcome: "open" | "landed" | "failed" | "expired" | "unknown";
  /** Where it landed or failed. */
  readonly slot?: number;
  /** What it cost although it failed. */
  readonly feeLamports?: string;
};

export type OrderState = {
  readonly phase: Phase;
  readonly orderId: OrderId;
  readonly request: OrderRequest;
  readonly principal: Principal;
  readonly accountOwner: Principal;
  /** Address that a live order trades from. */
  readonly wallet?: string | undefined;
  readonly fingerprint: Hash;
  readonly defaulted: readonly string[];
  /** Revision, hash and time of the last event. */
  readonly revision: number;
  readonly hash: Hash;
  readonly requestedAtUs: TimestampUs;
  readonly updatedAtUs: TimestampUs;
  /** Attempts begun; the first begins with the first quote. */
  readonly attempt: number;
  /** When the latest attempt's steps were recorded. */
  readonly stepsUs: {
    readonly validated?: TimestampUs;
    readonly quoted?: TimestampUs;
    readonly reserved?: TimestampUs;
    /** Paper: executed; live: signed. */
    readonly executed?: TimestampUs;
    readonly submitted?: TimestampUs;
    readonly confirmed?: TimestampUs;
  };
  readonly decimals?: { readonly base: number; readonly quote: number };
  /** Of the last attempt. */
  readonly quote?: OrderEventData<"QuoteObtained">;
  /** Price that the order's floor hangs on when no expected price was given: that of its first quote. */
  readonly firstQuotePrice?: OrderEventData<"QuoteObtained">["price"];
  /** What the order holds of its account. */
  readonly reservation?: readonly ReservationLine[];
  readonly execution?: OrderEventData<"PaperExecutionSimulated">;
  readonly fill?: OrderEventData<"OrderFilled">;
  /** Live: the attempt whose bytes may be on their way; gone once it is proven dead. */
  readonly signed?: OrderEventData<"AttemptSigned">;
  /** Live: where the attempt was seen to have landed. */
  readonly landing?: OrderEventData<"AttemptConfirmed">;
  /** Live: every attempt that was signed, oldest first, and what is known of it. */
  readonly signedAttempts?: readonly SignedAttempt[];
  /** Live: its outcome was unknown once; whatever is proven later, nothing is signed for this order any more. */
  readonly wasUnknown?: boolean;
  /** Live: a person's evidence ended the doubt. */
  readonly resolvedBy?: string;
  /** Live: lamports that failed attempts have cost. */
  readonly feesOfFailedAttempts?: string;
  readonly lastError?: { readonly reason: string; readonly message: string };
  /** The next attempt may begin at this time. */
  readonly nextRetryAtUs?: TimestampUs;
  readonly cancelRequestedBy?: string;
};

/** undefined: the stream is empty. */
export type MaybeOrder = OrderState | undefined;
