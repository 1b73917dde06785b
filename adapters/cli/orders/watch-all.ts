/** `watch` without an order: every order of the caller as it changes, a line each, until Ctrl-C. */
import { setTimeout as delay } from "node:timers/promises";
import {
  OrderStatus,
  TradeExecutionServiceService as Service,
  type TradeUpdate,
  TradingMode,
} from "../../../proto/generated/orderstream/v1/trade_execution.ts";
import { formatAddress } from "../../config/address.ts";
import { type Call, configOf, type Io } from "../command.ts";
import { withEngine } from "../engine-client.ts";
import { CliError, EXIT, type ExitCode, usageError } from "../exit-codes.ts";
import { enumName, formatTime, jsonLine, printable, statusName } from "../output.ts";
import { type TokenTable, tokenTable } from "../tokens.ts";
import { untilStopped } from "../until-stopped.ts";
import { sidesOf } from "./trade-text.ts";

/** Milliseconds between two tries to find the engine again. */
const RECONNECT_MS = 1_000;
/** The same sentence is told again after so many milliseconds. */
const REMIND_MS = 10_000;

export async function watchAll(call: Call): Promise<ExitCode> {
  const { options, io } = call;
  const isTried = options.flag("reconnect");
  if (options.text("timeout") !== undefined) {
    throw usageError("--timeout is for watching one order: name it");
  }
  const reminder = createReminder(() => performance.now());
  return untilStopped(async (signal) => {
    for (;;) {
      try {
        return await follow(call, { signal, onBegin: reminder.forget });
      } catch (error) {
        if (signal.aborted || !isTried || !isAway(error)) throw error;
        if (reminder.isDue(error.message)) {
          io.err(
            `orderstream: ${error.message}; trying again, what happens meanwhile is not shown\n`,
          );
        }
        await delay(RECONNECT_MS, undefined, { signal });
      }
    }
  });
}

/** Says whether a sentence is worth telling: a new one, or the last one after ten seconds. */
export function createReminder(nowMs: () => number) {
  let last: { readonly sentence: string; readonly atMs: number } | undefined;
  return {
    isDue(sentence: string): boolean {
      const atMs = nowMs();
      if (last?.sentence === sentence && atMs - last.atMs < REMIND_MS) return false;
      last = { sentence, atMs };
      return true;
    },
    forget(): void {
      last = undefined;
    },
  };
}

const isAway = (error: unknown): error is CliError =>
  error instanceof CliError && error.code === EXIT.unreachable;

type Follow = { readonly signal: AbortSignal; readonly onBegin: () => void };

async function follow(call: Call, { signal, onBegin }: Follow): Promise<ExitCode> {
  const { options, io } = call;
  const config = configOf(call);
  const tokens = tokenTable(config.tokens);
  const paint = paintFor(io);
  const target = formatAddress(config.grpc);
  const request = { account: options.text("account") ?? "" };
  const limits = {
    timeoutMs: Number.POSITIVE_INFINITY,
    signal,
    onBegin: () => {
      onBegin();
      io.err(`watching the orders of the engine at ${target}; Ctrl-C ends\n`);
    },
  };
  return withEngine(config.grpc, async (engine) => {
    try {
      for await (const update of engine.stream(Service.streamTradeUpdates, request, limits)) {
        io.out(options.flag("json") ? jsonLine(update) : updateText(update, tokens, paint));
        // `orderstream watch | head` has seen enough; a slow reader is waited for.
        if (!(await io.flushed())) return EXIT.ok;
      }
    } catch (error) {
      throw wentAway(error) ? new CliError(EXIT.unreachable, awayText(target, error)) : error;
    }
    throw new CliError(EXIT.unreachable, `the engine at ${target} ended the stream`);
  });
}

/** An engine that stops, or a connection that broke; not one that was never there, which has a sentence of its own. */
const wentAway = (error: unknown): error is CliError =>
  error instanceof CliError &&
  error.code !== EXIT.unreachable &&
  error.facts.status === "UNAVAILABLE";

const awayText = (target: string, { facts }: CliError): string =>
  facts.reason === "DRAINING"
    ? `the engine at ${target} is stopping`
    : `the connection to the engine at ${target} broke`;

type Paint = (status: OrderStatus, text: string) => string;

const COLOURS: Readonly<Partial<Record<OrderStatus, number>>> = {
  [OrderStatus.ORDER_STATUS_FILLED]: 32,
  [OrderStatus.ORDER_STATUS_FAILED]: 31,
  [OrderStatus.ORDER_STATUS_REJECTED]: 31,
  [OrderStatus.ORDER_STATUS_EXPIRED]: 31,
  [OrderStatus.ORDER_STATUS_OUTCOME_UNKNOWN]: 35,
  [OrderStatus.ORDER_STATUS_CANCELLED]: 33,
};

/** Colours at a terminal, unless NO_COLOR is set (https://no-color.org). */
const paintFor = ({ screen, environment }: Io): Paint =>
  screen && !environment.NO_COLOR
    ? (status, text) => {
        const colour = COLOURS[status];
        return colour === undefined ? text : `\u001b[${colour}m${text}\u001b[0m`;
      }
    : (_, text) => text;

const STATUS_WIDTH = 10;
const ACTION_WIDTH = 4;

/** `TIME  FILLED  BUY  227.3625 USDC -> 1.5 SOL at 151.575  my-request  OrderFilled`. */
function updateText(
  { trade, time, eventType, message }: TradeUpdate,
  tokens: TokenTable,
  paint: Paint,
): string {
  if (!trade) return `${formatTime(time)}  ${printable(eventType)}\n`;
  const { spent, received } = sidesOf(trade);
  const traded =
    trade.amountIn > 0n
      ? `${tokens.show(spent, trade.amountIn)} -> ${tokens.show(received, trade.amountOut)} at ${trade.price}`
      : `${tokens.symbol(spent)} -> ${tokens.symbol(received)}`;
  const { error, mode } = trade;
  // An attempt's trouble is told once, where it happened.
  const isLive = mode === TradingMode.TRADING_MODE_LIVE;
  const news = error ? `${error.reason}: ${error.message}` : eventType;
  return `${[
    formatTime(time),
    paint(trade.status, statusName(trade.status).padEnd(STATUS_WIDTH)),
    enumName("action", trade.action).padEnd(ACTION_WIDTH),
    printable(traded),
    printable(trade.requestId),
    printable(isLive ? message : news),
  ].join("  ")}\n`;
}
