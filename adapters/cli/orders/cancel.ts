/** `cancel <order>`: what is not executed yet never will be. Exit code 0 says that nothing of the order was executed. */
import {
  CancelOutcome,
  OrderStatus,
  TradeExecutionServiceService as Service,
  type TradeResult,
} from "../../../proto/generated/orderstream/v1/trade_execution.ts";
import { type Call, type CommandSpec, configOf } from "../command.ts";
import { withEngine } from "../engine-client.ts";
import { EXIT, type ExitCode } from "../exit-codes.ts";
import { findOrder } from "../find-order.ts";
import { jsonLine, statusName } from "../output.ts";
import { tokenTable } from "../tokens.ts";
import { resultText } from "./trade-text.ts";

export const cancelCommand: CommandSpec = {
  name: "cancel",
  operands: "<order>",
  summary: "cancel an order that is not executed yet",
  needs: "engine",
  options: [{ flags: "--reason <text>", description: "for the record" }],
  notes:
    "Exit code 0: nothing of it was executed, and nothing will be (cancelled now or before, rejected,\n" +
    "failed or expired). 1: it was filled before. 6: it is executed and its end is awaited.",
  run: cancel,
};

async function cancel(call: Call): Promise<ExitCode> {
  const { operands, options, io } = call;
  const config = configOf(call);
  const { outcome, result, position } = await withEngine(config.grpc, async (engine) => {
    const { key } = await findOrder(engine, operands[0] ?? "");
    const request = { order: key, reason: options.text("reason") ?? "" };
    return engine.call(Service.cancelTrade, request, { timeoutMs: 30_000, isWrite: true });
  });
  const { code, text } = verdictOf(outcome, result);
  if (options.flag("json")) io.out(jsonLine({ outcome, result, position }));
  else {
    io.out(`${text}\n`);
    if (result) io.out(resultText(result, tokenTable(config.tokens)));
  }
  return code;
}

type Verdict = { readonly code: ExitCode; readonly text: string };

function verdictOf(outcome: CancelOutcome, result: TradeResult | undefined): Verdict {
  switch (outcome) {
    case CancelOutcome.CANCEL_OUTCOME_CANCELLED:
      return { code: EXIT.ok, text: "cancelled" };
    case CancelOutcome.CANCEL_OUTCOME_TOO_LATE_PENDING:
      return {
        code: EXIT.unknown,
        text: "not cancelled: it is executed already, and its end is awaited",
      };
    default:
      return endedBefore(result);
  }
}

function endedBefore(result: TradeResult | undefined): Verdict {
  const status = result?.status ?? OrderStatus.ORDER_STATUS_UNSPECIFIED;
  switch (status) {
    case OrderStatus.ORDER_STATUS_CANCELLED:
      return { code: EXIT.ok, text: "it was cancelled before" };
    case OrderStatus.ORDER_STATUS_REJECTED:
    case OrderStatus.ORDER_STATUS_FAILED:
    case OrderStatus.ORDER_STATUS_EXPIRED:
      return {
        code: EXIT.ok,
        text: `nothing to cancel: it had ended before without a fill (${statusName(status)})`,
      };
    case OrderStatus.ORDER_STATUS_FILLED:
      return { code: EXIT.failed, text: "not cancelled: it was filled before" };
    default:
      return { code: EXIT.failed, text: `not cancelled: it had ended (${statusName(status)})` };
  }
}
