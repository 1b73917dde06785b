/**
 * What if: a recorded paper execution decided again under another policy, with the market facts of its own time. Pure; the
 * record is only read. Funds are not checked again: a wider tolerance may have needed more than the account had.
 */
import { decideSimulate } from "../../order/decide-paper.ts";
import type { OrderEvent, OrderEventData } from "../../order/events.ts";
import type { OrderState } from "../../order/state.ts";
import { countsOf, inputMintOf, outputMintOf } from "../../order/trade.ts";
import type { MevModel } from "../../pricing/mev.ts";
import type { OutcomeKnobs } from "../../pricing/outcomes.ts";
import type { Amounts, Ppm } from "../../pricing/paper-fill.ts";
import type { MarketFacts, SlippageModel } from "../../pricing/slippage/model.ts";
import { BPS } from "../../primitives/amount.ts";
import type { Mint } from "../../primitives/ids.ts";

export type WhatIfPolicy = {
  readonly slippageModels: ReadonlyMap<string, SlippageModel>;
  /** For every order; undefined: each order's own. */
  readonly slippageModel: string | undefined;
  /** For every order, basis points; undefined: each order's own. */
  readonly slippageToleranceBps: number | undefined;
  readonly mev: MevModel;
  readonly outcomes: OutcomeKnobs | undefined;
};

type Failure = OrderEventData<"SimulationFailed">;

/** The events of the paper venue that an execution decision begins with. */
export type ExecutionEvent =
  | Extract<OrderEvent, { readonly type: "PaperExecutionSimulated" }>
  | {
      readonly type: "SimulationFailed";
      readonly data: Failure & { readonly paper: NonNullable<Failure["paper"]> };
    };

export const isExecution = (event: OrderEvent): event is ExecutionEvent =>
  event.type === "PaperExecutionSimulated" ||
  (event.type === "SimulationFailed" && event.data.paper !== undefined);

export type Decision = {
  readonly model: string;
  readonly slippagePpm: Ppm;
  /** The model lacked what it needs: another one, which this names, answered in its place. */
  readonly fallback: string | undefined;
} & (
  | ({ readonly kind: "filled" } & Amounts)
  | { readonly kind: "failed"; readonly reason: string }
);

export type Change =
  /** The same amounts, or failed both times. */
  "same" | "better" | "worse" | "filled-to-failed" | "failed-to-filled";

export type WhatIfOrder = {
  /** Before the decision, with the tolerance that it asked for. */
  readonly order: OrderState;
  readonly recorded: Decision;
  readonly whatIf: Decision;
  readonly change: Change;
  /** Where both were filled. */
  readonly difference: Difference | undefined;
};

/** On the side that the order does not count. */
export type Difference = {
  readonly mint: Mint;
  /** Smallest units that the trader is better off by: received more, or spent less. Negative is worse. */
  readonly gain: bigint;
  /** What was received or spent by the record. */
  readonly of: bigint;
};

export type NotRedecided =
  /** Fills at the caller's own price: no policy has a part in it. */
  | "simulated"
  /** Names a model that this configuration has not. */
  | "unknown-model";

/**
 * Decides the execution of `order`, which stands right before `event`, again. The same policy as then gives the same answer.
 */
export function redecide(
  order: OrderState,
  event: ExecutionEvent,
  policy: WhatIfPolicy,
): WhatIfOrder | NotRedecided {
  if (order.quote?.basis === "expected") return "simulated";
  const model = policy.slippageModels.get(policy.slippageModel ?? order.request.slippageModel);
  if (!model) return "unknown-model";
  const slippageToleranceBps = policy.slippageToleranceBps ?? order.request.slippageToleranceBps;
  const other = { ...order, request: { ...order.request, slippageToleranceBps } };
  const [decided] = decideSimulate(other, {
    type: "Simulate",
    ...{ model, mev: policy.mev, outcomes: policy.outcomes },
    market: marketOf(event),
    // It moves the time of a fill, not what it comes to.
    delayMs: 0,
  });
  if (!decided || !isExecution(decided)) {
    throw new Error(`${order.orderId}: no execution was decided`);
  }
  const [recorded, whatIf] = [decisionOf(event), decisionOf(decided)];
  const difference = differenceOf(order, recorded, whatIf);
  return { order, recorded, whatIf, change: changeOf(recorded, whatIf, difference), difference };
}

/** What the paper venue said of it. */
const saidOf = (event: ExecutionEvent) =>
  event.type === "SimulationFailed" ? event.data.paper : event.data;

function marketOf(event: ExecutionEvent): MarketFacts {
  const { usdMicros, volatilityPpm } = saidOf(event).market;
  return {
    usdMicros: usdMicros === undefined ? undefined : BigInt(usdMicros),
    volatilityPpm: volatilityPpm === undefined ? undefined : BigInt(volatilityPpm),
  };
}

function decisionOf(event: ExecutionEvent): Decision {
  const { model, terms, slippagePpm } = saidOf(event);
  const said = { model, slippagePpm: BigInt(slippagePpm), fallback: terms.fallback };
  if (event.type === "SimulationFailed") {
    return { kind: "failed", ...said, reason: event.data.class };
  }
  const { amountIn, amountOut } = event.data;
  return { kind: "filled", ...said, amountIn: BigInt(amountIn), amountOut: BigInt(amountOut) };
}

function differenceOf(
  { request }: OrderState,
  recorded: Decision,
  whatIf: Decision,
): Difference | undefined {
  if (recorded.kind === "failed" || whatIf.kind === "failed") return undefined;
  return countsOf(request) === "input"
    ? {
        mint: outputMintOf(request),
        gain: whatIf.amountOut - recorded.amountOut,
        of: recorded.amountOut,
      }
    : {
        mint: inputMintOf(request),
        gain: recorded.amountIn - whatIf.amountIn,
        of: recorded.amountIn,
      };
}

function changeOf(
  recorded: Decision,
  whatIf: Decision,
  difference: Difference | undefined,
): Change {
  if (difference) {
    if (difference.gain === 0n) return "same";
    return difference.gain > 0n ? "better" : "worse";
  }
  if (recorded.kind === whatIf.kind) return "same";
  return whatIf.kind === "failed" ? "filled-to-failed" : "failed-to-filled";
}

/** gain / of in whole basis points, rounded against the what-if; 0 of nothing. */
export function gainBps({ gain, of }: Pick<Difference, "gain" | "of">): bigint {
  if (of === 0n) return 0n;
  const scaled = gain * BPS;
  return scaled < 0n && scaled % of !== 0n ? scaled / of - 1n : scaled / of;
}
