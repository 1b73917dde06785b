/** What several handlers do: find the order that is meant, wait for the views, add the ledger to an order. */
import { z } from "zod";
import { orderIdOf, requestIdSchema } from "../../../domain/order/request.ts";
import type { OrderState } from "../../../domain/order/state.ts";
import type { AccountId, OrderId, Principal } from "../../../domain/primitives/ids.ts";
import type { TradeResult } from "../../../proto/generated/orderstream/v1/trade_execution.ts";
import type { Context } from "../context.ts";
import { type Failed, invalid, refused } from "../errors.ts";
import { field, type Parsed, valid, wrong } from "../mapping/parsed.ts";
import { tradeResultOf } from "../mapping/result.ts";
import type { Caller } from "../methods.ts";

export const orderIdSchema = z
  .string()
  .regex(
    /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/,
    "must be an order id, a UUID in lower case",
  )
  .transform((value) => value as OrderId);

export type OrderReference =
  | { readonly $case: "orderId"; readonly value: string }
  | { readonly $case: "requestId"; readonly value: string }
  | undefined;

/** A request id means the caller's own order of that id. */
export function referredOrder(
  reference: OrderReference,
  principal: Principal,
  { hasher }: Context,
): Parsed<OrderId> {
  if (!reference) return wrong("order", "must name an order by order_id or request_id");
  if (reference.$case === "orderId") return field("order_id", orderIdSchema, reference.value);
  const requestId = field("request_id", requestIdSchema, reference.value);
  return requestId.ok ? valid(orderIdOf(principal, requestId.value, hasher)) : requestId;
}

export const orderNotFound = (orderId: OrderId): Failed =>
  refused({ reason: "ORDER_NOT_FOUND", message: `there is no order ${orderId}` }, orderId);

/** The caller's own order; another principal's is not found. */
export const ownOrder = (
  order: OrderState | undefined,
  principal: Principal,
): OrderState | undefined => (order?.principal === principal ? order : undefined);

export const accountNotFound = (account: AccountId): Failed =>
  refused({ reason: "ACCOUNT_NOT_FOUND", message: `there is no account ${account}` });

/** The opaque position of the log's end as the engine knows it. */
export const endPosition = ({ engine, positions }: Context): string =>
  positions.encode(engine.status().position);

export const resultWithLedger = (order: OrderState, context: Context): TradeResult =>
  tradeResultOf(order, {
    balances: context.engine.balances(order.request.account),
    position: endPosition(context),
  });

/** Undefined once the views are whole and have what `min_position` names. */
export async function viewsReached(
  minPosition: string,
  caller: Caller,
  { positions, views, limits }: Context,
): Promise<Failed | undefined> {
  const position = positions.decode("min_position", minPosition);
  if (!position.ok) return invalid(position.violations);
  const timeoutMs = Math.min(limits.viewWaitMs, caller.waitMs);
  if (await views.waitFor(position.value, timeoutMs)) return undefined;
  const wanted =
    position.value === undefined ? "are still being made" : "did not reach min_position";
  return refused({
    reason: "VIEW_BEHIND",
    message: `the views ${wanted} (waited ${timeoutMs} ms)`,
  });
}
