/** ExecuteTrade: the command in, as much of the order as there is when the wait is over out. */
import type { SubmitResult } from "../../../domain/application/engine.types.ts";
import { assertNever } from "../../../domain/primitives/assert-never.ts";
import type {
  TradeRequest,
  TradeResult,
} from "../../../proto/generated/orderstream/v1/trade_execution.ts";
import type { Context } from "../context.ts";
import { invalid, refused, unknownOutcome } from "../errors.ts";
import { tradeCommandOf } from "../mapping/request.ts";
import { answerOf } from "../mapping/result.ts";
import type { UnaryHandler } from "../methods.ts";
import { resultWithLedger } from "./shared.ts";

/** A caller that goes away stops nothing: the order has its own life. */
export const executeTrade =
  (context: Context): UnaryHandler<TradeRequest, TradeResult> =>
  async (request, { principal, waitMs }) => {
    const parsed = tradeCommandOf(request);
    if (!parsed.ok) return invalid(parsed.violations);
    const { command, waitFor } = parsed.value;
    const result: SubmitResult = await context.engine.submit(command, {
      principal,
      waitFor,
      waitMs,
    });
    switch (result.kind) {
      case "order":
        return answerOf(result.order, resultWithLedger(result.order, context));
      case "refused":
        return refused(result.refusal);
      case "unknown":
        return unknownOutcome(result);
      default:
        return assertNever(result);
    }
  };
