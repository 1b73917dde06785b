/** Tokens, policy, defaults and a market that stands still: 1 SOL = 150 USDC. */
import type { QuoteAnswer } from "../../../domain/order/commands.ts";
import type { Policy, Token } from "../../../domain/order/policy.ts";
import type { RequestDefaults } from "../../../domain/order/request.ts";
import type { QuoteFailureClass } from "../../../domain/ports/quotes.ts";
import { type LogId, type Mint, SOL_MINT } from "../../../domain/primitives/ids.ts";

export const LOG_ID = "0b51e9a4-7f0c-4d57-8f8e-7e6c5b4a3920" as LogId;
export const OTHER_LOG_ID = "99999999-7f0c-4d57-8f8e-7e6c5b4a3920" as LogId;
/** 2026-01-01T00:00:00Z. */
export const START_US = 1_767_225_600_000_000;
export const USDC_MINT = "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v" as Mint;
/** A real address that is not configured here. */
export const BONK_MINT = "DezXAZ8z7PnrnRJjz3wXBoRgixCa6xjnB7YaB1pPB263" as Mint;
export const SOL = 1_000_000_000n;
export const USDC = 1_000_000n;

const token = (mint: Mint, symbol: string, decimals: number): [Mint, Token] => [
  mint,
  { mint, symbol, decimals, minAmount: 1n, maxAmount: 10n ** 18n },
];

export const TOKENS: ReadonlyMap<Mint, Token> = new Map([
  token(SOL_MINT, "SOL", 9),
  token(USDC_MINT, "USDC", 6),
]);

export const POLICY: Policy = {
  tokens: TOKENS,
  blockedPairs: new Set(),
  slippageModels: new Set(["fixed"]),
  slippageToleranceBelowBps: 5_000,
  priorityFeeBelowLamports: 1_000_000n,
  maxStaleQuoteAgeMs: 60_000,
  maxQuoteAgeMs: 1_000_000,
};

export const DEFAULTS: RequestDefaults = {
  slippageToleranceBps: 200,
  slippageModel: "fixed",
  priorityFeeLamports: { LOW: 0n, NORMAL: 1_000n, HIGH: 10_000n, CRITICAL: 100_000n },
};

export const solQuote = (): QuoteAnswer => ({
  kind: "quoted",
  basis: "pair",
  cacheHit: true,
  stale: false,
  quote: {
    source: "http://market.test",
    inputMint: SOL_MINT,
    outputMint: USDC_MINT,
    inAmount: SOL,
    outAmount: 150n * USDC,
    priceImpact: "0",
    route: [],
    contextSlot: undefined,
    obtainedAtUs: START_US,
  },
});

export const noQuote =
  (why: QuoteFailureClass, message: string): (() => QuoteAnswer) =>
  () => ({ kind: "failed", class: why, message, retryAfterMs: undefined });
