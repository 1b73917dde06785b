/** ResolveOutcome: evidence for an order whose outcome is unknown. Only live orders can be in that state. */
import { requestIdSchema } from "../../../domain/order/request.ts";
import { statusOf } from "../../../domain/order/state.ts";
import type {
  ResolveOutcomeRequest,
  ResolveOutcomeResponse,
} from "../../../proto/generated/orderstream/v1/trade_execution.ts";
import type { Context } from "../context.ts";
import { invalid, refused } from "../errors.ts";
import { field, type Parsed, valid, wrong } from "../mapping/parsed.ts";
import type { UnaryHandler } from "../methods.ts";
import { orderIdSchema, orderNotFound, ownOrder } from "./shared.ts";

const MAX_EVIDENCE = 16;

export const resolveOutcome =
  ({ engine }: Context): UnaryHandler<ResolveOutcomeRequest, ResolveOutcomeResponse> =>
  async (request, { principal }) => {
    const orderId = field("order_id", orderIdSchema, request.orderId);
    const requestId = field("request_id", requestIdSchema, request.requestId);
    const evidence = evidenceOf(request.evidence.length);
    if (!orderId.ok || !requestId.ok || !evidence.ok) {
      const parts = [orderId, requestId, evidence];
      return invalid(parts.flatMap((part) => (part.ok ? [] : part.violations)));
    }
    const order = ownOrder(await engine.get(orderId.value), principal);
    if (!order) return orderNotFound(orderId.value);
    const message = `the outcome of order ${order.orderId} is known, it is ${statusOf(order)}`;
    return refused({ reason: "OUTCOME_IS_KNOWN", message }, order.orderId);
  };

function evidenceOf(count: number): Parsed<undefined> {
  if (count === 0) return wrong("evidence", "must hold at least one node's answer");
  return count <= MAX_EVIDENCE
    ? valid(undefined)
    : wrong("evidence", `has ${count} entries; at most ${MAX_EVIDENCE}`);
}
