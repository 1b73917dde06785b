/** What `whatif` prints: a line for each order as it is decided, and the sums. */

import {
  type Decision,
  gainBps,
  type WhatIfOrder,
  type WhatIfPolicy,
} from "../../../domain/application/audit/whatif.ts";
import type { PairSum, WhatIfSummary } from "../../../domain/application/audit/whatif-log.ts";
import { countsOf, inputMintOf, outputMintOf } from "../../../domain/order/trade.ts";
import { formatTimestamp } from "../../../domain/primitives/time.ts";
import { table } from "../output.ts";
import { showBps, type TokenTable } from "../tokens.ts";

/** Of lines that are printed before the next one is known: wider cells move the rest to the right. */
const WIDTHS = [20, 36, 26, 22, 22, 24, 8] as const;

function line(cells: readonly string[]): string {
  const padded = cells.map((cell, column) => {
    const width = WIDTHS[column] ?? 0;
    return column < 3 ? cell.padEnd(width) : cell.padStart(width);
  });
  return `${padded.join("  ").trimEnd()}\n`;
}

export const WHATIF_HEAD = line([
  ...["REQUESTED", "ORDER", "TRADE"],
  ...["RECORDED", "WHAT IF", "DIFFERENCE", "BPS"],
]);

export function orderLine(compared: WhatIfOrder, tokens: TokenTable): string {
  const { order, recorded, whatIf, difference } = compared;
  const { request } = order;
  const isInput = countsOf(request) === "input";
  const [counted, other] = isInput
    ? [inputMintOf(request), outputMintOf(request)]
    : [outputMintOf(request), inputMintOf(request)];
  const amount = tokens.show(counted, BigInt(request.amount));
  const verb = isInput ? "spend" : "receive";
  const shown = (decision: Decision): string => {
    if (decision.kind === "failed") return decision.reason;
    return tokens.show(other, isInput ? decision.amountOut : decision.amountIn);
  };
  return line([
    `${formatTimestamp(order.requestedAtUs).slice(0, 19)}Z`,
    order.orderId,
    `${verb} ${amount}`,
    ...[shown(recorded), shown(whatIf)],
    ...(difference
      ? [signed(difference.gain, tokens.show(difference.mint, difference.gain))]
      : [compared.change === "same" ? "" : "failed"]),
    difference ? signed(difference.gain, gainBps(difference).toString()) : "",
  ]);
}

const signed = (units: bigint, text: string): string => (units > 0n ? `+${text}` : text);

/** Amounts are smallest units; `gain` is positive where the trader is better off. */
export function orderJson({ order, recorded, whatIf, change, difference }: WhatIfOrder) {
  const { orderId, request, requestedAtUs } = order;
  const { requestId, account, action, baseMint, quoteMint, amount } = request;
  return {
    ...{ orderId, requestId, account, action, baseMint, quoteMint, amount },
    counts: countsOf(request),
    requestedAt: formatTimestamp(requestedAtUs),
    ...{ recorded, whatIf, change },
    ...(difference ? { ...difference, gainBps: gainBps(difference) } : {}),
  };
}

export const summaryJson = ({ pairs, ...summary }: WhatIfSummary) => ({
  summary: { ...summary, pairs: pairs.map((pair) => ({ ...pair, gainBps: gainBps(pair) })) },
});

export function summaryText(
  { orders, changes, fallbacks, pairs, notRedecided }: WhatIfSummary,
  policy: WhatIfPolicy,
  tokens: TokenTable,
): string {
  const decided = Object.values(changes).reduce((sum, count) => sum + count, 0);
  const model = policy.slippageModel ?? "of each order";
  const { slippageToleranceBps: bps } = policy;
  const tolerance = bps === undefined ? "of each order" : showBps(bps);
  const lines = [
    `${decided} of ${orders} orders decided again: slippage model ${model}, tolerance ${tolerance}`,
    `${changes.better} better, ${changes.worse} worse, ${changes.same} the same, ` +
      `${changes["filled-to-failed"]} filled then and would fail, ` +
      `${changes["failed-to-filled"]} failed then and would be filled`,
    ...LEFT_OUT.flatMap(([why, text]) =>
      notRedecided[why] > 0 ? [`left out: ${notRedecided[why]} ${text}`] : [],
    ),
    ...(fallbacks > 0 ? [`${fallbacks} of them by a model's fallback: ${FALLBACK}`] : []),
    "Funds were not checked again.",
  ];
  const sums =
    pairs.length > 0
      ? `${table(
          SUM_HEAD,
          pairs.map((pair) => sumRow(pair, tokens)),
        )}`
      : "";
  return `${sums}${lines.join("\n")}\n`;
}

const FALLBACK = "the record lacks market facts that the model needs";

const LEFT_OUT = [
  ["simulated", "simulated, at their expected price"],
  ["unknown-model", "with a slippage model that this configuration has not"],
  ["live", "live: the chain executed them, not a model"],
  ["no-execution", "without an execution: rejected, without a quote, cancelled, expired or open"],
] as const;

const SUM_HEAD = ["PAIR", ">FILLS", ">RECORDED", ">DIFFERENCE", ">BPS"];

const sumRow = (pair: PairSum, tokens: TokenTable): readonly string[] => [
  `${tokens.symbol(pair.baseMint)}/${tokens.symbol(pair.quoteMint)}`,
  String(pair.fills),
  tokens.show(pair.mint, pair.of),
  signed(pair.gain, tokens.show(pair.mint, pair.gain)),
  signed(pair.gain, gainBps(pair).toString()),
];
