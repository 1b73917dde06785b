/**
 * The whole portfolio over gRPC against a model written another way: profits, values, exposure, now,
 * as of any time and as a curve, for two accounts whose deposits, withdrawals and trades interleave.
 */
import fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { PositionedEvent } from "../../domain/codec/codec.ts";
import type { Row } from "../../domain/ports/read-model.ts";
import type { AccountId, Mint } from "../../domain/primitives/ids.ts";
import { markOfTrade } from "../../projections/traded-prices.ts";
import {
  GetEquityCurveRequest,
  type GetEquityCurveResponse,
  GetPositionsRequest,
  type GetPositionsResponse,
} from "../../proto/generated/orderstream/v1/trade_execution.ts";
import { type Worth, worthModel } from "../projections/portfolio.model.ts";
import { play, steps } from "../projections/portfolio.steps.ts";
import { BONK, SOL, USDC } from "../support/order-samples.ts";
import { viewsOf } from "../support/views.ts";
import { ask, type Harness, startHarness } from "./support/harness.ts";

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness();
  for (const account of ["a", "b"]) {
    const request = { requestId: `open-${account}`, account, initialFunds: [] };
    await ask(harness.client.openPaperAccount.bind(harness.client), request);
  }
});
const seen = { unvalued: 0, profit: 0, loss: 0, exposed: 0, inSol: 0, emptyCurve: 0, moving: 0 };
afterAll(() => {
  harness.stop();
  for (const [what, times] of Object.entries(seen)) expect(times, what).toBeGreaterThan(0);
});

const wire = (timeUs: number) => ({
  seconds: BigInt(Math.floor(timeUs / 1_000_000)),
  nanos: (timeUs % 1_000_000) * 1_000,
});
const positions = (request: Partial<GetPositionsRequest>): Promise<GetPositionsResponse> =>
  ask(harness.client.getPositions.bind(harness.client), {
    ...GetPositionsRequest.fromPartial({}),
    ...request,
  });
const curve = (request: Partial<GetEquityCurveRequest>): Promise<GetEquityCurveResponse> =>
  ask(harness.client.getEquityCurve.bind(harness.client), {
    ...GetEquityCurveRequest.fromPartial({}),
    ...request,
  });

async function load(events: readonly PositionedEvent[]): Promise<void> {
  const views = await viewsOf(events, 13);
  const rows = ["positions", "trades"].flatMap((table) =>
    (views[table] ?? []).map((values): Row => ({ table, values })),
  );
  harness.views.clear();
  await harness.views.put(...rows);
}

/** The wire holds no more; prices drawn at random may lead beyond. */
const held = (value: bigint): bigint => (value < 2n ** 64n ? value : 2n ** 64n - 1n);

const signed = (value: bigint): bigint =>
  value > 2n ** 63n - 1n ? 2n ** 63n - 1n : value < -(2n ** 63n) ? -(2n ** 63n) : value;

function expectWorth(answer: GetPositionsResponse, worth: Worth): void {
  expect(answer).toMatchObject({
    totalValue: held(worth.value),
    realisedProfit: signed(worth.realised),
    unrealisedProfit: signed(worth.unrealised),
    feesPaidLamports: worth.fees,
  });
  expect([...answer.unvaluedMints].sort()).toEqual(worth.unvalued);
  for (const { mint, value, exposureBps } of answer.positions) {
    expect([mint, value, exposureBps]).toEqual([
      mint,
      worth.each.has(mint) ? held(worth.each.get(mint)?.value ?? 0n) : undefined,
      worth.each.has(mint) ? Number(worth.each.get(mint)?.bps) : undefined,
    ]);
  }
}

/** The last traded prices as marks of now. */
async function marksNow(timeUs: number): Promise<void> {
  harness.market.marks.clear();
  for (const mint of [SOL, BONK]) {
    const pair = { mint, costMint: USDC };
    const [trade] = await harness.views.readModel.lastTrades({ ...pair, timesUs: [timeUs] });
    const mark = trade && markOfTrade(trade, pair);
    if (mark) harness.market.marks.set(mint, mark);
  }
}

/** Thousandths of the log's span, before and behind it too. */
const when = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 1_000 }) },
  { weight: 1, arbitrary: fc.integer({ min: -50, max: -1 }) },
  { weight: 1, arbitrary: fc.integer({ min: 1_001, max: 1_050 }) },
);
const question = fc.record({
  account: fc.constantFrom("a", "b"),
  unit: fc.constantFrom<Mint>(USDC, SOL),
  from: fc.option(when, { nil: undefined }),
  to: when,
  points: fc.integer({ min: 2, max: 9 }),
});

type Question = typeof question extends fc.Arbitrary<infer T> ? T : never;
type Model = (timeUs: number, unit?: Mint) => Worth;
type Span = { readonly fromUs: number | undefined; readonly toUs: number };

function spanOf(events: readonly PositionedEvent[], { from, to }: Question): Span {
  const firstUs = Number(events[0]?.metadata.recordedAtUs);
  const lengthUs = Number(events.at(-1)?.metadata.recordedAtUs) - firstUs;
  const timeOf = (share: number) => firstUs + Math.floor((lengthUs * share) / 1_000);
  if (from === undefined) return { fromUs: undefined, toUs: timeOf(to) };
  return { fromUs: timeOf(Math.min(from, to)), toUs: timeOf(Math.max(from, to + 1)) };
}

async function expectCurve(asked: Question, { fromUs, toUs }: Span, model: Model) {
  const { account, points: count } = asked;
  const from = fromUs === undefined ? undefined : wire(fromUs);
  const { points } = await curve({ account, from, to: wire(toUs), points: count });
  for (const point of points) {
    const { seconds = 0n, nanos = 0 } = point.time ?? {};
    const then = model(Number(seconds) * 1_000_000 + nanos / 1_000);
    expect(point).toMatchObject({
      value: held(then.value),
      realisedProfit: signed(then.realised),
      unrealisedProfit: signed(then.unrealised),
    });
    expect([...point.unvaluedMints].sort()).toEqual(then.unvalued);
  }
  if (fromUs !== undefined) expect(points).toHaveLength(count);
  return points;
}

/** The last point is what the positions are as of the end. */
async function expectEnd(points: GetEquityCurveResponse["points"], account: string, toUs: number) {
  const asOf = await positions({ account, asOf: wire(toUs) });
  const last = points.at(-1);
  if (!last) expect(asOf.positions).toEqual([]);
  else {
    expect(last).toEqual({
      time: asOf.asOf,
      value: asOf.totalValue,
      realisedProfit: asOf.realisedProfit,
      unrealisedProfit: asOf.unrealisedProfit,
      unvaluedMints: asOf.unvaluedMints,
    });
  }
}

function count(worth: Worth, points: GetEquityCurveResponse["points"], unit: Mint): void {
  const valued = [...worth.each.values()].filter(({ value }) => value !== 0n);
  if (worth.unvalued.length > 0) seen.unvalued += 1;
  if (worth.unrealised > 0n) seen.profit += 1;
  if (worth.unrealised < 0n) seen.loss += 1;
  if (valued.length > 1) seen.exposed += 1;
  if (unit === SOL && worth.value > 0n) seen.inSol += 1;
  if (points.length === 0) seen.emptyCurve += 1;
  if (new Set(points.map(({ value }) => value)).size > 2) seen.moving += 1;
}

it("equals the model at any time, now, and at every point of a curve", async () => {
  await fc.assert(
    fc.asyncProperty(steps, question, async (all, asked) => {
      const { account, unit } = asked;
      const events = play(all);
      await load(events);
      const span = spanOf(events, asked);
      const model: Model = (timeUs, counted = USDC) =>
        worthModel(events, { account, timeUs, unit: counted });
      const worth = model(span.toUs, unit);
      expectWorth(await positions({ account, asOf: wire(span.toUs), valueMint: unit }), worth);
      const endUs = Number.MAX_SAFE_INTEGER;
      await marksNow(endUs);
      expectWorth(await positions({ account, valueMint: unit }), model(endUs, unit));
      const points = await expectCurve(asked, span, model);
      await expectEnd(points, account, span.toUs);
      count(worth, points, unit);
    }),
    { numRuns: 150 },
  );
});

it("keeps the accounts apart", async () => {
  const events = play([]);
  await load(events);
  const [a, b] = await Promise.all([curve({ account: "a" }), curve({ account: "b" })]);
  expect([a.account, b.account]).toEqual(["a", "b"]);
  const firstOf = async (account: string) =>
    harness.views.readModel.firstPositionUs(account as AccountId);
  expect(a.points[0]?.time).toEqual(wire(Number(await firstOf("a"))));
  expect(b.points[0]?.time).toEqual(wire(Number(await firstOf("b"))));
});
