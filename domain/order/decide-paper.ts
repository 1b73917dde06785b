/** The paper venue's two decisions: what a trade comes to, and its settlement. */
import { tradeAmounts, withinLimit } from "../pricing/paper-fill.ts";
import { ratioFromFraction } from "../primitives/ratio.ts";
import type { OrderCommand } from "./commands.ts";
import type { OrderEvent } from "./events.ts";
import type { OrderState } from "./state.ts";
import {
  limitOf,
  quotedAmounts,
  ratioOf,
  required,
  reservedFor,
  sideOf,
  slippageOf,
  tradeAt,
} from "./trade.ts";

type Command<T extends OrderCommand["type"]> = Extract<OrderCommand, { readonly type: T }>;

/** Fills at the quoted price worsened by the slippage model, or fails as on chain when that is under the order's limit. */
export function decideSimulate(order: OrderState, command: Command<"Simulate">): OrderEvent[] {
  const quote = required(order.quote, "quote");
  const quoted = quotedAmounts(order);
  const simulated = quote.basis === "expected";
  const slippagePpm = simulated
    ? 0n
    : command.model.slippagePpm({
        side: sideOf(order.request),
        quotedIn: quoted.amountIn,
        priceImpact: quote.basis === "route" ? ratioFromFraction(quote.priceImpact) : undefined,
        seed: order.orderId,
      });
  const amounts = tradeAmounts(tradeAt(order.request, ratioOf(quote.price)), slippagePpm);
  const limit = limitOf(order);
  if (!withinLimit(amounts, limit)) return slippageExceeded(order, amounts, limit);
  const priority = BigInt(order.request.priorityFeeLamports);
  return [
    {
      type: "PaperExecutionSimulated",
      data: {
        attempt: order.attempt,
        model: simulated ? "none" : command.model.name,
        slippagePpm: Number(slippagePpm),
        seed: order.orderId,
        delayMs: command.delayMs,
        quotedIn: quoted.amountIn.toString(),
        quotedOut: quoted.amountOut.toString(),
        limitIn: limit.amountIn.toString(),
        limitOut: limit.amountOut.toString(),
        amountIn: amounts.amountIn.toString(),
        amountOut: amounts.amountOut.toString(),
        fees: {
          baseFeeLamports: (reservedFor(order, "fee") - priority).toString(),
          priorityFeeLamports: priority.toString(),
          tipLamports: reservedFor(order, "tip").toString(),
          rentLamports: "0",
          platformFee: "0",
        },
        warnings: warningsOf(order),
      },
    },
  ];
}

type Pair = { readonly amountIn: bigint; readonly amountOut: bigint };

function slippageExceeded(order: OrderState, amounts: Pair, limit: Pair): OrderEvent[] {
  const spent = amounts.amountIn > limit.amountIn;
  const value = spent ? amounts.amountIn : amounts.amountOut;
  const bound = spent ? limit.amountIn : limit.amountOut;
  const message = spent
    ? `the trade would spend ${value} smallest units, at most ${bound} are allowed`
    : `the trade would receive ${value} smallest units, at least ${bound} are required`;
  const reason = "SLIPPAGE_EXCEEDED";
  return [
    {
      type: "SimulationFailed",
      data: {
        attempt: order.attempt,
        class: reason,
        message,
        limit: bound.toString(),
        value: value.toString(),
      },
    },
    { type: "OrderFailed", data: { attempts: order.attempt, reason, message } },
  ];
}

function warningsOf({ request }: OrderState): string[] {
  const warnings: string[] = [];
  if (request.mev.simulate) warnings.push("MEV_NOT_MODELLED: this version has no MEV model");
  if (request.feeAccount !== undefined) {
    warnings.push("FEE_ACCOUNT_IGNORED: paper trades take no platform fee");
  }
  return warnings;
}

export function decideSettle(order: OrderState, { nowUs }: Command<"Settle">): OrderEvent[] {
  const execution = required(order.execution, "execution");
  const amounts = {
    amountIn: BigInt(execution.amountIn),
    amountOut: BigInt(execution.amountOut),
  };
  const { amountIn, amountOut } = execution;
  const slippage = slippageOf(order, amounts);
  const buys = sideOf(order.request) === "buy";
  const { validated, quoted, reserved } = order.stepsUs;
  const between = (from: number | undefined, to: number | undefined): number =>
    from === undefined || to === undefined ? 0 : Math.max(0, to - from);
  return [
    {
      type: "OrderFilled",
      data: {
        attempt: order.attempt,
        amountIn,
        amountOut,
        price: {
          numerator: buys ? amountIn : amountOut,
          denominator: buys ? amountOut : amountIn,
        },
        fees: execution.fees,
        slippageVsExpectedCentiBps: slippage.expected,
        slippageVsQuotedCentiBps: slippage.quoted,
        txSignature: `sim_${order.orderId}`,
        evidence: `paper execution at revision ${order.revision}`,
        timings: {
          validateUs: between(order.requestedAtUs, validated),
          quoteUs: between(validated, quoted),
          reserveUs: between(quoted, reserved),
          executeUs: between(reserved, nowUs),
          totalUs: between(order.requestedAtUs, nowUs),
        },
      },
    },
  ];
}
