/**
 * The rules of an order's life: decide(order, command) says which events follow. Pure and total: a command that has nothing
 * to do any more, or not yet, gives no events; the same command twice gives none the second time.
 */
import { plainText } from "../primitives/plain-text.ts";
import { formatTimestamp, type TimestampUs } from "../primitives/time.ts";
import type { OrderCommand } from "./commands.ts";
import { decideLive, isLiveCommand } from "./decide-live.ts";
import { decideSettle, decideSimulate } from "./decide-paper.ts";
import { decideQuote, quoteAtExpectedPrice } from "./decide-quote.ts";
import { decideReserve } from "./decide-reserve.ts";
import type { OrderEvent } from "./events.ts";
import { isExpiryDue, isNotExecuted, settlesAtUs } from "./flow.ts";
import { both, checkLive } from "./live-policy.ts";
import { checkRequest } from "./policy.ts";
import { isTerminal, type MaybeOrder, type OrderState } from "./state.ts";
import { reservationOf } from "./trade.ts";

/** A simulated order has its own price; a retry waits for its time. */
const mayQuote = (order: OrderState, nowUs: TimestampUs): boolean =>
  order.phase === "validated" &&
  !order.request.isSimulated &&
  nowUs >= (order.nextRetryAtUs ?? nowUs);

/** What is executed settles when its delay is over. */
const isDue = (order: OrderState, nowUs: TimestampUs): boolean =>
  order.phase === "executed" && nowUs >= settlesAtUs(order);

type Command<T extends OrderCommand["type"]> = Extract<OrderCommand, { readonly type: T }>;

export function decide(order: MaybeOrder, command: OrderCommand): readonly OrderEvent[] {
  if (command.type === "Request") return order ? [] : requested(command);
  if (!order || isTerminal(order)) return [];
  if (isLiveCommand(command)) return decideLive(order, command);
  switch (command.type) {
    case "Validate":
      return order.phase === "requested" ? validate(order, command) : [];
    case "RecordQuote":
      return mayQuote(order, command.nowUs) ? decideQuote(order, command) : [];
    case "UseExpectedPrice":
      return order.phase === "validated" && order.request.isSimulated
        ? quoteAtExpectedPrice(order)
        : [];
    case "Reserve":
      return order.phase === "quoted"
        ? decideReserve(order, { ...command, lines: reservationOf(order, command.baseFeeLamports) })
        : [];
    case "Simulate":
      return order.phase === "reserved" ? decideSimulate(order, command) : [];
    case "Settle":
      return isDue(order, command.nowUs) ? decideSettle(order, command) : [];
    case "Cancel":
      return cancel(order, command);
    case "Expire":
      return expire(order, command);
  }
}

function requested({ type: _, defaulted, ...data }: Command<"Request">): OrderEvent[] {
  return [{ type: "OrderRequested", data: { ...data, defaulted: [...defaulted] } }];
}

function validate(order: OrderState, command: Command<"Validate">): OrderEvent[] {
  const { policy } = command;
  const { live } = command;
  const general = checkRequest(order.request, policy, command);
  const { checks, refusal } = live ? both(general, () => checkLive(order.request, live)) : general;
  const base = policy.tokens.get(order.request.baseMint);
  const quote = policy.tokens.get(order.request.quoteMint);
  if (refusal || !base || !quote) {
    const why = refusal ?? { reason: "MINT_NOT_SUPPORTED", message: "the mint is not supported" };
    return [{ type: "OrderRejected", data: { stage: "validate", ...why, checks: [...checks] } }];
  }
  return [
    {
      type: "OrderValidated",
      data: { checks: [...checks], baseDecimals: base.decimals, quoteDecimals: quote.decimals },
    },
  ];
}

function cancel(order: OrderState, { by, message: why }: Command<"Cancel">): OrderEvent[] {
  if (order.cancelRequestedBy !== undefined) return [];
  const message = plainText(why) || `cancelled by ${by}`;
  const asked: OrderEvent = { type: "OrderCancelRequested", data: { by, message } };
  return isNotExecuted(order)
    ? [asked, { type: "OrderCancelled", data: { by, message } }]
    : [asked];
}

function expire(order: OrderState, { nowUs }: Command<"Expire">): OrderEvent[] {
  const { expiresAtUs } = order.request;
  if (expiresAtUs === undefined || !isExpiryDue(order, nowUs)) return [];
  const message = `not executed before ${formatTimestamp(expiresAtUs)}`;
  return [{ type: "OrderExpired", data: { expiresAtUs, message } }];
}
