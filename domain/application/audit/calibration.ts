/**
 * Where executed trades to calibrate with come from: recorded transactions of the chain, and the fills of the engine's own log.
 */
import { networkFees } from "../../chain/balances.ts";
import { failureOf } from "../../chain/failure.ts";
import { type ChainFill, fillOf } from "../../chain/fill.ts";
import { computeBudgetOf } from "../../chain/instruction-data.ts";
import type { ChainTransaction } from "../../chain/transaction.ts";
import type { OrderState } from "../../order/state.ts";
import {
  inputMintOf,
  outputMintOf,
  quotedAmounts,
  ratioOf,
  required,
  sideOf,
  slippageOf,
  tradeAt,
} from "../../order/trade.ts";
import type { ExecutedTrade, PaidFees } from "../../pricing/calibration.ts";
import { type Amounts, tradeAmounts } from "../../pricing/paper-fill.ts";
import type { MarketFacts } from "../../pricing/slippage/model.ts";
import { divCeil, minOf } from "../../primitives/amount.ts";
import type { Mint } from "../../primitives/ids.ts";
import { ratioFromFraction } from "../../primitives/ratio.ts";

/** Why a transaction or an order says nothing about quoted against executed prices. */
export type Exclusion =
  | "failed-slippage"
  | "failed-other"
  | "cycle"
  | "complex"
  | "no-jupiter-call"
  | "no-quote"
  | "too-small"
  | "simulated"
  | "duplicate";

export type CalibrationCase =
  | {
      readonly kind: "trade";
      readonly trade: ExecutedTrade;
      /** Taken from the input before the route began, by whoever built the transaction; no part of the quote. */
      readonly feeBeforeRoute: bigint;
    }
  | { readonly kind: "excluded"; readonly reason: Exclusion };

const USD_MICROS = 1_000_000n;
/** Below so many smallest units one of them is more than a basis point: such a price cannot be measured. */
const LEAST_UNITS = 10_000n;

const excluded = (reason: Exclusion): CalibrationCase => ({ kind: "excluded", reason });

const EXCLUDED_KINDS = {
  cycle: "cycle",
  complex: "complex",
  "direct-dex": "no-jupiter-call",
} as const;

/** Mints that are worth a dollar a token, with their decimals. */
export type DollarMints = ReadonlyMap<string, number>;

/** A recorded transaction, if it is one swap that its instruction had quoted. */
export function chainCase(transaction: ChainTransaction, dollars: DollarMints): CalibrationCase {
  const fill = fillOf(transaction);
  if (fill.kind === "failed") {
    return excluded(failureOf(transaction) === "slippage" ? "failed-slippage" : "failed-other");
  }
  if (fill.kind !== "swap") return excluded(EXCLUDED_KINDS[fill.kind]);
  return swapCase(transaction.signature, fill, dollars);
}

function swapCase(id: string, { swap }: ChainFill, dollars: DollarMints): CalibrationCase {
  const { call, inputMint, outputMint, ...paid } = required(swap, "swap");
  const { counts, amountIn, amountOut, slippageBps } = call.route;
  if (amountIn === undefined || amountIn === 0n || amountOut === 0n) return excluded("no-quote");
  if ((counts === "input" ? amountOut : amountIn) < LEAST_UNITS) return excluded("too-small");
  const quoted: Amounts = { amountIn, amountOut };
  // An exact-in route spends what it was told to: what the wallet gave beyond that, it gave to somebody else.
  const amountInOfRoute =
    counts === "input" ? minOf(paid.amountIn, quoted.amountIn) : paid.amountIn;
  return {
    kind: "trade",
    feeBeforeRoute: paid.amountIn - amountInOfRoute,
    trade: {
      id,
      baseMint: inputMint as Mint,
      quoteMint: outputMint as Mint,
      trade: {
        side: "sell",
        counts,
        amount: counts === "input" ? amountIn : amountOut,
        price: { numerator: amountOut, denominator: amountIn },
      },
      quoted,
      executed: { amountIn: amountInOfRoute, amountOut: paid.amountOut },
      toleranceBps: slippageBps,
      routeImpact: undefined,
      market: {
        usdMicros: usdMicrosOf({ inputMint, outputMint, quoted }, dollars),
        volatilityPpm: undefined,
      },
    },
  };
}

/** Worth of the side that is counted in dollars, by the quote, rounded up as the engine does; undefined where neither is. */
function usdMicrosOf(
  {
    inputMint,
    outputMint,
    quoted,
  }: {
    readonly inputMint: string;
    readonly outputMint: string;
    readonly quoted: Amounts;
  },
  dollars: DollarMints,
): bigint | undefined {
  const sides = [
    [inputMint, quoted.amountIn],
    [outputMint, quoted.amountOut],
  ] as const;
  for (const [mint, amount] of sides) {
    const decimals = dollars.get(mint);
    if (decimals !== undefined) return divCeil(amount * USD_MICROS, 10n ** BigInt(decimals));
  }
  return undefined;
}

export function chainFees(transaction: ChainTransaction): PaidFees {
  const { baseFeeLamports, priorityFeeLamports, tipLamports } = networkFees(transaction);
  const { unitPrice } = computeBudgetOf(transaction.instructions);
  const { computeUnits } = transaction;
  return { baseFeeLamports, priorityFeeLamports, tipLamports, computeUnits, unitPrice };
}

export type OwnFill = {
  readonly case: CalibrationCase;
  /** The recorded figures give one another again. */
  readonly isReproduced: boolean;
};

/** A filled order of the engine's own log. Throws where it is not filled. */
export const ownFill = (order: OrderState, dollars: DollarMints): OwnFill =>
  order.fill?.live ? liveFill(order, dollars) : paperFill(order);

/** Reproduced where the amounts give the recorded price and, with the quote, the recorded slippage. */
function liveFill(order: OrderState, dollars: DollarMints): OwnFill {
  const { request, orderId } = order;
  const fill = required(order.fill, "fill");
  const quote = required(order.quote, "quote");
  const trade = tradeAt(request, ratioOf(quote.price));
  const quoted = quotedAmounts(order);
  const executed = { amountIn: BigInt(fill.amountIn), amountOut: BigInt(fill.amountOut) };
  const { numerator, denominator } = fill.price;
  const [base, counter] =
    sideOf(request) === "buy" ? [fill.amountOut, fill.amountIn] : [fill.amountIn, fill.amountOut];
  const isReproduced =
    slippageOf(order, executed).quoted === fill.slippageVsQuotedCentiBps &&
    numerator === counter &&
    denominator === base;
  const mints = { inputMint: inputMintOf(request), outputMint: outputMintOf(request) };
  return {
    isReproduced,
    case: {
      kind: "trade",
      feeBeforeRoute: 0n,
      trade: {
        ...{ id: orderId, baseMint: request.baseMint, quoteMint: request.quoteMint },
        ...{ trade, quoted, executed },
        toleranceBps: quote.slippageBps ?? request.slippageToleranceBps,
        routeImpact: ratioFromFraction(quote.priceImpact),
        market: { usdMicros: usdMicrosOf({ ...mints, quoted }, dollars), volatilityPpm: undefined },
      },
    },
  };
}

/**
 * Reproduced where the recorded slippage at the recorded price gives the recorded amounts. Throws where it has no execution: it
 * was not filled by this engine.
 */
export function paperFill(order: OrderState): OwnFill {
  const execution = required(order.execution, "execution");
  const fill = required(order.fill, "fill");
  const quote = required(order.quote, "quote");
  const trade = tradeAt(order.request, ratioOf(quote.price));
  const executed = { amountIn: BigInt(fill.amountIn), amountOut: BigInt(fill.amountOut) };
  const again = tradeAmounts(trade, BigInt(execution.slippagePpm));
  const isReproduced =
    again.amountIn === executed.amountIn && again.amountOut === executed.amountOut;
  if (quote.basis === "expected") return { isReproduced, case: excluded("simulated") };
  return {
    isReproduced,
    case: {
      kind: "trade",
      feeBeforeRoute: 0n,
      trade: {
        id: order.orderId,
        baseMint: order.request.baseMint,
        quoteMint: order.request.quoteMint,
        ...{ trade, executed },
        quoted: quotedAmounts(order),
        toleranceBps: order.request.slippageToleranceBps,
        routeImpact: quote.basis === "route" ? ratioFromFraction(quote.priceImpact) : undefined,
        market: marketOf(execution.market),
      },
    },
  };
}

const marketOf = (market: {
  readonly usdMicros?: string | undefined;
  readonly volatilityPpm?: number | undefined;
}): MarketFacts => ({
  usdMicros: market.usdMicros === undefined ? undefined : BigInt(market.usdMicros),
  volatilityPpm: market.volatilityPpm === undefined ? undefined : BigInt(market.volatilityPpm),
});
