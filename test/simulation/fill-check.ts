/**
 * Re-derives what an order's trade comes to from its events alone, with arithmetic of its own: amounts are found by the
 * inequality that defines them, never by the engine's formulas. Only the models are asked again (slippage-check.ts).
 */
import type { OrderEventData, OrderRequest } from "../../domain/order/events.ts";
import { expectedSlippage, type SlippageRecord, wrongFacts } from "./slippage-check.ts";
import type { Venue } from "./venue-plan.ts";

export type TradeRecord = {
  readonly orderId: string;
  readonly request: OrderRequest;
  readonly decimals: { readonly base: number; readonly quote: number };
  readonly quote: OrderEventData<"QuoteObtained">;
  readonly firstPrice: Price;
  readonly reserved: OrderEventData<"FundsReserved">;
};

type Price = { readonly numerator: string; readonly denominator: string };
type Fraction = { readonly top: bigint; readonly bottom: bigint };
type Amounts = { readonly spent: bigint; readonly got: bigint };

const MILLION = 1_000_000n;

type Executed = OrderEventData<"PaperExecutionSimulated">;

/** What is wrong with a fill; undefined when nothing is. */
export function wrongFill(
  record: TradeRecord,
  executed: Executed,
  rules: Venue,
): string | undefined {
  return (
    wrongPrice(record) ??
    wrongSlippage(record, executed, rules) ??
    wrongAmounts(record, executed) ??
    wrongFees(record, executed, rules)
  );
}

/** What is wrong with a failure of the venue; undefined when it had to be. */
export function wrongFailure(
  record: TradeRecord,
  failed: OrderEventData<"SimulationFailed">,
  rules: Venue,
): string | undefined {
  const { paper } = failed;
  if (!paper) return "failed without the paper venue's figures";
  const slippage = slippageRecord(record, paper.market);
  const facts = wrongFacts(slippage, rules);
  if (facts) return facts;
  const expected = expectedSlippage(slippage, rules);
  const reason = expected ? "SLIPPAGE_EXCEEDED" : "SIMULATED_FAILURE";
  if (failed.class !== reason) return `failed by ${failed.class}, expected ${reason}`;
  if (!expected) return undefined;
  const { model, modelPpm, terms } = expected;
  return (
    differs("slippage", paper, { model, slippagePpm: modelPpm, terms }) ??
    (slippage.fits(BigInt(modelPpm)) ? "failed, but was within its limit" : undefined)
  );
}

function wrongSlippage(record: TradeRecord, executed: Executed, rules: Venue): string | undefined {
  const slippage = slippageRecord(record, executed.market);
  const expected = expectedSlippage(slippage, rules);
  if (!expected) return "executed, but the outcome knobs fail it";
  const { model, terms, mev, delayMs } = expected;
  const unwarned = expected.warnings.filter((line) => !executed.warnings.includes(line));
  const isMarked = executed.warnings.some((line) => line.startsWith("STALE_QUOTE: "));
  return (
    wrongFacts(slippage, rules) ??
    differs("slippage", executed, {
      ...{ model, terms, mev, delayMs },
      modelSlippagePpm: expected.modelPpm,
      slippagePpm: expected.totalPpm,
    }) ??
    (unwarned.length > 0 ? `does not warn: ${unwarned.join()}` : undefined) ??
    (isMarked === record.quote.stale ? undefined : "its quote is stale or not, told otherwise")
  );
}

function slippageRecord(record: TradeRecord, market: Executed["market"]): SlippageRecord {
  const { orderId, quote, request } = record;
  const price = fraction(quote.price);
  const fair = amountsAt(record, price, 0n);
  const fits = (ppm: bigint): boolean => isAllowed(record, amountsAt(record, price, ppm));
  return { orderId, request, quote, fair, market, fits };
}

/** The first field that is not as expected. Fields of events are in canonical order once they are stored. */
function differs<T extends object>(
  what: string,
  found: T,
  expected: Partial<T>,
): string | undefined {
  for (const [name, value] of Object.entries(expected)) {
    const [a, b] = [found[name as keyof T], value].map((side) => canonical(side));
    if (a !== b) return `${what}: ${name} is ${a}, expected ${b}`;
  }
  return undefined;
}

const canonical = (value: unknown): string =>
  typeof value === "object" && value !== null
    ? JSON.stringify(Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))))
    : String(value);

function wrongAmounts(record: TradeRecord, executed: Executed): string | undefined {
  const ppm = BigInt(executed.slippagePpm);
  const { spent, got } = amountsAt(record, fraction(record.quote.price), ppm);
  if (String(spent) !== executed.amountIn || String(got) !== executed.amountOut) {
    return `spends ${executed.amountIn} for ${executed.amountOut}, derived ${spent} for ${got}`;
  }
  return isAllowed(record, { spent, got })
    ? undefined
    : `${spent} for ${got} is outside the order's limit`;
}

function wrongFees(
  { request, reserved }: TradeRecord,
  { amountIn, fees }: Executed,
  { baseFeeLamports }: Venue,
): string | undefined {
  const expected = [baseFeeLamports, request.priorityFeeLamports, request.mev.tipLamports];
  const found = [fees.baseFeeLamports, fees.priorityFeeLamports, fees.tipLamports];
  if (expected.join() !== found.join() || fees.rentLamports !== "0" || fees.platformFee !== "0") {
    return `fees ${found.join()}, expected ${expected.join()}`;
  }
  const held = (purpose: string): bigint =>
    reserved.lines.reduce((sum, l) => sum + (l.purpose === purpose ? BigInt(l.amount) : 0n), 0n);
  if (held("input") < BigInt(amountIn)) return `spends ${amountIn}, reserved ${held("input")}`;
  if (held("fee") !== BigInt(fees.baseFeeLamports) + BigInt(fees.priorityFeeLamports)) {
    return `reserved ${held("fee")} lamports for fees`;
  }
  return held("tip") === BigInt(fees.tipLamports) ? undefined : `reserved ${held("tip")} for tips`;
}

function wrongPrice({ request, quote, decimals }: TradeRecord): string | undefined {
  const price = fraction(quote.price);
  if (quote.basis === "expected") {
    const own = expectedPrice(request, decimals);
    return own && sameFraction(own, price) ? undefined : "its price is not the expected price";
  }
  const [paid, received] = [BigInt(quote.inAmount), BigInt(quote.outAmount)];
  const asked =
    quote.inputMint === request.baseMint
      ? { top: received, bottom: paid }
      : { top: paid, bottom: received };
  return sameFraction(asked, price) ? undefined : "its price is not its quote's";
}

/** Tolerance against the last quote and against the anchor. */
function isAllowed(record: TradeRecord, { spent, got }: Amounts): boolean {
  const { request, decimals, quote, firstPrice } = record;
  const anchor = expectedPrice(request, decimals) ?? fraction(firstPrice);
  const tolerance = BigInt(request.slippageToleranceBps);
  return [fraction(quote.price), anchor].every((price) => {
    const fair = amountsAt(record, price, 0n);
    if (countsSpent(request)) return got * 10_000n >= fair.got * (10_000n - tolerance);
    return request.action === "BUY"
      ? spent * 10_000n <= fair.spent * (10_000n + tolerance)
      : spent * (10_000n - tolerance) <= fair.spent * 10_000n;
  });
}

/** The price is quote per base; a buyer spends quote, everybody else spends base. */
function amountsAt({ request }: TradeRecord, price: Fraction, ppm: bigint): Amounts {
  const amount = BigInt(request.amount);
  const buys = request.action === "BUY";
  const worse = {
    top: price.top * (buys ? MILLION + ppm : MILLION - ppm),
    bottom: price.bottom * MILLION,
  };
  // What one unit spent gives, as a fraction.
  const rate = buys ? { top: worse.bottom, bottom: worse.top } : worse;
  if (countsSpent(request)) {
    const got = largest((guess) => guess * rate.bottom <= amount * rate.top);
    return { spent: amount, got };
  }
  const tooLittle = largest((guess) => guess * rate.top < amount * rate.bottom);
  return { spent: tooLittle + 1n, got: amount };
}

const countsSpent = (request: OrderRequest): boolean => {
  const spent = request.action === "BUY" ? request.quoteMint : request.baseMint;
  return (request.isBaseInput ? request.baseMint : request.quoteMint) === spent;
};

/** The largest whole number that fits, by bisection; 0 fits always. */
function largest(fits: (guess: bigint) => boolean): bigint {
  let high = 1n;
  while (fits(high)) high *= 2n;
  let low = 0n;
  while (high - low > 1n) {
    const middle = (low + high) / 2n;
    if (fits(middle)) low = middle;
    else high = middle;
  }
  return low;
}

function expectedPrice(
  { expectedPrice: text }: OrderRequest,
  decimals: TradeRecord["decimals"],
): Fraction | undefined {
  if (text === undefined) return undefined;
  const [whole = "0", digits = ""] = text.split(".");
  return {
    top: BigInt(whole + digits) * 10n ** BigInt(decimals.quote),
    bottom: 10n ** BigInt(decimals.base + digits.length),
  };
}

const fraction = ({ numerator, denominator }: Price): Fraction => ({
  top: BigInt(numerator),
  bottom: BigInt(denominator),
});

const sameFraction = (a: Fraction, b: Fraction): boolean => a.top * b.bottom === b.top * a.bottom;
