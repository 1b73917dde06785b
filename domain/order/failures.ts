/**
 * Every way in which a trade request can fail: one table. It says which gRPC status a caller sees, whether the failure is an
 * event in the order's stream, whether the engine tries again by itself, and the FIX OrdRejReason (tag 103) nearest to it.
 */

/** gRPC status names, as in google.rpc.Code. */
export type StatusName =
  | "INVALID_ARGUMENT"
  | "FAILED_PRECONDITION"
  | "ABORTED"
  | "UNAVAILABLE"
  | "ALREADY_EXISTS"
  | "RESOURCE_EXHAUSTED"
  | "NOT_FOUND"
  | "OUT_OF_RANGE"
  | "UNIMPLEMENTED"
  | "UNKNOWN"
  | "INTERNAL";

type Failure = {
  readonly status: StatusName;
  /** It is an event: the same request id will always answer it. */
  readonly recorded: boolean;
  /** The engine tries again by itself, with a new quote. */
  readonly retryable: boolean;
  readonly fixOrdRejReason?: number;
};

const refused = (status: StatusName): Failure => ({ status, recorded: false, retryable: false });
const rejected = (fixOrdRejReason: number): Failure => ({
  status: "FAILED_PRECONDITION",
  recorded: true,
  retryable: false,
  fixOrdRejReason,
});
const aborted = (retryable: boolean): Failure => ({ status: "ABORTED", recorded: true, retryable });

export const FAILURES = {
  // Refused before anything was recorded.
  INVALID_REQUEST: refused("INVALID_ARGUMENT"),
  REQUEST_ID_REUSED: refused("ALREADY_EXISTS"),
  ACCOUNT_NOT_FOUND: refused("NOT_FOUND"),
  ORDER_NOT_FOUND: refused("NOT_FOUND"),
  /** As at the end of a file: the same question may have an answer later. */
  REVISION_OUT_OF_RANGE: refused("OUT_OF_RANGE"),
  ACCOUNT_EXISTS: refused("ALREADY_EXISTS"),
  ACCOUNT_HAS_OPEN_ORDERS: refused("FAILED_PRECONDITION"),
  ACCOUNT_IS_CLOSED: refused("FAILED_PRECONDITION"),
  FUNDS_NOT_AVAILABLE: refused("FAILED_PRECONDITION"),
  FUNDS_MINT_NOT_SUPPORTED: refused("FAILED_PRECONDITION"),
  BALANCE_TOO_LARGE: refused("FAILED_PRECONDITION"),
  LIVE_NOT_CONFIGURED: refused("FAILED_PRECONDITION"),
  OUTCOME_IS_KNOWN: refused("FAILED_PRECONDITION"),
  EVIDENCE_NOT_ENOUGH: refused("FAILED_PRECONDITION"),
  REBUILD_RUNNING: refused("FAILED_PRECONDITION"),
  REBUILD_FAILED: refused("ABORTED"),
  TOO_MANY_OPEN_ORDERS: refused("RESOURCE_EXHAUSTED"),
  TOO_MANY_WATCHERS: refused("RESOURCE_EXHAUSTED"),
  DRAINING: refused("UNAVAILABLE"),
  TRADING_HALTED: refused("UNAVAILABLE"),
  BREAKER_OPEN: refused("UNAVAILABLE"),
  NOT_HALTED: refused("FAILED_PRECONDITION"),
  STORE_UNAVAILABLE: refused("UNAVAILABLE"),
  VIEW_BEHIND: refused("UNAVAILABLE"),
  /** The write may or may not be in the log: the same request id finds out. */
  WRITE_OUTCOME_UNKNOWN: refused("UNKNOWN"),
  // Rejected by policy, before the quote, after it, or at the reservation.
  MINT_NOT_SUPPORTED: rejected(1),
  PAIR_NOT_SUPPORTED: rejected(1),
  AMOUNT_TOO_SMALL: rejected(13),
  AMOUNT_TOO_LARGE: rejected(3),
  SLIPPAGE_TOLERANCE_TOO_HIGH: rejected(16),
  PRIORITY_FEE_TOO_HIGH: rejected(3),
  MEV_PARAMETERS_INCONSISTENT: rejected(11),
  SLIPPAGE_MODEL_UNKNOWN: rejected(11),
  EXPIRES_IN_THE_PAST: rejected(8),
  ACCOUNT_CLOSED: rejected(15),
  QUOTE_TOO_OLD: rejected(8),
  // Live orders only.
  PRICE_OUT_OF_BAND: rejected(16),
  TOKEN_EXTENSION_NOT_ALLOWED: rejected(11),
  MINT_NOT_READABLE: rejected(99),
  PROTECTION_NOT_AVAILABLE: rejected(11),
  FEE_ACCOUNT_NOT_ALLOWED: rejected(11),
  FEE_ABOVE_CAP: rejected(3),
  EXPOSURE_TOO_HIGH: rejected(3),
  TOO_MANY_ORDERS_PER_MINUTE: rejected(3),
  WALLET_NOT_AVAILABLE: rejected(15),
  CLUSTER_NOT_CONFIRMED: rejected(99),
  INSUFFICIENT_FUNDS: rejected(25),
  // The trade was tried, or could not be.
  PRICE_IMPACT_TOO_HIGH: aborted(false),
  SLIPPAGE_EXCEEDED: aborted(false),
  /** Drawn by the outcome knobs of the paper venue. */
  SIMULATED_FAILURE: aborted(false),
  NO_ROUTE: aborted(false),
  QUOTE_REFUSED: aborted(false),
  QUOTE_UNAVAILABLE: aborted(true),
  /** The simulation failed on the chain for another reason than slippage. */
  SIMULATION_FAILED: aborted(false),
  /** No node could be asked for what the attempt needs. */
  CHAIN_UNAVAILABLE: aborted(true),
  GATE_REFUSED: aborted(false),
  SIGNING_REFUSED: aborted(false),
  SIGNER_UNAVAILABLE: aborted(true),
  /** It was prepared too long ago, or by a process that is gone; nothing was signed. */
  PREPARATION_LOST: aborted(true),
  TRANSACTION_TOO_LARGE: aborted(false),
  /** Finalized with an error, fee paid. */
  FAILED_ON_CHAIN: aborted(false),
  /** Proven that it can never land any more. */
  TRANSACTION_EXPIRED: aborted(true),
  /** The last sender's word; the chain decides. */
  SUBMISSION_REFUSED: aborted(false),
  SUBMISSION_UNKNOWN: aborted(false),
  FILL_VOIDED: aborted(false),
  OUTCOME_UNKNOWN: aborted(false),
  CANCELLED: aborted(false),
  EXPIRED: aborted(false),
} as const satisfies Record<string, Failure>;

export type FailureReason = keyof typeof FAILURES;

export const isFailureReason = (text: string): text is FailureReason =>
  Object.hasOwn(FAILURES, text);

/** The table's line for a recorded reason; reasons of newer programs are treated as plain failures. */
export const failureOf = (reason: string): Failure =>
  isFailureReason(reason) ? FAILURES[reason] : aborted(false);
