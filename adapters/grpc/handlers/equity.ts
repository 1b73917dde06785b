/** GetEquityCurve: what an account was worth over time, at the prices last traded up to each point. */
import { setImmediate } from "node:timers/promises";
import { accountIdSchema } from "../../../domain/order/request.ts";
import type { Row } from "../../../domain/ports/read-model.ts";
import type { AccountId } from "../../../domain/primitives/ids.ts";
import type { TimestampUs } from "../../../domain/primitives/time.ts";
import {
  type EquityPoint,
  equityCurve,
  evenTimes,
  type MintHistory,
} from "../../../projections/equity.ts";
import type {
  GetEquityCurveRequest,
  GetEquityCurveResponse,
  EquityPoint as WirePoint,
} from "../../../proto/generated/orderstream/v1/trade_execution.ts";
import type { Context } from "../context.ts";
import { invalid } from "../errors.ts";
import { field, type Parsed, valid, wrong } from "../mapping/parsed.ts";
import { positionRowOf, signed, unsigned } from "../mapping/positions.ts";
import { timestampOf, timeUsOf } from "../mapping/time.ts";
import type { UnaryHandler } from "../methods.ts";
import { accountNotFound, viewsReached } from "./shared.ts";

const DEFAULT_POINTS = 100;
const MIN_POINTS = 2;
const MAX_POINTS = 1_000;
/** Times looked up before everybody else may go on. */
const TIMES_AT_ONCE = 200;

export const getEquityCurve =
  (context: Context): UnaryHandler<GetEquityCurveRequest, GetEquityCurveResponse> =>
  async (request, caller) => {
    const { engine, positions, views, costMint } = context;
    const query = queryOf(request);
    if (!query.ok) return invalid(query.violations);
    const { account, points } = query.value;
    if (engine.ownerOf(account) !== caller.principal) return accountNotFound(account);
    const behind = await viewsReached(request.minPosition, caller, context);
    if (behind) return behind;
    const position = positions.encode(views.position());
    const toUs = query.value.toUs ?? nowUs(account, context);
    const fromUs = query.value.fromUs ?? (await context.readModel.firstPositionUs(account));
    // An account that had nothing up to the end has no curve.
    const isEmpty = fromUs === undefined || fromUs > toUs;
    const timesUs = isEmpty ? [] : evenTimes({ fromUs, toUs, points });
    const histories = await historiesOf(account, timesUs, context);
    const curve = equityCurve(histories, { costMint, timesUs });
    return {
      kind: "ok",
      message: { account, points: curve.map(pointOf), costMint, position },
    };
  };

type Query = {
  readonly account: AccountId;
  readonly fromUs: TimestampUs | undefined;
  readonly toUs: TimestampUs | undefined;
  readonly points: number;
};

function queryOf(request: GetEquityCurveRequest): Parsed<Query> {
  const account = field("account", accountIdSchema, request.account);
  const fromUs = timeUsOf("from", request.from);
  const toUs = timeUsOf("to", request.to);
  const points = pointsOf(request.points);
  const violations = [account, fromUs, toUs, points].flatMap((part) =>
    part.ok ? [] : part.violations,
  );
  const [from, to] = [fromUs, toUs].map((time) => (time.ok ? time.value : undefined));
  if (from !== undefined && to !== undefined && from >= to) {
    violations.push({ field: "from", description: "must be before to" });
  }
  if (violations.length > 0 || !account.ok || !points.ok) return { ok: false, violations };
  return valid({ account: account.value, fromUs: from, toUs: to, points: points.value });
}

function pointsOf(points: number): Parsed<number> {
  if (points === 0) return valid(DEFAULT_POINTS);
  if (points >= MIN_POINTS && points <= MAX_POINTS) return valid(points);
  return wrong("points", `is ${points}; a curve has ${MIN_POINTS} to ${MAX_POINTS} points`);
}

/** The log's clock may be ahead of the wall clock; what is there now belongs to now. */
const nowUs = (account: AccountId, { clock, views }: Context): TimestampUs =>
  Math.max(clock.nowUs(), ...views.positions(account).map((row) => positionRowOf(row).clock));

/**
 * The rows that matter at the times, mint by mint. The newest row of each mint is read first, at one
 * moment: what is stored after it while the others are read is left out, so that no trade is seen
 * with one leg only.
 */
async function historiesOf(
  account: AccountId,
  timesUs: readonly TimestampUs[],
  { readModel, costMint }: Context,
): Promise<readonly MintHistory[]> {
  const toUs = timesUs.at(-1);
  if (toUs === undefined) return [];
  const heads = await readModel.positions(account, toUs);
  const histories: MintHistory[] = [];
  for (const head of heads) {
    const { mint } = positionRowOf(head);
    const before = await inParts(timesUs, (part) =>
      readModel.positionsAt({ account, mint, timesUs: part }),
    );
    const trades =
      mint === costMint
        ? []
        : await inParts(timesUs, (part) => readModel.lastTrades({ mint, costMint, timesUs: part }));
    const positions = [...before.filter((row) => Number(row.seq) < Number(head.seq)), head];
    histories.push({ mint, positions, trades });
  }
  return histories;
}

/** Reads are on this thread: between the parts others have their turn. */
async function inParts(
  timesUs: readonly TimestampUs[],
  read: (part: readonly TimestampUs[]) => Promise<readonly Row["values"][]>,
): Promise<readonly Row["values"][]> {
  const rows: Row["values"][] = [];
  for (let from = 0; from < timesUs.length; from += TIMES_AT_ONCE) {
    rows.push(...(await read(timesUs.slice(from, from + TIMES_AT_ONCE))));
    await setImmediate();
  }
  return rows;
}

const pointOf = (point: EquityPoint): WirePoint => ({
  time: timestampOf(point.timeUs),
  value: unsigned(point.value),
  realisedProfit: signed(point.realised),
  unrealisedProfit: signed(point.unrealised),
  unvaluedMints: [...point.unvalued],
});
