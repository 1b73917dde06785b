/**
 * What holdings are worth at given marks. Computed when somebody asks, never stored. Every rounding
 * shows less: value and unrealised profit are rounded down, exposure up. Nothing is clamped: a holding
 * whose figures no 64 bits can hold is not valued.
 */
import { BPS, divCeil, divFloor, I64_MAX, I64_MIN, maxOf, U64_MAX } from "../primitives/amount.ts";
import type { Mint } from "../primitives/ids.ts";
import type { Ratio } from "../primitives/ratio.ts";
import type { TimestampUs } from "../primitives/time.ts";

/** What one smallest unit of a mint is worth, and when that was said. */
export type Mark = {
  /** Smallest units of the cost mint per smallest unit; exact. */
  readonly price: Ratio;
  readonly timeUs: TimestampUs;
};

export type Marks = ReadonlyMap<Mint, Mark>;

export type Holding = {
  readonly mint: Mint;
  readonly quantity: bigint;
  /** Part of the quantity whose cost is known, and that cost in smallest units of the cost mint. */
  readonly costedQuantity: bigint;
  readonly cost: bigint;
};

export type ValuationOptions = {
  /** Mint that costs, marks and profits are counted in; it is always worth itself. */
  readonly costMint: Mint;
  /** Mint that values are counted in. */
  readonly valueMint: Mint;
  readonly marks: Marks;
};

export type ValuedHolding = {
  /** ⌊costed part × mark⌋ − cost, smallest units of the cost mint, within i64; undefined without a mark. */
  readonly unrealised: bigint | undefined;
  /** Smallest units of the value mint, within u64; undefined without a mark. */
  readonly value: bigint | undefined;
  /** ⌈value / total value⌉ in basis points; undefined without a value. */
  readonly exposureBps: number | undefined;
};

export type Valuation = {
  /** One for each holding, in its order. */
  readonly holdings: readonly ValuedHolding[];
  /** Sums over the holdings that could be valued, within u64 and i64. */
  readonly totalValue: bigint;
  readonly unrealised: bigint;
  /** Mints that could not be valued though there is a quantity or a cost: they are in no sum. */
  readonly unvalued: readonly Mint[];
};

const ITSELF: Ratio = { numerator: 1n, denominator: 1n };

/**
 * Values holdings. With P = mark of the mint and V = mark of the value mint, both in cost units:
 * value = ⌊quantity × P / V⌋. A holding of the value mint is worth its quantity without any mark. One whose value or profit,
 * alone or added to those before it, is beyond u64 or i64 has neither: it counts as not valued.
 */
export function valuationOf(holdings: readonly Holding[], options: ValuationOptions): Valuation {
  const { valueMint } = options;
  const unit = priceOf(valueMint, options);
  let totalValue = 0n;
  let totalUnrealised = 0n;
  const lines = holdings.map(({ mint, quantity, costedQuantity, cost }) => {
    // More of it left than is known to have come: what was there before is not known.
    if (quantity < 0n) return { mint, unrealised: 0n, value: undefined, isUnvalued: true };
    const price = priceOf(mint, options);
    const rate = mint === valueMint ? ITSELF : price && unit && ratioOf(price, unit);
    const unrealised = worth(costedQuantity, price, cost);
    const value = worth(quantity, rate, 0n);
    const sums = [totalValue + (value ?? 0n), totalUnrealised + (unrealised ?? 0n)] as const;
    if (!areHeld([value ?? 0n, unrealised ?? 0n]) || !areHeld(sums)) {
      return { mint, unrealised: undefined, value: undefined, isUnvalued: true };
    }
    [totalValue, totalUnrealised] = sums;
    return { mint, unrealised, value, isUnvalued: quantity > 0n && value === undefined };
  });
  return {
    holdings: lines.map(({ unrealised, value }) => ({
      unrealised,
      value,
      exposureBps: value === undefined ? undefined : shareBps(value, totalValue),
    })),
    totalValue,
    unrealised: totalUnrealised,
    unvalued: lines.filter(({ isUnvalued }) => isUnvalued).map(({ mint }) => mint),
  };
}

/** Mints whose marks a valuation needs: those that are held, and the one that values are counted in. */
export function mintsToMark(
  holdings: readonly Pick<Holding, "mint" | "quantity">[],
  { costMint, valueMint }: Pick<ValuationOptions, "costMint" | "valueMint">,
): readonly Mint[] {
  const held = holdings.filter(({ quantity }) => quantity > 0n).map(({ mint }) => mint);
  const wanted = new Set([valueMint, ...held]);
  wanted.delete(costMint);
  return [...wanted];
}

/** A value in a u64 and a profit in an i64: what answers carry. */
const areHeld = ([value, profit]: readonly [bigint, bigint]): boolean =>
  value <= U64_MAX && profit >= I64_MIN && profit <= I64_MAX;

/** A price of nothing is no price: nothing could be counted in it. */
function priceOf(mint: Mint, { costMint, marks }: ValuationOptions): Ratio | undefined {
  if (mint === costMint) return ITSELF;
  const price = marks.get(mint)?.price;
  return price && price.numerator > 0n && price.denominator > 0n ? price : undefined;
}

const ratioOf = (price: Ratio, unit: Ratio): Ratio => ({
  numerator: price.numerator * unit.denominator,
  denominator: price.denominator * unit.numerator,
});

/** ⌊units × price⌋ less its cost; nothing is worth nothing at any price. */
function worth(units: bigint, price: Ratio | undefined, cost: bigint): bigint | undefined {
  if (units <= 0n) return -cost;
  return price && divFloor(units * price.numerator, price.denominator) - cost;
}

const shareBps = (value: bigint, total: bigint): number =>
  Number(divCeil(value * BPS, maxOf(total, 1n)));
