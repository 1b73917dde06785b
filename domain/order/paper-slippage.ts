/**
 * How much worse than quoted a paper trade comes off, and why: the slippage model or the outcome knobs, and on top of it the
 * attack of the MEV model where the order asks for one. Total: an error inside the MEV model is a warning, never a failed trade.
 */
import type { Ppm } from "../pricing/paper-fill.ts";
import { capped } from "../pricing/slippage/model.ts";
import { plainText } from "../primitives/plain-text.ts";
import { ratioFromFraction } from "../primitives/ratio.ts";
import type { OrderCommand } from "./commands.ts";
import type { MevAssessment } from "./events.ts";
import type { OrderState } from "./state.ts";
import { quotedAmounts, required, sideOf } from "./trade.ts";

type Simulate = Extract<OrderCommand, { readonly type: "Simulate" }>;

/** What the trade is worsened by before anybody attacks it. */
export type ModelSlippage = {
  readonly model: string;
  readonly ppm: Ppm;
  readonly terms: Readonly<Record<string, string>>;
  readonly warnings: readonly string[];
};

/** A simulated order fills at its own price: neither market nor model has a part in it. */
export const NO_SLIPPAGE: ModelSlippage = { model: "none", ppm: 0n, terms: {}, warnings: [] };

export function modelSlippage(order: OrderState, { model, market }: Simulate): ModelSlippage {
  const quote = required(order.quote, "quote");
  const quoted = quotedAmounts(order);
  const { baseMint, quoteMint } = order.request;
  const { ppm, terms, warnings } = model.slippage({
    side: sideOf(order.request),
    ...{ baseMint, quoteMint, market },
    quotedIn: quoted.amountIn,
    quotedOut: quoted.amountOut,
    routeImpact: quote.basis === "route" ? ratioFromFraction(quote.priceImpact) : undefined,
    seed: order.orderId,
  });
  return { model: model.name, ppm, terms, warnings: warnings ?? [] };
}

/** Slippage drawn by the outcome knobs. `terms`: the draws, from which the fill can be computed again. */
export const drawnSlippage = (ppm: Ppm, terms: ModelSlippage["terms"]): ModelSlippage => ({
  model: "mock",
  ppm: capped(ppm),
  terms,
  warnings: [],
});

export type Attack = {
  readonly assessment: MevAssessment | undefined;
  /** The model's slippage and the attack's, 0 to 999,999. */
  readonly totalPpm: Ppm;
  readonly warnings: readonly string[];
};

/**
 * Asks the MEV model. `isAllowed` says whether a fill under so much slippage keeps the order's limit: no attack goes beyond it, as no
 * attacker gains by a trade that fails. A model that does all the same is wrong, and its answer is not used.
 */
export function attackOn(
  { request, orderId }: OrderState,
  { mev, market }: Pick<Simulate, "mev" | "market">,
  { modelPpm, isAllowed }: { readonly modelPpm: Ppm; readonly isAllowed: (ppm: Ppm) => boolean },
): Attack {
  try {
    const { assessment, warnings } = mev.assess({
      usdMicros: market.usdMicros,
      slippageToleranceBps: request.slippageToleranceBps,
      modelSlippagePpm: modelPpm,
      priorityFeeLamports: BigInt(request.priorityFeeLamports),
      tipLamports: BigInt(request.mev.tipLamports),
      protect: request.mev.protect,
      fits: isAllowed,
      seed: orderId,
    });
    const impactPpm = assessment?.attacked ? BigInt(assessment.impactPpm) : 0n;
    const totalPpm = modelPpm + impactPpm;
    if (impactPpm < 0n || !isAllowed(totalPpm)) {
      throw new Error(`an attack of ${impactPpm} ppm is outside the order's limit`);
    }
    return { assessment, totalPpm, warnings };
  } catch (error) {
    const message = plainText(error instanceof Error ? error.message : String(error));
    const warnings = [`MEV_MODEL_FAILED: ${message}`];
    return { assessment: undefined, totalPpm: modelPpm, warnings };
  }
}
