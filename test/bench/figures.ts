/** Numbers of several rounds as one median with its spread, and as a table. */

export type Spread = { readonly median: number; readonly min: number; readonly max: number };

/** Median of a non-empty list, with the smallest and the largest of it. */
export function spreadOf(values: readonly number[]): Spread {
  if (values.length === 0) throw new Error("a spread of no values");
  const sorted = values.toSorted((a, b) => a - b);
  return { median: quantile(sorted, 0.5), min: quantile(sorted, 0), max: quantile(sorted, 1) };
}

/** `share` 0 to 1 of an ascending, non-empty list; between two values where none stands there. */
export function quantile(ascending: ArrayLike<number>, share: number): number {
  const at = (ascending.length - 1) * share;
  const below = ascending[Math.floor(at)];
  const above = ascending[Math.ceil(at)];
  if (below === undefined || above === undefined) throw new Error("a quantile of no values");
  return below + (above - below) * (at - Math.floor(at));
}

/** A median with its spread, rounded to a few significant digits. */
export const shown = ({ median, min, max }: Spread): string =>
  `${round(median)}  (${round(min)} .. ${round(max)})`;

/** Four significant digits, whole above 1,000. */
export function round(value: number): string {
  return Math.abs(value) >= 1_000 ? Math.round(value).toString() : String(significant(value));
}

/** For JSON: digits beyond the fifth are noise. */
export const significant = (value: number): number => Number(value.toPrecision(4));

/** Name, value, and where there is one the figure's target: "must" first. */
export type FigureRow = readonly [string, string] | readonly [string, string, string];

/** Lines with the columns padded to one width. */
export function table(rows: readonly FigureRow[]): string {
  const width = (column: 0 | 1): number => Math.max(...rows.map((row) => row[column].length));
  const [names, values] = [width(0), rows.some((row) => row[2]) ? width(1) : 0];
  return rows
    .map(([name, value, target]) =>
      `  ${name.padEnd(names)}  ${target ? `${value.padEnd(values)}  ${target}` : value}`.trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join("");
}
