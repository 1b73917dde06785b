/** The paper venue's two decisions: what a trade comes to, and its settlement. */

import { drawOutcome } from "../pricing/outcomes.ts";
import { type Amounts, PPM, type Ppm, tradeAmounts, withinLimit } from "../pricing/paper-fill.ts";
import type { MarketFacts } from "../pricing/slippage/model.ts";
import { US_PER_MS } from "../primitives/time.ts";
import type { OrderCommand } from "./commands.ts";
import type { OrderEvent, OrderEventData } from "./events.ts";
import type { FailureReason } from "./failures.ts";
import {
  type Attack,
  attackOn,
  drawnSlippage,
  type ModelSlippage,
  modelSlippage,
  NO_SLIPPAGE,
} from "./paper-slippage.ts";
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

/**
 * Fills at the quoted price worsened by the slippage model and an attack, or fails as on chain when that is under the order's limit.
 * The outcome knobs may draw slippage, delay or a failure instead. A simulated order fills at its own price, whatever is configured.
 */
export function decideSimulate(order: OrderState, command: Command<"Simulate">): OrderEvent[] {
  if (required(order.quote, "quote").basis === "expected") {
    return fillOrFail(order, command, { slippage: NO_SLIPPAGE, delayMs: command.delayMs });
  }
  const drawn = command.outcomes && drawOutcome(command.outcomes, order.orderId);
  if (drawn?.fails) return drawnFailure(order, command, drawn.draw);
  const slippage =
    drawn?.slippagePpm === undefined
      ? modelSlippage(order, command)
      : drawnSlippage(drawn.slippagePpm, { draw: drawn.draw, ...drawn.slippageTerms });
  return fillOrFail(order, command, { slippage, delayMs: drawn?.delayMs ?? command.delayMs });
}

type Drawn = { readonly slippage: ModelSlippage; readonly delayMs: number };

function fillOrFail(
  order: OrderState,
  command: Command<"Simulate">,
  { slippage, delayMs }: Drawn,
): OrderEvent[] {
  const price = ratioOf(required(order.quote, "quote").price);
  const limit = limitOf(order);
  const amountsAt = (ppm: Ppm): Amounts => tradeAmounts(tradeAt(order.request, price), ppm);
  const isAllowed = (ppm: Ppm): boolean => ppm < PPM && withinLimit(amountsAt(ppm), limit);
  if (!isAllowed(slippage.ppm)) {
    const { market } = command;
    return slippageExceeded(order, amountsAt(slippage.ppm), { limit, slippage, market });
  }
  const attack: Attack = isAttackable(order)
    ? attackOn(order, command, { modelPpm: slippage.ppm, isAllowed })
    : { assessment: undefined, totalPpm: slippage.ppm, warnings: [] };
  const quoted = quotedAmounts(order);
  const amounts = amountsAt(attack.totalPpm);
  return [
    {
      type: "PaperExecutionSimulated",
      data: {
        attempt: order.attempt,
        model: slippage.model,
        modelSlippagePpm: Number(slippage.ppm),
        terms: { ...slippage.terms },
        market: marketOf(command.market),
        mev: attack.assessment,
        slippagePpm: Number(attack.totalPpm),
        seed: order.orderId,
        delayMs,
        quotedIn: quoted.amountIn.toString(),
        quotedOut: quoted.amountOut.toString(),
        limitIn: limit.amountIn.toString(),
        limitOut: limit.amountOut.toString(),
        amountIn: amounts.amountIn.toString(),
        amountOut: amounts.amountOut.toString(),
        fees: feesOf(order),
        warnings: [...slippage.warnings, ...attack.warnings, ...warningsOf(order)],
      },
    },
  ];
}

/** MEV is modelled only when asked for, and never for a price that the caller has set. */
const isAttackable = ({ request, quote }: OrderState): boolean =>
  request.mev.simulate && quote?.basis !== "expected";

const marketOf = ({ usdMicros, volatilityPpm }: MarketFacts) => ({
  usdMicros: usdMicros?.toString(),
  volatilityPpm: volatilityPpm === undefined ? undefined : Number(volatilityPpm),
});

function feesOf(order: OrderState): OrderEventData<"PaperExecutionSimulated">["fees"] {
  const priority = BigInt(order.request.priorityFeeLamports);
  return {
    baseFeeLamports: (reservedFor(order, "fee") - priority).toString(),
    priorityFeeLamports: priority.toString(),
    tipLamports: reservedFor(order, "tip").toString(),
    rentLamports: "0",
    platformFee: "0",
  };
}

function slippageExceeded(
  order: OrderState,
  amounts: Amounts,
  about: {
    readonly limit: Amounts;
    readonly slippage: ModelSlippage;
    readonly market: MarketFacts;
  },
): OrderEvent[] {
  const { limit, slippage, market } = about;
  const spent = amounts.amountIn > limit.amountIn;
  const value = spent ? amounts.amountIn : amounts.amountOut;
  const bound = spent ? limit.amountIn : limit.amountOut;
  const message = spent
    ? `the trade would spend ${value} smallest units, at most ${bound} are allowed`
    : `the trade would receive ${value} smallest units, at least ${bound} are required`;
  return failed(order, "SLIPPAGE_EXCEEDED", message, {
    limit: bound.toString(),
    value: value.toString(),
    model: slippage.model,
    slippagePpm: Number(slippage.ppm),
    terms: { ...slippage.terms },
    market: marketOf(market),
  });
}

const drawnFailure = (
  order: OrderState,
  { market }: Command<"Simulate">,
  draw: string,
): OrderEvent[] =>
  failed(
    order,
    "SIMULATED_FAILURE",
    `the outcome knobs of the paper venue drew a failure: ${draw}`,
    {
      limit: "success",
      value: draw,
      model: "mock",
      slippagePpm: 0,
      terms: { draw },
      market: marketOf(market),
    },
  );

/** Nothing was traded, and no further attempt is made: what the order holds is free again. */
function failed(
  order: OrderState,
  reason: FailureReason,
  message: string,
  paper: NonNullable<OrderEventData<"SimulationFailed">["paper"]>,
): OrderEvent[] {
  const { attempt } = order;
  return [
    { type: "SimulationFailed", data: { attempt, class: reason, message, paper } },
    { type: "OrderFailed", data: { attempts: attempt, reason, message } },
  ];
}

function warningsOf({ request, quote }: OrderState): string[] {
  const warnings: string[] = [];
  if (quote?.stale) {
    const ageMs = Math.floor(quote.ageUs / US_PER_MS);
    warnings.push(`STALE_QUOTE: the market could not be asked; the price is ${ageMs} ms old`);
  }
  if (request.mev.simulate && quote?.basis === "expected") {
    warnings.push("MEV_NOT_APPLIED: a simulated order fills at its expected price");
  }
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
