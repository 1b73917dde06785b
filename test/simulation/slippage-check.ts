/**
 * Asks models and draws again, with the facts that an event recorded: what they say must be what was recorded. How the engine puts
 * them together is written here once more.
 */
import type { MevAssessment, OrderEventData, OrderRequest } from "../../domain/order/events.ts";
import { drawOutcome } from "../../domain/pricing/outcomes.ts";
import type { MarketFacts } from "../../domain/pricing/slippage/model.ts";
import { ratioFromFraction } from "../../domain/primitives/ratio.ts";
import type { Venue } from "./venue-plan.ts";

export type SlippageRecord = {
  readonly orderId: string;
  readonly request: OrderRequest;
  readonly quote: OrderEventData<"QuoteObtained">;
  /** By the quote, before slippage. */
  readonly fair: { readonly spent: bigint; readonly got: bigint };
  readonly market: OrderEventData<"PaperExecutionSimulated">["market"];
  /** Whether the order allows a fill under so much slippage. */
  readonly fits: (ppm: bigint) => boolean;
};

export type ExpectedSlippage = {
  readonly model: string;
  readonly modelPpm: number;
  readonly terms: Readonly<Record<string, string>>;
  readonly mev: MevAssessment | undefined;
  readonly totalPpm: number;
  readonly delayMs: number;
  readonly warnings: readonly string[];
};

type Modelled = Pick<ExpectedSlippage, "model" | "terms" | "warnings"> & { readonly ppm: bigint };

/** Undefined: the outcome knobs fail the trade. */
export function expectedSlippage(
  record: SlippageRecord,
  venue: Venue,
): ExpectedSlippage | undefined {
  const { orderId, quote, request } = record;
  const delayMs = venue.paperDelayMs;
  if (quote.basis === "expected") {
    const nothing = { model: "none", modelPpm: 0, terms: {}, mev: undefined, totalPpm: 0 };
    return { ...nothing, delayMs, warnings: [] };
  }
  const drawn = venue.outcomes && drawOutcome(venue.outcomes, orderId);
  if (drawn?.fails) return undefined;
  const { model, ppm, terms, warnings } =
    drawn?.slippagePpm === undefined
      ? modelled(record, venue)
      : {
          ...{ model: "mock", ppm: drawn.slippagePpm, warnings: [] },
          terms: { draw: drawn.draw, ...drawn.slippageTerms },
        };
  const attack =
    request.mev.simulate && record.fits(ppm) ? attacked(record, venue, ppm) : undefined;
  const mev = attack?.assessment;
  return {
    ...{ model, terms, mev },
    modelPpm: Number(ppm),
    totalPpm: Number(ppm) + (mev?.attacked ? mev.impactPpm : 0),
    delayMs: drawn?.delayMs ?? delayMs,
    warnings: [...warnings, ...(attack?.warnings ?? [])],
  };
}

function modelled(record: SlippageRecord, { slippageModels }: Venue): Modelled {
  const { orderId, quote, request, fair } = record;
  const model = slippageModels.get(request.slippageModel);
  if (!model) throw new Error(`there is no model ${request.slippageModel}`);
  const { ppm, terms, warnings } = model.slippage({
    side: request.action === "BUY" ? "buy" : "sell",
    baseMint: request.baseMint,
    quoteMint: request.quoteMint,
    quotedIn: fair.spent,
    quotedOut: fair.got,
    routeImpact: quote.basis === "route" ? ratioFromFraction(quote.priceImpact) : undefined,
    market: factsOf(record),
    seed: orderId,
  });
  return { model: model.name, ppm, terms, warnings: warnings ?? [] };
}

const attacked = (record: SlippageRecord, { mev }: Venue, ppm: bigint) =>
  mev.assess({
    usdMicros: factsOf(record).usdMicros,
    slippageToleranceBps: record.request.slippageToleranceBps,
    modelSlippagePpm: ppm,
    priorityFeeLamports: BigInt(record.request.priorityFeeLamports),
    tipLamports: BigInt(record.request.mev.tipLamports),
    protect: record.request.mev.protect,
    fits: (total) => total < 1_000_000n && record.fits(total),
    seed: record.orderId,
  });

const factsOf = ({ market }: SlippageRecord): MarketFacts => ({
  usdMicros: market.usdMicros === undefined ? undefined : BigInt(market.usdMicros),
  volatilityPpm: market.volatilityPpm === undefined ? undefined : BigInt(market.volatilityPpm),
});

/** Dollars that are a side of the trade itself are always known, and counted by the quote. Millionths are units of USDC. */
export function wrongFacts(record: SlippageRecord, { usdMints }: Venue): string | undefined {
  const { fair, market, quote, request } = record;
  const [from, to] =
    request.action === "BUY"
      ? [request.quoteMint, request.baseMint]
      : [request.baseMint, request.quoteMint];
  if (quote.basis === "expected") {
    return Object.keys(market).length === 0 ? undefined : "a simulated order asked the market";
  }
  const known = usdMints.includes(from) ? fair.spent : usdMints.includes(to) ? fair.got : undefined;
  if (known !== undefined && market.usdMicros !== String(known)) {
    return `is worth ${market.usdMicros} millionths, by its quote ${known}`;
  }
  if (usdMints.length === 0 && market.usdMicros !== undefined) return "nothing counts as dollars";
  return undefined;
}
