/**
 * What holdings are worth at given marks. Computed when somebody asks, never stored. Every rounding
 * shows less: value and unrealised profit are rounded down, exposure up.
 */
import { BPS, divCeil, divFloor, maxOf } from "../primitives/amount.ts";
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
  /** ⌊costed part × mark⌋ − cost, smallest units of the cost mint; undefined without a mark. */
  readonly unrealised: bigint | undefined;
  /** Smallest units of the value mint; undefined without a mark. */
  readonly value: bigint | undefined;
  /** ⌈value / total value⌉ in basis points; undefined without a value. */
  readonly exposureBps: number | undefined;
};

export type Valuation = {
  /** One for each holding, in its order. */
  readonly holdings: readonly ValuedHolding[];
  /** Sums over the holdings that could be valued. */
  readonly totalValue: bigint;
  readonly unrealised: bigint;
  /** Mints with a quantity that could not be valued: they are in no sum of values. */
  readonly unvalued: readonly Mint[];
};

const ITSELF: Ratio = { numerator: 1n, denominator: 1n };

/**
 * Values holdings. With P = mark of the mint and V = mark of the value mint, both in cost units:
 * value = ⌊quantity × P / V⌋. A holding of the value mint is worth its quantity without any mark.
 */
export function valuationOf(holdings: readonly Holding[], options: ValuationOptions): Valuation {
  const { valueMint } = options;
  const unit = priceOf(valueMint, options);
  const lines = holdings.map((holding) => {
    const price = priceOf(holding.mint, options);
    const value = holding.mint === valueMint ? ITSELF : price && unit && ratioOf(price, unit);
    return {
      mint: holding.mint,
      quantity: holding.quantity,
      unrealised: worth(holding.costedQuantity, price, holding.cost),
      value: worth(holding.quantity, value, 0n),
    };
  });
  const totalValue = lines.reduce((sum, { value }) => sum + (value ?? 0n), 0n);
  return {
    holdings: lines.map(({ unrealised, value }) => ({
      unrealised,
      value,
      exposureBps: value === undefined ? undefined : shareBps(value, totalValue),
    })),
    totalValue,
    unrealised: lines.reduce((sum, { unrealised }) => sum + (unrealised ?? 0n), 0n),
    unvalued: lines
      .filter(({ quantity, value }) => quantity > 0n && value === undefined)
      .map(({ mint }) => mint),
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
