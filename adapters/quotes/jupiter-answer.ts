/**
 * Reads what a Jupiter-compatible server answered: a quote, a refusal, or something else. It relies
 * on nothing that Jupiter's API does not promise: slots, timings, labels and the like may be
 * missing or null.
 */
import { z } from "zod";
import { formWords } from "../../domain/codec/form-words.ts";
import type { Quote, QuoteFailureClass, QuoteRequest } from "../../domain/ports/quotes.ts";
import { AMOUNT_PATTERN, U64_MAX } from "../../domain/primitives/amount.ts";
import { ADDRESS_PATTERN, type Mint } from "../../domain/primitives/ids.ts";
import { ratioFromFraction } from "../../domain/primitives/ratio.ts";

const MAX_LEGS = 64;
const MAX_TEXT = 200;
/** Jupiter's limits slide over one minute: a longer wait is never due to them. */
const MAX_RETRY_AFTER_MS = 60_000;

export const amount = z
  .string()
  .regex(AMOUNT_PATTERN, "is not a whole number")
  .transform(BigInt)
  .refine((value) => value <= U64_MAX, "is over 2^64 - 1");
export const address = z.string().regex(ADDRESS_PATTERN, "is not an address");
const mint = address.transform((text) => text as Mint);
const slot = z
  .union([z.int().nonnegative().transform(String), z.string().regex(/^\d{1,20}$/)])
  .nullish()
  .transform((value) => value ?? undefined);
const fraction = z
  .union([z.string(), z.number().transform(String)])
  .refine((text) => ratioFromFraction(text) !== undefined, "is not a decimal fraction");

const quoteSchema = z.object({
  inputMint: mint,
  outputMint: mint,
  inAmount: amount,
  outAmount: amount,
  swapMode: z.string(),
  priceImpactPct: fraction,
  contextSlot: slot,
  routePlan: z
    .array(
      z.object({
        swapInfo: z.object({
          ammKey: address,
          label: z.string().max(MAX_TEXT).nullish(),
          inputMint: mint,
          outputMint: mint,
          inAmount: amount,
          outAmount: amount,
        }),
      }),
    )
    .min(1)
    .max(MAX_LEGS),
});

const refusalSchema = z.object({ error: z.string().optional(), errorCode: z.string().optional() });

/** Everything of a quote that stands in the answer itself. */
export type AnsweredQuote = Omit<Quote, "source" | "obtainedAtUs">;

export type Problem = {
  readonly kind: "problem";
  readonly class: QuoteFailureClass;
  readonly message: string;
};
export type Reading<T> = { readonly kind: "read"; readonly value: T } | Problem;

/** The body of a 2xx answer. It must be the answer to this very request. */
export const readQuote = (body: string, request: QuoteRequest): Reading<AnsweredQuote> =>
  quoteOf(parseJson(body), request);

/** The same of parsed JSON; undefined: it was none. */
export function quoteOf(json: unknown, request: QuoteRequest): Reading<AnsweredQuote> {
  const parsed = readForm(quoteSchema, json, "quote");
  if (parsed.kind === "problem") return parsed;
  const { swapMode, priceImpactPct, routePlan, ...quote } = parsed.value;
  const other = (["inputMint", "outputMint"] as const).find((key) => quote[key] !== request[key]);
  if (other) return problem("malformed", `answer to another request: ${other}`);
  if (quote.inAmount !== request.amount) {
    return problem("malformed", "answer to another request: inAmount");
  }
  if (swapMode !== "ExactIn") return problem("malformed", "answer to another request: swapMode");
  if (quote.outAmount === 0n)
    return problem("no-route", "the amount is too small: it buys nothing");
  const route = routePlan.map(({ swapInfo }) => ({ ...swapInfo, label: swapInfo.label ?? "" }));
  return { kind: "read", value: { ...quote, priceImpact: priceImpactPct, route } };
}

/** Parsed JSON by a schema; `name` is what the words say it is not. Undefined: it was no JSON. */
export function readForm<T>(schema: z.ZodType<T>, json: unknown, name: string): Reading<T> {
  if (json === undefined) return problem("malformed", `not a ${name}: the answer is not JSON`);
  const parsed = schema.safeParse(json, { error: formWords });
  if (parsed.success) return { kind: "read", value: parsed.data };
  const issue = parsed.error.issues[0];
  const where = issue?.path.join(".") || "the answer";
  return problem("malformed", `not a ${name}: ${where} ${issue?.message ?? "is wrong"}`);
}

/**
 * These say that the pair or the amount cannot be traded; every other code says that the request is
 * wrong.
 */
const NO_ROUTE = new Set([
  "NO_ROUTES_FOUND",
  "COULD_NOT_FIND_ANY_ROUTE",
  "TOKEN_NOT_TRADABLE",
  "MARKET_NOT_FOUND",
  "ROUTE_PLAN_DOES_NOT_CONSUME_ALL_THE_AMOUNT",
]);

/** It could not look up what the swap needs at this moment; nothing is wrong with the request. */
const PASSING = new Set(["FAILED_TO_GET_SWAP_AND_ACCOUNT_METAS"]);

type Refusal = {
  readonly class: QuoteFailureClass;
  readonly message: string;
  /** It judges the request: no other server will say otherwise. */
  readonly isFinal: boolean;
};

/**
 * An answer outside 2xx. The server's own words are passed on only where they are Jupiter's
 * refusal.
 */
export function readFailure(status: number, body: string): Refusal {
  const isFinal = isAboutRequest(status);
  const parsed = refusalSchema.safeParse(parseJson(body));
  const code = (parsed.success && /^[A-Z0-9_]{1,80}$/.exec(parsed.data.errorCode ?? "")?.[0]) || "";
  const named = code === "" ? `HTTP ${status}` : `HTTP ${status} ${code}`;
  if (status === 429) return { class: "rate-limited", message: named, isFinal };
  if (status === 408) return { class: "timeout", message: named, isFinal };
  if (status >= 500) return { class: "upstream-error", message: named, isFinal };
  if (status < 400) {
    return { class: "upstream-error", message: `${named}, redirects are not followed`, isFinal };
  }
  if (!isFinal) return { class: "refused", message: named, isFinal };
  const words = parsed.success ? printable(parsed.data.error ?? "") : "";
  const message = words === "" ? named : `${named}: ${words}`;
  if (PASSING.has(code)) return { class: "upstream-error", message, isFinal: false };
  return { class: NO_ROUTE.has(code) ? "no-route" : "refused", message, isFinal };
}

/**
 * Whether a status judges the request; other refusals (key, path, firewall) are about this server
 * only.
 */
const isAboutRequest = (status: number): boolean => status === 400 || status === 422;

/** `retry-after` (seconds or a date), else `x-ratelimit-reset` (Unix seconds); at most a minute. */
export function readRetryAfterMs(headers: Pick<Headers, "get">, nowMs: number): number | undefined {
  const after = headers.get("retry-after") ?? "";
  const reset = headers.get("x-ratelimit-reset") ?? "";
  const seconds = /^\d{1,10}$/;
  let waitMs = Number.NaN;
  if (seconds.test(after)) waitMs = Number(after) * 1_000;
  else if (after !== "") waitMs = Date.parse(after) - nowMs;
  else if (seconds.test(reset)) waitMs = Number(reset) * 1_000 - nowMs;
  if (Number.isNaN(waitMs)) return undefined;
  return Math.min(Math.max(Math.ceil(waitMs), 0), MAX_RETRY_AFTER_MS);
}

/** Undefined for what is no JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export const problem = (kind: QuoteFailureClass, message: string): Problem => ({
  kind: "problem",
  class: kind,
  message,
});

/** Foreign words for logs and events: one line, well-formed, no control characters, short. */
const printable = (text: string): string =>
  text
    .slice(0, MAX_TEXT)
    .toWellFormed()
    .replace(/\p{C}+/gu, " ")
    .trim();
