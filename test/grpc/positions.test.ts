/** GetPositions: holdings, marks, values; now and as of a time. */
import { status } from "@grpc/grpc-js";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { SOL_MINT } from "../../domain/primitives/ids.ts";
import {
  GetPositionsRequest,
  type GetPositionsResponse,
  WaitFor,
} from "../../proto/generated/orderstream/v1/trade_execution.ts";
import { ask, failure, type Harness, MAIN, sellRequest, startHarness } from "./support/harness.ts";
import { positionRow, tradeRow } from "./support/rows.ts";
import { BONK_MINT, SOL, START_US, USDC, USDC_MINT } from "./support/world.ts";

let harness: Harness;
beforeEach(async () => {
  harness = await startHarness();
});
afterEach(() => harness.stop());

const positions = (request: Partial<GetPositionsRequest> = {}): Promise<GetPositionsResponse> =>
  ask(harness.client.getPositions.bind(harness.client), {
    ...GetPositionsRequest.fromPartial({ account: MAIN }),
    ...request,
  });
const seconds = (timeUs: number) => ({
  seconds: BigInt(Math.floor(timeUs / 1_000_000)),
  nanos: (timeUs % 1_000_000) * 1_000,
});
const usdcRow = (clock: number) =>
  positionRow(USDC_MINT, clock, {
    quantity: 80n * USDC,
    costed_quantity: 80n * USDC,
    cost: 80n * USDC,
    realised: 0n,
    fees_paid_lamports: 0n,
  });
/** 1 SOL is worth 160.000001 USDC: 2 SOL and 80 USDC are 400.000002 USDC. */
const SOL_MARK = {
  price: { numerator: 160_000_001n, denominator: SOL },
  timeUs: START_US + 2_000_000,
};

describe("GetPositions now", () => {
  it("shows what a live account's trades took beyond what they brought, and values none of it", async () => {
    const nothing = { costed_quantity: 0n, cost: 0n, realised: 0n, fees_paid_lamports: 16_000n };
    const short = { ...nothing, quantity: -1_502_055_280n };
    await harness.views.put(positionRow(SOL_MINT, START_US + 5, short), usdcRow(START_US + 9));
    harness.market.marks.set(SOL_MINT, SOL_MARK);
    const answer = await positions();
    expect(answer).toMatchObject({ totalValue: 80n * USDC, unvaluedMints: [SOL_MINT] });
    expect(answer.positions.find(({ mint }) => mint === SOL_MINT)).toMatchObject({
      ...{ quantity: 0n, deficit: 1_502_055_280n, costedQuantity: 0n, averageCost: "" },
      ...{ feesPaidLamports: 16_000n, unrealisedProfit: 0n, value: undefined },
    });
  });

  it("answers from memory with marks, the ledger's reservations, values and sums", async () => {
    await harness.views.put(positionRow(SOL_MINT, START_US + 5), usdcRow(START_US + 9));
    await harness.fake.hold("reserved");
    await ask(
      harness.client.executeTrade.bind(harness.client),
      sellRequest("r", { waitFor: WaitFor.WAIT_FOR_ACCEPTED }),
    );
    harness.market.marks.set(SOL_MINT, SOL_MARK);
    harness.market.nowUs = START_US + 3_000_500;
    const answer = await positions();
    expect(answer).toMatchObject({
      account: MAIN,
      costMint: USDC_MINT,
      valueMint: USDC_MINT,
      asOf: seconds(START_US + 9),
      totalValue: 400_000_002n,
      realisedProfit: -5n,
      unrealisedProfit: 9_750_001n,
      feesPaidLamports: 6_000n,
      unvaluedMints: [],
    });
    expect(answer.positions).toEqual([
      {
        deficit: 0n,
        mint: SOL_MINT,
        quantity: 2n * SOL,
        reserved: SOL + 6_000n,
        cost: 150_250_000n,
        costedQuantity: SOL,
        averageCost: "150.25",
        realisedProfit: -5n,
        feesPaidLamports: 6_000n,
        trades: 4n,
        markPrice: "160.000001",
        markTime: seconds(START_US + 2_000_000),
        markAgeUs: 1_000_500n,
        unrealisedProfit: 9_750_001n,
        value: 320_000_002n,
        exposureBps: 8_001,
      },
      {
        deficit: 0n,
        mint: USDC_MINT,
        quantity: 80n * USDC,
        reserved: 0n,
        cost: 80n * USDC,
        costedQuantity: 80n * USDC,
        averageCost: "1",
        realisedProfit: 0n,
        feesPaidLamports: 0n,
        trades: 4n,
        markPrice: "",
        markTime: undefined,
        markAgeUs: undefined,
        unrealisedProfit: 0n,
        value: 80n * USDC,
        exposureBps: 2_000,
      },
    ]);
    expect(harness.market.asked).toEqual([{ mints: [SOL_MINT], waitMs: 2_000 }]);
  });

  it("lists what has no mark instead of counting it as nothing", async () => {
    await harness.views.put(
      positionRow(SOL_MINT, START_US + 5),
      usdcRow(START_US + 6),
      positionRow(BONK_MINT, START_US + 9),
    );
    const answer = await positions();
    expect(answer.unvaluedMints).toEqual([SOL_MINT, BONK_MINT]);
    expect(answer.totalValue).toBe(80n * USDC);
    expect(answer.positions[0]).toMatchObject({
      mint: SOL_MINT,
      markPrice: "",
      markTime: undefined,
      markAgeUs: undefined,
      unrealisedProfit: undefined,
      value: undefined,
      exposureBps: undefined,
    });
    // Decimals of a mint that is not configured are not known: no average is made up.
    expect(answer.positions[2]).toMatchObject({ mint: BONK_MINT, averageCost: "" });
  });

  it("values in another mint, and asks for that one's mark too", async () => {
    await harness.views.put(usdcRow(START_US + 6));
    harness.market.marks.set(SOL_MINT, SOL_MARK);
    const answer = await positions({ valueMint: SOL_MINT });
    expect(harness.market.asked[0]?.mints).toEqual([SOL_MINT]);
    // 80 / 160.000001 of a SOL, rounded down.
    expect(answer).toMatchObject({ valueMint: SOL_MINT, totalValue: 499_999_996n });
    expect(answer.positions[0]).toMatchObject({ value: 499_999_996n, unrealisedProfit: 0n });
  });

  it("has no value where the wire cannot hold it, and as much as it can of a cost", async () => {
    const huge = 2n ** 64n - 1n;
    const row = { quantity: huge, costed_quantity: huge, cost: 2n * huge, realised: -huge };
    await harness.views.put(positionRow(SOL_MINT, START_US, row));
    const price = { numerator: 10n, denominator: 1n };
    harness.market.marks.set(SOL_MINT, { price, timeUs: START_US });
    const answer = await positions();
    expect(answer.positions[0]).toMatchObject({
      cost: huge,
      realisedProfit: -(2n ** 63n),
    });
    expect(answer.positions[0]?.value).toBeUndefined();
    expect(answer.positions[0]?.unrealisedProfit).toBeUndefined();
    expect(answer).toMatchObject({ totalValue: 0n, unvaluedMints: [SOL_MINT] });
  });
});

describe("GetPositions as of a time", () => {
  it("answers from the view alone, at the last traded price up to then", async () => {
    await harness.views.put(
      positionRow(SOL_MINT, START_US + 5, { seq: 0 }),
      positionRow(SOL_MINT, START_US + 100, { seq: 1, quantity: 7n }),
      usdcRow(START_US + 9),
      tradeRow(START_US + 3),
      tradeRow(START_US + 4, { amount_out: 170n * USDC }),
      tradeRow(START_US + 8, { amount_out: 999n * USDC }),
    );
    const answer = await positions({ asOf: seconds(START_US + 6) });
    expect(answer.positions).toHaveLength(1);
    expect(answer.positions[0]).toMatchObject({
      mint: SOL_MINT,
      quantity: 2n * SOL,
      reserved: 0n,
      markPrice: "170",
      markTime: seconds(START_US + 4),
      markAgeUs: 2n,
      unrealisedProfit: 19_750_000n,
      value: 340n * USDC,
      exposureBps: 10_000,
    });
    expect(answer).toMatchObject({ asOf: seconds(START_US + 6), totalValue: 340n * USDC });
    expect(harness.market.asked).toEqual([]);
    const before = await positions({ asOf: seconds(START_US + 4) });
    expect(before).toMatchObject({ positions: [], totalValue: 0n, unvaluedMints: [] });
  });

  it("has no mark where nothing was traded yet", async () => {
    await harness.views.put(positionRow(SOL_MINT, START_US + 5), tradeRow(START_US + 7));
    const answer = await positions({ asOf: seconds(START_US + 6) });
    expect(answer).toMatchObject({ unvaluedMints: [SOL_MINT], totalValue: 0n });
  });
});

describe("GetPositions refuses", () => {
  it("an account that was not opened", async () => {
    const error = await failure(positions({ account: "nobody" }));
    expect([error.code, error.info?.reason]).toEqual([status.NOT_FOUND, "ACCOUNT_NOT_FOUND"]);
  });

  it.each([
    ["value_mint", { valueMint: "SOL" }, "is no base58 address of 32 to 44 characters"],
    ["value_mint", { valueMint: BONK_MINT }, "is not among the configured tokens"],
    ["as_of", { asOf: { seconds: -1n, nanos: 0 } }, "must be between the years 1970 and 2255"],
    ["account", { account: "a b" }, "must be 1 to 64 characters of A-Z a-z 0-9 . _ -"],
  ])("a wrong %s", async (field, request, description) => {
    const error = await failure(positions(request));
    expect(error.code).toBe(status.INVALID_ARGUMENT);
    expect([error.fields, error.descriptions]).toEqual([[field], [description]]);
  });

  it("a position that the views have not reached", async () => {
    const sold = sellRequest("sold");
    await ask(harness.client.executeTrade.bind(harness.client), sold);
    const { position } = await positions();
    harness.views.stickAt(0n);
    const error = await failure(positions({ minPosition: position }));
    expect([error.code, error.info?.reason]).toEqual([status.UNAVAILABLE, "VIEW_BEHIND"]);
  });
});
