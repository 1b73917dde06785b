/** Enum numbers of the wire and the words of the domain. */
import type { WaitFor as DomainWaitFor } from "../../../domain/application/engine.types.ts";
import type { OrderRequest } from "../../../domain/order/events.ts";
import type { OrderStatus as DomainStatus, SignedAttempt } from "../../../domain/order/state.ts";
import {
  AttemptOutcome,
  OrderStatus,
  TradeAction,
  TradingMode,
  Urgency,
  WaitFor,
} from "../../../proto/generated/orderstream/v1/trade_execution.ts";
import { type Parsed, valid, wrong } from "./parsed.ts";

export const MODES: Readonly<Record<OrderRequest["mode"], TradingMode>> = {
  PAPER: TradingMode.TRADING_MODE_PAPER,
  LIVE: TradingMode.TRADING_MODE_LIVE,
};

export const ACTIONS: Readonly<Record<OrderRequest["action"], TradeAction>> = {
  BUY: TradeAction.TRADE_ACTION_BUY,
  SELL: TradeAction.TRADE_ACTION_SELL,
  SWAP: TradeAction.TRADE_ACTION_SWAP,
};

export const URGENCIES: Readonly<Record<OrderRequest["urgency"], Urgency>> = {
  LOW: Urgency.URGENCY_LOW,
  NORMAL: Urgency.URGENCY_NORMAL,
  HIGH: Urgency.URGENCY_HIGH,
  CRITICAL: Urgency.URGENCY_CRITICAL,
};

export const WAITS: Readonly<Record<DomainWaitFor, WaitFor>> = {
  ACCEPTED: WaitFor.WAIT_FOR_ACCEPTED,
  SUBMITTED: WaitFor.WAIT_FOR_SUBMITTED,
  CONFIRMED: WaitFor.WAIT_FOR_CONFIRMED,
  FINALIZED: WaitFor.WAIT_FOR_FINALIZED,
};

export const STATUSES: Readonly<Record<DomainStatus, OrderStatus>> = {
  PENDING: OrderStatus.ORDER_STATUS_PENDING,
  SUBMITTED: OrderStatus.ORDER_STATUS_SUBMITTED,
  CONFIRMING: OrderStatus.ORDER_STATUS_CONFIRMING,
  FILLED: OrderStatus.ORDER_STATUS_FILLED,
  FAILED: OrderStatus.ORDER_STATUS_FAILED,
  REJECTED: OrderStatus.ORDER_STATUS_REJECTED,
  CANCELLED: OrderStatus.ORDER_STATUS_CANCELLED,
  EXPIRED: OrderStatus.ORDER_STATUS_EXPIRED,
  OUTCOME_UNKNOWN: OrderStatus.ORDER_STATUS_OUTCOME_UNKNOWN,
};

export const ATTEMPT_OUTCOMES: Readonly<Record<SignedAttempt["outcome"], AttemptOutcome>> = {
  open: AttemptOutcome.ATTEMPT_OUTCOME_OPEN,
  landed: AttemptOutcome.ATTEMPT_OUTCOME_LANDED,
  failed: AttemptOutcome.ATTEMPT_OUTCOME_FAILED,
  expired: AttemptOutcome.ATTEMPT_OUTCOME_EXPIRED,
  unknown: AttemptOutcome.ATTEMPT_OUTCOME_UNKNOWN,
};

/** The word of a number; undefined for 0 (unspecified); refused for a number without a word. */
export function wordOf<Word extends string>(
  name: string,
  words: Readonly<Record<Word, number>>,
  number: number,
): Parsed<Word | undefined> {
  if (number === 0) return valid(undefined);
  for (const word in words) if (words[word] === number) return valid(word);
  const known = Object.keys(words).join(", ");
  return wrong(name, `has the unknown enum number ${number}; known are ${known}`);
}

/** The number of a stored word; 0 (unspecified) for a word of a newer program. */
export function numberOf<Word extends string, Value extends number>(
  words: Readonly<Record<Word, Value>>,
  word: string,
): Value | 0 {
  for (const known in words) if (known === word) return words[known];
  return 0;
}
