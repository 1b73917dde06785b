/**
 * `watch`, `history`, `positions`, `cancel`: what a running engine knows of orders and accounts.
 */
import {
  CancelOutcome,
  type ExecutionStatus,
  GetTradeHistoryRequest,
  OrderStatus,
  type Position,
  TradeExecutionServiceService as Service,
  type TradeHistoryEntry,
} from "../../proto/generated/orderstream/v1/trade_execution.ts";
import { type Call, type CommandSpec, configOf } from "./command.ts";
import { type EngineClient, READ_TIMEOUT_MS, withEngine } from "./engine-client.ts";
import { CliError, EXIT, type ExitCode, usageError } from "./exit-codes.ts";
import { countOf, findOrder, keysOf, type OrderKey, timeOf } from "./orders.ts";
import {
  enumName,
  formatTime,
  jsonLine,
  printable,
  statusName,
  table,
  timestampOf,
} from "./output.ts";
import { FEE_MINT, type TokenTable, tokenTable } from "./tokens.ts";
import { resultText, sidesOf } from "./trade-text.ts";

const WATCH_TIMEOUT_S = 3_600;

export const watchCommand: CommandSpec = {
  name: "watch",
  operands: "<order>",
  summary: "show an order's steps, those that happened and those to come, to its end",
  needs: "engine",
  options: [
    { flags: "--timeout <s>", description: `seconds to watch (default: ${WATCH_TIMEOUT_S})` },
  ],
  notes: "With --json one object per step, a line each.",
  run: async (call) => {
    const { operands, options, io } = call;
    const [order = ""] = operands;
    const seconds = options.text("timeout") ?? String(WATCH_TIMEOUT_S);
    const timeoutMs = countOf(seconds, "--timeout", { min: 1, max: 86_400 }) * 1_000;
    return withEngine(configOf(call).grpc, async (engine) => {
      const key = await watchedKey(engine, order);
      const request = { order: key };
      let last: ExecutionStatus | undefined;
      for await (const step of engine.stream(Service.streamExecutionStatus, request, {
        timeoutMs,
      })) {
        io.out(options.flag("json") ? jsonLine(step) : stepText(step));
        last = step;
      }
      if (!last?.terminal) return EXIT.unknown;
      return last.status === OrderStatus.ORDER_STATUS_FILLED ? EXIT.ok : EXIT.failed;
    });
  },
};

/** An order that does not exist yet can be watched by its request id. */
async function watchedKey(engine: EngineClient, text: string): Promise<OrderKey> {
  const [only, ...others] = keysOf(text);
  if (only && others.length === 0) return only;
  try {
    return (await findOrder(engine, text)).key;
  } catch (error) {
    if (error instanceof CliError && error.code === EXIT.notFound) {
      return { $case: "requestId", value: text };
    }
    throw error;
  }
}

const stepText = (step: ExecutionStatus): string =>
  `${formatTime(step.time)}  ${`${step.percentComplete} %`.padStart(5)}  ` +
  `${statusName(step.status).padEnd(10)}  ${printable(step.message)}\n`;

export const historyCommand: CommandSpec = {
  name: "history",
  summary: "list orders, newest first",
  needs: "engine",
  options: [
    { flags: "--account <name>", description: "of this account only" },
    { flags: "--status <status>", description: "such as filled, failed, rejected or pending" },
    { flags: "--limit <n>", description: "orders at most, 1 to 1000 (default: 20)" },
    { flags: "--page <token>", description: "continue where a page of --json ended" },
  ],
  examples: ["history --status filled --limit 5"],
  run: async (call) => {
    const { options, io } = call;
    const config = configOf(call);
    const status = options.text("status");
    const request = GetTradeHistoryRequest.create({
      account: options.text("account") ?? "",
      status: status === undefined ? 0 : statusOfText(status),
      pageSize: countOf(options.text("limit") ?? "20", "--limit", { min: 1, max: 1_000 }),
      pageToken: options.text("page") ?? "",
    });
    const page = await withEngine(config.grpc, (engine) =>
      engine.call(Service.getTradeHistory, request, { timeoutMs: READ_TIMEOUT_MS }),
    );
    if (options.flag("json")) io.out(jsonLine(page));
    else if (page.trades.length === 0) io.out("no orders\n");
    else {
      const tokens = tokenTable(config.tokens);
      io.out(
        table(
          HISTORY_HEAD,
          page.trades.map((entry) => historyRow(entry, tokens)),
        ),
      );
      if (page.nextPageToken !== "") io.out("There are older ones: see --limit and --page.\n");
    }
    return EXIT.ok;
  },
};

function statusOfText(text: string): OrderStatus {
  const names = Object.keys(OrderStatus)
    .filter((name) => name.startsWith("ORDER_STATUS_") && !name.endsWith("_UNSPECIFIED"))
    .map((name) => name.replace("ORDER_STATUS_", "").toLowerCase());
  const wanted = text.toLowerCase().replaceAll("-", "_");
  const found = Object.entries(OrderStatus).find(
    ([name]) => name === `ORDER_STATUS_${wanted.toUpperCase()}`,
  );
  if (found && names.includes(wanted)) return found[1];
  throw usageError(`--status must be ${names.join(", ")}, not ${JSON.stringify(text)}`);
}

const HISTORY_HEAD = [
  "TIME",
  "STATUS",
  "ACTION",
  ">SPENT",
  ">RECEIVED",
  ">PRICE",
  "REQUEST",
  "REASON",
];

function historyRow(entry: TradeHistoryEntry, tokens: TokenTable): readonly string[] {
  const { spent, received } = sidesOf(entry);
  const isFilled = entry.amountIn > 0n;
  return [
    formatTime(entry.requestedAt).replace(/\.\d+Z$/, "Z"),
    statusName(entry.status),
    enumName("action", entry.action),
    isFilled ? tokens.show(spent, entry.amountIn) : tokens.symbol(spent),
    isFilled ? tokens.show(received, entry.amountOut) : tokens.symbol(received),
    entry.price,
    entry.requestId,
    entry.error?.reason ?? "",
  ];
}

export const positionsCommand: CommandSpec = {
  name: "positions",
  summary: "show what an account holds, what it cost and what was realised",
  needs: "engine",
  options: [
    { flags: "--account <name>", description: "account (default: paper)" },
    { flags: "--as-of <time>", description: "as of a time such as 2026-11-21T13:15:06Z" },
  ],
  run: async (call) => {
    const { options, io } = call;
    const config = configOf(call);
    const asOf = options.text("as-of");
    const request = {
      account: options.text("account") ?? config.executor.account,
      asOf: asOf === undefined ? undefined : timestampOf(timeOf(asOf, "--as-of")),
      minPosition: "",
    };
    const answer = await withEngine(config.grpc, (engine) =>
      engine.call(Service.getPositions, request, { timeoutMs: READ_TIMEOUT_MS }),
    );
    if (options.flag("json")) io.out(jsonLine(answer));
    else if (answer.positions.length === 0) io.out("no positions\n");
    else {
      const tokens = tokenTable(config.tokens);
      const cost = tokens.symbol(answer.costMint);
      const head = [
        "TOKEN",
        ">QUANTITY",
        ">RESERVED",
        `>AVERAGE COST ${cost}`,
        `>REALISED ${cost}`,
        ">FEES SOL",
        ">TRADES",
      ];
      const row = (position: Position): readonly string[] => [
        tokens.symbol(position.mint),
        tokens.number(position.mint, position.quantity),
        tokens.number(position.mint, position.reserved),
        position.averageCost || "unknown",
        tokens.number(answer.costMint, position.realisedProfit),
        position.feesPaidLamports > 0n ? tokens.number(FEE_MINT, position.feesPaidLamports) : "",
        position.trades.toString(),
      ];
      io.out(table(head, answer.positions.map(row)));
    }
    return EXIT.ok;
  },
};

const CANCEL_TEXT: Readonly<Record<number, string>> = {
  [CancelOutcome.CANCEL_OUTCOME_CANCELLED]: "cancelled",
  [CancelOutcome.CANCEL_OUTCOME_TOO_LATE_PENDING]: "too late: already executed; its end is awaited",
  [CancelOutcome.CANCEL_OUTCOME_ALREADY_FINAL]: "had ended before",
};

export const cancelCommand: CommandSpec = {
  name: "cancel",
  operands: "<order>",
  summary: "cancel an order that is not executed yet",
  needs: "engine",
  options: [{ flags: "--reason <text>", description: "for the record" }],
  run: cancel,
};

async function cancel(call: Call): Promise<ExitCode> {
  const { operands, options, io } = call;
  const config = configOf(call);
  const { outcome, result, position } = await withEngine(config.grpc, async (engine) => {
    const { key } = await findOrder(engine, operands[0] ?? "");
    const request = { order: key, reason: options.text("reason") ?? "" };
    return engine.call(Service.cancelTrade, request, { timeoutMs: 30_000, isWrite: true });
  });
  if (options.flag("json")) io.out(jsonLine({ outcome, result, position }));
  else {
    io.out(`${CANCEL_TEXT[outcome] ?? enumName("outcome", outcome)}\n`);
    if (result) io.out(resultText(result, tokenTable(config.tokens)));
  }
  return outcome === CancelOutcome.CANCEL_OUTCOME_CANCELLED ? EXIT.ok : EXIT.failed;
}
