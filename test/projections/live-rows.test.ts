/** Rows of live orders: provisional, final and void fills, what failed attempts cost, and books that equal the chain's. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { PositionedEvent } from "../../domain/codec/codec.ts";
import type { OrderEvent } from "../../domain/order/events.ts";
import type { StreamName } from "../../domain/primitives/ids.ts";
import { codec, ORDER_ID, recordAll, sealAll, timeOf } from "../support/given.ts";
import {
  FINAL_LIFE,
  failedOnChain,
  finalized,
  landed,
  liveFilled,
  liveRequested,
  outcomeUnknown,
  PROVISIONAL_LIFE,
  prepared,
  resolvedAs,
  SECOND_TRY_LIFE,
  SIGNATURES,
  SIGNED_LIFE,
  SLOT,
  signed,
  submitted,
  voided,
  WALLET,
} from "../support/live-order-events.ts";
import { CANCEL_REQUESTED, FAILED, VALIDATED } from "../support/order-events.ts";
import { BONK, SOL, USDC } from "../support/order-samples.ts";
import { viewsOf } from "../support/views.ts";

const rowsAfter = (events: readonly OrderEvent[], size?: number) =>
  viewsOf(recordAll(events), size);

const FILL_ROW = {
  order_id: ORDER_ID,
  account: "hot",
  mode: "LIVE",
  tx_signature: SIGNATURES[0],
  input_mint: SOL,
  output_mint: USDC,
  amount_in: 1_500_000_000n,
  amount_out: 224_248_125n,
  price: "149.49875",
};

describe("fills", () => {
  it("are confirmed, then finalized, in one row that keeps its place in time", async () => {
    const row = { ...FILL_ROW, fill_id: `${SIGNATURES[0]}:${SLOT}`, slot: SLOT };
    const confirmed = {
      ...{ timestamp: timeOf(7), updated_at: timeOf(8) },
      ...{ revision: 8, status: "confirmed" },
    };
    expect((await rowsAfter(PROVISIONAL_LIFE)).fills).toEqual([{ ...row, ...confirmed }]);
    // A cancel that comes too late changes nothing.
    const late = [...PROVISIONAL_LIFE, CANCEL_REQUESTED, finalized()];
    for (const size of [1, 100]) {
      expect((await rowsAfter(late, size)).fills).toEqual([
        {
          ...row,
          ...{ timestamp: timeOf(7), updated_at: timeOf(10) },
          ...{ revision: 10, status: "finalized" },
        },
      ]);
    }
  });

  it("are void after a fork, and there again in another slot", async () => {
    const forked = [...PROVISIONAL_LIFE, voided()];
    expect((await rowsAfter(forked)).fills).toMatchObject([{ slot: SLOT, status: "voided" }]);
    const again = [...forked, landed(1, SLOT + 4), liveFilled(1, SLOT + 4)];
    const both = [
      { fill_id: `${SIGNATURES[0]}:${SLOT}`, status: "voided", timestamp: timeOf(7) },
      { fill_id: `${SIGNATURES[0]}:${SLOT + 4}`, status: "confirmed", timestamp: timeOf(10) },
    ];
    expect((await rowsAfter(again)).fills).toMatchObject(both);
    const { fills, trades } = await rowsAfter([...again, finalized(1, SLOT + 4)]);
    expect(fills).toMatchObject([both[0], { ...both[1], status: "finalized" }]);
    expect(trades).toHaveLength(1);
  });

  it("are none where a landing was void before it was read", async () => {
    const { fills } = await rowsAfter([...SIGNED_LIFE, submitted(), landed(), voided()]);
    expect(fills).toEqual([]);
  });

  it("have their signing for a time where a person's evidence ended a doubt", async () => {
    const told = [...SIGNED_LIFE, outcomeUnknown(), resolvedAs("landed", SLOT), liveFilled()];
    expect((await rowsAfter(told)).fills).toMatchObject([{ timestamp: timeOf(5) }]);
  });
});

describe("trades", () => {
  it("are none before the fill is final, then one", async () => {
    expect((await rowsAfter(PROVISIONAL_LIFE)).trades).toEqual([]);
    const { trades } = await rowsAfter(FINAL_LIFE);
    expect(trades).toMatchObject([
      {
        timestamp: timeOf(9),
        trade_id: ORDER_ID,
        revision: 9,
        trader_id: "hot",
        mode: "LIVE",
        amount: 1_500_000_000n,
        fee: 16_000n,
        priority_fee: 10_000n,
        slippage: "50.00",
        tx_signature: SIGNATURES[0],
        latency_ms: 8,
        execution_time_ms: 5,
        // From sending (revision 6) to landing (7).
        confirmation_time_ms: 1,
        mev_protected: true,
      },
    ]);
  });

  it("were protected only if their fill was", async () => {
    const open = [...SIGNED_LIFE, submitted(), landed()];
    const unprotected = [...open, liveFilled(1, SLOT, { mevProtected: false }), finalized()];
    expect((await rowsAfter(unprotected)).trades).toMatchObject([{ mev_protected: false }]);
  });
});

describe("orders", () => {
  it("show signature, wallet and slot, and whether a fork may still undo the fill", async () => {
    const row = { account: "hot", mode: "LIVE", wallet: WALLET, attempts: 1 };
    expect((await rowsAfter(SIGNED_LIFE)).orders).toMatchObject([
      {
        ...{ ...row, status: "SUBMITTED", tx_signature: SIGNATURES[0], provisional: false },
        ...{ amount_in: null, fees_lamports: null, slot: null },
      },
    ]);
    const filled = { ...row, amount_in: 1_500_000_000n, fees_lamports: 16_000n, slot: SLOT };
    expect((await rowsAfter(PROVISIONAL_LIFE)).orders).toMatchObject([
      { ...filled, status: "CONFIRMING", provisional: true },
    ]);
    expect((await rowsAfter(FINAL_LIFE)).orders).toMatchObject([
      { ...filled, status: "FILLED", provisional: false, error_reason: "" },
    ]);
    expect((await rowsAfter([...PROVISIONAL_LIFE, voided()])).orders).toMatchObject([
      {
        ...{ status: "CONFIRMING", provisional: false, amount_in: null, slot: null },
        ...{ error_reason: "FILL_VOIDED", tx_signature: SIGNATURES[0] },
      },
    ]);
    expect((await rowsAfter([...SIGNED_LIFE, outcomeUnknown()])).orders).toMatchObject([
      { status: "OUTCOME_UNKNOWN", error_reason: "OUTCOME_UNKNOWN" },
    ]);
  });

  it("count what failed attempts have cost, and keep the signature of the last", async () => {
    const failed = [...SIGNED_LIFE, submitted(), failedOnChain(), FAILED];
    const { orders, failed_trades } = await rowsAfter(failed);
    expect(orders).toMatchObject([
      {
        ...{ status: "FAILED", error_reason: "NO_ROUTE", fees_lamports: 15_000n },
        ...{ amount_in: null, tx_signature: SIGNATURES[0] },
      },
    ]);
    expect(failed_trades).toMatchObject([{ trader_id: "hot", error_type: "NO_ROUTE" }]);
    const { orders: second } = await rowsAfter(SECOND_TRY_LIFE);
    expect(second).toMatchObject([
      { status: "FILLED", attempts: 2, fees_lamports: 31_000n, tx_signature: SIGNATURES[1] },
    ]);
  });
});

describe("positions of a live account", () => {
  it("are the net of its final trades: below 0 where more was spent than came", async () => {
    expect((await rowsAfter(PROVISIONAL_LIFE)).positions).toEqual([]);
    const { positions } = await rowsAfter(FINAL_LIFE);
    expect(positions).toMatchObject([
      {
        ...{ account: "hot", mint: USDC, quantity: 224_248_125n, costed_quantity: 224_248_125n },
        ...{ cost: 224_248_125n, fees_paid_lamports: 0n, trades: 1 },
      },
      {
        ...{ account: "hot", mint: SOL, quantity: -1_502_055_280n, costed_quantity: 0n },
        ...{ cost: 0n, realised: 0n, fees_paid_lamports: 16_000n, trades: 1 },
      },
    ]);
  });

  it("pay for an attempt that failed as soon as it did", async () => {
    const failed = [...SIGNED_LIFE, submitted(), failedOnChain()];
    const row = { mint: SOL, quantity: -15_000n, fees_paid_lamports: 15_000n, trades: 0 };
    expect((await rowsAfter(failed)).positions).toMatchObject([row]);
    const { positions } = await rowsAfter(SECOND_TRY_LIFE);
    expect(positions?.filter(({ mint }) => mint === SOL)).toMatchObject([
      { ...row, seq: 0 },
      { seq: 1, quantity: -1_502_070_280n, fees_paid_lamports: 31_000n, trades: 1 },
    ]);
  });

  it("pay for an attempt of which a person's evidence shows that it failed, and only then", async () => {
    const doubtful = [...SIGNED_LIFE, submitted(), outcomeUnknown()];
    const { positions, orders } = await rowsAfter([...doubtful, resolvedAs("failed", SLOT)]);
    const row = { mint: SOL, quantity: -15_000n, fees_paid_lamports: 15_000n, trades: 0 };
    expect(positions).toMatchObject([row]);
    expect(orders).toMatchObject([{ fees_lamports: 15_000n }]);
    const expired = await rowsAfter([...doubtful, resolvedAs("expired")]);
    expect(expired.positions).toEqual([]);
  });

  it("take in rent that came back, and lose what else left the wallet", async () => {
    const moved = { rentLockedLamports: "0", rentRecoveredLamports: "2039280" };
    const open = [...SIGNED_LIFE, submitted(), landed()];
    const given = liveFilled(1, SLOT, { ...moved, otherTransfersLamports: "31" });
    const { positions } = await rowsAfter([...open, given, finalized()]);
    const quantity = -1_500_000_000n - 16_000n + 2_039_280n - 31n;
    expect(positions?.find(({ mint }) => mint === SOL)).toMatchObject({
      ...{ quantity, costed_quantity: 0n, fees_paid_lamports: 16_000n },
    });
    // Negative: it came in.
    const got = liveFilled(1, SLOT, { ...moved, otherTransfersLamports: "-31" });
    const { positions: richer } = await rowsAfter([...open, got, finalized()]);
    expect(richer?.find(({ mint }) => mint === SOL)?.quantity).toBe(quantity + 62n);
  });
});

const PAIRS = [
  { action: "SELL", baseMint: SOL, quoteMint: USDC, spent: SOL, received: USDC },
  { action: "BUY", baseMint: SOL, quoteMint: USDC, spent: USDC, received: SOL },
  { action: "SWAP", baseMint: SOL, quoteMint: BONK, spent: SOL, received: BONK },
  { action: "SWAP", baseMint: BONK, quoteMint: SOL, spent: BONK, received: SOL },
  { action: "SELL", baseMint: BONK, quoteMint: USDC, spent: BONK, received: USDC },
] as const;

const units = fc.integer({ min: 1, max: 1_000 });
const lamports = fc.integer({ min: 0, max: 200 });
const trade = fc.record({
  ...{ pair: fc.constantFrom(...PAIRS), account: fc.constantFrom("hot", "cold") },
  ...{ amountIn: units, amountOut: units, failed: fc.boolean(), forked: fc.boolean() },
  ...{ base: lamports, priority: lamports, tip: lamports, locked: lamports, recovered: lamports },
  ...{ unwrapped: fc.integer({ min: -50, max: 50 }), others: fc.integer({ min: -20, max: 20 }) },
});
type Trade = typeof trade extends fc.Arbitrary<infer T> ? T : never;

/** What the wallet itself gained by the fill, as the chain tells it. */
function walletChange(one: Trade): number {
  const { pair, amountIn, amountOut, base, priority, tip, locked, recovered } = one;
  const swapped = (pair.received === SOL ? amountOut : 0) - (pair.spent === SOL ? amountIn : 0);
  return swapped - base - priority - tip - locked + recovered + one.unwrapped - one.others;
}

function lifeOf(one: Trade): readonly OrderEvent[] {
  const { pair, account } = one;
  const { action, baseMint, quoteMint } = pair;
  const isBaseInput = action !== "BUY";
  const begin = [liveRequested({ account, action, baseMint, quoteMint, isBaseInput }), VALIDATED];
  const failure = one.failed ? [...prepared(), signed(), submitted(), failedOnChain()] : [];
  const filled = liveFilled(1, SLOT, {
    rentLockedLamports: String(one.locked),
    rentRecoveredLamports: String(one.recovered),
    unwrappedLamports: String(one.unwrapped),
    otherTransfersLamports: String(one.others),
    walletLamportsChange: String(walletChange(one)),
  });
  const fill: OrderEvent = {
    type: "OrderFilled",
    data: {
      ...filled.data,
      ...{ amountIn: String(one.amountIn), amountOut: String(one.amountOut) },
      fees: {
        ...filled.data.fees,
        baseFeeLamports: String(one.base),
        priorityFeeLamports: String(one.priority),
        tipLamports: String(one.tip),
      },
    },
  };
  const way = [...prepared(), signed(), submitted()];
  const fork = one.forked ? [landed(), fill, voided()] : [];
  return [...begin, ...failure, ...way, ...fork, landed(), fill, finalized()];
}

function logOf(trades: readonly Trade[]): readonly PositionedEvent[] {
  const events = trades.flatMap((one, index) => {
    const stream = `order-00000000-0000-5000-8000-${String(index).padStart(12, "0")}`;
    return sealAll(lifeOf(one), stream as StreamName).map((stored) => codec.decode(stored));
  });
  return events.map((event, index) => ({ ...event, position: BigInt(index + 1) }));
}

type Rows = readonly Readonly<Record<string, unknown>>[];
const sumOf = <T>(all: readonly T[], amount: (one: T) => number): bigint =>
  BigInt(all.reduce((sum, one) => sum + amount(one), 0));
const big = (value: unknown): bigint => BigInt(String(value ?? 0));

/** Of one account: what its wallet gained by the chain, and what its orders have cost by their own rows. */
function expectBook(own: readonly Trade[], positions: Rows, orders: Rows): void {
  const newest = (mint: string) => positions.findLast((row) => row.mint === mint);
  const sol = sumOf(own, (one) => walletChange(one) - one.unwrapped - (one.failed ? 15_000 : 0));
  expect(big(newest(SOL)?.quantity)).toBe(sol);
  for (const mint of [USDC, BONK]) {
    const received = sumOf(own, ({ pair, amountOut }) => (pair.received === mint ? amountOut : 0));
    const spent = sumOf(own, ({ pair, amountIn }) => (pair.spent === mint ? amountIn : 0));
    expect(big(newest(mint)?.quantity)).toBe(received - spent);
  }
  const fees = orders.reduce((sum, row) => sum + big(row.fees_lamports), 0n);
  expect(big(newest(SOL)?.fees_paid_lamports)).toBe(fees);
}

/** The laws of cost for one row. */
function expectCosts(row: Rows[number]): "hole" | "costed" | undefined {
  const [quantity, costed, cost] = [big(row.quantity), big(row.costed_quantity), big(row.cost)];
  const most = quantity > 0n ? quantity : 0n;
  expect(costed >= 0n && costed <= most && cost >= 0n).toBe(true);
  expect(costed > 0n || cost === 0n).toBe(true);
  if (row.mint === USDC) expect([costed, cost]).toEqual([most, most]);
  if (quantity < 0n) return "hole";
  return costed > 0n ? "costed" : undefined;
}

describe("the book", () => {
  it("is what the chain says, and never has a cost below nothing or on nothing", async () => {
    const seen = { hole: 0, costed: 0, fork: 0, failed: 0 };
    await fc.assert(
      fc.asyncProperty(fc.array(trade, { minLength: 1, maxLength: 8 }), async (trades) => {
        const { positions = [], orders = [] } = await viewsOf(logOf(trades), 13);
        for (const account of ["hot", "cold"]) {
          const ofAccount = (row: Rows[number]) => row.account === account;
          const own = trades.filter(ofAccount);
          expectBook(own, positions.filter(ofAccount), orders.filter(ofAccount));
        }
        for (const row of positions) {
          const met = expectCosts(row);
          if (met) seen[met] += 1;
        }
        seen.fork += trades.filter(({ forked }) => forked).length;
        seen.failed += trades.filter(({ failed }) => failed).length;
      }),
      { numRuns: 200 },
    );
    for (const [what, times] of Object.entries(seen)) expect(times, what).toBeGreaterThan(20);
  });
});
