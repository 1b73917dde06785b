/**
 * One row per order that ended without a fill: failed, rejected, expired or cancelled. `amount` is
 * the requested one, in smallest units of the mint that the request counts.
 */
import { isTerminal } from "../domain/order/state.ts";
import type { TableDefinition } from "../domain/ports/read-model.ts";
import type { Projection } from "./projection.ts";

export const FAILED_TRADES_TABLE: TableDefinition = {
  name: "failed_trades",
  version: 1,
  columns: {
    timestamp: "timestamp",
    // Request ids are unique per principal only, so the order's id is the key.
    order_id: "text",
    request_id: "text",
    trader_id: "symbol",
    error_type: "symbol",
    error_message: "text",
    base_token: "symbol",
    quote_token: "symbol",
    amount: "amount",
  },
  key: ["order_id"],
  timestamp: "timestamp",
  indexes: [["timestamp"]],
};

export const failedTradesProjection: Projection = {
  table: FAILED_TRADES_TABLE,
  shows: "each-event",
  groupBy: [],
  apply: ({ after, clockUs }) => {
    if (!after || !isTerminal(after) || after.phase === "filled") return [];
    const { request, lastError } = after;
    return [
      {
        timestamp: clockUs,
        order_id: after.orderId,
        request_id: request.requestId,
        trader_id: request.account,
        error_type: lastError?.reason ?? "",
        error_message: lastError?.message ?? "",
        base_token: request.baseMint,
        quote_token: request.quoteMint,
        amount: BigInt(request.amount),
      },
    ];
  },
};
