/**
 * Slippage models against trades that were executed: how far from its quote each one ended, and what every model would have said.
 * Where the trades come from (recorded transactions, paper fills, live fills) plays no part.
 */
import type { Mint } from "../primitives/ids.ts";
import type { Ratio } from "../primitives/ratio.ts";
import { type Distribution, distributionOf } from "./distribution.ts";
import {
  type Amounts,
  slippageCentiBps,
  type Trade,
  tradeAmounts,
  withinLimit,
  worstAmounts,
} from "./paper-fill.ts";
import type { MarketFacts, SlippageModel } from "./slippage/model.ts";

export type ExecutedTrade = {
  /** Names the trade, and seeds a model's draws: an order id, a signature. */
  readonly id: string;
  readonly baseMint: Mint;
  readonly quoteMint: Mint;
  /** What was asked for, at the quoted price. */
  readonly trade: Trade;
  readonly quoted: Amounts;
  readonly executed: Amounts;
  readonly toleranceBps: number;
  readonly routeImpact: Ratio | undefined;
  readonly market: MarketFacts;
};

export type ModelComparison = {
  readonly model: string;
  /** Price error of the fill that the model would have given, hundredths of a basis point. */
  readonly predicted: Distribution;
  /** Predicted minus executed; positive: the model is harsher than the market was. */
  readonly error: Distribution;
  /** Trades that were filled, and that the model would have refused by their own tolerance. */
  readonly refused: number;
  /** Trades where the model lacked an input and answered by its default or another model. */
  readonly withoutInput: number;
};

export type Calibration = {
  readonly n: number;
  /** Executed against quoted, hundredths of a basis point; positive is worse for the trader. Undefined without trades. */
  readonly executed: Distribution | undefined;
  /** Executed outside of their own tolerance: no on-chain swap can be. */
  readonly outsideTolerance: number;
  readonly models: readonly ModelComparison[];
};

/**
 * How much worse the price was than the quoted one, in hundredths of a basis point, rounded half up. Exact also where the counted
 * amount is not the quoted one: both are brought to the same counted amount first.
 */
export function priceErrorCentiBps(
  executed: Amounts,
  quoted: Amounts,
  counts: Trade["counts"],
): bigint {
  return slippageCentiBps(
    {
      amountIn: executed.amountIn * quoted.amountOut,
      amountOut: executed.amountOut * quoted.amountIn,
    },
    {
      amountIn: quoted.amountIn * executed.amountOut,
      amountOut: quoted.amountOut * executed.amountIn,
    },
    counts,
  );
}

/** Each model is asked what it would have made of each trade; its fill is rounded as a paper fill is. */
export function calibrate(
  trades: readonly ExecutedTrade[],
  models: readonly SlippageModel[],
): Calibration {
  const errors = trades.map(({ executed, quoted, trade }) =>
    priceErrorCentiBps(executed, quoted, trade.counts),
  );
  const outside = trades.filter(({ executed, ...rest }) => !isAllowed(executed, rest));
  return {
    n: trades.length,
    executed: distributionOf(errors),
    outsideTolerance: outside.length,
    models: models.flatMap((model) => compareModel(model, trades, errors) ?? []),
  };
}

function compareModel(
  model: SlippageModel,
  trades: readonly ExecutedTrade[],
  errors: readonly bigint[],
): ModelComparison | undefined {
  let refused = 0;
  let withoutInput = 0;
  const predictions = trades.map((executed) => {
    const { fill, lacked } = predict(model, executed);
    if (!isAllowed(fill, executed)) refused += 1;
    if (lacked) withoutInput += 1;
    return priceErrorCentiBps(fill, executed.quoted, executed.trade.counts);
  });
  const predicted = distributionOf(predictions);
  const error = distributionOf(predictions.map((value, at) => value - (errors[at] ?? 0n)));
  return predicted && error && { model: model.name, predicted, error, refused, withoutInput };
}

function predict(model: SlippageModel, executed: ExecutedTrade) {
  const { id, trade, quoted, baseMint, quoteMint, routeImpact, market } = executed;
  const { ppm, terms } = model.slippage({
    ...{ side: trade.side, baseMint, quoteMint, routeImpact, market },
    quotedIn: quoted.amountIn,
    quotedOut: quoted.amountOut,
    seed: id,
  });
  const lacked = terms.fallback !== undefined || terms.volatilitySource === "configured";
  return { fill: tradeAmounts(trade, ppm), lacked };
}

const isAllowed = (
  amounts: Amounts,
  { quoted, trade, toleranceBps }: Pick<ExecutedTrade, "quoted" | "trade" | "toleranceBps">,
): boolean => withinLimit(amounts, worstAmounts(quoted, trade, toleranceBps));

export type PaidFees = {
  readonly baseFeeLamports: bigint;
  readonly priorityFeeLamports: bigint;
  readonly tipLamports: bigint;
  readonly computeUnits: bigint | undefined;
  /** Micro-lamports for each compute unit; undefined where none was set. */
  readonly unitPrice: bigint | undefined;
};

export type FeeReport = {
  readonly n: number;
  readonly baseFeeLamports: Distribution | undefined;
  readonly priorityFeeLamports: Distribution | undefined;
  /** Of those who paid one. */
  readonly tipLamports: Distribution | undefined;
  readonly computeUnits: Distribution | undefined;
  readonly unitPriceMicroLamports: Distribution | undefined;
  /** For each given fee: how many paid no more priority fee than that. */
  readonly atMost: readonly {
    readonly name: string;
    readonly lamports: bigint;
    readonly count: number;
  }[];
};

/** What was paid, beside what this engine pays by default. */
export function feeReport(
  fees: readonly PaidFees[],
  defaults: Readonly<Record<string, bigint>>,
): FeeReport {
  const paid = fees.map(({ priorityFeeLamports }) => priorityFeeLamports);
  return {
    n: fees.length,
    baseFeeLamports: distributionOf(fees.map(({ baseFeeLamports }) => baseFeeLamports)),
    priorityFeeLamports: distributionOf(paid),
    tipLamports: distributionOf(
      fees.map(({ tipLamports }) => tipLamports).filter((tip) => tip > 0n),
    ),
    computeUnits: distributionOf(fees.flatMap(({ computeUnits }) => computeUnits ?? [])),
    unitPriceMicroLamports: distributionOf(fees.flatMap(({ unitPrice }) => unitPrice ?? [])),
    atMost: Object.entries(defaults).map(([name, lamports]) => {
      return { name, lamports, count: paid.filter((fee) => fee <= lamports).length };
    }),
  };
}
