/**
 * The rules of an order's life: decide(order, command) says which events follow. Pure and total: a command that has nothing
 * to do any more, or not yet, gives no events; the same command twice gives none the second time.
 */
import { U64_MAX } from "../primitives/amount.ts";
import { plainText } from "../primitives/plain-text.ts";
import { formatTimestamp, type TimestampUs } from "../primitives/time.ts";
import type { OrderCommand } from "./commands.ts";
import { decideSettle, decideSimulate } from "./decide-paper.ts";
import { decideQuote, quoteAtExpectedPrice } from "./decide-quote.ts";
import type { OrderEvent } from "./events.ts";
import type { FailureReason } from "./failures.ts";
import { isExpiryDue, isNotExecuted, settlesAtUs } from "./flow.ts";
import { amountText, checkRequest } from "./policy.ts";
import { isTerminal, type MaybeOrder, type OrderState } from "./state.ts";
import {
  inputMintOf,
  limitOf,
  outputMintOf,
  quotedAmounts,
  reservationOf,
  totalsOf,
} from "./trade.ts";

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
      return order.phase === "quoted" ? reserve(order, command) : [];
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
  const { checks, refusal } = checkRequest(order.request, policy, command);
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

function reserve(order: OrderState, command: Command<"Reserve">): OrderEvent[] {
  const amounts = quotedAmounts(order);
  const lines = reservationOf(order, command.baseFeeLamports);
  const totals = totalsOf(lines);
  const reject = (
    reason: FailureReason,
    message: string,
    check: [string, bigint, bigint],
  ): OrderEvent => ({
    type: "OrderRejected",
    data: {
      stage: "reserve",
      reason,
      message,
      checks: [{ check: check[0], limit: check[1].toString(), value: check[2].toString() }],
    },
  });
  // The most that may be spent counts, not only what is quoted.
  const worst = { in: limitOf(order).amountIn, out: amounts.amountOut };
  for (const [name, value] of Object.entries(worst)) {
    if (value === 0n) {
      const mint = name === "in" ? inputMintOf(order.request) : outputMintOf(order.request);
      const least = amountText(1n, mint, command.tokens);
      const message = `amount ${name} comes to 0; at least 1 smallest unit, ${least}, is needed`;
      return [reject("AMOUNT_TOO_SMALL", message, [`amount_${name}`, 1n, 0n])];
    }
    if (value > U64_MAX) {
      const message = `amount ${name} comes to ${value}, over u64`;
      return [reject("AMOUNT_TOO_LARGE", message, [`amount_${name}`, U64_MAX, value])];
    }
  }
  for (const [mint, needed] of totals) {
    const available = command.available(mint);
    if (needed > available) {
      const [has, needs] = [available, needed].map((units) =>
        amountText(units, mint, command.tokens),
      );
      const message = `account ${order.request.account} has ${has} available, the order needs ${needs}`;
      return [reject("INSUFFICIENT_FUNDS", message, [`funds ${mint}`, available, needed])];
    }
  }
  return [
    {
      type: "FundsReserved",
      data: {
        attempt: order.attempt,
        account: order.request.account,
        lines,
        available: [...totals.keys()].map((mint) => ({
          mint,
          amount: command.available(mint).toString(),
        })),
      },
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
