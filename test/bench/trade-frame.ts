/** The one trade that the benches ask for, as bytes in which only the request id changes. */
import {
  TradeAction,
  TradeRequest,
  TradingMode,
  Urgency,
  WaitFor,
} from "../../proto/generated/orderstream/v1/trade_execution.ts";

const ID_DIGITS = 12;
const ID_OF = (number: number): string => `bench-${String(number).padStart(ID_DIGITS, "0")}`;

/** Sells 0.001 SOL for USDC at the price of the pair; waits for the end. */
export const benchTrade = (number: number): TradeRequest =>
  TradeRequest.fromPartial({
    requestId: ID_OF(number),
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

/** A maker of frames: prefix, length and message; each call gives a buffer of its own. */
export function createFrames(): (number: number) => Buffer {
  const message = TradeRequest.encode(benchTrade(0)).finish();
  const template = Buffer.alloc(5 + message.length);
  template.writeUInt32BE(message.length, 1);
  template.set(message, 5);
  const at = template.indexOf(ID_OF(0));
  return (number) => {
    const frame = Buffer.from(template);
    frame.write(ID_OF(number), at, "latin1");
    return frame;
  };
}
