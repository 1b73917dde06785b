/** Each event of an order in plain words. */
import type { RecordedEvent } from "../../../domain/codec/codec.ts";
import {
  isLiveEvent,
  type OrderEvent,
  type OrderEventData,
  type OrderRequest,
} from "../../../domain/order/events.ts";
import type { Token } from "../../../domain/order/policy.ts";
import {
  isTerminal,
  type OrderState,
  PERCENT_COMPLETE,
  signatureOf,
  statusOf,
} from "../../../domain/order/state.ts";
import { inputMintOf, outputMintOf, ratioOf } from "../../../domain/order/trade.ts";
import { formatCentiBps } from "../../../domain/pricing/paper-fill.ts";
import { formatAmount } from "../../../domain/primitives/amount.ts";
import { assertNever } from "../../../domain/primitives/assert-never.ts";
import type { Mint } from "../../../domain/primitives/ids.ts";
import { priceFromRatio } from "../../../domain/primitives/ratio.ts";
import { formatTimestamp } from "../../../domain/primitives/time.ts";
import type { ExecutionStatus } from "../../../proto/generated/orderstream/v1/trade_execution.ts";
import { STATUSES } from "./enums.ts";
import { describeLive } from "./live-words.ts";
import { timestampOf } from "./time.ts";

export type TokenNames = ReadonlyMap<Mint, Pick<Token, "symbol" | "decimals">>;

/** `order` is the state after the event. */
export function executionStatusOf(
  { recorded, order }: { readonly recorded: RecordedEvent<OrderEvent>; readonly order: OrderState },
  tokens: TokenNames,
): ExecutionStatus {
  return {
    orderId: order.orderId,
    requestId: order.request.requestId,
    status: STATUSES[statusOf(order)],
    percentComplete: PERCENT_COMPLETE[order.phase],
    message: describeEvent(recorded.event, order, tokens),
    revision: BigInt(recorded.revision),
    time: timestampOf(recorded.metadata.recordedAtUs),
    eventType: recorded.event.type,
    terminal: isTerminal(order),
    txSignature: signatureOf(order),
    provisional: order.phase === "provisional",
  };
}

/** One sentence with the numbers that matter. */
export function describeEvent(event: OrderEvent, order: OrderState, tokens: TokenNames): string {
  if (isLiveEvent(event)) return describeLive(event);
  const { data, type } = event;
  const amount = (units: string, mint: Mint) => shown(units, tokens, mint);
  switch (type) {
    case "OrderRequested":
      return `accepted: ${describeRequest(data.request, tokens)}`;
    case "OrderValidated":
      return `passed ${data.checks.length} checks`;
    case "OrderRejected":
      return `rejected (${data.reason}): ${data.message}`;
    case "QuoteObtained":
      return `quoted${quotedPrice(data, order)} from ${data.cacheHit ? "the cache of " : ""}${data.source}`;
    case "QuoteFailed":
      return `no quote for attempt ${data.attempt} (${data.class}): ${data.message}`;
    case "FundsReserved":
      return `reserved ${data.lines.map((line) => `${amount(line.amount, line.mint)} (${line.purpose})`).join(", ")}`;
    case "PaperExecutionSimulated":
      return `executed on paper with ${ppmAsBps(data.slippagePpm)} bps of slippage (${data.model})`;
    case "SimulationFailed":
      return `attempt ${data.attempt} would fail: ${data.message}`;
    case "RetryScheduled":
      return `attempt ${data.nextAttempt} follows at ${formatTimestamp(data.notBeforeUs)} because: ${data.message}`;
    case "OrderFilled":
      return describeFill(data, order, tokens);
    case "OrderFailed":
      return `failed after ${data.attempts} attempts (${data.reason}): ${data.message}`;
    case "OrderCancelRequested":
      return `${data.by} asked to cancel${data.message && `: ${data.message}`}`;
    case "OrderCancelled":
      return `cancelled by ${data.by}${data.message && `: ${data.message}`}`;
    case "OrderExpired":
      return `expired: ${data.message}`;
    default:
      return assertNever(type);
  }
}

function describeRequest(request: OrderRequest, tokens: TokenNames): string {
  const counted = request.isBaseInput ? request.baseMint : request.quoteMint;
  const given = counted === inputMintOf(request) ? "with" : "for exactly";
  const name = (mint: Mint) => tokens.get(mint)?.symbol ?? mint;
  const amount = shown(request.amount, tokens, counted);
  return (
    `${request.mode} ${request.action} ${name(request.baseMint)}/${name(request.quoteMint)} ` +
    `${given} ${amount}, at most ${request.slippageToleranceBps} bps of slippage`
  );
}

function quotedPrice(data: OrderEventData<"QuoteObtained">, { decimals }: OrderState): string {
  return decimals ? ` at ${priceFromRatio(ratioOf(data.price), decimals)}` : "";
}

function describeFill(
  data: OrderEventData<"OrderFilled">,
  { request, decimals }: OrderState,
  tokens: TokenNames,
): string {
  const spent = shown(data.amountIn, tokens, inputMintOf(request));
  const received = shown(data.amountOut, tokens, outputMintOf(request));
  const at = decimals ? ` at ${priceFromRatio(ratioOf(data.price), decimals)}` : "";
  const slippage = formatCentiBps(BigInt(data.slippageVsQuotedCentiBps));
  const deal = `${spent} for ${received}${at}, ${slippage} bps from the quote`;
  return data.live
    ? `filled, not final yet: ${deal}, in slot ${data.live.slot} as ${data.txSignature}`
    : `filled: ${deal}`;
}

/** Parts per million as basis points: 5025 are "50.25". */
const ppmAsBps = (ppm: number): string => formatCentiBps(BigInt(ppm));

/** Whole tokens with the symbol; smallest units with the mint where it is not known. */
function shown(units: string, tokens: TokenNames, mint: Mint): string {
  const token = tokens.get(mint);
  return token
    ? `${formatAmount(BigInt(units), token.decimals)} ${token.symbol}`
    : `${units} smallest units of ${mint}`;
}
