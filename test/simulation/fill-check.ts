/**
 * Re-derives what an order's trade comes to from its events alone, with arithmetic of its own: amounts are found by the
 * inequality that defines them, never by the engine's formulas.
 */
import type { OrderEventData, OrderRequest } from "../../domain/order/events.ts";

export type TradeRecord = {
  readonly request: OrderRequest;
  readonly decimals: { readonly base: number; readonly quote: number };
  readonly quote: OrderEventData<"QuoteObtained">;
  readonly firstPrice: Price;
  readonly reserved: OrderEventData<"FundsReserved">;
};

export type VenueRules = { readonly slippagePpm: bigint; readonly baseFeeLamports: bigint };

type Price = { readonly numerator: string; readonly denominator: string };
type Fraction = { readonly top: bigint; readonly bottom: bigint };
type Amounts = { readonly spent: bigint; readonly got: bigint };

const MILLION = 1_000_000n;

/** What is wrong with a fill; undefined when nothing is. */
export function wrongFill(
  record: TradeRecord,
  executed: OrderEventData<"PaperExecutionSimulated">,
  rules: VenueRules,
): string | undefined {
  const { request, reserved } = record;
  const wrongQuote = wrongPrice(record);
  if (wrongQuote) return wrongQuote;
  const { spent, got } = derived(record, rules);
  if (String(spent) !== executed.amountIn || String(got) !== executed.amountOut) {
    return `spends ${executed.amountIn} for ${executed.amountOut}, derived ${spent} for ${got}`;
  }
  if (!isAllowed(record, { spent, got })) return `${spent} for ${got} is outside the order's limit`;
  const { fees } = executed;
  const expected = [rules.baseFeeLamports, request.priorityFeeLamports, request.mev.tipLamports];
  const found = [fees.baseFeeLamports, fees.priorityFeeLamports, fees.tipLamports];
  if (expected.join() !== found.join() || fees.rentLamports !== "0" || fees.platformFee !== "0") {
    return `fees ${found.join()}, expected ${expected.join()}`;
  }
  const held = (purpose: string): bigint =>
    reserved.lines.reduce((sum, l) => sum + (l.purpose === purpose ? BigInt(l.amount) : 0n), 0n);
  if (held("input") < spent) return `spends ${spent}, reserved ${held("input")}`;
  if (held("fee") !== BigInt(fees.baseFeeLamports) + BigInt(fees.priorityFeeLamports)) {
    return `reserved ${held("fee")} lamports for fees`;
  }
  return held("tip") === BigInt(fees.tipLamports) ? undefined : `reserved ${held("tip")} for tips`;
}

/** Whether a refusal for slippage was right. */
export const slipsTooMuch = (record: TradeRecord, rules: VenueRules): boolean =>
  !isAllowed(record, derived(record, rules));

function derived(record: TradeRecord, { slippagePpm }: VenueRules): Amounts {
  const { quote } = record;
  return amountsAt(record, fraction(quote.price), quote.basis === "expected" ? 0n : slippagePpm);
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
