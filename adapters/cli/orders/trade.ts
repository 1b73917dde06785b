/** `trade buy|sell|swap`: asks for a trade and waits for its end, or as long as told. */
import { randomUUID } from "node:crypto";
import { ACCOUNT_ID_PATTERN, REQUEST_ID_PATTERN } from "../../../domain/primitives/ids.ts";
import { isDecimalPrice } from "../../../domain/primitives/ratio.ts";
import {
  MevParameters,
  OrderStatus,
  TradeExecutionServiceService as Service,
  TradeAction,
  TradeRequest,
  type TradeResult,
  TradingMode,
  WaitFor,
} from "../../../proto/generated/orderstream/v1/trade_execution.ts";
import type { Config } from "../../config.ts";
import { type Call, type CommandSpec, configOf, type OptionSpec } from "../command.ts";
import { withEngine } from "../engine-client.ts";
import { CliError, EXIT, type ExitCode, usageError } from "../exit-codes.ts";
import { countOf } from "../find-order.ts";
import { jsonLine } from "../output.ts";
import { resultOf } from "../rpc-error.ts";
import { bpsOf, type TokenTable, tokenTable, unitsOf } from "../tokens.ts";
import { resultText } from "./trade-text.ts";

const LIVE_ACCOUNT = "live";
const DEFAULT_TIMEOUT_S = 60;
const MAX_TIMEOUT_S = 600;

/** What the words of the command line say of the trade itself. */
type Wish = Pick<TradeRequest, "action" | "baseMint" | "quoteMint" | "amount" | "isBaseInput">;

const OPTIONS: readonly OptionSpec[] = [
  { flags: "--live", description: "on the chain instead of on paper" },
  { flags: "--mode <mode>", description: "paper | live (default: paper)" },
  {
    flags: "--account <name>",
    description: "account to trade on (default: paper, and with --live: live)",
  },
  {
    flags: "--max-slippage <x>",
    description: "tolerance such as 2% or 200bps (default: engine's)",
  },
  { flags: "--expected-price <p>", description: "whole quote tokens per base token; the floor" },
  {
    flags: "--slippage-model <name>",
    description: "fixed | volatility | square-root | route-impact (default: engine's)",
  },
  { flags: "--mev", description: "model the risk of a sandwich and tell it" },
  { flags: "--request-id <id>", description: "the same id is the same order for ever" },
  {
    flags: "--wait <point>",
    description: "accepted | submitted | confirmed | finalized (default: finalized)",
  },
  { flags: "--timeout <s>", description: `seconds to wait (default: ${DEFAULT_TIMEOUT_S})` },
];

const WAITS: Readonly<Record<string, WaitFor>> = {
  accepted: WaitFor.WAIT_FOR_ACCEPTED,
  submitted: WaitFor.WAIT_FOR_SUBMITTED,
  confirmed: WaitFor.WAIT_FOR_CONFIRMED,
  finalized: WaitFor.WAIT_FOR_FINALIZED,
};

export const tradeCommand: CommandSpec = {
  name: "trade",
  summary: "buy, sell or swap, on paper or live",
  needs: "engine",
  commands: [
    {
      name: "buy",
      operands: "<what...>",
      summary: "buy an exact amount (1.5 SOL --for USDC), or spend one (SOL --with 200 USDC)",
      needs: "engine",
      options: [
        { flags: "--for <token>", description: "token to pay with, however much it takes" },
        { flags: "--with <amount...>", description: "exact amount to spend, such as 200 USDC" },
        ...OPTIONS,
      ],
      examples: [
        "trade buy 1.5 SOL --for USDC",
        "trade buy SOL --with 200 USDC",
        "trade buy SOL --with 20 USDC --live",
      ],
      run: (call) => trade(call, buyOf),
    },
    {
      name: "sell",
      operands: "<amount> <token>",
      summary: "sell an exact amount",
      needs: "engine",
      options: [{ flags: "--for <token>", description: "token to receive" }, ...OPTIONS],
      examples: ["trade sell 1.5 SOL --for USDC --max-slippage 0.5%"],
      run: (call) => trade(call, (inner, tokens) => sellOf(inner, tokens, "for")),
    },
    {
      name: "swap",
      operands: "<amount> <token>",
      summary: "swap an exact amount, priced by the route for this amount",
      needs: "engine",
      options: [{ flags: "--to <token>", description: "token to receive" }, ...OPTIONS],
      examples: ["trade swap 1.5 SOL --to JUP"],
      run: (call) => trade(call, (inner, tokens) => sellOf(inner, tokens, "to")),
    },
  ],
};

function buyOf({ operands, options }: Call, tokens: TokenTable): Wish {
  const [first = "", second] = operands;
  const payWith = options.text("for");
  const spend = options.list("with");
  const action = TradeAction.TRADE_ACTION_BUY;
  if (operands.length === 2 && second !== undefined && payWith !== undefined && !spend.length) {
    const base = tokens.find(second);
    const quote = tokens.find(payWith);
    const amount = unitsOf(first, base);
    return { action, baseMint: base.mint, quoteMint: quote.mint, amount, isBaseInput: true };
  }
  const [amount, token, ...rest] = spend;
  const isSpending = amount !== undefined && token !== undefined && rest.length === 0;
  if (operands.length === 1 && payWith === undefined && isSpending) {
    const quote = tokens.find(token);
    const base = tokens.find(first);
    return { action, baseMint: base.mint, quoteMint: quote.mint, amount: unitsOf(amount, quote) };
  }
  throw usageError(
    "write either `trade buy 1.5 SOL --for USDC` (an exact amount to receive) or " +
      "`trade buy SOL --with 200 USDC` (an exact amount to spend)",
  );
}

function sellOf({ operands, options }: Call, tokens: TokenTable, option: "for" | "to"): Wish {
  const [amount = "", token = ""] = operands;
  const other = options.text(option);
  const verb = option === "for" ? "sell" : "swap";
  if (operands.length !== 2 || other === undefined) {
    throw usageError(
      `write \`trade ${verb} 1.5 SOL --${option} ${verb === "sell" ? "USDC" : "JUP"}\``,
    );
  }
  const base = tokens.find(token);
  return {
    action: verb === "sell" ? TradeAction.TRADE_ACTION_SELL : TradeAction.TRADE_ACTION_SWAP,
    baseMint: base.mint,
    quoteMint: tokens.find(other).mint,
    amount: unitsOf(amount, base),
  };
}

async function trade(
  call: Call,
  wishOf: (call: Call, tokens: TokenTable) => Wish,
): Promise<ExitCode> {
  const config = configOf(call);
  const tokens = tokenTable(config.tokens);
  const wish = wishOf(call, tokens);
  if (wish.baseMint === wish.quoteMint) throw usageError("the two tokens must differ");
  const request = requestOf(call.options, config, wish);
  if (request.mode === TradingMode.TRADING_MODE_LIVE && request.isBaseInput) {
    throw usageError(
      "a live order counts what it spends: write `trade buy SOL --with 20 USDC --live`",
    );
  }
  const timeout = call.options.text("timeout") ?? String(DEFAULT_TIMEOUT_S);
  const timeoutMs = countOf(timeout, "--timeout", { min: 1, max: MAX_TIMEOUT_S }) * 1_000;
  const show = (result: TradeResult): void =>
    call.io.out(call.options.flag("json") ? jsonLine(result) : resultText(result, tokens));
  try {
    const result = await withEngine(config.grpc, (engine) =>
      engine.call(Service.executeTrade, request, { timeoutMs, isWrite: true }),
    );
    show(result);
    return hasEnded(request, result) ? EXIT.ok : EXIT.unknown;
  } catch (error) {
    const result = error instanceof CliError ? resultOf(error) : undefined;
    if (error instanceof CliError && result && !call.options.flag("json")) {
      show(result);
      return error.code;
    }
    throw withRequestId(error, request.requestId);
  }
}

/** Whoever waits for the end wants to know when the wait was too short. */
const hasEnded = ({ waitFor }: TradeRequest, { status }: TradeResult): boolean =>
  waitFor !== WaitFor.WAIT_FOR_FINALIZED || status === OrderStatus.ORDER_STATUS_FILLED;

/** A generated id has to be known when the same request must be sent again. */
function withRequestId(error: unknown, requestId: string): unknown {
  if (!(error instanceof CliError) || error.code !== EXIT.unknown) return error;
  return new CliError(error.code, `${error.message} (--request-id ${requestId})`, {
    ...error.facts,
    requestId,
  });
}

function requestOf(options: Call["options"], config: Config, wish: Wish): TradeRequest {
  const requestId = options.text("request-id") ?? `cli-${randomUUID()}`;
  if (!REQUEST_ID_PATTERN.test(requestId)) {
    throw usageError("--request-id must be 1 to 100 characters of A-Z a-z 0-9 . _ : -");
  }
  const mode = modeOf(options);
  const account = options.text("account") ?? defaultAccount(config, mode);
  if (!ACCOUNT_ID_PATTERN.test(account)) {
    throw usageError("--account must be 1 to 64 characters of A-Z a-z 0-9 . _ -");
  }
  const expectedPrice = options.text("expected-price");
  if (expectedPrice !== undefined && !isDecimalPrice(expectedPrice)) {
    throw usageError("--expected-price must be a decimal number greater than 0 such as 150.25");
  }
  const slippage = options.text("max-slippage");
  return TradeRequest.create({
    ...wish,
    requestId,
    account,
    mode,
    sourceService: "cli",
    slippageToleranceBps: slippage === undefined ? undefined : bpsOf(slippage, "--max-slippage"),
    expectedPrice,
    slippageModel: options.text("slippage-model"),
    mev: options.flag("mev") ? MevParameters.create({ simulate: true }) : undefined,
    waitFor: waitOf(options.text("wait") ?? "finalized"),
  });
}

function modeOf(options: Call["options"]): TradingMode {
  const { TRADING_MODE_LIVE: live, TRADING_MODE_PAPER: paper } = TradingMode;
  const text = options.text("mode");
  if (text === undefined) return options.flag("live") ? live : paper;
  if (text === "live") return live;
  if (text === "paper" && !options.flag("live")) return paper;
  throw usageError(
    text === "paper"
      ? "give --live or --mode paper, not both"
      : `--mode must be paper or live, not ${JSON.stringify(text)}`,
  );
}

/** `live` is what a localnet calls its account; elsewhere accounts have names of their own. */
function defaultAccount({ accounts, executor }: Config, mode: TradingMode): string {
  if (mode === TradingMode.TRADING_MODE_PAPER) return executor.account;
  const isThere = accounts?.some(({ name }) => name === LIVE_ACCOUNT) ?? true;
  return isThere ? LIVE_ACCOUNT : (accounts?.[0]?.name ?? LIVE_ACCOUNT);
}

function waitOf(text: string): WaitFor {
  const waitFor = Object.hasOwn(WAITS, text) ? WAITS[text] : undefined;
  if (waitFor !== undefined) return waitFor;
  throw usageError(`--wait must be ${Object.keys(WAITS).join(", ")}, not ${JSON.stringify(text)}`);
}
