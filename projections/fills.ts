/**
 * One row per fill under the id `<signature>:<slot>`. Paper fills have slot 0 and are final at once.
 * A live one is `confirmed` until its slot is `finalized`; a fork makes it `voided`, and the same
 * transaction may then be filled in another slot.
 */
import { inputMintOf, outputMintOf } from "../domain/order/trade.ts";
import type { TableDefinition } from "../domain/ports/read-model.ts";
import type { TimestampUs } from "../domain/primitives/time.ts";
import { priceOf } from "./orders.ts";
import {
  type FilledOrder,
  fillOf,
  type Projection,
  type ProjectionInput,
  provisionalFillOf,
  type Values,
  voidedFillOf,
} from "./projection.ts";

const PAPER_SLOT = 0;

export const FILLS_TABLE: TableDefinition = {
  name: "fills",
  version: 2,
  columns: {
    // Of a live fill: when its landing was recorded. A row that is replaced must keep its place in
    // time.
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
    updated_at: "timestamp",
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
    const final = fillOf(input);
    if (final) return [rowOf(final, "finalized", input)];
    const provisional = provisionalFillOf(input);
    if (provisional) return [rowOf(provisional, "confirmed", input)];
    const voided = voidedFillOf(input);
    return voided ? [rowOf(voided, "voided", input)] : [];
  },
};

type Status = "confirmed" | "finalized" | "voided";

function rowOf(order: FilledOrder, status: Status, input: ProjectionInput): Values {
  const { request, fill } = order;
  const { clockUs, recorded } = input;
  return {
    timestamp: fill.live ? landedAtUs(order) : clockUs,
    fill_id: fill.live?.fillId ?? `${fill.txSignature}:${PAPER_SLOT}`,
    order_id: order.orderId,
    revision: recorded.revision,
    account: request.account,
    mode: request.mode,
    status,
    tx_signature: fill.txSignature,
    slot: fill.live?.slot ?? PAPER_SLOT,
    input_mint: inputMintOf(request),
    output_mint: outputMintOf(request),
    amount_in: BigInt(fill.amountIn),
    amount_out: BigInt(fill.amountOut),
    price: priceOf(order),
    updated_at: clockUs,
  };
}

/** Where a person's evidence ended a doubt, no landing is recorded: its signing is. */
const landedAtUs = ({ stepsUs, requestedAtUs }: FilledOrder): TimestampUs =>
  stepsUs.confirmed ?? stepsUs.executed ?? requestedAtUs;
