/** An order as far as it got, as the wire shows it. */
import type { Balance as DomainBalance } from "../../../domain/application/engine.types.ts";
import { failureOf } from "../../../domain/order/failures.ts";
import { isTerminal, type OrderState, signatureOf, statusOf } from "../../../domain/order/state.ts";
import { outputMintOf, ratioOf } from "../../../domain/order/trade.ts";
import { formatCentiBps } from "../../../domain/pricing/paper-fill.ts";
import { formatAmount } from "../../../domain/primitives/amount.ts";
import { type Mint, SOL_MINT } from "../../../domain/primitives/ids.ts";
import { priceFromRatio } from "../../../domain/primitives/ratio.ts";
import type { TimestampUs } from "../../../domain/primitives/time.ts";
import {
  type Balance,
  type FeeLines,
  type MevAssessment,
  type StepMetric,
  type TradeError,
  TradeResult,
} from "../../../proto/generated/orderstream/v1/trade_execution.ts";
import { type Answer, anyOf, recordedFailure } from "../errors.ts";
import { ACTIONS, MODES, STATUSES } from "./enums.ts";
import { liveFeesOf, liveFieldsOf, liveWarnings } from "./live-result.ts";
import { timestampOf } from "./time.ts";

/** What an answer adds to the order itself: the ledger and the log's end, both as of the answer. */
export type Surroundings = {
  readonly balances: readonly DomainBalance[] | undefined;
  /** Opaque. */
  readonly position: string;
};

export function tradeResultOf(order: OrderState, around: Surroundings): TradeResult {
  const { request, fill, decimals } = order;
  const price = (
    ratio: { readonly numerator: string; readonly denominator: string } | undefined,
  ) => (ratio && decimals ? priceFromRatio(ratioOf(ratio), decimals) : "");
  return {
    orderId: order.orderId,
    requestId: request.requestId,
    status: STATUSES[statusOf(order)],
    mode: MODES[request.mode],
    account: request.account,
    action: ACTIONS[request.action],
    baseMint: request.baseMint,
    quoteMint: request.quoteMint,
    attemptCount: order.attempt,
    lastError: tradeErrorOf(order),
    nextRetryAt: order.nextRetryAtUs === undefined ? undefined : timestampOf(order.nextRetryAtUs),
    amountIn: BigInt(fill?.amountIn ?? 0),
    amountOut: BigInt(fill?.amountOut ?? 0),
    price: price(fill?.price),
    quotedPrice: price(order.quote?.price),
    fees: feeLinesOf(order),
    slippageVsExpectedBps: centiBps(fill?.slippageVsExpectedCentiBps),
    slippageVsQuotedBps: centiBps(fill?.slippageVsQuotedCentiBps),
    txSignature: signatureOf(order),
    balances: balancesOf(around.balances, [request.baseMint, request.quoteMint, SOL_MINT]),
    steps: stepsOf(order),
    cacheHit: order.quote?.cacheHit ?? false,
    warnings: [...(order.execution?.warnings ?? []), ...liveWarnings(order)],
    revision: BigInt(order.revision),
    position: around.position,
    requestedAt: timestampOf(order.requestedAtUs),
    updatedAt: timestampOf(order.updatedAtUs),
    mev: mevOf(order),
    staleQuote: order.quote?.stale ?? false,
    slippageModel: order.execution?.model ?? "",
    ...liveFieldsOf(order),
  };
}

/** OK for any status that is no failure; a recorded failure carries the same result as a detail. */
export function answerOf(order: OrderState, result: TradeResult): Answer<TradeResult> {
  const error = failureStatus(order);
  if (!error) return { kind: "ok", message: result };
  const detail = anyOf("orderstream.v1.TradeResult", TradeResult.encode(result).finish());
  return recordedFailure(error, order.orderId, detail);
}

/** Why a finished order was not filled; undefined for every other order. */
export function failureStatus(
  order: OrderState,
): { readonly reason: string; readonly message: string } | undefined {
  if (!isTerminal(order) || order.phase === "filled") return undefined;
  return order.lastError ?? { reason: order.phase.toUpperCase(), message: order.phase };
}

function tradeErrorOf(order: OrderState): TradeError | undefined {
  if (!order.lastError) return undefined;
  const { reason, message } = order.lastError;
  return {
    reason: reason.toUpperCase().replaceAll("-", "_"),
    message,
    retryable: !isTerminal(order) && failureOf(reason).retryable,
  };
}

function feeLinesOf({ fill, request }: OrderState): FeeLines | undefined {
  if (!fill) return undefined;
  const { fees } = fill;
  return {
    baseFeeLamports: BigInt(fees.baseFeeLamports),
    priorityFeeLamports: BigInt(fees.priorityFeeLamports),
    tipLamports: BigInt(fees.tipLamports),
    rentLamports: BigInt(fees.rentLamports),
    platformFee: BigInt(fees.platformFee),
    platformFeeMint: fees.platformFee === "0" ? "" : outputMintOf(request),
    ...liveFeesOf(fill),
  };
}

function mevOf({ execution }: OrderState): MevAssessment | undefined {
  const mev = execution?.mev;
  if (!mev) return undefined;
  const { usdMicros } = execution.market;
  return {
    riskClass: mev.riskClass,
    tradeValueUsd: usdMicros === undefined ? "" : formatAmount(BigInt(usdMicros), 6),
    sandwichProbabilityBps: Math.round(mev.sandwichProbabilityPpm / 100),
    protectionBps: Math.round(mev.protectionPpm / 100),
    attacked: mev.attacked,
    // A ppm is a hundredth of a basis point.
    impactBps: formatCentiBps(BigInt(mev.impactPpm)),
  };
}

const centiBps = (value: string | undefined): string | undefined =>
  value === undefined ? undefined : formatCentiBps(BigInt(value));

/** Balances of the given mints, or of all. */
export const balancesOf = (
  balances: readonly DomainBalance[] | undefined,
  mints?: readonly Mint[],
): Balance[] =>
  (balances ?? [])
    .filter(({ mint }) => mints === undefined || mints.includes(mint))
    .map(({ mint, available, reserved }) => ({
      mint,
      available,
      reserved,
      total: available + reserved,
    }));

/** From the fill's own timings; of an order on its way, the steps that are behind it. */
function stepsOf(order: OrderState): StepMetric[] {
  const { fill, stepsUs, requestedAtUs } = order;
  const between = (from: TimestampUs | undefined, to: TimestampUs | undefined) =>
    from === undefined || to === undefined ? undefined : Math.max(0, to - from);
  // Parts of the execution that only live orders have.
  const live = {
    submit: between(stepsUs.executed, stepsUs.submitted),
    confirm: between(stepsUs.submitted, stepsUs.confirmed),
  };
  if (fill) {
    const { validateUs, quoteUs, reserveUs, executeUs, totalUs } = fill.timings;
    return metrics({
      validate: validateUs,
      quote: quoteUs,
      reserve: reserveUs,
      execute: executeUs,
      ...live,
      total: totalUs,
    });
  }
  return metrics({
    validate: between(requestedAtUs, stepsUs.validated),
    quote: between(stepsUs.validated, stepsUs.quoted),
    reserve: between(stepsUs.quoted, stepsUs.reserved),
    execute: between(stepsUs.reserved, stepsUs.executed),
    ...live,
  });
}

const metrics = (stepsUs: Readonly<Record<string, number | undefined>>): StepMetric[] =>
  Object.entries(stepsUs).flatMap(([step, durationUs]) =>
    durationUs === undefined ? [] : [{ step, durationUs: BigInt(durationUs) }],
  );
