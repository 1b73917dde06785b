/**
 * Checks on a trade, each with the limit and the value that it used, so that the record explains itself.
 * A check list stops at the first failure; that one is its last line.
 */
import type { Quote } from "../ports/quotes.ts";
import { BPS, formatAmount } from "../primitives/amount.ts";
import type { Mint } from "../primitives/ids.ts";
import { decimalString, type Ratio, ratioFromFraction } from "../primitives/ratio.ts";
import { formatTimestamp, type TimestampUs, US_PER_MS } from "../primitives/time.ts";
import type { OrderRequest, PolicyCheck } from "./events.ts";
import type { FailureReason } from "./failures.ts";

export type Token = {
  readonly mint: Mint;
  readonly symbol: string;
  readonly decimals: number;
  /** Smallest units that one order may count, inclusive. */
  readonly minAmount: bigint;
  readonly maxAmount: bigint;
};

export type Policy = {
  readonly tokens: ReadonlyMap<Mint, Token>;
  /** Pairs that may not be traded, as `base/quote` mints in either order. */
  readonly blockedPairs: ReadonlySet<string>;
  readonly slippageModels: ReadonlySet<string>;
  /** Tolerance must be below. Basis points. */
  readonly slippageToleranceBelowBps: number;
  /** Priority fee must be below. Lamports. */
  readonly priorityFeeBelowLamports: bigint;
  /** Oldest quote that an order may be filled from. Milliseconds. */
  readonly maxQuoteAgeMs: number;
  /** The same for a quote that the cache marked as stale. Milliseconds. */
  readonly maxStaleQuoteAgeMs: number;
  /** How far the quoted price of a live order may be from its expected price, either way. Basis points; undefined: any. */
  readonly livePriceBandBps?: number | undefined;
};

export type Refusal = { readonly reason: FailureReason; readonly message: string };
export type PolicyResult = {
  readonly checks: readonly PolicyCheck[];
  readonly refusal: Refusal | undefined;
};

export type Check = PolicyCheck & { readonly refusal: Refusal | undefined };

/** Makes the checks in their order up to the first that refuses. */
export function firstRefusal(checks: readonly (() => Check)[]): PolicyResult {
  const made: PolicyCheck[] = [];
  for (const check of checks) {
    const { refusal, ...line } = check();
    made.push(line);
    if (refusal) return { checks: made, refusal };
  }
  return { checks: made, refusal: undefined };
}

/** One check as it is recorded, with its refusal where it fails. */
export const line = (
  facts: PolicyCheck,
  ok: boolean,
  reason: FailureReason,
  message: () => string,
): Check => ({ ...facts, refusal: ok ? undefined : { reason, message: message() } });

/** Before the quote: what the request alone decides. */
export function checkRequest(
  request: OrderRequest,
  policy: Policy,
  { nowUs, accountOpen }: { readonly nowUs: TimestampUs; readonly accountOpen: boolean },
): PolicyResult {
  const token = policy.tokens.get(request.isBaseInput ? request.baseMint : request.quoteMint);
  const amount = BigInt(request.amount);
  return firstRefusal([
    () =>
      line(
        { check: "account", limit: "open", value: accountOpen ? "open" : "closed" },
        accountOpen,
        "ACCOUNT_CLOSED",
        () => `account ${request.account} is closed`,
      ),
    () => supportedMint("base_mint", request.baseMint, policy),
    () => supportedMint("quote_mint", request.quoteMint, policy),
    () => allowedPair(request, policy),
    // Without a token the checks above have failed already.
    ...(token ? [() => minimumSize(amount, token), () => maximumSize(amount, token)] : []),
    () => slippageTolerance(request.slippageToleranceBps, policy),
    () => priorityFee(BigInt(request.priorityFeeLamports), policy),
    () => mevParameters(request),
    () => slippageModel(request.slippageModel, policy),
    () => expiry(request.expiresAtUs, nowUs),
  ]);
}

function supportedMint(field: string, mint: Mint, policy: Policy): Check {
  return line(
    { check: field, limit: "supported mints", value: mint },
    policy.tokens.has(mint),
    "MINT_NOT_SUPPORTED",
    () => `${field} ${mint} is not among the ${policy.tokens.size} configured tokens`,
  );
}

function allowedPair({ baseMint, quoteMint }: OrderRequest, policy: Policy): Check {
  const blocked =
    policy.blockedPairs.has(`${baseMint}/${quoteMint}`) ||
    policy.blockedPairs.has(`${quoteMint}/${baseMint}`);
  return line(
    { check: "pair", limit: "not blocked", value: `${baseMint}/${quoteMint}` },
    !blocked,
    "PAIR_NOT_SUPPORTED",
    () => `the pair ${baseMint}/${quoteMint} is blocked by configuration`,
  );
}

/** `1.5 SOL`; smallest units and the mint where the token is not configured. */
export function amountText(units: bigint, mint: Mint, tokens: Policy["tokens"]): string {
  const token = tokens.get(mint);
  return token ? shown(units, token) : `${units} smallest units of ${mint}`;
}

const shown = (amount: bigint, { decimals, symbol }: Token): string =>
  `${formatAmount(amount, decimals)} ${symbol}`;

function minimumSize(amount: bigint, token: Token): Check {
  const limit = token.minAmount;
  return line(
    { check: "minimum_size", limit: limit.toString(), value: amount.toString() },
    amount >= limit,
    "AMOUNT_TOO_SMALL",
    () => `amount ${shown(amount, token)} is below the minimum of ${shown(limit, token)}`,
  );
}

function maximumSize(amount: bigint, token: Token): Check {
  const limit = token.maxAmount;
  return line(
    { check: "maximum_size", limit: limit.toString(), value: amount.toString() },
    amount <= limit,
    "AMOUNT_TOO_LARGE",
    () => `amount ${shown(amount, token)} is above the maximum of ${shown(limit, token)}`,
  );
}

function slippageTolerance(bps: number, policy: Policy): Check {
  const limit = policy.slippageToleranceBelowBps;
  return line(
    { check: "slippage_tolerance_bps", limit: `< ${limit}`, value: String(bps) },
    bps < limit,
    "SLIPPAGE_TOLERANCE_TOO_HIGH",
    () => `slippage_tolerance_bps ${bps} must be below ${limit}`,
  );
}

function priorityFee(lamports: bigint, policy: Policy): Check {
  const limit = policy.priorityFeeBelowLamports;
  return line(
    { check: "priority_fee_lamports", limit: `< ${limit}`, value: lamports.toString() },
    lamports < limit,
    "PRIORITY_FEE_TOO_HIGH",
    () => `priority_fee_lamports ${lamports} must be below ${limit}`,
  );
}

function mevParameters({ mev }: OrderRequest): Check {
  const consistent = mev.protect !== false || mev.tipLamports === "0";
  return line(
    {
      check: "mev",
      limit: "a tip only with protection",
      value: `protect ${mev.protect ?? "configured"}, tip ${mev.tipLamports}`,
    },
    consistent,
    "MEV_PARAMETERS_INCONSISTENT",
    () => `mev.tip_lamports ${mev.tipLamports} buys protection that mev.protect = false declines`,
  );
}

function slippageModel(name: string, policy: Policy): Check {
  const known = [...policy.slippageModels].join(", ");
  return line(
    { check: "slippage_model", limit: known, value: name },
    policy.slippageModels.has(name),
    "SLIPPAGE_MODEL_UNKNOWN",
    () => `slippage_model ${JSON.stringify(name)} is not one of: ${known}`,
  );
}

function expiry(expiresAtUs: TimestampUs | undefined, nowUs: TimestampUs): Check {
  const value = expiresAtUs === undefined ? "never" : formatTimestamp(expiresAtUs);
  return line(
    { check: "expires_at", limit: `after ${formatTimestamp(nowUs)}`, value },
    expiresAtUs === undefined || expiresAtUs > nowUs,
    "EXPIRES_IN_THE_PAST",
    () => `expires_at ${value} is not after ${formatTimestamp(nowUs)}`,
  );
}

/** After the quote: its age, and its price impact where the request limits it. A stale one has a limit of its own. */
export function checkQuote(
  request: OrderRequest,
  policy: Policy,
  {
    quote,
    stale,
    nowUs,
    prices,
  }: {
    readonly quote: Quote;
    readonly stale: boolean;
    readonly nowUs: TimestampUs;
    /** Of a live order with an expected price. */
    readonly prices?: { readonly quoted: Ratio; readonly expected: Ratio } | undefined;
  },
): PolicyResult {
  const limitBps = request.maxPriceImpactBps;
  const bandBps = policy.livePriceBandBps;
  return firstRefusal([
    () =>
      quoteAge(
        nowUs - quote.obtainedAtUs,
        stale ? policy.maxStaleQuoteAgeMs : policy.maxQuoteAgeMs,
      ),
    ...(limitBps === undefined ? [] : [() => priceImpact(quote.priceImpact, limitBps)]),
    ...(prices === undefined || bandBps === undefined ? [] : [() => priceBand(prices, bandBps)]),
  ]);
}

/** |quoted − expected| / expected ≤ band. A price that is far too good is a mistake as well. */
function priceBand(
  { quoted, expected }: { readonly quoted: Ratio; readonly expected: Ratio },
  bandBps: number,
): Check {
  const value = quoted.numerator * expected.denominator;
  const base = expected.numerator * quoted.denominator;
  const distance = value > base ? value - base : base - value;
  const inUnits =
    base === 0n ? "infinite" : decimalString({ numerator: distance * BPS, denominator: base }, 2);
  return line(
    { check: "price_band", limit: `${bandBps} bps`, value: `${inUnits} bps` },
    distance * BPS <= BigInt(bandBps) * base,
    "PRICE_OUT_OF_BAND",
    () =>
      `the quoted price is ${inUnits} bps away from expected_price, at most ${bandBps} are allowed`,
  );
}

function quoteAge(ageUs: number, limitMs: number): Check {
  const limitUs = limitMs * US_PER_MS;
  return line(
    { check: "quote_age_us", limit: String(limitUs), value: String(ageUs) },
    ageUs <= limitUs,
    "QUOTE_TOO_OLD",
    () => `the quote is ${ageUs} us old; at most ${limitUs} us are allowed`,
  );
}

/** A fraction that is above a limit, so greater than 0, in basis points. */
const inBps = ({ numerator, denominator }: Ratio): string =>
  decimalString({ numerator: numerator * BPS, denominator }, 6);

function priceImpact(fraction: string, limitBps: number): Check {
  const impact = ratioFromFraction(fraction);
  const within =
    impact !== undefined && impact.numerator * BPS <= BigInt(limitBps) * impact.denominator;
  return line(
    { check: "price_impact", limit: `${limitBps} bps`, value: fraction },
    within,
    "PRICE_IMPACT_TOO_HIGH",
    () =>
      impact === undefined
        ? `the price impact ${JSON.stringify(fraction)} is no number, so it cannot be limited`
        : `price impact of ${inBps(impact)} bps is above max_price_impact_bps ${limitBps}`,
  );
}
