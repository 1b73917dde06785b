/** CancelTrade. */
import type { CancelResult } from "../../../domain/application/engine.types.ts";
import { cleanText } from "../../../domain/order/request.ts";
import {
  CancelOutcome,
  type CancelTradeRequest,
  type CancelTradeResponse,
} from "../../../proto/generated/orderstream/v1/trade_execution.ts";
import type { Context } from "../context.ts";
import { invalid, refused, unknownOutcome } from "../errors.ts";
import { field } from "../mapping/parsed.ts";
import type { UnaryHandler } from "../methods.ts";
import { referredOrder, resultWithLedger } from "./shared.ts";

const MAX_REASON_BYTES = 256;

const OUTCOMES: Readonly<
  Record<Exclude<CancelResult["kind"], "refused" | "unknown">, CancelOutcome>
> = {
  cancelled: CancelOutcome.CANCEL_OUTCOME_CANCELLED,
  "too-late": CancelOutcome.CANCEL_OUTCOME_TOO_LATE_PENDING,
  "already-final": CancelOutcome.CANCEL_OUTCOME_ALREADY_FINAL,
};

/** OK for all three outcomes, with the order as it is afterwards. */
export const cancelTrade =
  (context: Context): UnaryHandler<CancelTradeRequest, CancelTradeResponse> =>
  async (request, { principal }) => {
    const orderId = referredOrder(request.order, principal, context);
    const message = field("reason", cleanText(MAX_REASON_BYTES), request.reason);
    if (!orderId.ok || !message.ok) {
      return invalid([orderId, message].flatMap((part) => (part.ok ? [] : part.violations)));
    }
    const asked = { principal, message: message.value };
    const result = await context.engine.cancel(orderId.value, asked);
    if (result.kind === "refused") return refused(result.refusal, orderId.value);
    if (result.kind === "unknown") return unknownOutcome({ orderId: orderId.value, ...result });
    const trade = resultWithLedger(result.order, context);
    return {
      kind: "ok",
      message: { outcome: OUTCOMES[result.kind], result: trade, position: trade.position },
    };
  };
