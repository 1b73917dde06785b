/**
 * `watch`, `history`: what a running engine knows of orders.
 */
import {
  type ExecutionStatus,
  GetTradeHistoryRequest,
  OrderStatus,
  TradeExecutionServiceService as Service,
  type TradeHistoryEntry,
} from "../../../proto/generated/orderstream/v1/trade_execution.ts";
import { type CommandSpec, configOf } from "../command.ts";
import { type EngineClient, READ_TIMEOUT_MS, withEngine } from "../engine-client.ts";
import { CliError, EXIT, usageError } from "../exit-codes.ts";
import { countOf, findOrder, keysOf, type OrderKey } from "../find-order.ts";
import { enumName, formatTime, jsonLine, printable, statusName, table } from "../output.ts";
import { type TokenTable, tokenTable } from "../tokens.ts";
import { sidesOf } from "./trade-text.ts";
import { watchAll } from "./watch-all.ts";

const WATCH_TIMEOUT_S = 3_600;

export const watchCommand: CommandSpec = {
  name: "watch",
  operands: "[order]",
  summary: "show an order's steps to its end; without an order all orders as they change",
  needs: "engine",
  options: [
    {
      flags: "--timeout <s>",
      description: `seconds to watch an order (default: ${WATCH_TIMEOUT_S})`,
    },
    { flags: "--account <name>", description: "without an order: of this account only" },
    { flags: "--reconnect", description: "without an order: go on when the engine is back" },
  ],
  notes:
    "With --json one object per step, a line each. Without an order it runs until Ctrl-C and shows\n" +
    "what happens from now on.",
  run: async (call) => {
    if (call.operands.length === 0) return watchAll(call);
    const { operands, options, io } = call;
    if (options.text("account") !== undefined || options.flag("reconnect")) {
      throw usageError("--account and --reconnect are for watching all orders: name no order");
    }
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
    else if (page.trades.length === 0 && page.nextPageToken === "") io.out("no orders\n");
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
