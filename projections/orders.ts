/**
 * One row per order, replaced as the order goes on: what the trade history shows. `amount_in` and
 * `amount_out` are null and `price` is empty until it is filled; while `provisional`, a fork of the
 * chain may undo that again. `fees_lamports` is what the order has cost for good, failed attempts
 * with it; null while that is nothing. `tx_signature` is that of the fill, else of the last attempt
 * that was signed. `hash` is that of the order's last event: it commits to the whole stream, so to
 * every column too.
 */
import { type OrderState, signatureOf, statusOf } from "../domain/order/state.ts";
import { ratioOf } from "../domain/order/trade.ts";
import type { TableDefinition } from "../domain/ports/read-model.ts";
import { priceFromRatio } from "../domain/primitives/ratio.ts";
import type { Projection, ProjectionInput, Values } from "./projection.ts";

export const ORDERS_TABLE: TableDefinition = {
  name: "orders",
  version: 3,
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
    hash: "text",
    attempts: "integer",
    provisional: "boolean",
    slot: "integer",
    wallet: "symbol",
  },
  key: ["order_id"],
  // Not updated_at: a row that is replaced must keep its place in time.
  timestamp: "requested_at",
  // One per filter of the history, each in the history's order.
  indexes: [
    ["requested_at", "order_id"],
    ["account", "requested_at", "order_id"],
    ["base_mint", "requested_at", "order_id"],
    ["quote_mint", "requested_at", "order_id"],
    ["status", "requested_at", "order_id"],
    ["account", "status", "requested_at", "order_id"],
    ["mode", "requested_at", "order_id"],
  ],
};

export const ordersProjection: Projection = {
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
        fees_lamports: orderFeesOf(after),
        error_reason: lastError?.reason ?? "",
        error_message: lastError?.message ?? "",
        tx_signature: signatureOf(after) ?? "",
        source_service: request.sourceService,
        requested_at: after.requestedAtUs,
        updated_at: clockUs,
        revision: after.revision,
        hash: after.hash,
        attempts: after.attempt,
        provisional: after.phase === "provisional",
        slot: fill?.live?.slot ?? null,
        wallet: after.wallet ?? "",
      },
    ];
  },
};

const orderFeesOf = ({ fill, feesOfFailedAttempts }: OrderState): bigint | null =>
  fill || feesOfFailedAttempts !== undefined
    ? (fill ? tradeFeesOf(fill.fees) : 0n) + BigInt(feesOfFailedAttempts ?? 0)
    : null;

/** A fill is shown by several projections. */
const prices = new WeakMap<object, string>();

/** Whole quote tokens per whole base token, 18 significant digits; empty until filled. */
export function priceOf({ fill, decimals }: OrderState): string {
  if (!fill || !decimals) return "";
  const price = prices.get(fill) ?? priceFromRatio(ratioOf(fill.price), decimals);
  prices.set(fill, price);
  return price;
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
