/** Whether the account can pay for the order, and what is held for it: the same rule for paper and live funds. */
import { U64_MAX } from "../primitives/amount.ts";
import type { Mint } from "../primitives/ids.ts";
import type { OrderEvent, ReservationLine } from "./events.ts";
import type { FailureReason } from "./failures.ts";
import { amountText, type Policy } from "./policy.ts";
import type { OrderState } from "./state.ts";
import { inputMintOf, limitOf, outputMintOf, quotedAmounts, totalsOf } from "./trade.ts";

export type Reserving = {
  readonly lines: readonly ReservationLine[];
  /** What the account has free of a mint, in smallest units. */
  readonly available: (mint: Mint) => bigint;
  /** For the words of a refusal. */
  readonly tokens: Policy["tokens"];
  /** Slot that a live wallet was read at. */
  readonly contextSlot?: number;
};

export function decideReserve(order: OrderState, reserving: Reserving): OrderEvent[] {
  const { lines, available, tokens, contextSlot } = reserving;
  const amounts = quotedAmounts(order);
  const totals = totalsOf(lines);
  // The most that may be spent counts, not only what is quoted.
  const worst = { in: limitOf(order).amountIn, out: amounts.amountOut };
  for (const [name, value] of Object.entries(worst)) {
    if (value === 0n) {
      const mint = name === "in" ? inputMintOf(order.request) : outputMintOf(order.request);
      const least = amountText(1n, mint, tokens);
      const message = `amount ${name} comes to 0; at least 1 smallest unit, ${least}, is needed`;
      return [reject("AMOUNT_TOO_SMALL", message, [`amount_${name}`, 1n, 0n])];
    }
    if (value > U64_MAX) {
      const message = `amount ${name} comes to ${value}, over u64`;
      return [reject("AMOUNT_TOO_LARGE", message, [`amount_${name}`, U64_MAX, value])];
    }
  }
  for (const [mint, needed] of totals) {
    const free = available(mint);
    if (needed > free) {
      const [has, needs] = [free, needed].map((units) => amountText(units, mint, tokens));
      const message = `account ${order.request.account} has ${has} available, the order needs ${needs}`;
      return [reject("INSUFFICIENT_FUNDS", message, [`funds ${mint}`, free, needed])];
    }
  }
  return [
    {
      type: "FundsReserved",
      data: {
        attempt: order.attempt,
        account: order.request.account,
        lines: [...lines],
        available: [...totals.keys()].map((mint) => ({ mint, amount: available(mint).toString() })),
        contextSlot,
      },
    },
  ];
}

const reject = (
  reason: FailureReason,
  message: string,
  [check, limit, value]: readonly [string, bigint, bigint],
): OrderEvent => ({
  type: "OrderRejected",
  data: {
    stage: "reserve",
    reason,
    message,
    checks: [{ check, limit: limit.toString(), value: value.toString() }],
  },
});
