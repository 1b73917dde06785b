/**
 * What can happen to an order. One schema per event type; the names and fields are the storage format: a released one
 * is never changed, it gets a new version and an upcaster. Amounts are decimal strings in smallest units.
 */
import { z } from "zod";
import { AMOUNT_PATTERN } from "../primitives/amount.ts";
import type { AccountId, Hash, Mint, Principal, RequestId } from "../primitives/ids.ts";
import { ACCOUNT_ID_PATTERN, ADDRESS_PATTERN, REQUEST_ID_PATTERN } from "../primitives/ids.ts";
import { LIVE_EVENTS, liveFill } from "./live-events.ts";

const text = z.string();
const amount = z.string().regex(AMOUNT_PATTERN);
/** An amount that may be negative. */
const signed = z.string().regex(/^-?(0|[1-9][0-9]*)$/);
const count = z.int().min(0);
const timeUs = z.int().min(0);
const mint = z
  .string()
  .regex(ADDRESS_PATTERN)
  .transform((value) => value as Mint);
const account = z
  .string()
  .regex(ACCOUNT_ID_PATTERN)
  .transform((value) => value as AccountId);
const requestId = z
  .string()
  .regex(REQUEST_ID_PATTERN)
  .transform((value) => value as RequestId);
const principal = text.min(1).transform((value) => value as Principal);
const sha256 = z
  .string()
  .regex(/^[0-9a-f]{64}$/)
  .transform((value) => value as Hash);
/** An exact price: smallest units of quote per smallest unit of base, as two integers. */
const ratio = z.object({ numerator: text.regex(/^[0-9]+$/), denominator: text.regex(/^[0-9]+$/) });

export const orderRequestSchema = z.object({
  requestId,
  mode: z.enum(["PAPER", "LIVE"]),
  account,
  sourceService: text,
  action: z.enum(["BUY", "SELL", "SWAP"]),
  baseMint: mint,
  quoteMint: mint,
  amount,
  /** The amount counts the base mint (else the quote mint). */
  isBaseInput: z.boolean(),
  slippageToleranceBps: count,
  urgency: z.enum(["LOW", "NORMAL", "HIGH", "CRITICAL"]),
  priorityFeeLamports: amount,
  mev: z.object({
    simulate: z.boolean(),
    protect: z.boolean().optional(),
    tipLamports: amount,
  }),
  maxPriceImpactBps: count.optional(),
  expectedPrice: text.optional(),
  feeAccount: text.optional(),
  trackingAccount: text.optional(),
  slippageModel: text,
  expiresAtUs: timeUs.optional(),
  isSimulated: z.boolean(),
  metadata: z.record(text, text),
});

/** One policy check as it was made: which limit it used and what it found. */
export const checkSchema = z.object({ check: text, limit: text, value: text });

const routeLeg = z.object({
  ammKey: text,
  label: text,
  inputMint: text,
  outputMint: text,
  inAmount: amount,
  outAmount: amount,
});

const fees = z.object({
  baseFeeLamports: amount,
  priorityFeeLamports: amount,
  tipLamports: amount,
  rentLamports: amount,
  platformFee: amount,
});

const reservationLine = z.object({
  mint,
  amount,
  purpose: z.enum(["input", "fee", "tip", "rent"]),
});

const reason = { reason: text, message: text };

/** What the models were told of the market; absent what nobody knew. */
const market = z.object({
  /** Worth of what is spent, millionths of a US dollar. */
  usdMicros: amount.optional(),
  /** Parts per million per √second. */
  volatilityPpm: count.optional(),
});

/** What the MEV model says, where it was asked. */
const mevAssessment = z.object({
  riskClass: z.enum(["LOW", "MEDIUM", "HIGH", "CRITICAL"]),
  /** Chance of a sandwich without protection. */
  sandwichProbabilityPpm: count,
  /** Share of that chance that priority fee and tip take away. */
  protectionPpm: count,
  /** The draw by the seed. */
  attacked: z.boolean(),
  /** What the attack cost; 0 unless attacked. */
  impactPpm: count,
});

/** Schemas of the current version of each event. The version stands beside it. */
export const ORDER_EVENTS = {
  ...LIVE_EVENTS,
  OrderRequested: {
    version: 2,
    schema: z.object({
      request: orderRequestSchema,
      principal,
      accountOwner: principal,
      /** Address that a live order trades from. */
      wallet: text.regex(ADDRESS_PATTERN).optional(),
      /** sha256 over the normalised request: what "the same body" means. */
      fingerprint: sha256,
      /** Fields that the caller left out and the configuration filled in. */
      defaulted: z.array(text),
    }),
  },
  OrderValidated: {
    version: 1,
    schema: z.object({
      checks: z.array(checkSchema),
      /** Of the two mints as the engine knew them: with them a fill can be re-derived from the log alone. */
      baseDecimals: count,
      quoteDecimals: count,
    }),
  },
  OrderRejected: {
    version: 1,
    schema: z.object({
      stage: z.enum(["validate", "quote", "reserve"]),
      ...reason,
      /** The checks that were made, the failed one last. */
      checks: z.array(checkSchema),
    }),
  },
  QuoteObtained: {
    version: 3,
    schema: z.object({
      attempt: count,
      /** pair: a reference quote for the pair; route: for this amount; expected: the caller's own expected price. */
      basis: z.enum(["pair", "route", "expected"]),
      source: text,
      inputMint: mint,
      outputMint: mint,
      inAmount: amount,
      outAmount: amount,
      price: ratio,
      priceImpact: text,
      route: z.array(routeLeg),
      contextSlot: text.optional(),
      ageUs: count,
      cacheHit: z.boolean(),
      /** The source could not be reached; the quote is older than the cache's time to live. */
      stale: z.boolean(),
      checks: z.array(checkSchema),
      /** Of a live order: what the swap instruction will guarantee, at this tolerance. */
      minimumOut: amount.optional(),
      slippageBps: count.optional(),
      /** sha256 of the source's whole answer in the evidence stream. */
      evidence: text.optional(),
    }),
  },
  QuoteFailed: {
    version: 1,
    schema: z.object({ attempt: count, class: text, message: text, retryable: z.boolean() }),
  },
  FundsReserved: {
    version: 2,
    schema: z.object({
      attempt: count,
      account,
      lines: z.array(reservationLine),
      /** What was free before, per mint of the lines. */
      available: z.array(z.object({ mint, amount: signed })),
      /** Slot that a live wallet's balances were read at. */
      contextSlot: count.optional(),
    }),
  },
  PaperExecutionSimulated: {
    version: 2,
    schema: z.object({
      attempt: count,
      model: text,
      /** Of the model alone, and the figures that it came from. */
      modelSlippagePpm: count,
      terms: z.record(text, text),
      market,
      mev: mevAssessment.optional(),
      /** All that the amounts were worsened by: the model's and the attack's. */
      slippagePpm: count,
      seed: text,
      delayMs: count,
      quotedIn: amount,
      quotedOut: amount,
      /** The worst amounts that the order allows. */
      limitIn: amount,
      limitOut: amount,
      amountIn: amount,
      amountOut: amount,
      fees,
      warnings: z.array(text),
    }),
  },
  SimulationFailed: {
    version: 3,
    schema: z.object({
      attempt: count,
      class: text,
      message: text,
      /** Of the paper venue: what was over which limit, and by which model. */
      paper: z
        .object({
          limit: text,
          value: text,
          model: text,
          slippagePpm: count,
          terms: z.record(text, text),
          market,
        })
        .optional(),
      /** Of the chain: the error as the node's JSON, and the node's slot. */
      chain: z
        .object({ error: text, slot: count, unitsConsumed: count, logs: z.array(text) })
        .optional(),
    }),
  },
  RetryScheduled: {
    version: 1,
    schema: z.object({ nextAttempt: count, notBeforeUs: timeUs, ...reason }),
  },
  OrderFilled: {
    version: 2,
    schema: z.object({
      attempt: count,
      amountIn: amount,
      amountOut: amount,
      /** Smallest units of quote per smallest unit of base. */
      price: ratio,
      fees,
      /** Hundredths of a basis point, positive = worse for the trader. */
      slippageVsExpectedCentiBps: signed.optional(),
      slippageVsQuotedCentiBps: signed,
      txSignature: text,
      evidence: text,
      timings: z.object({
        validateUs: count,
        quoteUs: count,
        reserveUs: count,
        executeUs: count,
        totalUs: count,
      }),
      live: liveFill.optional(),
    }),
  },
  OrderFailed: { version: 1, schema: z.object({ attempts: count, ...reason }) },
  OrderCancelRequested: { version: 1, schema: z.object({ by: text, message: text }) },
  OrderCancelled: { version: 1, schema: z.object({ by: text, message: text }) },
  OrderExpired: { version: 1, schema: z.object({ expiresAtUs: timeUs, message: text }) },
} as const;

export type OrderEventType = keyof typeof ORDER_EVENTS;
export type OrderEventData<T extends OrderEventType> = z.output<(typeof ORDER_EVENTS)[T]["schema"]>;
export type OrderEvent = {
  [T in OrderEventType]: { readonly type: T; readonly data: OrderEventData<T> };
}[OrderEventType];

/** What only live orders have. */
export type LiveEvent = Extract<OrderEvent, { readonly type: keyof typeof LIVE_EVENTS }>;

export const isLiveEvent = (event: OrderEvent): event is LiveEvent =>
  Object.hasOwn(LIVE_EVENTS, event.type);

export type OrderRequest = z.output<typeof orderRequestSchema>;
export type PolicyCheck = z.output<typeof checkSchema>;
export type FeeLines = z.output<typeof fees>;
export type MevAssessment = z.output<typeof mevAssessment>;
export type ReservationLine = z.output<typeof reservationLine>;
