/** One event of an order with the order after it, as the wire shows it. */
import type { Update } from "../../../domain/application/orders/watch-orders.ts";
import type { OrderState } from "../../../domain/order/state.ts";
import type {
  TradeHistoryEntry,
  TradeUpdate,
} from "../../../proto/generated/orderstream/v1/trade_execution.ts";
import type { PositionTokens } from "./position-token.ts";
import { tradeResultOf } from "./result.ts";
import { executionStatusOf, type TokenNames } from "./status-stream.ts";

export function tradeUpdateOf(
  update: Update,
  { tokens, positions }: { readonly tokens: TokenNames; readonly positions: PositionTokens },
): TradeUpdate {
  const { eventType, time, message, percentComplete } = executionStatusOf(update, tokens);
  return {
    trade: entryOf(update.order),
    eventType,
    time,
    position: positions.encode(update.position),
    message,
    percentComplete,
  };
}

/** What the trade history will show of the order. */
function entryOf(order: OrderState): TradeHistoryEntry {
  const result = tradeResultOf(order, { balances: undefined, position: "" });
  const { fees, failedAttemptsFeeLamports } = result;
  const ofFill = fees ? fees.baseFeeLamports + fees.priorityFeeLamports + fees.tipLamports : 0n;
  return {
    orderId: result.orderId,
    requestId: result.requestId,
    account: result.account,
    mode: result.mode,
    action: result.action,
    baseMint: result.baseMint,
    quoteMint: result.quoteMint,
    status: result.status,
    amountIn: result.amountIn,
    amountOut: result.amountOut,
    price: result.price,
    feesLamports: ofFill + failedAttemptsFeeLamports,
    error: result.lastError,
    txSignature: result.txSignature,
    sourceService: order.request.sourceService,
    requestedAt: result.requestedAt,
    updatedAt: result.updatedAt,
    revision: result.revision,
    attemptCount: result.attemptCount,
    provisional: result.provisional,
    slot: result.slot,
    wallet: result.wallet,
  };
}
