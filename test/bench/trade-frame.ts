/** The trades that the benches ask for, as bytes in which only the request id changes. */
import {
  TradeAction,
  TradeRequest,
  TradingMode,
  Urgency,
  WaitFor,
} from "../../proto/generated/orderstream/v1/trade_execution.ts";
import type { LiveTrades } from "./load.types.ts";

const ID_DIGITS = 12;
export const requestIdOf = (number: number): string =>
  `bench-${String(number).padStart(ID_DIGITS, "0")}`;

/** Sells 0.001 SOL for USDC at the price of the pair; waits for the end. */
export const benchTrade = (number: number): TradeRequest =>
  TradeRequest.fromPartial({
    requestId: requestIdOf(number),
    mode: TradingMode.TRADING_MODE_PAPER,
    account: "paper",
    sourceService: "bench",
    action: TradeAction.TRADE_ACTION_SELL,
    baseMint: "So11111111111111111111111111111111111111112",
    quoteMint: "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v",
    amount: 1_000_000n,
    slippageToleranceBps: 200,
    urgency: Urgency.URGENCY_NORMAL,
    metadata: { strategy: "ma-cross", signal: "42" },
    waitFor: WaitFor.WAIT_FOR_FINALIZED,
  });

const WAIT_FOR = {
  SUBMITTED: WaitFor.WAIT_FOR_SUBMITTED,
  CONFIRMED: WaitFor.WAIT_FOR_CONFIRMED,
  FINALIZED: WaitFor.WAIT_FOR_FINALIZED,
} as const;

/** Sells 0.01 SOL for USDC from a live account. */
export const liveBenchTrade = (
  number: number,
  account: string,
  waitFor: LiveTrades["waitFor"],
): TradeRequest => ({
  ...benchTrade(number),
  ...{ mode: TradingMode.TRADING_MODE_LIVE, account, amount: 10_000_000n },
  waitFor: WAIT_FOR[waitFor],
});

/** A maker of frames: prefix, length and message; each call gives a buffer of its own. */
export const createFrames = (): ((number: number) => Buffer) => framesOf(benchTrade(0));

/** The same of live trades; the number also says which account it is. */
export function createLiveFrames({ accounts, waitFor }: LiveTrades): (number: number) => Buffer {
  const makers = accounts.map((account) => framesOf(liveBenchTrade(0, account, waitFor)));
  return (number) => {
    const make = makers[number % makers.length];
    if (!make) throw new Error("no accounts");
    return make(number);
  };
}

function framesOf(trade: TradeRequest): (number: number) => Buffer {
  const message = TradeRequest.encode(trade).finish();
  const template = Buffer.alloc(5 + message.length);
  template.writeUInt32BE(message.length, 1);
  template.set(message, 5);
  const at = template.indexOf(requestIdOf(0));
  return (number) => {
    const frame = Buffer.from(template);
    frame.write(requestIdOf(number), at, "latin1");
    return frame;
  };
}
