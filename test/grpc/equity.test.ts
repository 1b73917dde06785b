/** GetEquityCurve: its span, its points, and what it refuses. */
import { status } from "@grpc/grpc-js";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { SOL_MINT } from "../../domain/primitives/ids.ts";
import {
  GetEquityCurveRequest,
  type GetEquityCurveResponse,
} from "../../proto/generated/orderstream/v1/trade_execution.ts";
import { ask, failure, type Harness, MAIN, startHarness } from "./support/harness.ts";
import { positionRow, tradeRow } from "./support/rows.ts";
import { SOL, START_US, USDC, USDC_MINT } from "./support/world.ts";

let harness: Harness;
beforeEach(async () => {
  harness = await startHarness();
});
afterEach(() => harness.stop());

const curve = (request: Partial<GetEquityCurveRequest> = {}): Promise<GetEquityCurveResponse> =>
  ask(harness.client.getEquityCurve.bind(harness.client), {
    ...GetEquityCurveRequest.fromPartial({ account: MAIN }),
    ...request,
  });
const at = (offsetUs: number) => ({
  seconds: BigInt(START_US / 1_000_000),
  nanos: offsetUs * 1_000,
});

describe("an equity curve", () => {
  it("runs from the first event to the end, at the last traded prices", async () => {
    await harness.views.put(
      positionRow(USDC_MINT, START_US + 10, {
        ...{ seq: 0, quantity: USDC, costed_quantity: USDC, cost: USDC, realised: 0n },
      }),
      positionRow(SOL_MINT, START_US + 20, { seq: 0 }),
      tradeRow(START_US + 30),
      tradeRow(START_US + 40, { amount_out: 100n * USDC }),
      positionRow(SOL_MINT, START_US + 50, {
        ...{ seq: 1, quantity: SOL, costed_quantity: 0n, cost: 0n, realised: 7n },
      }),
    );
    const answer = await curve({ to: at(50), points: 5 });
    expect(answer).toMatchObject({ account: MAIN, costMint: USDC_MINT });
    const NONE = { realisedProfit: 0n, unrealisedProfit: 0n, unvaluedMints: [] };
    expect(answer.points).toEqual([
      { time: at(10), value: USDC, ...NONE },
      { time: at(20), value: USDC, ...NONE, realisedProfit: -5n, unvaluedMints: [SOL_MINT] },
      {
        time: at(30),
        value: 321n * USDC,
        ...NONE,
        realisedProfit: -5n,
        unrealisedProfit: 9_750_000n,
      },
      {
        time: at(40),
        value: 201n * USDC,
        ...NONE,
        realisedProfit: -5n,
        unrealisedProfit: -50_250_000n,
      },
      { time: at(50), value: 101n * USDC, ...NONE, realisedProfit: 7n },
    ]);
  });

  it("ends now, which is not before the newest change, and has 100 points unless told", async () => {
    await harness.views.put(positionRow(SOL_MINT, START_US));
    harness.market.nowUs = START_US + 990;
    const ahead = await curve();
    expect(ahead.points).toHaveLength(100);
    expect(ahead.points.at(-1)?.time).toEqual(at(990));
    harness.market.nowUs = START_US - 5_000_000;
    await harness.views.put(positionRow(USDC_MINT, START_US + 300));
    expect((await curve()).points.at(-1)?.time).toEqual(at(300));
  });

  it("has one point for each microsecond at most, and none before there was anything", async () => {
    await harness.views.put(positionRow(SOL_MINT, START_US + 10));
    expect((await curve({ to: at(12), points: 50 })).points.map(({ time }) => time)).toEqual([
      at(10),
      at(11),
      at(12),
    ]);
    expect((await curve({ to: at(9) })).points).toEqual([]);
    const early = await curve({ from: at(0), to: at(9), points: 2 });
    expect(early.points.map(({ value }) => value)).toEqual([0n, 0n]);
    expect((await curve({ from: at(0), to: at(999), points: 1_000 })).points).toHaveLength(1_000);
  });

  it("leaves out a trade that is stored while it reads, whole", async () => {
    const usdc = (seq: number, clock: number, quantity: bigint) =>
      positionRow(USDC_MINT, clock, { seq, quantity, costed_quantity: quantity, cost: quantity });
    const sol = (seq: number, clock: number, quantity: bigint) =>
      positionRow(SOL_MINT, clock, { seq, quantity, costed_quantity: 0n, cost: 0n });
    await harness.views.put(
      tradeRow(START_US),
      usdc(0, START_US + 1, 0n),
      sol(0, START_US + 1, SOL),
    );
    harness.views.afterMint(() =>
      harness.views.put(usdc(1, START_US + 2, 160n * USDC), sol(1, START_US + 2, 0n)),
    );
    const { points } = await curve({ from: at(1), to: at(9), points: 3 });
    expect(points.map(({ value }) => value)).toEqual([160n * USDC, 160n * USDC, 160n * USDC]);
  });
});

describe("an equity curve is refused", () => {
  it.each([
    ["points", { points: 1 }, "is 1; a curve has 2 to 1000 points"],
    ["points", { points: 1_001 }, "is 1001; a curve has 2 to 1000 points"],
    ["from", { from: at(5), to: at(5) }, "must be before to"],
    ["to", { to: { seconds: 0n, nanos: -1 } }, "has nanos outside 0 to 999999999"],
    ["account", { account: "" }, "must be 1 to 64 characters of A-Z a-z 0-9 . _ -"],
  ])("for a wrong %s", async (field, request, description) => {
    const error = await failure(curve(request));
    expect(error.code).toBe(status.INVALID_ARGUMENT);
    expect([error.fields, error.descriptions]).toEqual([[field], [description]]);
  });

  it("for an account that is not there", async () => {
    const error = await failure(curve({ account: "nobody" }));
    expect([error.code, error.info?.reason]).toEqual([status.NOT_FOUND, "ACCOUNT_NOT_FOUND"]);
  });
});
