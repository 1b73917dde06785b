/**
 * One row per fill under the id `<signature>:<slot>`. Paper fills have slot 0 and are final at
 * once.
 */
import { inputMintOf, outputMintOf } from "../domain/order/trade.ts";
import type { TableDefinition } from "../domain/ports/read-model.ts";
import { priceOf } from "./orders.ts";
import { fillOf, type Projection } from "./projection.ts";

const PAPER_SLOT = 0;

export const FILLS_TABLE: TableDefinition = {
  name: "fills",
  version: 1,
  columns: {
    timestamp: "timestamp",
    fill_id: "text",
    order_id: "text",
    revision: "integer",
    account: "symbol",
    mode: "symbol",
    status: "symbol",
    tx_signature: "text",
    slot: "integer",
    input_mint: "symbol",
    output_mint: "symbol",
    amount_in: "amount",
    amount_out: "amount",
    price: "decimal",
  },
  key: ["fill_id"],
  timestamp: "timestamp",
  indexes: [["timestamp"]],
};

export const fillsProjection: Projection = {
  table: FILLS_TABLE,
  shows: "each-event",
  groupBy: [],
  apply: (input) => {
    const order = fillOf(input);
    if (!order) return [];
    const { request, fill } = order;
    return [
      {
        timestamp: input.clockUs,
        fill_id: `${fill.txSignature}:${PAPER_SLOT}`,
        order_id: order.orderId,
        revision: order.revision,
        account: request.account,
        mode: request.mode,
        status: "finalized",
        tx_signature: fill.txSignature,
        slot: PAPER_SLOT,
        input_mint: inputMintOf(request),
        output_mint: outputMintOf(request),
        amount_in: BigInt(fill.amountIn),
        amount_out: BigInt(fill.amountOut),
        price: priceOf(order),
      },
    ];
  },
};
