/**
 * The life of the order of order-samples.ts in literal events, written by hand: no code under test made them.
 */
import type { OrderEvent, OrderEventData } from "../../domain/order/events.ts";
import { ORDER_ID, timeOf } from "./given.ts";
import { EXPIRES_AT_US, request, requestOf, SOL, USDC } from "./order-samples.ts";

type EventOf<T extends OrderEvent["type"]> = Extract<OrderEvent, { readonly type: T }>;

export const check = (name: string, limit: string, value: string) => ({
  check: name,
  limit,
  value,
});

export const requested = (changes: Record<string, unknown> = {}): EventOf<"OrderRequested"> => {
  const { type: _, ...data } = request(changes);
  return { type: "OrderRequested", data: { ...data, defaulted: [...data.defaulted] } };
};

export const CHECKS = [
  check("account", "open", "open"),
  check("base_mint", "supported mints", SOL),
  check("quote_mint", "supported mints", USDC),
  check("pair", "not blocked", `${SOL}/${USDC}`),
  check("minimum_size", "1", "1500000000"),
  check("maximum_size", "18446744073709551615", "1500000000"),
  check("slippage_tolerance_bps", "< 5000", "200"),
  check("priority_fee_lamports", "< 1000000", "10000"),
  check("mev", "a tip only with protection", "protect configured, tip 0"),
  check("slippage_model", "fixed", "fixed"),
  check("expires_at", "after 2026-01-01T00:00:00.001000Z", "2026-01-01T01:00:00.000000Z"),
];

export const VALIDATED: EventOf<"OrderValidated"> = {
  type: "OrderValidated",
  data: { checks: CHECKS, baseDecimals: 9, quoteDecimals: 6 },
};

export const QUOTED: EventOf<"QuoteObtained"> = {
  type: "QuoteObtained",
  data: {
    attempt: 1,
    basis: "pair",
    source: "http://127.0.0.1/market",
    inputMint: SOL,
    outputMint: USDC,
    inAmount: "1000000000",
    outAmount: "150250000",
    price: { numerator: "150250000", denominator: "1000000000" },
    priceImpact: "0.0001",
    route: [
      {
        ammKey: "pool-1",
        label: "Localnet",
        inputMint: SOL,
        outputMint: USDC,
        inAmount: "1000000000",
        outAmount: "150250000",
      },
    ],
    contextSlot: "123456789",
    ageUs: 250,
    cacheHit: true,
    stale: false,
    checks: [check("quote_age_us", "10000000", "250")],
  },
};

/** Base fee 5,000 and priority fee 10,000 lamports beside the 1.5 SOL that are sold. */
export const RESERVED: EventOf<"FundsReserved"> = {
  type: "FundsReserved",
  data: {
    attempt: 1,
    account: requestOf().account,
    lines: [
      { mint: SOL, amount: "1500000000", purpose: "input" },
      { mint: SOL, amount: "15000", purpose: "fee" },
    ],
    available: [{ mint: SOL, amount: "100000000000" }],
  },
};

export const FEES = {
  baseFeeLamports: "5000",
  priorityFeeLamports: "10000",
  tipLamports: "0",
  rentLamports: "0",
  platformFee: "0",
};

/** 1.5 × 150.25 = 225.375 USDC quoted; × 0.995 = 224.248125 filled; × 0.98 = 220.8675 at least. */
export const EXECUTED: EventOf<"PaperExecutionSimulated"> = {
  type: "PaperExecutionSimulated",
  data: {
    attempt: 1,
    model: "fixed",
    modelSlippagePpm: 5_000,
    terms: {},
    market: {},
    slippagePpm: 5_000,
    seed: ORDER_ID,
    delayMs: 0,
    quotedIn: "1500000000",
    quotedOut: "225375000",
    limitIn: "1500000000",
    limitOut: "220867500",
    amountIn: "1500000000",
    amountOut: "224248125",
    fees: FEES,
    warnings: [],
  },
};

/** The same fill, to be settled 2 s after its execution. */
export const EXECUTED_LATE: EventOf<"PaperExecutionSimulated"> = {
  type: "PaperExecutionSimulated",
  data: { ...EXECUTED.data, delayMs: 2_000 },
};

export const FILL: OrderEventData<"OrderFilled"> = {
  attempt: 1,
  amountIn: "1500000000",
  amountOut: "224248125",
  price: { numerator: "224248125", denominator: "1500000000" },
  fees: FEES,
  slippageVsQuotedCentiBps: "5000",
  txSignature: `sim_${ORDER_ID}`,
  evidence: "paper execution at revision 4",
  timings: {
    validateUs: 1_000,
    quoteUs: 1_000,
    reserveUs: 1_000,
    executeUs: 1_000,
    totalUs: 4_000,
  },
};

export const FILLED: EventOf<"OrderFilled"> = { type: "OrderFilled", data: FILL };

/** The failed quote of `recordFailure` as the first attempt. */
export const QUOTE_FAILED: EventOf<"QuoteFailed"> = {
  type: "QuoteFailed",
  data: { attempt: 1, class: "timeout", message: "no answer within 2000 ms", retryable: true },
};

export const RETRY_SCHEDULED: EventOf<"RetryScheduled"> = {
  type: "RetryScheduled",
  data: {
    nextAttempt: 2,
    notBeforeUs: timeOf(1) + 250 + 100_000,
    reason: "QUOTE_UNAVAILABLE",
    message: "no answer within 2000 ms",
  },
};

export const CANCEL_REQUESTED: EventOf<"OrderCancelRequested"> = {
  type: "OrderCancelRequested",
  data: { by: "local", message: "changed my mind" },
};

export const CANCELLED: EventOf<"OrderCancelled"> = {
  type: "OrderCancelled",
  data: { by: "local", message: "changed my mind" },
};

export const EXPIRED: EventOf<"OrderExpired"> = {
  type: "OrderExpired",
  data: { expiresAtUs: EXPIRES_AT_US, message: "not executed before 2026-01-01T01:00:00.000000Z" },
};

export const REJECTED: EventOf<"OrderRejected"> = {
  type: "OrderRejected",
  data: {
    stage: "validate",
    reason: "ACCOUNT_CLOSED",
    message: "account main is closed",
    checks: [check("account", "open", "closed")],
  },
};

export const FAILED: EventOf<"OrderFailed"> = {
  type: "OrderFailed",
  data: { attempts: 1, reason: "NO_ROUTE", message: "no route" },
};
