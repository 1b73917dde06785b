/**
 * One row per order, replaced as the order goes on: what the trade history shows. `amount_in`,
 * `amount_out` and `fees_lamports` are null and `price` is empty until it is filled.
 */
import { type OrderState, statusOf } from "../domain/order/state.ts";
import { ratioOf } from "../domain/order/trade.ts";
import type { TableDefinition } from "../domain/ports/read-model.ts";
import type { Hash } from "../domain/primitives/ids.ts";
import { priceFromRatio } from "../domain/primitives/ratio.ts";
import type { Projection, ProjectionInput, Values } from "./projection.ts";

export const ORDERS_TABLE: TableDefinition = {
  name: "orders",
  version: 1,
  columns: {
    order_id: "text",
    request_id: "text",
    account: "symbol",
    mode: "symbol",
    action: "symbol",
    base_mint: "symbol",
    quote_mint: "symbol",
    status: "symbol",
    amount_in: "amount",
    amount_out: "amount",
    price: "decimal",
    fees_lamports: "amount",
    error_reason: "symbol",
    error_message: "text",
    tx_signature: "text",
    source_service: "symbol",
    requested_at: "timestamp",
    updated_at: "timestamp",
    revision: "integer",
    state_hash: "text",
  },
  key: ["order_id"],
  // Not updated_at: a row that is replaced must keep its place in time.
  timestamp: "requested_at",
  indexes: [
    ["requested_at", "order_id"],
    ["account", "requested_at", "order_id"],
  ],
};

/** `stateHashOf` is injected because hashing belongs to the platform. */
export const ordersProjection = (stateHashOf: (order: OrderState) => Hash): Projection => ({
  table: ORDERS_TABLE,
  shows: "latest-state",
  groupBy: [],
  apply: ({ after, clockUs }: ProjectionInput): readonly Values[] => {
    if (!after) return [];
    const { request, fill, lastError } = after;
    return [
      {
        order_id: after.orderId,
        request_id: request.requestId,
        account: request.account,
        mode: request.mode,
        action: request.action,
        base_mint: request.baseMint,
        quote_mint: request.quoteMint,
        status: statusOf(after),
        amount_in: fill ? BigInt(fill.amountIn) : null,
        amount_out: fill ? BigInt(fill.amountOut) : null,
        price: priceOf(after),
        fees_lamports: fill ? tradeFeesOf(fill.fees) : null,
        error_reason: lastError?.reason ?? "",
        error_message: lastError?.message ?? "",
        tx_signature: fill?.txSignature ?? "",
        source_service: request.sourceService,
        requested_at: after.requestedAtUs,
        updated_at: clockUs,
        revision: after.revision,
        state_hash: stateHashOf(after),
      },
    ];
  },
});

/** Whole quote tokens per whole base token, 18 significant digits; empty until filled. */
export function priceOf({ fill, decimals }: OrderState): string {
  return fill && decimals ? priceFromRatio(ratioOf(fill.price), decimals) : "";
}

type NetworkFees = {
  readonly baseFeeLamports: string;
  readonly priorityFeeLamports: string;
  readonly tipLamports: string;
};

/**
 * Lamports that a trade costs for good: base fee, priority fee and tip. Rent is not among them: it
 * can be had back.
 */
export const tradeFeesOf = (fees: NetworkFees): bigint =>
  BigInt(fees.baseFeeLamports) + BigInt(fees.priorityFeeLamports) + BigInt(fees.tipLamports);
