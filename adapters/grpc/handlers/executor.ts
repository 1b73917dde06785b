/** The frozen contract's two calls. */
import { assertNever } from "../../../domain/primitives/assert-never.ts";
import type {
  Empty,
  ExecutorStatus,
  TradeRequest,
  TradeResult,
} from "../../../proto/generated/trade_executor/trade_executor.ts";
import type { Context } from "../context.ts";
import { invalid, refused, unknownOutcome } from "../errors.ts";
import { executorAnswerOf, executorStatusOf, swapCommandOf } from "../mapping/executor.ts";
import type { UnaryHandler } from "../methods.ts";
import { endPosition } from "./shared.ts";

export const executeTradeRequest =
  ({ engine, executor }: Context): UnaryHandler<TradeRequest, TradeResult> =>
  async (request, { principal, waitMs }) => {
    const command = swapCommandOf(request, executor);
    if (!command.ok) return invalid(command.violations);
    const context = { principal, waitFor: "FINALIZED", waitMs } as const;
    const result = await engine.submit(command.value, context);
    switch (result.kind) {
      case "order":
        return executorAnswerOf(result.order);
      case "refused":
        return refused(result.refusal);
      case "unknown":
        return unknownOutcome(result);
      default:
        return assertNever(result);
    }
  };

export const getExecutorStatus =
  (context: Context): UnaryHandler<Empty, ExecutorStatus> =>
  () => {
    const { engine, executor, version } = context;
    const about = { mode: executor.mode, version, position: endPosition(context) };
    return { kind: "ok", message: executorStatusOf(engine.status(), about) };
  };
