/** Rows of the views of positions and trades, as a test wants them. */
import type { Row } from "../../../domain/ports/read-model.ts";
import { SOL_MINT } from "../../../domain/primitives/ids.ts";
import { MAIN } from "./harness.ts";
import { SOL, USDC, USDC_MINT } from "./world.ts";

/** 2 SOL, one of them with a cost of 150.25 USDC. */
export const positionRow = (mint: string, clock: number, changes: Row["values"] = {}): Row => ({
  table: "positions",
  values: {
    account: MAIN,
    mint,
    seq: 1,
    stream: "order-x",
    revision: 3,
    clock,
    quantity: 2n * SOL,
    costed_quantity: SOL,
    cost: 150_250_000n,
    realised: -5n,
    fees_paid_lamports: 6_000n,
    trades: 4,
    ...changes,
  },
});

/** Somebody sold 1 SOL for 160 USDC. */
export const tradeRow = (timestamp: number, changes: Row["values"] = {}): Row => ({
  table: "trades",
  values: {
    timestamp,
    trade_id: `t-${timestamp}`,
    request_id: "r",
    revision: 5,
    trader_id: "other",
    mode: "PAPER",
    is_simulated: false,
    action: "SELL",
    base_token: SOL_MINT,
    quote_token: USDC_MINT,
    amount: SOL,
    price: "160",
    slippage: "0.00",
    fee: 0n,
    priority_fee: 0n,
    transfer_fee: 0n,
    tx_signature: "sim",
    latency_ms: 0,
    mev_protected: false,
    source_service: "s",
    execution_time_ms: 0,
    confirmation_time_ms: 0,
    amount_in: SOL,
    amount_out: 160n * USDC,
    ...changes,
  },
});
