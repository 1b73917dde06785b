/**
 * Jupiter's `GET /swap/v1/quote`: parameters in, its answer or its refusal out. Field names, types
 * and roundings are those of answers recorded from api.jup.ag.
 */
import { z } from "zod";
import { type Token, tokenByMint } from "../tokens.ts";
import type { Answer } from "./faults.ts";
import { formatQuotient, USD } from "./fixed-point.ts";
import { bestRoute, type Leg, type ReservesOf, reservesBy } from "./pools.ts";
import type { PriceSnapshot } from "./prices.ts";

const U64_MAX = 2n ** 64n - 1n;
const BPS = 10_000n;

const address = z.string().regex(/^[1-9A-HJ-NP-Za-km-z]{32,44}$/, "not an address");
const bps = z
  .string()
  .regex(/^\d{1,5}$/, "not a number")
  .transform(Number)
  .refine((value) => value <= 10_000, "over 10000");
const flag = z.enum(["true", "false"]).transform((value) => value === "true");

/** Further parameters of Jupiter's are taken and have no effect here. */
const parameters = z.object({
  inputMint: address,
  outputMint: address,
  amount: z
    .string()
    .regex(/^\d{1,20}$/, "not a whole number")
    .transform(BigInt)
    .refine((value) => value > 0n && value <= U64_MAX, "not from 1 to 2^64 - 1"),
  slippageBps: bps.default(50),
  platformFeeBps: bps.default(0),
  swapMode: z.enum(["ExactIn", "ExactOut"]).default("ExactIn"),
  onlyDirectRoutes: flag.default(false),
});

/** Reserves follow the prices, unless a chain has them. */
export function answerQuote(
  prices: PriceSnapshot,
  query: URLSearchParams,
  reservesOf: ReservesOf = reservesBy(prices),
): Answer {
  const startedMs = performance.now();
  const parsed = parameters.safeParse(Object.fromEntries(query));
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const where = issue?.path.join(".") ?? "query";
    return refusal("INVALID_REQUEST", `Query parameter ${where}: ${issue?.message ?? "wrong"}`);
  }
  const wanted = parsed.data;
  if (wanted.swapMode === "ExactOut") {
    return refusal("NOT_SUPPORTED", "This server quotes ExactIn only");
  }
  if (wanted.inputMint === wanted.outputMint) {
    return refusal("CIRCULAR_ARBITRAGE_IS_DISABLED", "Input and output mints are the same");
  }
  const input = tokenByMint(wanted.inputMint);
  const output = tokenByMint(wanted.outputMint);
  if (!input || !output) {
    const mint = input ? wanted.outputMint : wanted.inputMint;
    return refusal("TOKEN_NOT_TRADABLE", `The token ${mint} is not tradable`);
  }
  const { amount, onlyDirectRoutes: directOnly } = wanted;
  const route = bestRoute(prices, { input, output, amount, directOnly }, reservesOf);
  if (!route) return refusal("COULD_NOT_FIND_ANY_ROUTE", "Could not find any route");

  const fee = (route.outAmount * BigInt(wanted.platformFeeBps)) / BPS;
  const outAmount = route.outAmount - fee;
  const kept = BPS - BigInt(wanted.slippageBps);
  const body = {
    inputMint: input.mint,
    inAmount: amount.toString(),
    outputMint: output.mint,
    outAmount: outAmount.toString(),
    // Rounded up: what the chain lets through is never below the tolerance.
    otherAmountThreshold: ((outAmount * kept + BPS - 1n) / BPS).toString(),
    swapMode: wanted.swapMode,
    slippageBps: wanted.slippageBps,
    platformFee:
      wanted.platformFeeBps > 0 ? { amount: fee.toString(), feeBps: wanted.platformFeeBps } : null,
    priceImpactPct: route.priceImpact,
    routePlan: route.legs.map((leg) => legOf(leg, prices.slot)),
    contextSlot: prices.slot,
    timeTaken: Math.round((performance.now() - startedMs) * 1_000_000) / 1_000_000_000,
    swapUsdValue: usdValue(prices, input, amount),
    mostReliableAmmsQuoteReport: null,
    longtailMarketQuoteReport: null,
    useIncurredSlippageForQuoting: null,
    useRewards: null,
    otherRoutePlans: null,
    loadedLongtailToken: false,
    instructionVersion: null,
  };
  return { status: 200, body };
}

function legOf(leg: Leg, slot: number) {
  return {
    swapInfo: {
      ammKey: leg.pool.address,
      label: "Localnet",
      inputMint: leg.input.mint,
      outputMint: leg.output.mint,
      inAmount: leg.inAmount.toString(),
      outAmount: leg.outAmount.toString(),
      updateContextSlot: String(slot),
    },
    percent: 100,
    bps: 10_000,
  };
}

const usdValue = (prices: PriceSnapshot, token: Token, amount: bigint): string =>
  formatQuotient(amount * prices.priceOf(token), USD * 10n ** BigInt(token.decimals), 24);

/** A 400 in Jupiter's form. */
export const refusal = (errorCode: string, error: string): Answer => ({
  status: 400,
  body: { error, errorCode },
});
