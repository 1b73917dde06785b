/** What a list of figures looks like, exact: every percentile is one of the figures. */
import { divFloor } from "../primitives/amount.ts";

export type Distribution = {
  readonly n: number;
  readonly min: bigint;
  /** Percentiles by nearest rank: the smallest figure that at least so many percent are not above. */
  readonly p10: bigint;
  readonly p50: bigint;
  readonly p90: bigint;
  readonly max: bigint;
  /** Mean of the absolute values, rounded half up. */
  readonly meanAbsolute: bigint;
};

/** Undefined for no figures. */
export function distributionOf(values: readonly bigint[]): Distribution | undefined {
  const sorted = values.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  const [min] = sorted;
  const max = sorted.at(-1);
  if (min === undefined || max === undefined) return undefined;
  const n = sorted.length;
  const rank = (percent: number): bigint => sorted[Math.ceil((n * percent) / 100) - 1] ?? min;
  const total = sorted.reduce((sum, value) => sum + (value < 0n ? -value : value), 0n);
  const meanAbsolute = divFloor(2n * total + BigInt(n), 2n * BigInt(n));
  return { n, min, p10: rank(10), p50: rank(50), p90: rank(90), max, meanAbsolute };
}
