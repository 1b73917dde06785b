/**
 * The equity curve: what the positions of one account were worth at given times, at the prices last
 * traded up to each of them. One pass over the times, the positions' rows and the trades together.
 */
import { type Holding, type Mark, valuationOf } from "../domain/pricing/valuation.ts";
import type { Mint } from "../domain/primitives/ids.ts";
import type { TimestampUs } from "../domain/primitives/time.ts";
import type { Position } from "./portfolio.ts";
import { positionOf } from "./positions.ts";
import { integerOf, type Values } from "./projection.ts";
import { markOfTrade } from "./traded-prices.ts";

/** Rows of one mint, oldest first; those between two times may be left out. */
export type MintHistory = {
  readonly mint: Mint;
  /** Of `positions`. */
  readonly positions: readonly Values[];
  /** Of `trades`, against the cost mint. */
  readonly trades: readonly Values[];
};

export type EquityPoint = {
  readonly timeUs: TimestampUs;
  /** Smallest units of the cost mint. */
  readonly value: bigint;
  readonly realised: bigint;
  readonly unrealised: bigint;
  /** Mints with a quantity that had not been traded against the cost mint yet. */
  readonly unvalued: readonly Mint[];
};

export type CurveOptions = {
  readonly costMint: Mint;
  /** Ascending. */
  readonly timesUs: readonly TimestampUs[];
};

export function equityCurve(
  histories: readonly MintHistory[],
  { costMint, timesUs }: CurveOptions,
): readonly EquityPoint[] {
  const cursors = histories.map(({ mint, positions, trades }) => ({
    mint,
    position: cursorOf(positions, "clock", positionOf),
    mark: cursorOf(trades, "timestamp", (row) => markOfTrade(row, { mint, costMint })),
  }));
  return timesUs.map((timeUs) => {
    const held: (Position & Holding)[] = [];
    const marks = new Map<Mint, Mark>();
    for (const { mint, position, mark } of cursors) {
      const newest = position(timeUs);
      const traded = mark(timeUs);
      if (newest) held.push({ mint, ...newest });
      if (traded) marks.set(mint, traded);
    }
    const valued = valuationOf(held, { costMint, valueMint: costMint, marks });
    return {
      timeUs,
      value: valued.totalValue,
      realised: held.reduce((sum, { realised }) => sum + realised, 0n),
      unrealised: valued.unrealised,
      unvalued: valued.unvalued,
    };
  });
}

/** Gives the newest entry up to a time; the times must not fall. */
function cursorOf<T>(
  rows: readonly Values[],
  timeColumn: string,
  read: (row: Values) => T | undefined,
): (timeUs: TimestampUs) => T | undefined {
  let next = 0;
  let newest: T | undefined;
  return (timeUs) => {
    for (; ; next += 1) {
      const row = rows[next];
      if (!row || integerOf(row, timeColumn) > timeUs) return newest;
      newest = read(row) ?? newest;
    }
  };
}

/**
 * At most `points` times, evenly spaced from `fromUs` to `toUs` with both of them; fewer where the
 * span has fewer microseconds.
 */
export function evenTimes(span: {
  readonly fromUs: TimestampUs;
  readonly toUs: TimestampUs;
  readonly points: number;
}): readonly TimestampUs[] {
  const { fromUs, toUs, points } = span;
  // Microseconds times points are beyond a safe integer.
  const length = BigInt(toUs - fromUs);
  const steps = BigInt(points - 1);
  const times = Array.from(
    { length: points },
    (_, index) => fromUs + Number((length * BigInt(index)) / steps),
  );
  return [...new Set(times)];
}
