/** A trade's result for people. */
import {
  TradeAction,
  type TradeResult,
  TradingMode,
} from "../../../proto/generated/orderstream/v1/trade_execution.ts";
import { enumName, fields, formatTime, printable, statusName } from "../output.ts";
import { showLamports, type TokenTable } from "../tokens.ts";

type Sides = Pick<TradeResult, "action" | "baseMint" | "quoteMint">;

/** Mints by what happens to them. */
export const sidesOf = ({ action, baseMint, quoteMint }: Sides) =>
  action === TradeAction.TRADE_ACTION_BUY
    ? { spent: quoteMint, received: baseMint }
    : { spent: baseMint, received: quoteMint };

export function resultText(result: TradeResult, tokens: TokenTable): string {
  const { lastError, fees, nextRetryAt } = result;
  const warnings = result.warnings.map((text): [string, string] => ["warning", printable(text)]);
  return `${statusName(result.status)}: ${deed(result, tokens)}\n${fields([
    ["order", result.orderId],
    ["request", result.requestId],
    ["account", result.account],
    ["reason", lastError ? `${lastError.reason}: ${printable(lastError.message)}` : ""],
    ["next try", formatTime(nextRetryAt)],
    ...liveFields(result),
    ["fees", fees && result.amountIn > 0n ? feesText(fees) : ""],
    ["failed fees", failedFeesText(result.failedAttemptsFeeLamports)],
    ["wallet SOL", fees ? walletText(fees) : ""],
    ["slippage", slippageText(result)],
    ["MEV", result.mev ? mevText(result.mev) : ""],
    ["quote", result.staleQuote ? "stale: the market could not be asked" : ""],
    ["balance", result.balances.map((held) => tokens.show(held.mint, held.available)).join(", ")],
    ...warnings,
    ["more", `orderstream explain ${result.requestId}`],
  ])}`;
}

/** `bought 1.5 SOL for 227.3625 USDC at 151.575 USDC per SOL`, or what was asked for. */
function deed(result: TradeResult, tokens: TokenTable): string {
  const { spent, received } = sidesOf(result);
  const base = tokens.symbol(result.baseMint);
  const quote = tokens.symbol(result.quoteMint);
  if (result.amountIn === 0n) {
    const verb = VERBS[result.action]?.[0] ?? "trade";
    const [what, against] = verb === "buy" ? [received, spent] : [spent, received];
    return `${verb} ${tokens.symbol(what)} for ${tokens.symbol(against)}`;
  }
  const paid = tokens.show(spent, result.amountIn);
  const got = tokens.show(received, result.amountOut);
  const final = result.provisional ? ", not final yet" : "";
  const price = `at ${result.price} ${quote} per ${base}${final}`;
  return result.action === TradeAction.TRADE_ACTION_BUY
    ? `bought ${got} for ${paid} ${price}`
    : `${VERBS[result.action]?.[1] ?? "traded"} ${paid} for ${got} ${price}`;
}

const VERBS: Readonly<Record<number, readonly [string, string]>> = {
  [TradeAction.TRADE_ACTION_BUY]: ["buy", "bought"],
  [TradeAction.TRADE_ACTION_SELL]: ["sell", "sold"],
  [TradeAction.TRADE_ACTION_SWAP]: ["swap", "swapped"],
};

function feesText(fees: NonNullable<TradeResult["fees"]>): string {
  const lines: [string, bigint][] = [
    ["base", fees.baseFeeLamports],
    ["priority", fees.priorityFeeLamports],
    ["tip", fees.tipLamports],
    ["rent", fees.rentLamports],
  ];
  const total = lines.reduce((sum, [, lamports]) => sum + lamports, 0n);
  const parts = lines.filter(([, lamports]) => lamports > 0n);
  const detail = parts.map(([name, lamports]) => `${name} ${showLamports(lamports)}`).join(", ");
  return detail === "" ? "none" : `${showLamports(total)} (${detail})`;
}

/** Nothing for paper orders. */
function liveFields(result: TradeResult): [string, string][] {
  if (result.mode !== TradingMode.TRADING_MODE_LIVE) return [];
  const slot = result.slot === undefined ? "" : ` in slot ${result.slot}`;
  const route = result.route === "" ? "" : `, ${result.route} route`;
  const signature = result.txSignature ?? "";
  return [
    ["wallet", result.wallet],
    ["transaction", signature === "" ? "nothing is signed" : `${signature}${slot}${route}`],
    ...result.signedAttempts.slice(0, -1).map((before): [string, string] => {
      const outcome = enumName("attemptOutcome", before.attemptOutcome);
      return ["before it", `${before.txSignature}: ${outcome}`];
    }),
  ];
}

const failedFeesText = (lamports: bigint): string =>
  lamports === 0n ? "" : `${showLamports(lamports)} for attempts that failed on the chain`;

/** What the wallet itself gained or lost, where more than swap and fees moved. */
function walletText(fees: NonNullable<TradeResult["fees"]>): string {
  if (fees.walletChangeLamports === undefined) return "";
  const lines: [string, bigint][] = [
    ["rent back", fees.rentRecoveredLamports],
    ["unwrapped", fees.unwrappedLamports],
    ["other transfers", -fees.otherTransfersLamports],
  ];
  const told = lines.filter(([, lamports]) => lamports !== 0n);
  const detail = told.map(([name, lamports]) => `${name} ${showLamports(lamports)}`).join(", ");
  return `${showLamports(fees.walletChangeLamports)}${detail === "" ? "" : ` (with ${detail})`}`;
}

/** `HIGH risk, 8.00 % chance of a sandwich, attacked: 100.00 bps`. */
function mevText(mev: NonNullable<TradeResult["mev"]>): string {
  const worth = mev.tradeValueUsd === "" ? "" : ` at ${mev.tradeValueUsd} US dollars`;
  const percent = (bps: number): string => `${(bps / 100).toFixed(2)} %`;
  return (
    `${mev.riskClass} risk${worth}, ${percent(mev.sandwichProbabilityBps)} chance of a sandwich, ` +
    `protection ${percent(mev.protectionBps)}, ` +
    (mev.attacked ? `attacked: ${mev.impactBps} bps` : "not attacked")
  );
}

function slippageText(result: TradeResult): string {
  const { slippageModel, slippageVsQuotedBps, slippageVsExpectedBps } = result;
  const parts = [
    slippageVsQuotedBps === undefined ? "" : `${slippageVsQuotedBps} bps against the quote`,
    slippageVsExpectedBps === undefined ? "" : `${slippageVsExpectedBps} bps against expected`,
    slippageModel === "" ? "" : `model ${slippageModel}`,
  ];
  return parts.filter((part) => part !== "").join(", ");
}
