/** What follows from a quote, or from not getting one. */
import type { QuoteFailureClass } from "../ports/quotes.ts";
import { plainText } from "../primitives/plain-text.ts";
import type { Ratio } from "../primitives/ratio.ts";
import { US_PER_MS } from "../primitives/time.ts";
import type { OrderCommand } from "./commands.ts";
import type { OrderEvent, OrderRequest } from "./events.ts";
import { FAILURES, type FailureReason } from "./failures.ts";
import { checkQuote } from "./policy.ts";
import type { RetryPolicy } from "./retry-policy.ts";
import type { OrderState } from "./state.ts";
import { expectedPriceOf, inputMintOf, outputMintOf, required } from "./trade.ts";

type RecordQuote = Extract<OrderCommand, { readonly type: "RecordQuote" }>;
type Quoted = Extract<RecordQuote["answer"], { readonly kind: "quoted" }>;

export function decideQuote(order: OrderState, command: RecordQuote): OrderEvent[] {
  const { answer } = command;
  if (answer.kind === "failed") return failed(order, command, answer);
  if (isOfPair(order.request, answer.quote)) return obtained(order, command, answer);
  const { inputMint, outputMint } = answer.quote;
  return failed(order, command, {
    kind: "failed",
    class: "malformed",
    message: `the quote is for ${inputMint} to ${outputMint}`,
    retryAfterMs: undefined,
  });
}

const isOfPair = (
  { baseMint, quoteMint }: OrderRequest,
  { inputMint, outputMint }: Quoted["quote"],
): boolean =>
  (inputMint === baseMint && outputMint === quoteMint) ||
  (inputMint === quoteMint && outputMint === baseMint);

function obtained(order: OrderState, command: RecordQuote, answer: Quoted): OrderEvent[] {
  const { quote, basis, cacheHit, stale } = answer;
  if (quote.inAmount === 0n || quote.outAmount === 0n) return [worthless(quote)];
  const price = priceOf(order.request, quote);
  const expected = answer.live && expectedPriceOf(order);
  const { checks, refusal } = checkQuote(order.request, command.policy, {
    quote,
    stale,
    nowUs: command.nowUs,
    prices: expected && { quoted: price, expected },
  });
  const event: OrderEvent = {
    type: "QuoteObtained",
    data: {
      attempt: order.attempt + 1,
      basis,
      source: plainText(quote.source),
      inputMint: quote.inputMint,
      outputMint: quote.outputMint,
      inAmount: quote.inAmount.toString(),
      outAmount: quote.outAmount.toString(),
      price: { numerator: price.numerator.toString(), denominator: price.denominator.toString() },
      priceImpact: plainText(quote.priceImpact),
      route: quote.route.slice(0, LONGEST_ROUTE).map((leg) => ({
        ...leg,
        ammKey: plainText(leg.ammKey),
        label: plainText(leg.label),
        inAmount: leg.inAmount.toString(),
        outAmount: leg.outAmount.toString(),
      })),
      contextSlot: quote.contextSlot,
      ageUs: Math.max(0, command.nowUs - quote.obtainedAtUs),
      cacheHit,
      stale,
      checks: [...checks],
      ...(answer.live && {
        minimumOut: answer.live.minimumOut.toString(),
        slippageBps: answer.live.slippageBps,
        evidence: answer.live.evidence,
      }),
    },
  };
  if (!refusal) return [event];
  return [
    event,
    { type: "OrderRejected", data: { stage: "quote", ...refusal, checks: [...checks] } },
  ];
}

/** Legs of a route that are recorded; Jupiter's are far shorter. */
const LONGEST_ROUTE = 32;

/** A quote of nothing has no price. */
function worthless({ inAmount, outAmount }: Quoted["quote"]): OrderEvent {
  const check = { check: "quoted_amount", limit: "> 0", value: `${inAmount} in, ${outAmount} out` };
  const message = `the market quotes ${outAmount} smallest units for ${inAmount}`;
  return {
    type: "OrderRejected",
    data: { stage: "quote", reason: "AMOUNT_TOO_SMALL", message, checks: [check] },
  };
}

/** Quote per base from a quote in either direction. */
function priceOf(
  request: OrderRequest,
  quote: { readonly inputMint: string; readonly inAmount: bigint; readonly outAmount: bigint },
): Ratio {
  return quote.inputMint === request.baseMint
    ? { numerator: quote.outAmount, denominator: quote.inAmount }
    : { numerator: quote.inAmount, denominator: quote.outAmount };
}

function failed(
  order: OrderState,
  { retry, nowUs }: RecordQuote,
  answer: Exclude<RecordQuote["answer"], Quoted>,
): OrderEvent[] {
  const attempt = order.attempt + 1;
  const reason = reasonOf(answer.class);
  const { retryable } = FAILURES[reason];
  const message = plainText(answer.message);
  const event: OrderEvent = {
    type: "QuoteFailed",
    data: { attempt, class: answer.class, message, retryable },
  };
  if (!retryable || attempt >= retry.attempts) {
    return [event, { type: "OrderFailed", data: { attempts: attempt, reason, message } }];
  }
  const delayMs = retryDelayMs(attempt, retry, answer.retryAfterMs);
  return [
    event,
    {
      type: "RetryScheduled",
      data: {
        nextAttempt: attempt + 1,
        notBeforeUs: nowUs + delayMs * US_PER_MS,
        reason,
        message,
      },
    },
  ];
}

/** A source that asks to be left alone for longer than this is asked again all the same. Milliseconds. */
const LONGEST_RETRY_AFTER_MS = 600_000;

/** Exponential from the base delay up to the maximum; what the source asked for if that is longer. Milliseconds. */
export function retryDelayMs(
  failedAttempt: number,
  retry: RetryPolicy,
  retryAfterMs: number | undefined,
): number {
  const exponential = retry.baseDelayMs * 2 ** (failedAttempt - 1);
  const asked = Math.min(retryAfterMs ?? 0, LONGEST_RETRY_AFTER_MS);
  return Math.ceil(Math.max(asked, Math.min(retry.maxDelayMs, exponential)));
}

function reasonOf(failure: QuoteFailureClass): FailureReason {
  switch (failure) {
    case "no-route":
      return "NO_ROUTE";
    case "refused":
      return "QUOTE_REFUSED";
    case "rate-limited":
    case "timeout":
    case "unreachable":
    case "malformed":
    case "upstream-error":
      return "QUOTE_UNAVAILABLE";
  }
}

/** A simulated order asks no market: its own expected price is its quote. */
export function quoteAtExpectedPrice(order: OrderState): OrderEvent[] {
  const price = required(expectedPriceOf(order), "expected price");
  const numerator = price.numerator.toString();
  const denominator = price.denominator.toString();
  return [
    {
      type: "QuoteObtained",
      data: {
        attempt: order.attempt + 1,
        basis: "expected",
        source: "expected_price",
        inputMint: inputMintOf(order.request),
        outputMint: outputMintOf(order.request),
        inAmount: "0",
        outAmount: "0",
        price: { numerator, denominator },
        priceImpact: "0",
        route: [],
        ageUs: 0,
        cacheHit: false,
        stale: false,
        checks: [],
      },
    },
  ];
}
