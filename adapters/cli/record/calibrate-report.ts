/** What `calibrate` found, as tables and sentences for people. Basis points with two decimals; positive is worse for the trader. */
import type { Exclusion } from "../../../domain/application/audit/calibration.ts";
import type { Calibration, FeeReport } from "../../../domain/pricing/calibration.ts";
import type { Distribution } from "../../../domain/pricing/distribution.ts";
import { type Amounts, formatCentiBps } from "../../../domain/pricing/paper-fill.ts";
import type { SeriesVolatility } from "../../../domain/pricing/realised-volatility.ts";
import { printable, table } from "../output.ts";
import type { BadFile } from "./calibrate-files.ts";

export type Excluded = Readonly<Partial<Record<Exclusion, number>>>;

export type ComparedSwap = {
  readonly signature: string;
  readonly quoted: Amounts;
  readonly executed: Amounts;
  readonly toleranceBps: number;
  readonly usdMicros: bigint | undefined;
  readonly errorCentiBps: bigint;
};

export type TransactionsReport = {
  readonly folder: string;
  readonly files: number;
  readonly badFiles: readonly BadFile[];
  readonly excluded: Excluded;
  /** Swaps that paid somebody from their input before the route began. */
  readonly feeBeforeRoute: number;
  readonly swaps: readonly ComparedSwap[];
  readonly all: Calibration;
  /** Of those that set a tolerance above 0: without one, what stands as the quote is a limit. */
  readonly withTolerance: Calibration;
  readonly fees: FeeReport;
};

export type LogReport = {
  readonly data: string;
  readonly fills: number;
  readonly excluded: Excluded;
  /** Of paper fills. */
  readonly all: Calibration;
  /** Of live fills; absent where there are none. */
  readonly live?: Calibration;
  /** Fills whose recorded slippage gives their recorded amounts again, and order ids of the first others. */
  readonly reproduced: number;
  readonly notReproduced: readonly string[];
  /** Fills beyond the most that one run compares. */
  readonly notCompared: number;
};

export type PricesReport = {
  readonly file: string;
  readonly volatility: SeriesVolatility;
  /** What the volatility model assumes where it knows nothing, ppm per √second. */
  readonly defaultPpm: bigint;
};

const REASONS: Readonly<Record<Exclusion, string>> = {
  "failed-slippage": "failed on chain over the slippage tolerance",
  "failed-other": "failed on chain for another reason",
  cycle: "end in the mint that they began with (arbitrage)",
  complex: "the wallet's net is not one route",
  "no-jupiter-call": "no swap call of Jupiter, so no quote",
  "no-quote": "the instruction quotes no input or no output",
  "too-small": "so small that one smallest unit is more than a basis point",
  simulated: "filled at their own expected price, without a model",
  duplicate: "a signature that was read before",
};

/** Below so many swaps a percentile is an anecdote. */
const ENOUGH = 1_000;

const bps = (centiBps: bigint): string => formatCentiBps(centiBps);
const plain = (value: bigint): string => value.toString();

const HEAD = [">N", ">MIN", ">P10", ">P50", ">P90", ">MAX", ">MEAN |X|"];

function cells(distribution: Distribution | undefined, show: (value: bigint) => string): string[] {
  if (!distribution) return ["0"];
  const { n, min, p10, p50, p90, max, meanAbsolute } = distribution;
  return [String(n), ...[min, p10, p50, p90, max, meanAbsolute].map(show)];
}

export function transactionsText(report: TransactionsReport): string {
  const { all, withTolerance, files, badFiles, folder, feeBeforeRoute } = report;
  const bad = badFiles.map(({ file, problem }) => `  not read: ${file}: ${problem}\n`).join("");
  return [
    `${files} files in ${folder}, ${files - badFiles.length} transactions read, `,
    `${all.n} swaps compared\n${printable(bad)}${excludedText(report.excluded)}`,
    "\nPrice error in basis points: executed (by balances) against quoted (by the instruction)\n",
    table(
      ["SWAPS", ...HEAD],
      [
        ["all", ...cells(all.executed, bps)],
        ["with a tolerance", ...cells(withTolerance.executed, bps)],
      ],
    ),
    modelsText(all, "all"),
    modelsText(withTolerance, "with a tolerance"),
    all.n > 0 ? LEGEND : "",
    feesText(report.fees),
    notes([
      ...(all.n < ENOUGH
        ? [`n is ${all.n}: far too few to fit a model to; read it as a check, not as a fit.`]
        : []),
      "Only swaps that landed can be compared: whose price had moved further than their tolerance " +
        `failed (${report.excluded["failed-slippage"] ?? 0} here), so the true mean is worse.`,
      `${all.n - withTolerance.n} of ${all.n} set a tolerance of 0: their "quoted" amount is ` +
        "the least that they take, and the comparison flatters them.",
      "The quoted amount is what the instruction says: after Jupiter's platform fee, and without " +
        `network fees, tip, rent, and fees taken before the route (${feeBeforeRoute} swaps).`,
      "The instruction tells neither the route's price impact nor the age of its quote.",
    ]),
  ].join("");
}

export function logText(report: LogReport): string {
  const { data, fills, all, live, reproduced, notReproduced, notCompared } = report;
  const verdict =
    reproduced === fills
      ? "each is what its recorded slippage gives at its quote (error 0)"
      : `${fills - reproduced} ARE NOT what their recorded slippage gives`;
  return [
    `${fills} ${live ? "fills, paper and live," : "paper fills"} in ${data}: ${verdict}\n`,
    ...notReproduced.map((orderId) => `  NOT REPRODUCED: ${orderId}\n`),
    excludedText(report.excluded),
    "\nPrice error in basis points: paper fill against its quote\n",
    table(["FILLS", ...HEAD], [["all", ...cells(all.executed, bps)]]),
    modelsText(all, "all"),
    all.n > 0 ? LEGEND : "",
    ...(live
      ? [
          "\nPrice error in basis points: live fill against its quote\n",
          table(["FILLS", ...HEAD], [["live", ...cells(live.executed, bps)]]),
          modelsText(live, "live"),
        ]
      : []),
    notes([
      "Paper fills were made by the models: they say whether the log is right, not whether a model is.",
      ...(notCompared > 0 ? [`${notCompared} more fills were checked but not compared.`] : []),
    ]),
  ].join("");
}

export const pricesText = (
  reports: readonly PricesReport[],
  badFiles: readonly BadFile[],
): string =>
  [
    "Volatility of recorded prices, ppm per √second; estimated: as the engine does, price by price\n",
    printable(badFiles.map(({ file, problem }) => `  not read: ${file}: ${problem}\n`).join("")),
    ...(reports.length === 0
      ? []
      : [
          table(
            ["FILE", ">PRICES", ">REALISED", ">EST P10", ">EST P50", ">EST P90", ">DEFAULT"],
            reports.map(
              ({ file, volatility: { points, realisedPpm, estimatedPpm }, defaultPpm }) => [
                printable(file),
                ...[points, realisedPpm, estimatedPpm.p10, estimatedPpm.p50].map(String),
                ...[estimatedPpm.p90, defaultPpm].map(String),
              ],
            ),
          ),
        ]),
  ].join("");

function modelsText({ models, n }: Calibration, which: string): string {
  if (models.length === 0) return "";
  const rows = models.map(({ model, predicted, error, refused, withoutInput }) => [
    model,
    ...[bps(predicted.p50), bps(predicted.max)],
    ...cells(error, bps).slice(1),
    ...[String(refused), String(withoutInput)],
  ]);
  const head = ["MODEL", ">PREDICTED P50", ">MAX", ">ERROR MIN", ...HEAD.slice(2)];
  const title = `\nModels as configured, ${which} (${n}): predicted price error, and that less the executed one, in bps\n`;
  return title + table([...head, ">REFUSED", ">NO INPUT"], rows);
}

const LEGEND =
  "ERROR above 0: the model is harsher than the market was. REFUSED: its fill is outside the trade's\n" +
  "own tolerance. NO INPUT: it lacked the dollar worth, volatility or impact, and used a default.\n";

function feesText(fees: FeeReport): string {
  const rows: [string, Distribution | undefined][] = [
    ["base fee, lamports", fees.baseFeeLamports],
    ["priority fee, lamports", fees.priorityFeeLamports],
    ["Jito tip where paid, lamports", fees.tipLamports],
    ["compute units", fees.computeUnits],
    ["unit price, micro-lamports", fees.unitPriceMicroLamports],
  ];
  const shares = fees.atMost.map(
    ({ name, lamports, count }) => `${name} ${lamports}: ${count} of ${fees.n}`,
  );
  return [
    "\nFees of all transactions that were read\n",
    table(
      ["FEE", ...HEAD.slice(0, -1)],
      rows.map(([name, values]) => [name, ...cells(values, plain).slice(0, HEAD.length - 1)]),
    ),
    `Paid no more priority fee than this engine by default: ${shares.join(", ")}\n`,
  ].join("");
}

function excludedText(excluded: Excluded): string {
  const entries = Object.entries(REASONS).flatMap(([reason, text]) => {
    const count = excluded[reason as Exclusion] ?? 0;
    return count === 0 ? [] : [`  left out ${count}: ${text}\n`];
  });
  return entries.join("");
}

const notes = (lines: readonly string[]): string =>
  `\n${lines.map((line) => `note: ${line}\n`).join("")}`;
