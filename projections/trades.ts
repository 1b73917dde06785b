/**
 * One row per final fill: of a live order when its slot is finalized. `amount` is the quantity of the base token, `amount_in` and `amount_out`
 * what was spent and received, all in smallest units; `fee` is base fee, priority fee and tip
 * together, in lamports, and `transfer_fee` the platform's fee. `slippage` is in basis points
 * against the quote, with two decimals, positive = worse for the trader. The last row of a pair says
 * what it was last traded at; simulated orders name their own price and say nothing of the market.
 */
import { sideOf } from "../domain/order/trade.ts";
import type { TableDefinition } from "../domain/ports/read-model.ts";
import { formatCentiBps } from "../domain/pricing/paper-fill.ts";
import { US_PER_MS } from "../domain/primitives/time.ts";
import { priceOf, tradeFeesOf } from "./orders.ts";
import { type FilledOrder, fillOf, type Projection } from "./projection.ts";

export const TRADES_TABLE: TableDefinition = {
  name: "trades",
  version: 3,
  columns: {
    timestamp: "timestamp",
    trade_id: "text",
    request_id: "text",
    revision: "integer",
    trader_id: "symbol",
    mode: "symbol",
    is_simulated: "boolean",
    action: "symbol",
    base_token: "symbol",
    quote_token: "symbol",
    amount: "amount",
    price: "decimal",
    slippage: "decimal",
    fee: "amount",
    priority_fee: "amount",
    transfer_fee: "amount",
    tx_signature: "text",
    latency_ms: "integer",
    mev_protected: "boolean",
    source_service: "symbol",
    execution_time_ms: "integer",
    confirmation_time_ms: "integer",
    amount_in: "amount",
    amount_out: "amount",
  },
  // The trade is the order, the revision the place of the fill in its stream.
  key: ["trade_id", "revision"],
  timestamp: "timestamp",
  // The second one finds the last trade of a pair as of a time.
  indexes: [["timestamp"], ["base_token", "quote_token", "is_simulated", "timestamp", "trade_id"]],
};

const wholeMs = (durationUs: number): number => Math.floor(durationUs / US_PER_MS);

/** Microseconds. */
function confirmationUs({ fill, stepsUs, updatedAtUs }: FilledOrder): number {
  const { executed, submitted = executed, confirmed } = stepsUs;
  if (!fill.live) return updatedAtUs - (executed ?? updatedAtUs);
  return Math.max(0, (confirmed ?? updatedAtUs) - (submitted ?? updatedAtUs));
}

export const tradesProjection: Projection = {
  table: TRADES_TABLE,
  shows: "each-event",
  groupBy: [],
  apply: (input) => {
    const order = fillOf(input);
    if (!order) return [];
    const { request, fill } = order;
    const amountIn = BigInt(fill.amountIn);
    const amountOut = BigInt(fill.amountOut);
    return [
      {
        timestamp: input.clockUs,
        trade_id: order.orderId,
        request_id: request.requestId,
        revision: order.revision,
        trader_id: request.account,
        mode: request.mode,
        is_simulated: request.isSimulated,
        action: request.action,
        base_token: request.baseMint,
        quote_token: request.quoteMint,
        amount: sideOf(request) === "buy" ? amountOut : amountIn,
        price: priceOf(order),
        slippage: formatCentiBps(BigInt(fill.slippageVsQuotedCentiBps)),
        fee: tradeFeesOf(fill.fees),
        priority_fee: BigInt(fill.fees.priorityFeeLamports),
        transfer_fee: BigInt(fill.fees.platformFee),
        tx_signature: fill.txSignature,
        // From the request to the fill; the part of it after the reservation; the part after the
        // execution, which is from sending to the landing of a live trade.
        latency_ms: wholeMs(fill.timings.totalUs),
        execution_time_ms: wholeMs(fill.timings.executeUs),
        confirmation_time_ms: wholeMs(confirmationUs(order)),
        // A paper trade is sent to nobody, so there is nothing to protect.
        mev_protected: fill.live?.mevProtected ?? false,
        source_service: request.sourceService,
        amount_in: amountIn,
        amount_out: amountOut,
      },
    ];
  },
};
