/** Price errors as figures and as a table, in basis points. Positive: paper was worse for the trader than live. */
import { distributionOf } from "../../domain/pricing/distribution.ts";
import { formatCentiBps } from "../../domain/pricing/paper-fill.ts";

const PERCENTS = [1, 5, 10, 25, 50, 75, 90, 95, 99] as const;
/** 10 basis points. */
const NEAR_CENTI_BPS = 1_000n;

export type Errors = {
  readonly n: number;
  /** By nearest rank, hundredths of a basis point. */
  readonly percentiles: readonly bigint[];
  readonly meanAbsolute: bigint;
  /** How many are at most 10 basis points away, either way. */
  readonly near: number;
};

/** Throws for no errors at all. */
export function errorsOf(values: readonly bigint[]): Errors {
  const distribution = distributionOf(values);
  if (!distribution) throw new Error("there is nothing to report on");
  const sorted = values.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  return {
    n: sorted.length,
    percentiles: PERCENTS.map((percent) => {
      const rank = Math.ceil((sorted.length * percent) / 100);
      return sorted[Math.max(1, rank) - 1] ?? 0n;
    }),
    meanAbsolute: distribution.meanAbsolute,
    near: values.filter((value) => value <= NEAR_CENTI_BPS && value >= -NEAR_CENTI_BPS).length,
  };
}

export const shareOf = ({ near, n }: Errors): string => `${((100 * near) / n).toFixed(1)} %`;

/** Rows as a table of Markdown, which reads well on a terminal too. */
export function errorsTable(rows: readonly (readonly [string, Errors])[]): string {
  const head = ["", "n", ...PERCENTS.map((percent) => `p${percent}`), "mean abs", "within 10"];
  const lines = rows.map(([name, errors]) => [
    ...[name, String(errors.n), ...errors.percentiles.map(formatCentiBps)],
    ...[formatCentiBps(errors.meanAbsolute), shareOf(errors)],
  ]);
  return [head, head.map(() => "---"), ...lines]
    .map((cells) => `| ${cells.join(" | ")} |`)
    .join("\n");
}
