/** Given these events, these rows: each table with literal numbers. */
import { describe, expect, it } from "vitest";
import type { OrderEvent } from "../../domain/order/events.ts";
import { ORDER_ID, recordAll, stateAfter, timeOf } from "../support/given.ts";
import { createLogWriter } from "../support/log-writer.ts";
import {
  CANCEL_REQUESTED,
  CANCELLED,
  EXECUTED,
  EXECUTED_LATE,
  EXPIRED,
  FAILED,
  FILL,
  FILLED,
  QUOTE_FAILED,
  QUOTED,
  REJECTED,
  RESERVED,
  RETRY_SCHEDULED,
  requested,
  VALIDATED,
} from "../support/order-events.ts";
import { SOL, USDC } from "../support/order-samples.ts";
import { viewsOf } from "../support/views.ts";

const rowsAfter = (...events: readonly OrderEvent[]) => viewsOf(recordAll(events));

const OPEN = [requested(), VALIDATED, QUOTED, RESERVED] as const;
const FILLED_ORDER = [...OPEN, EXECUTED, FILLED] as const;

const ORDER_ROW = {
  order_id: ORDER_ID,
  request_id: "r-1",
  account: "main",
  mode: "PAPER",
  action: "SELL",
  base_mint: SOL,
  quote_mint: USDC,
  source_service: "strategy",
  requested_at: timeOf(0),
  amount_in: null,
  amount_out: null,
  price: "",
  fees_lamports: null,
  error_reason: "",
  error_message: "",
  tx_signature: "",
  attempts: 1,
  provisional: false,
  slot: null,
  wallet: "",
};

describe("orders", () => {
  it("has one row for a filled order", async () => {
    const { orders } = await rowsAfter(...FILLED_ORDER);
    expect(orders).toEqual([
      {
        ...ORDER_ROW,
        status: "FILLED",
        amount_in: 1_500_000_000n,
        amount_out: 224_248_125n,
        price: "149.49875",
        fees_lamports: 15_000n,
        tx_signature: `sim_${ORDER_ID}`,
        updated_at: timeOf(5),
        revision: 5,
        hash: stateAfter(FILLED_ORDER).hash,
      },
    ]);
  });

  it.each([
    ["PENDING", [requested()], { attempts: 0 }],
    ["PENDING", OPEN, {}],
    ["SUBMITTED", [...OPEN, EXECUTED], {}],
    ["CONFIRMING", [...OPEN, EXECUTED_LATE], {}],
    [
      "PENDING",
      [requested(), VALIDATED, QUOTE_FAILED, RETRY_SCHEDULED],
      { error_reason: "QUOTE_UNAVAILABLE", error_message: "no answer within 2000 ms" },
    ],
    [
      "REJECTED",
      [requested(), REJECTED],
      { attempts: 0, error_reason: "ACCOUNT_CLOSED", error_message: "account main is closed" },
    ],
    [
      "CANCELLED",
      [requested(), CANCEL_REQUESTED, CANCELLED],
      { attempts: 0, error_reason: "CANCELLED", error_message: "changed my mind" },
    ],
  ] as [string, OrderEvent[], object][])("shows %s", async (status, events, changes) => {
    const { orders } = await rowsAfter(...events);
    expect(orders).toEqual([
      {
        ...ORDER_ROW,
        ...changes,
        status,
        updated_at: timeOf(events.length - 1),
        revision: events.length - 1,
        hash: stateAfter(events).hash,
      },
    ]);
  });

  it("takes the time of the log's clock, which never falls", async () => {
    const other = createLogWriter();
    other.advanceMs(60_000);
    other.openAccount("other");
    const late = other.recorded.at(-1)?.metadata.recordedAtUs;
    const { orders } = await viewsOf([...other.recorded, ...recordAll(OPEN)]);
    expect(orders?.[0]).toMatchObject({ requested_at: timeOf(0), updated_at: late });
  });
});

describe("trades and fills", () => {
  it("has one row per fill", async () => {
    const { trades, fills, failed_trades } = await rowsAfter(...OPEN, EXECUTED_LATE, FILLED);
    expect(trades).toEqual([
      {
        timestamp: timeOf(5),
        trade_id: ORDER_ID,
        request_id: "r-1",
        revision: 5,
        trader_id: "main",
        mode: "PAPER",
        is_simulated: false,
        action: "SELL",
        base_token: SOL,
        quote_token: USDC,
        amount: 1_500_000_000n,
        price: "149.49875",
        slippage: "50.00",
        fee: 15_000n,
        priority_fee: 10_000n,
        transfer_fee: 0n,
        tx_signature: `sim_${ORDER_ID}`,
        latency_ms: 4,
        mev_protected: false,
        source_service: "strategy",
        execution_time_ms: 1,
        confirmation_time_ms: 1,
        amount_in: 1_500_000_000n,
        amount_out: 224_248_125n,
      },
    ]);
    expect(fills).toEqual([
      {
        timestamp: timeOf(5),
        fill_id: `sim_${ORDER_ID}:0`,
        order_id: ORDER_ID,
        revision: 5,
        account: "main",
        mode: "PAPER",
        status: "finalized",
        tx_signature: `sim_${ORDER_ID}`,
        slot: 0,
        input_mint: SOL,
        output_mint: USDC,
        amount_in: 1_500_000_000n,
        amount_out: 224_248_125n,
        price: "149.49875",
        updated_at: timeOf(5),
      },
    ]);
    expect(failed_trades).toEqual([]);
  });

  it("counts the base token of a buy, keeps signs and every digit", async () => {
    const bought: OrderEvent = {
      type: "OrderFilled",
      data: {
        ...FILL,
        amountIn: "18446744073709551615",
        amountOut: "3",
        price: { numerator: "18446744073709551615", denominator: "3" },
        slippageVsQuotedCentiBps: "-4975",
        fees: { ...FILL.fees, tipLamports: "7", platformFee: "9" },
      },
    };
    const buy = requested({ action: "BUY", amount: 18_446_744_073_709_551_615n });
    const { trades, fills } = await rowsAfter(buy, ...OPEN.slice(1), EXECUTED, bought);
    expect(trades?.[0]).toMatchObject({
      amount: 3n,
      amount_in: 18_446_744_073_709_551_615n,
      // 6148914691236517205 × 1,000 at 18 digits, half to even.
      price: "6148914691236517200000",
      slippage: "-49.75",
      fee: 15_007n,
      transfer_fee: 9n,
    });
    expect(fills?.[0]).toMatchObject({ input_mint: USDC, output_mint: SOL });
  });

  it("has none before the fill", async () => {
    const { trades, fills } = await rowsAfter(...OPEN, EXECUTED);
    expect([trades, fills]).toEqual([[], []]);
  });
});

describe("failed trades", () => {
  it.each([
    ["NO_ROUTE", "no route", [requested(), VALIDATED, FAILED]],
    ["ACCOUNT_CLOSED", "account main is closed", [requested(), REJECTED]],
    ["CANCELLED", "changed my mind", [requested(), CANCEL_REQUESTED, CANCELLED]],
    ["EXPIRED", "not executed before 2026-01-01T01:00:00.000000Z", [requested(), EXPIRED]],
  ] as [string, string, OrderEvent[]][])("has one row for %s", async (type, message, events) => {
    const { failed_trades, trades } = await rowsAfter(...events);
    expect(failed_trades).toEqual([
      {
        timestamp: timeOf(events.length - 1),
        order_id: ORDER_ID,
        request_id: "r-1",
        trader_id: "main",
        error_type: type,
        error_message: message,
        base_token: SOL,
        quote_token: USDC,
        amount: 1_500_000_000n,
      },
    ]);
    expect(trades).toEqual([]);
  });

  it("has none while the order lives", async () => {
    const events = [requested(), VALIDATED, QUOTE_FAILED, RETRY_SCHEDULED];
    expect((await rowsAfter(...events)).failed_trades).toEqual([]);
  });
});
