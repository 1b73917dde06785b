/** TradeRequest to the domain's command, and a recorded request back. */
import type { WaitFor } from "../../../domain/application/engine.types.ts";
import type { OrderRequest } from "../../../domain/order/events.ts";
import { type TradeCommand, tradeCommandSchema } from "../../../domain/order/request.ts";
import {
  type TradeRequest,
  WaitFor as WireWaitFor,
} from "../../../proto/generated/orderstream/v1/trade_execution.ts";
import type { Violation } from "../errors.ts";
import { ACTIONS, MODES, URGENCIES, WAITS, wordOf } from "./enums.ts";
import { type Parsed, valid, violationsOf } from "./parsed.ts";
import { timestampOf, timeUsOf } from "./time.ts";

/** Every field that is wrong is named. */
export function tradeCommandOf(
  request: TradeRequest,
): Parsed<{ readonly command: TradeCommand; readonly waitFor: WaitFor }> {
  const mode = wordOf("mode", MODES, request.mode);
  const action = wordOf("action", ACTIONS, request.action);
  const urgency = wordOf("urgency", URGENCIES, request.urgency);
  const waitFor = wordOf("wait_for", WAITS, request.waitFor);
  const expiresAtUs = timeUsOf("expires_at", request.expiresAt);
  const command = parseCommand({
    ...request,
    mode: mode.ok ? mode.value : undefined,
    action: action.ok ? action.value : undefined,
    urgency: urgency.ok ? urgency.value : undefined,
    expiresAtUs: expiresAtUs.ok ? expiresAtUs.value : undefined,
  });
  const read = [mode, action, urgency, waitFor, expiresAtUs];
  const early = read.flatMap((part) => (part.ok ? [] : part.violations));
  if (early.length > 0 || !waitFor.ok || !command.ok) {
    // An unknown enum number is said once, not again as a missing value.
    const said = new Set(early.map(({ field }) => field));
    const late = command.ok ? [] : command.violations.filter(({ field }) => !said.has(field));
    return { ok: false, violations: [...early, ...late] };
  }
  return valid({ command: command.value, waitFor: waitFor.value ?? "FINALIZED" });
}

/** Runs the domain's schema over plain values. */
export function parseCommand(values: Readonly<Record<string, unknown>>): Parsed<TradeCommand> {
  const result = tradeCommandSchema.safeParse(values);
  if (result.success) return valid(result.data);
  const violations: Violation[] = violationsOf(result.error.issues);
  return { ok: false, violations };
}

/** A recorded request with its defaults filled in; how long its caller waited is not recorded. */
export const tradeRequestOf = (request: OrderRequest): TradeRequest => ({
  requestId: request.requestId,
  mode: MODES[request.mode],
  account: request.account,
  sourceService: request.sourceService,
  action: ACTIONS[request.action],
  baseMint: request.baseMint,
  quoteMint: request.quoteMint,
  amount: BigInt(request.amount),
  isBaseInput: request.isBaseInput,
  slippageToleranceBps: request.slippageToleranceBps,
  urgency: URGENCIES[request.urgency],
  priorityFeeLamports: BigInt(request.priorityFeeLamports),
  mev: {
    simulate: request.mev.simulate,
    protect: request.mev.protect,
    tipLamports: BigInt(request.mev.tipLamports),
  },
  maxPriceImpactBps: request.maxPriceImpactBps,
  expectedPrice: request.expectedPrice,
  feeAccount: request.feeAccount,
  trackingAccount: request.trackingAccount,
  slippageModel: request.slippageModel,
  expiresAt: request.expiresAtUs === undefined ? undefined : timestampOf(request.expiresAtUs),
  isSimulated: request.isSimulated,
  metadata: { ...request.metadata },
  waitFor: WireWaitFor.WAIT_FOR_UNSPECIFIED,
});
