/** The frozen contract: a SWAP that waits for its end, on the account that the configuration names. */
import type { EngineStatus } from "../../../domain/application/engine.types.ts";
import type { OrderRequest } from "../../../domain/order/events.ts";
import type { TradeCommand } from "../../../domain/order/request.ts";
import { isTerminal, type OrderState, signatureOf, statusOf } from "../../../domain/order/state.ts";
import { ratioOf } from "../../../domain/order/trade.ts";
import type { AccountId } from "../../../domain/primitives/ids.ts";
import { priceFromRatio } from "../../../domain/primitives/ratio.ts";
import { formatTimestamp, type TimestampUs, US_PER_MS } from "../../../domain/primitives/time.ts";
import {
  type ExecutorStatus,
  type TradeRequest,
  TradeResult,
  TradeStatus,
  UrgencyLevel,
} from "../../../proto/generated/trade_executor/trade_executor.ts";
import { type Answer, anyOf, recordedFailure, type Violation } from "../errors.ts";
import { wordOf } from "./enums.ts";
import type { Parsed } from "./parsed.ts";
import { parseCommand } from "./request.ts";
import { failureStatus } from "./result.ts";

const LEVELS: Readonly<Record<OrderRequest["urgency"], UrgencyLevel>> = {
  LOW: UrgencyLevel.URGENCY_LEVEL_LOW,
  NORMAL: UrgencyLevel.URGENCY_LEVEL_NORMAL,
  HIGH: UrgencyLevel.URGENCY_LEVEL_HIGH,
  CRITICAL: UrgencyLevel.URGENCY_LEVEL_CRITICAL,
};

/** Names that differ from those of the domain's fields. */
const FIELD_NAMES: Readonly<Record<string, string>> = {
  base_mint: "input_token",
  quote_mint: "output_token",
  amount: "amount_lamports",
  slippage_tolerance_bps: "max_slippage_bps",
};

export function swapCommandOf(
  request: TradeRequest,
  executor: { readonly mode: OrderRequest["mode"]; readonly account: AccountId },
): Parsed<TradeCommand> {
  const urgency = wordOf("urgency_level", LEVELS, request.urgencyLevel);
  const price = request.expectedPrice;
  const priced = Number.isFinite(price) && price >= 0;
  const command = parseCommand({
    requestId: request.requestId,
    mode: executor.mode,
    account: executor.account,
    sourceService: request.sourceService,
    action: "SWAP",
    baseMint: request.inputToken,
    quoteMint: request.outputToken,
    amount: request.amountLamports,
    slippageToleranceBps: request.maxSlippageBps,
    urgency: urgency.ok ? urgency.value : undefined,
    expectedPrice: priced && price !== 0 ? decimalOf(price) : undefined,
    feeAccount: request.feeAccount,
    trackingAccount: request.trackingAccount,
    isSimulated: false,
    metadata: {},
  });
  const violations: Violation[] = [
    ...(urgency.ok ? [] : urgency.violations),
    ...(priced
      ? []
      : [{ field: "expected_price", description: "must be a number of 0 or more; 0 = not given" }]),
    ...(command.ok ? [] : command.violations.map(renamed)),
  ];
  return command.ok && violations.length === 0 ? command : { ok: false, violations };
}

const renamed = ({ field, description }: Violation): Violation => ({
  field: FIELD_NAMES[field] ?? field,
  description: description.replace("base_mint", "input_token"),
});

const MAX_FRACTION_DIGITS = 18;

/** The shortest decimal number that is this double, without exponent, cut to 18 digits behind the point. */
export function decimalOf(value: number): string {
  const [mantissa = "0", exponent = "0"] = String(value).split("e");
  const [whole = "0", fraction = ""] = mantissa.split(".");
  const shift = Number(exponent);
  const digits = whole + fraction;
  const point = whole.length + shift;
  const padded = point <= 0 ? digits.padStart(digits.length - point + 1, "0") : digits;
  const at = point <= 0 ? 1 : point;
  const before = padded.slice(0, at).padEnd(at, "0");
  const after = padded.slice(at, at + MAX_FRACTION_DIGITS).replace(/0+$/, "");
  return after ? `${before}.${after}` : before;
}

/** The outcome as a status: a recorded failure carries this contract's own result. */
export function executorAnswerOf(order: OrderState): Answer<TradeResult> {
  const result = executorResultOf(order);
  const error = failureStatus(order);
  if (!error) return { kind: "ok", message: result };
  const detail = anyOf("trade_executor.TradeResult", TradeResult.encode(result).finish());
  return recordedFailure(error, order.orderId, detail);
}

export function executorResultOf(order: OrderState): TradeResult {
  const { decimals, request, updatedAtUs, feesOfFailedAttempts } = order;
  // This contract has no word for a fill that a fork may still undo.
  const fill = isTerminal(order) ? order.fill : undefined;
  const fees = fill?.fees;
  const priorityFee = BigInt(fees?.priorityFeeLamports ?? 0);
  const feesOfFill =
    BigInt(fees?.baseFeeLamports ?? 0) + priorityFee + BigInt(fees?.tipLamports ?? 0);
  const submittedAtUs = order.stepsUs.submitted ?? order.stepsUs.executed;
  return {
    requestId: request.requestId,
    status: tradeStatusOf(order),
    transactionSignature: signatureOf(order),
    executedAmount: BigInt(fill?.amountOut ?? 0),
    // The only place where a price becomes a double: this contract says so.
    executedPrice: fill && decimals ? Number(priceFromRatio(ratioOf(fill.price), decimals)) : 0,
    slippageBps: unfavourableBps(
      fill?.slippageVsExpectedCentiBps ?? fill?.slippageVsQuotedCentiBps,
    ),
    // What attempts have cost that failed on the chain is paid too.
    feesPaid: feesOfFill + BigInt(feesOfFailedAttempts ?? 0),
    priorityFee,
    executionTimeMs: isTerminal(order) ? milliseconds(updatedAtUs - order.requestedAtUs) : 0n,
    errorMessage: failureStatus(order)?.message,
    mevProtected: fill?.live?.mevProtected ?? false,
    confirmationTimeMs:
      fill && submittedAtUs !== undefined ? milliseconds(updatedAtUs - submittedAtUs) : 0n,
  };
}

function tradeStatusOf(order: OrderState): TradeStatus {
  const status = statusOf(order);
  if (status === "FILLED") return TradeStatus.TRADE_STATUS_SUCCESS;
  if (status === "OUTCOME_UNKNOWN") return TradeStatus.TRADE_STATUS_UNKNOWN;
  return isTerminal(order) ? TradeStatus.TRADE_STATUS_FAILED : TradeStatus.TRADE_STATUS_PENDING;
}

/** Rounded half up; an improvement is 0. */
function unfavourableBps(centiBps: string | undefined): number {
  const value = Number(centiBps ?? "0");
  return value > 0 ? Math.round(value / 100) : 0;
}

const milliseconds = (durationUs: TimestampUs): bigint =>
  BigInt(Math.max(0, Math.round(durationUs / US_PER_MS)));

export const executorStatusOf = (
  status: EngineStatus,
  about: {
    readonly mode: OrderRequest["mode"];
    readonly version: string;
    /** Opaque. */
    readonly position: string;
  },
): ExecutorStatus => ({
  accepting: status.accepting,
  mode: about.mode,
  // This version has no circuit breaker and no kill switch.
  breaker: "closed",
  killSwitch: false,
  open: BigInt(status.openOrders),
  unknown: BigInt(status.unknownOrders),
  queueLength: BigInt(status.queueLength),
  lastPosition: about.position,
  version: about.version,
  startedAt: formatTimestamp(status.startedAtUs),
});
