/**
 * Commands for one order: account main sells 1.5 SOL for USDC at 150.25, with time for one hour. Its events stand in
 * order-events.ts. 1 SOL = 10^9 lamports, 1 USDC = 10^6 units.
 */
import type { OrderCommand, QuoteAnswer } from "../../domain/order/commands.ts";
import type { OrderRequest } from "../../domain/order/events.ts";
import type { Policy, Token } from "../../domain/order/policy.ts";
import {
  type RequestDefaults,
  resolveRequest,
  tradeCommandSchema,
} from "../../domain/order/request.ts";
import type { RetryPolicy } from "../../domain/order/retry-policy.ts";
import type { Quote } from "../../domain/ports/quotes.ts";
import { fixedSlippage } from "../../domain/pricing/slippage/fixed.ts";
import { NOTHING_KNOWN } from "../../domain/pricing/slippage/model.ts";
import { U64_MAX } from "../../domain/primitives/amount.ts";
import { type Hash, type Mint, type Principal, SOL_MINT } from "../../domain/primitives/ids.ts";
import { START_US, timeOf } from "./given.ts";

export const SOL = SOL_MINT;
export const USDC = "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v" as Mint;
export const BONK = "DezXAZ8z7PnrnRJjz3wXBoRgixCa6xjnB7YaB1pPB263" as Mint;
/** A token without decimals. */
export const TICKET = "TicketNoDecimaLs111111111111111111111111111" as Mint;

const token = (mint: Mint, symbol: string, decimals: number): [Mint, Token] => [
  mint,
  { mint, symbol, decimals, minAmount: 1n, maxAmount: U64_MAX },
];

export const POLICY: Policy = {
  tokens: new Map([
    token(SOL, "SOL", 9),
    token(USDC, "USDC", 6),
    token(BONK, "BONK", 5),
    token(TICKET, "TICKET", 0),
  ]),
  blockedPairs: new Set(),
  slippageModels: new Set(["fixed"]),
  slippageToleranceBelowBps: 5_000,
  priorityFeeBelowLamports: 1_000_000n,
  maxQuoteAgeMs: 10_000,
  maxStaleQuoteAgeMs: 60_000,
};

export const DEFAULTS: RequestDefaults = {
  slippageToleranceBps: 200,
  slippageModel: "fixed",
  priorityFeeLamports: { LOW: 1_000n, NORMAL: 10_000n, HIGH: 50_000n, CRITICAL: 100_000n },
};

export const RETRY: RetryPolicy = { attempts: 3, baseDelayMs: 100, maxDelayMs: 5_000 };

/** The order's time is over an hour after it began. */
export const EXPIRES_AT_US = START_US + 3_600_000_000;

/** A whole trade command as an edge hands it over, before parsing. */
export const RAW_COMMAND = {
  requestId: "r-1",
  mode: "PAPER",
  account: "main",
  sourceService: "strategy",
  action: "SELL",
  baseMint: SOL,
  quoteMint: USDC,
  amount: 1_500_000_000n,
  expiresAtUs: EXPIRES_AT_US,
  isSimulated: false,
  metadata: {},
} as const;

export const requestOf = (changes: Record<string, unknown> = {}): OrderRequest =>
  resolveRequest(tradeCommandSchema.parse({ ...RAW_COMMAND, ...changes }), DEFAULTS).request;

/** One SOL gives 150.25 USDC, as asked when the order was validated. */
export const quoteOf = (changes: Partial<Quote> = {}): Quote => ({
  source: "http://127.0.0.1/market",
  inputMint: SOL,
  outputMint: USDC,
  inAmount: 1_000_000_000n,
  outAmount: 150_250_000n,
  priceImpact: "0.0001",
  route: [
    {
      ammKey: "pool-1",
      label: "Localnet",
      inputMint: SOL,
      outputMint: USDC,
      inAmount: 1_000_000_000n,
      outAmount: 150_250_000n,
    },
  ],
  contextSlot: "123456789",
  obtainedAtUs: timeOf(1),
  ...changes,
});

export type CommandOf<T extends OrderCommand["type"]> = Extract<OrderCommand, { readonly type: T }>;

export const request = (changes: Record<string, unknown> = {}): CommandOf<"Request"> => ({
  type: "Request",
  request: requestOf(changes),
  principal: "local" as Principal,
  accountOwner: "local" as Principal,
  fingerprint: "f".repeat(64) as Hash,
  defaulted: ["slippageToleranceBps", "slippageModel", "priorityFeeLamports"],
});

export const validate = (
  policy: Partial<Policy> = {},
  accountOpen = true,
): CommandOf<"Validate"> => ({
  type: "Validate",
  policy: { ...POLICY, ...policy },
  nowUs: timeOf(1),
  accountOpen,
});

type QuoteCommand = CommandOf<"RecordQuote">;

export const recordQuote = (
  quote: Partial<Quote> = {},
  changes: Partial<QuoteCommand> = {},
): QuoteCommand => ({
  type: "RecordQuote",
  answer: { kind: "quoted", basis: "pair", quote: quoteOf(quote), cacheHit: true, stale: false },
  policy: POLICY,
  retry: RETRY,
  nowUs: timeOf(1) + 250,
  ...changes,
});

type Failed = Extract<QuoteAnswer, { readonly kind: "failed" }>;

export const recordFailure = (
  failure: Partial<Failed> = {},
  changes: Partial<QuoteCommand> = {},
): QuoteCommand => ({
  ...recordQuote(),
  answer: {
    kind: "failed",
    class: "timeout",
    message: "no answer within 2000 ms",
    retryAfterMs: undefined,
    ...failure,
  },
  ...changes,
});

export const reserve = (
  available: (mint: Mint) => bigint = () => 100_000_000_000n,
): CommandOf<"Reserve"> => ({
  type: "Reserve",
  available,
  baseFeeLamports: 5_000n,
  tokens: POLICY.tokens,
});

/** What a simulation is told where a test is not about it: nothing known, nothing drawn, no MEV. */
export const PLAIN: Pick<CommandOf<"Simulate">, "mev" | "outcomes" | "market"> = {
  mev: { assess: () => ({ assessment: undefined, warnings: [] }) },
  outcomes: undefined,
  market: NOTHING_KNOWN,
};

export const simulate = (changes: Partial<CommandOf<"Simulate">> = {}): CommandOf<"Simulate"> => ({
  type: "Simulate",
  model: fixedSlippage(50),
  ...PLAIN,
  delayMs: 0,
  ...changes,
});

export const settle = (nowUs = timeOf(4)): CommandOf<"Settle"> => ({ type: "Settle", nowUs });

export const cancel = (by = "local"): CommandOf<"Cancel"> => ({
  type: "Cancel",
  by,
  message: "changed my mind",
});

export const expire = (nowUs = EXPIRES_AT_US): CommandOf<"Expire"> => ({ type: "Expire", nowUs });
