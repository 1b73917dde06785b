/**
 * An order's numbers: what it trades at a price, the worst that it allows, what it must reserve. Derived from its state alone.
 */
import {
  type Amounts,
  slippageCentiBps,
  stricter,
  type Trade,
  tradeAmounts,
  worstAmounts,
} from "../pricing/paper-fill.ts";
import { type Mint, SOL_MINT } from "../primitives/ids.ts";
import { type Ratio, ratioFromPrice } from "../primitives/ratio.ts";
import type { OrderRequest, ReservationLine } from "./events.ts";
import type { OrderState } from "./state.ts";

export const sideOf = (request: OrderRequest): Trade["side"] =>
  request.action === "BUY" ? "buy" : "sell";

/** The mint that is spent. */
export const inputMintOf = (request: OrderRequest): Mint =>
  request.action === "BUY" ? request.quoteMint : request.baseMint;

/** The mint that is received. */
export const outputMintOf = (request: OrderRequest): Mint =>
  request.action === "BUY" ? request.baseMint : request.quoteMint;

/** Whether the amount counts what is spent or what is received. */
export const countsOf = (request: OrderRequest): Trade["counts"] =>
  request.isBaseInput === (request.action !== "BUY") ? "input" : "output";

export const ratioOf = (price: {
  readonly numerator: string;
  readonly denominator: string;
}): Ratio => ({ numerator: BigInt(price.numerator), denominator: BigInt(price.denominator) });

export const tradeAt = (request: OrderRequest, price: Ratio): Trade => ({
  side: sideOf(request),
  counts: countsOf(request),
  amount: BigInt(request.amount),
  price,
});

/** The caller's expected price as an exact ratio; undefined if none was given or the mints are not known yet. */
export function expectedPriceOf({ request, decimals }: OrderState): Ratio | undefined {
  if (request.expectedPrice === undefined || decimals === undefined) return undefined;
  return ratioFromPrice(request.expectedPrice, decimals.base, decimals.quote);
}

/** What the last quote promises before slippage. Throws before there is a quote. */
export function quotedAmounts(order: OrderState): Amounts {
  return tradeAmounts(tradeAt(order.request, ratioOf(required(order.quote, "quote").price)), 0n);
}

/**
 * The worst amounts that the order may be filled at: the tolerance against the last quote, and against the order's anchor
 * (its expected price, else its first quote), so that re-quotes cannot walk the price away.
 */
export function limitOf(order: OrderState): Amounts {
  return stricter(
    worstOf(order, ratioOf(required(order.quote, "quote").price)),
    required(anchorLimitOf(order), "first quote price"),
  );
}

/** The tolerance against the anchor alone; undefined before anything anchors the order. */
export function anchorLimitOf(order: OrderState): Amounts | undefined {
  const { firstQuotePrice } = order;
  const anchor = expectedPriceOf(order) ?? (firstQuotePrice && ratioOf(firstQuotePrice));
  return anchor && worstOf(order, anchor);
}

/** The order's tolerance against a price. */
function worstOf({ request }: OrderState, price: Ratio): Amounts {
  const kind = { counts: countsOf(request), side: sideOf(request) };
  const amounts = tradeAmounts(tradeAt(request, price), 0n);
  return worstAmounts(amounts, kind, request.slippageToleranceBps);
}

/** Lines to reserve for one attempt: the most that may be spent, the network fee and the tip. Zero lines are left out. */
export function reservationOf(order: OrderState, baseFeeLamports: bigint): ReservationLine[] {
  const { request } = order;
  const input = countsOf(request) === "input" ? BigInt(request.amount) : limitOf(order).amountIn;
  const fee = baseFeeLamports + BigInt(request.priorityFeeLamports);
  const lines: { mint: Mint; amount: bigint; purpose: ReservationLine["purpose"] }[] = [
    { mint: inputMintOf(request), amount: input, purpose: "input" },
    { mint: SOL_MINT, amount: fee, purpose: "fee" },
    { mint: SOL_MINT, amount: BigInt(request.mev.tipLamports), purpose: "tip" },
  ];
  return lines
    .filter(({ amount }) => amount > 0n)
    .map((line) => ({ ...line, amount: line.amount.toString() }));
}

/** Total per mint of reservation lines. */
export function totalsOf(lines: readonly ReservationLine[]): Map<Mint, bigint> {
  const totals = new Map<Mint, bigint>();
  for (const { mint, amount } of lines) {
    totals.set(mint, (totals.get(mint) ?? 0n) + BigInt(amount));
  }
  return totals;
}

/** Lamports of one purpose in the order's reservation. */
export const reservedFor = (order: OrderState, purpose: ReservationLine["purpose"]): bigint =>
  (order.reservation ?? [])
    .filter((line) => line.purpose === purpose)
    .reduce((sum, line) => sum + BigInt(line.amount), 0n);

/** Slippage of a fill against the quote and against the expected price, in hundredths of a basis point. */
export function slippageOf(
  order: OrderState,
  actual: Amounts,
): { readonly quoted: string; readonly expected: string | undefined } {
  const counts = countsOf(order.request);
  const expected = expectedPriceOf(order);
  return {
    quoted: slippageCentiBps(actual, quotedAmounts(order), counts).toString(),
    expected:
      expected &&
      slippageCentiBps(
        actual,
        tradeAmounts(tradeAt(order.request, expected), 0n),
        counts,
      ).toString(),
  };
}

export function required<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`the order has no ${what} yet`);
  return value;
}
