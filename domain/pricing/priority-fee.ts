/**
 * What a live attempt pays for a place: priority fee and tip, bounded together. Prices are micro-lamports per compute unit, as
 * `getRecentPrioritizationFees` tells them; the chain charges ceil(price × unit limit / 10^6), on the limit and also on failure.
 */
import { divCeil, divFloor, maxOf, minOf } from "../primitives/amount.ts";

export type Urgency = "LOW" | "NORMAL" | "HIGH" | "CRITICAL";

/** The most that a transaction may ask for. */
export const MAX_UNIT_LIMIT = 1_400_000;
const MICRO = 1_000_000n;
/** Jito's advice for single transactions: 70 % priority fee, 30 % tip. */
const TIP_PERCENT = 30n;

export type PriorityFeeRules = {
  /** Of the prices that were paid, by nearest rank; 1 to 100. */
  readonly percentiles: Readonly<Record<Urgency, number>>;
  /** Lamports where nobody's price is known, fee and tip together. */
  readonly defaultLamports: Readonly<Record<Urgency, bigint>>;
  /** Least for fee and tip together, without and with a tip; a fee that a caller names may be less where no tip is due. */
  readonly minimumLamports: bigint;
  readonly minimumWithTipLamports: bigint;
  /** Least tip that is taken; 1,000 by Jito's documentation. */
  readonly minimumTipLamports: bigint;
  /** Most for fee and tip together. */
  readonly capLamports: bigint;
};

export const PRIORITY_FEE_RULES: PriorityFeeRules = {
  percentiles: { LOW: 50, NORMAL: 75, HIGH: 90, CRITICAL: 95 },
  defaultLamports: { LOW: 1_000n, NORMAL: 2_500n, HIGH: 5_000n, CRITICAL: 10_000n },
  minimumLamports: 1_000n,
  minimumWithTipLamports: 2_000n,
  minimumTipLamports: 1_000n,
  capLamports: 10_000n,
};

export type PriorityFeeRequest = {
  readonly urgency: Urgency;
  /** 1 to MAX_UNIT_LIMIT; see `unitLimitOf`. */
  readonly unitLimit: number;
  /** Of recent slots, micro-lamports per unit, in any order. */
  readonly prices: readonly bigint[];
  /** Lamports, as the caller named it; undefined: by urgency. */
  readonly explicitLamports: bigint | undefined;
  /** Undefined: the route takes no tip. `lamports`: as it was named; undefined or 0: a share of the whole. */
  readonly tip: { readonly lamports: bigint | undefined } | undefined;
};

export type PriorityFee = {
  readonly kind: "fee";
  /** explicit: the caller named it; observed: by prices; default: by urgency, nobody's price being known. */
  readonly source: "explicit" | "observed" | "default";
  /** Of the urgency, and the price there; neither decides an explicit fee. */
  readonly percentile: number;
  readonly observedPriceMicroLamports: bigint | undefined;
  /** Prices that were there to choose from. */
  readonly samples: number;
  readonly unitLimit: number;
  readonly unitPriceMicroLamports: bigint;
  /** What the chain charges at this price and limit; at most what was meant for it. */
  readonly priorityFeeLamports: bigint;
  /** 0: none. */
  readonly tipLamports: bigint;
  /** Meant for both together; at most the cap. */
  readonly totalLamports: bigint;
};

export type PriorityFeeRefusal = {
  readonly kind: "refused";
  /** A sentence, with the limit and what was asked. */
  readonly message: string;
  readonly limitLamports: bigint;
  readonly valueLamports: bigint;
};

/** ceil(units of the simulation × 1.2), 1 to MAX_UNIT_LIMIT. Throws for what is no count of units. */
export function unitLimitOf(simulatedUnits: number): number {
  if (!Number.isSafeInteger(simulatedUnits) || simulatedUnits < 0) {
    throw new Error(`${simulatedUnits} is no number of compute units`);
  }
  const limit = divCeil(BigInt(simulatedUnits) * 12n, 10n);
  return Number(minOf(maxOf(limit, 1n), BigInt(MAX_UNIT_LIMIT)));
}

/**
 * total = clamp(ceil(percentile price × unit limit / 10^6), least, cap); fee = total − tip; price = ⌊fee × 10^6 / unit limit⌋, so that
 * the chain never charges more than the fee. No prices at all, or zeros only, are no data: a slot in which one transaction landed
 * without a price counts as zero, so that a series of zeros does not tell what a place costs; then the default of the urgency holds.
 *
 * What the caller names is never raised, and over the cap it is refused. A fee named alone on a route with a tip is the whole, and the
 * tip comes out of it. A tip named alone leaves the fee its least, as far as the cap allows.
 */
export function priorityFee(
  request: PriorityFeeRequest,
  rules: PriorityFeeRules = PRIORITY_FEE_RULES,
): PriorityFee | PriorityFeeRefusal {
  const { urgency, unitLimit, prices, explicitLamports, tip } = request;
  if (!Number.isInteger(unitLimit) || unitLimit < 1 || unitLimit > MAX_UNIT_LIMIT) {
    throw new Error(`a unit limit of ${unitLimit} is outside 1 to ${MAX_UNIT_LIMIT}`);
  }
  const percentile = rules.percentiles[urgency];
  const observed = priceAt(prices, percentile);
  const isKnown = observed !== undefined && prices.some((price) => price > 0n);
  const byUrgency = isKnown
    ? divCeil(observed * BigInt(unitLimit), MICRO)
    : rules.defaultLamports[urgency];
  const named = { fee: explicitLamports, tip: tip?.lamports || undefined };
  const parts = partsOf({ byUrgency, named, hasTip: tip !== undefined }, rules);
  if (parts.kind === "refused") return parts;
  const unitPriceMicroLamports = divFloor(parts.fee * MICRO, BigInt(unitLimit));
  return {
    kind: "fee",
    source: explicitLamports !== undefined ? "explicit" : isKnown ? "observed" : "default",
    percentile,
    observedPriceMicroLamports: observed,
    samples: prices.length,
    unitLimit,
    unitPriceMicroLamports,
    priorityFeeLamports: divCeil(unitPriceMicroLamports * BigInt(unitLimit), MICRO),
    tipLamports: parts.tip,
    totalLamports: parts.fee + parts.tip,
  };
}

/** Nearest rank: the smallest price that at least so many percent are not above; undefined for no prices. */
function priceAt(prices: readonly bigint[], percentile: number): bigint | undefined {
  const sorted = prices.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  const price = sorted[Math.max(Math.ceil((sorted.length * percentile) / 100), 1) - 1];
  return price === undefined ? undefined : maxOf(price, 0n);
}

type Parts = { readonly kind: "parts"; readonly fee: bigint; readonly tip: bigint };
type Wish = {
  readonly byUrgency: bigint;
  readonly named: { readonly fee: bigint | undefined; readonly tip: bigint | undefined };
  readonly hasTip: boolean;
};

function partsOf(wish: Wish, rules: PriorityFeeRules): Parts | PriorityFeeRefusal {
  const { byUrgency, named, hasTip } = wish;
  const { capLamports: cap, minimumTipLamports: leastTip, minimumWithTipLamports: least } = rules;
  if (!hasTip) {
    const fee = named.fee ?? minOf(maxOf(byUrgency, rules.minimumLamports), cap);
    return fee > cap ? over("the priority fee", cap, fee) : { kind: "parts", fee, tip: 0n };
  }
  if (named.tip !== undefined && named.tip < leastTip) {
    const message = `a tip of ${named.tip} lamports is below the least that is taken, ${leastTip}`;
    return refused(message, leastTip, named.tip);
  }
  const whole = wholeOf(wish, rules);
  if (whole > cap) return over("priority fee and tip", cap, whole);
  const tip = named.tip ?? maxOf(divFloor(whole * TIP_PERCENT, 100n), leastTip);
  if (whole < maxOf(least, tip)) {
    const message = `priority fee and tip of ${whole} lamports are below the least with a tip`;
    return refused(`${message}, ${maxOf(least, tip)}`, maxOf(least, tip), whole);
  }
  return { kind: "parts", fee: whole - tip, tip };
}

/** Fee and tip together; a tip that was named leaves the fee its least as far as the cap allows. */
function wholeOf({ byUrgency, named }: Wish, rules: PriorityFeeRules): bigint {
  if (named.fee !== undefined) return named.fee + (named.tip ?? 0n);
  const tip = named.tip ?? rules.minimumTipLamports;
  const least = maxOf(rules.minimumWithTipLamports, tip + rules.minimumLamports);
  return maxOf(minOf(maxOf(byUrgency, least), rules.capLamports), named.tip ?? 0n);
}

const over = (what: string, limit: bigint, value: bigint): PriorityFeeRefusal =>
  refused(`${what} of ${value} lamports: over the cap of ${limit}`, limit, value);

const refused = (message: string, limit: bigint, value: bigint): PriorityFeeRefusal => ({
  ...{ kind: "refused", message, limitLamports: limit, valueLamports: value },
});
