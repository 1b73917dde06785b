/**
 * `calibrate`: recorded real swaps, and the fills of the own log, against the slippage models as they are configured. Reads files
 * only, and needs no engine.
 */
import {
  type CalibrationCase,
  chainCase,
  chainFees,
  type Exclusion,
  ownFill,
} from "../../../domain/application/audit/calibration.ts";
import { foldLog } from "../../../domain/application/audit/replay-all.ts";
import {
  calibrate,
  type ExecutedTrade,
  feeReport,
  priceErrorCentiBps,
} from "../../../domain/pricing/calibration.ts";
import { seriesVolatility } from "../../../domain/pricing/realised-volatility.ts";
import type { SlippageModel } from "../../../domain/pricing/slippage/model.ts";
import { slippageModelsOf } from "../../config/engine-config.ts";
import type { Config } from "../../config.ts";
import { type Call, type CommandSpec, configOf } from "../command.ts";
import { EXIT, type ExitCode, usageError } from "../exit-codes.ts";
import { jsonLine } from "../output.ts";
import { PROGRESS_OPTION, progressWhere } from "../progress.ts";
import { eventsProgress, storeCodec, withLog } from "../store.ts";
import { type BadFile, readCloses, readRecordings } from "./calibrate-files.ts";
import {
  type ComparedSwap,
  type LogReport,
  logText,
  type PricesReport,
  pricesText,
  type TransactionsReport,
  transactionsText,
} from "./calibrate-report.ts";

/** Of one run; what is beyond it is checked but not compared. */
const MAX_COMPARED = 200_000;
const MAX_NAMED = 20;

export const calibrateCommand: CommandSpec = {
  name: "calibrate",
  summary: "compare the slippage models with recorded real swaps, or with the log's own fills",
  needs: "files",
  options: [
    {
      flags: "--transactions <folder>",
      description: "recorded getTransaction answers, one .json file each",
    },
    { flags: "--prices <files...>", description: "recorded one-minute candles (CSV)" },
    { flags: "--log", description: "the fills of the log in --data" },
    PROGRESS_OPTION,
  ],
  notes:
    "Quoted amounts are those of Jupiter's swap instruction, executed ones come from balances. The\n" +
    "models and their figures are those of the configuration. See docs/calibration.md for what the\n" +
    "result means, and what it does not.",
  examples: [
    "calibrate --transactions recordings/",
    "calibrate --transactions recordings/ --prices sol-1m.csv layer-1m.csv",
    "calibrate --log --data ./.orderstream",
  ],
  run,
};

type Setup = {
  readonly call: Call;
  readonly config: Config;
  readonly models: readonly SlippageModel[];
};

async function run(call: Call): Promise<ExitCode> {
  const { options, io } = call;
  const folder = options.text("transactions");
  const files = options.list("prices");
  if (folder === undefined && files.length === 0 && !options.flag("log")) {
    throw usageError("give --transactions FOLDER, --prices FILE, --log, or several of them");
  }
  const config = configOf(call);
  const models = [...slippageModelsOf(config.paper).values()];
  const setup = { call, config, models };
  const transactions = folder === undefined ? undefined : await fromChain(setup, folder);
  const log = options.flag("log") ? await fromLog(setup) : undefined;
  const prices = files.length === 0 ? undefined : await fromPrices(config, files);
  if (options.flag("json")) io.out(jsonLine({ transactions, log, prices }));
  else {
    const texts = [
      transactions && transactionsText(transactions),
      log && logText(log),
      prices && pricesText(prices.series, prices.badFiles),
    ];
    io.out(texts.filter((text) => text !== undefined).join("\n"));
  }
  const isWrong = log !== undefined && log.reproduced < log.fills;
  const isUnread =
    transactions !== undefined && transactions.badFiles.length === transactions.files;
  const isBad = isUnread || (prices !== undefined && prices.series.length === 0);
  return isWrong || isBad ? EXIT.failed : EXIT.ok;
}

async function fromChain(
  { call, config, models }: Setup,
  folder: string,
): Promise<TransactionsReport> {
  const dollars = dollarMints(config);
  const progress = progressWhere(call.options.flag("progress"), call.io, {
    what: "read",
    unit: "files",
  });
  const recordings = await readRecordings(folder, progress.step).finally(progress.end);
  const seen = new Set<string>();
  const once = recordings.transactions.filter(({ transaction: { signature } }) => {
    if (seen.has(signature)) return false;
    seen.add(signature);
    return true;
  });
  const cases = once.map(({ transaction }) => chainCase(transaction, dollars));
  const trades = tradesOf(cases);
  const duplicate = recordings.transactions.length - once.length;
  return {
    folder,
    files: recordings.files,
    badFiles: recordings.badFiles,
    excluded: { ...excludedOf(cases), ...(duplicate > 0 ? { duplicate } : {}) },
    feeBeforeRoute: cases.filter((one) => one.kind === "trade" && one.feeBeforeRoute > 0n).length,
    swaps: trades.map(comparedSwap),
    all: calibrate(trades, models),
    withTolerance: calibrate(
      trades.filter(({ toleranceBps }) => toleranceBps > 0),
      models,
    ),
    fees: feeReport(
      once.map(({ transaction }) => chainFees(transaction)),
      config.defaults.priorityFeeLamports,
    ),
  };
}

const comparedSwap = ({
  id,
  quoted,
  executed,
  toleranceBps,
  trade,
  market,
}: ExecutedTrade): ComparedSwap => ({
  signature: id,
  ...{ quoted, executed, toleranceBps },
  usdMicros: market.usdMicros,
  errorCentiBps: priceErrorCentiBps(executed, quoted, trade.counts),
});

/** Tokens that the configuration counts as dollars, with their decimals. */
function dollarMints({ paper, tokens }: Config): ReadonlyMap<string, number> {
  const usdMints = new Set<string>(paper.usdMints);
  return new Map(
    tokens.filter(({ mint }) => usdMints.has(mint)).map(({ mint, decimals }) => [mint, decimals]),
  );
}

async function fromLog({ call, config, models }: Setup): Promise<LogReport> {
  const cases: CalibrationCase[] = [];
  const liveCases: CalibrationCase[] = [];
  const dollars = dollarMints(config);
  const notReproduced: string[] = [];
  let fills = 0;
  let reproduced = 0;
  await withLog(config, async (store) => {
    const until = await store.end();
    const progress = eventsProgress(call, "folded", until);
    await foldLog(
      { store, codec: storeCodec },
      {
        until,
        onProgress: progress.step,
        onEvent: ({ after }) => {
          // Of a live order the last event: before it a fork may undo its fill.
          if (after?.phase !== "filled") return;
          const fill = ownFill(after, dollars);
          fills += 1;
          if (fill.isReproduced) reproduced += 1;
          else if (notReproduced.length < MAX_NAMED) notReproduced.push(after.orderId);
          if (cases.length + liveCases.length >= MAX_COMPARED) return;
          (after.request.mode === "LIVE" ? liveCases : cases).push(fill.case);
        },
      },
    ).finally(progress.end);
  });
  return {
    ...{ data: config.data, fills, reproduced, notReproduced },
    notCompared: fills - cases.length - liveCases.length,
    excluded: excludedOf(cases),
    all: calibrate(tradesOf(cases), models),
    ...(liveCases.length > 0 ? { live: calibrate(tradesOf(liveCases), models) } : {}),
  };
}

async function fromPrices(
  config: Config,
  files: readonly string[],
): Promise<{ readonly series: readonly PricesReport[]; readonly badFiles: readonly BadFile[] }> {
  const series: PricesReport[] = [];
  const badFiles: BadFile[] = [];
  const defaultPpm = BigInt(config.paper.volatility.defaultPpm);
  for (const file of files) {
    const points = await readCloses(file);
    if ("problem" in points) {
      badFiles.push(points);
      continue;
    }
    const volatility = seriesVolatility(points);
    if (volatility) series.push({ file, volatility, defaultPpm });
    else badFiles.push({ file, problem: "its prices tell no volatility" });
  }
  return { series, badFiles };
}

const tradesOf = (cases: readonly CalibrationCase[]): ExecutedTrade[] =>
  cases.flatMap((one) => (one.kind === "trade" ? [one.trade] : []));

function excludedOf(cases: readonly CalibrationCase[]): Partial<Record<Exclusion, number>> {
  const counts: Partial<Record<Exclusion, number>> = {};
  for (const one of cases) {
    if (one.kind === "excluded") counts[one.reason] = (counts[one.reason] ?? 0) + 1;
  }
  return counts;
}
