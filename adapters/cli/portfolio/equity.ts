/** `equity`: what an account was worth over time, as a table, and as a chart on a terminal. */
import {
  type GetEquityCurveRequest,
  type GetEquityCurveResponse,
  TradeExecutionServiceService as Service,
} from "../../../proto/generated/orderstream/v1/trade_execution.ts";
import { type CommandSpec, configOf } from "../command.ts";
import { READ_TIMEOUT_MS, withEngine } from "../engine-client.ts";
import { EXIT } from "../exit-codes.ts";
import { countOf, timeOf } from "../find-order.ts";
import { formatTime, jsonLine, table, timestampOf } from "../output.ts";
import { type TokenTable, tokenTable } from "../tokens.ts";

const DEFAULT_POINTS = "20";
const CHART_ROWS = 8;
/** Eighths of a row, from one to all eight. */
const BARS = "▁▂▃▄▅▆▇█";

export const equityCommand: CommandSpec = {
  name: "equity",
  summary: "show what an account was worth over time, at the prices last traded up to each point",
  needs: "engine",
  options: [
    { flags: "--account <name>", description: "account (default: paper)" },
    { flags: "--from <time>", description: "first point (default: the account's first event)" },
    { flags: "--to <time>", description: "last point (default: now)" },
    { flags: "--points <n>", description: `points, 2 to 1000 (default: ${DEFAULT_POINTS})` },
  ],
  examples: ["equity --from 2026-11-21 --points 50"],
  run: async (call) => {
    const { options, io } = call;
    const config = configOf(call);
    const time = (name: string) => {
      const text = options.text(name);
      return text === undefined ? undefined : timestampOf(timeOf(text, `--${name}`));
    };
    const points = options.text("points") ?? DEFAULT_POINTS;
    const request = {
      account: options.text("account") ?? config.executor.account,
      from: time("from"),
      to: time("to"),
      points: countOf(points, "--points", { min: 2, max: 1_000 }),
      minPosition: "",
    };
    const curve = await withEngine(config.grpc, (engine) =>
      engine.call(Service.getEquityCurve, request, { timeoutMs: READ_TIMEOUT_MS }),
    );
    const tokens = tokenTable(config.tokens);
    if (options.flag("json")) io.out(jsonLine(curve));
    else if (curve.points.length === 0) io.out(noPoints(request));
    else {
      io.out(curveTable(curve, tokens));
      const values = curve.points.map(({ value }) => value);
      if (io.screen) io.out(`\n${chartText(values, io.screen.columns())}`);
    }
    return EXIT.ok;
  },
};

/** With a beginning there is a curve, unless that is after the end. */
const noPoints = ({ from, to }: Pick<GetEquityCurveRequest, "from" | "to">): string =>
  from === undefined
    ? "nothing happened on this account up to then\n"
    : `no points: --from ${formatTime(from)} is after the end, ${to ? formatTime(to) : "now"}\n`;

function curveTable({ points, costMint }: GetEquityCurveResponse, tokens: TokenTable): string {
  const cost = tokens.symbol(costMint);
  const head = ["TIME", `>VALUE ${cost}`, `>UNREALISED ${cost}`, `>REALISED ${cost}`, "NOT VALUED"];
  return table(
    head,
    points.map((point) => [
      formatTime(point.time),
      tokens.number(costMint, point.value),
      tokens.number(costMint, point.unrealisedProfit),
      tokens.number(costMint, point.realisedProfit),
      point.unvaluedMints.map(tokens.symbol).join(", "),
    ]),
  );
}

/**
 * Columns from the lowest value (one eighth of a row high) to the highest one (all rows high). Every
 * point has a column where there is room, else some are left out.
 */
export function chartText(values: readonly bigint[], columns: number): string {
  const width = Math.max(1, Math.min(values.length, columns));
  const shown = Array.from(
    { length: width },
    (_, column) => values[Math.floor((column * values.length) / width)] ?? 0n,
  );
  const low = shown.reduce((least, value) => (value < least ? value : least));
  const high = shown.reduce((most, value) => (value > most ? value : most));
  const steps = BigInt(CHART_ROWS * BARS.length - 1);
  const eighths = shown.map((value) =>
    high === low ? 1 : 1 + Number(((value - low) * steps) / (high - low)),
  );
  const lines = Array.from({ length: CHART_ROWS }, (_, row) => {
    const below = (CHART_ROWS - 1 - row) * BARS.length;
    return eighths
      .map((height) => (height <= below ? " " : BARS[Math.min(height - below, BARS.length) - 1]))
      .join("")
      .trimEnd();
  });
  return `${lines.join("\n")}\n`;
}
