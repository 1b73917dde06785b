/**
 * GetPositions: what an account holds, what it cost and what it is worth. Now: from memory, with the
 * ledger's reservations and quotes for marks. As of a past time: from the views, with the prices last
 * traded up to then.
 */
import { accountIdSchema, mintSchema } from "../../../domain/order/request.ts";
import {
  type Mark,
  type Marks,
  mintsToMark,
  valuationOf,
} from "../../../domain/pricing/valuation.ts";
import type { AccountId, Mint } from "../../../domain/primitives/ids.ts";
import type { TimestampUs } from "../../../domain/primitives/time.ts";
import { markOfTrade } from "../../../projections/traded-prices.ts";
import type {
  GetPositionsRequest,
  GetPositionsResponse,
} from "../../../proto/generated/orderstream/v1/trade_execution.ts";
import type { Context } from "../context.ts";
import { invalid } from "../errors.ts";
import { field, type Parsed, valid, wrong } from "../mapping/parsed.ts";
import {
  type PositionRow,
  positionRowOf,
  positionsOf,
  signed,
  unsigned,
} from "../mapping/positions.ts";
import { timestampOf, timeUsOf } from "../mapping/time.ts";
import type { Caller, UnaryHandler } from "../methods.ts";
import { accountNotFound, viewsReached } from "./shared.ts";

export const getPositions =
  (context: Context): UnaryHandler<GetPositionsRequest, GetPositionsResponse> =>
  async (request, caller) => {
    const { engine, positions, views, tokens, costMint } = context;
    const query = queryOf(request, context);
    if (!query.ok) return invalid(query.violations);
    const { account, asOfUs, valueMint } = query.value;
    if (engine.ownerOf(account) !== caller.principal) return accountNotFound(account);
    const behind = await viewsReached(request.minPosition, caller, context);
    if (behind) return behind;
    // Taken before the read: the rows are at least as new.
    const position = positions.encode(views.position());
    const held = await (asOfUs === undefined
      ? now(query.value, caller, context)
      : asOf({ account, valueMint, asOfUs }, context));
    const { rows, marks, clockUs } = held;
    const valuation = valuationOf(rows, { costMint, valueMint, marks });
    const sum = (amount: (row: PositionRow) => bigint): bigint =>
      rows.reduce((total, row) => total + amount(row), 0n);
    return {
      kind: "ok",
      message: {
        account,
        positions: positionsOf({ ...held, valuation, tokens, costMint }),
        costMint,
        valueMint,
        totalValue: unsigned(valuation.totalValue),
        realisedProfit: signed(sum(({ realised }) => realised)),
        unrealisedProfit: signed(valuation.unrealised),
        feesPaidLamports: unsigned(sum(({ feesPaidLamports }) => feesPaidLamports)),
        unvaluedMints: [...valuation.unvalued],
        asOf: clockUs === undefined ? undefined : timestampOf(clockUs),
        position,
      },
    };
  };

type Query = {
  readonly account: AccountId;
  readonly asOfUs: TimestampUs | undefined;
  readonly valueMint: Mint;
};

function queryOf(request: GetPositionsRequest, context: Context): Parsed<Query> {
  const account = field("account", accountIdSchema, request.account);
  const asOfUs = timeUsOf("as_of", request.asOf);
  const valueMint = valueMintOf(request.valueMint, context);
  if (account.ok && asOfUs.ok && valueMint.ok) {
    return valid({ account: account.value, asOfUs: asOfUs.value, valueMint: valueMint.value });
  }
  const violations = [account, asOfUs, valueMint].flatMap((part) =>
    part.ok ? [] : part.violations,
  );
  return { ok: false, violations };
}

function valueMintOf(text: string, { tokens, costMint }: Context): Parsed<Mint> {
  if (text === "") return valid(costMint);
  const mint = field("value_mint", mintSchema, text);
  if (!mint.ok || tokens.has(mint.value) || mint.value === costMint) return mint;
  return wrong("value_mint", "is not among the configured tokens");
}

type Held = {
  readonly rows: readonly PositionRow[];
  readonly balances: NonNullable<ReturnType<Context["engine"]["balances"]>>;
  readonly marks: Marks;
  /** What the marks' ages are counted to. */
  readonly momentUs: TimestampUs;
  /** The log's clock that the rows are of. */
  readonly clockUs: TimestampUs | undefined;
};

async function now(
  { account, valueMint }: Query,
  caller: Caller,
  { views, engine, marks, clock, costMint, limits }: Context,
): Promise<Held> {
  const rows = views.positions(account).map(positionRowOf);
  const balances = engine.balances(account) ?? [];
  const wanted = mintsToMark(rows, { costMint, valueMint });
  const found = await marks(wanted, Math.min(limits.markWaitMs, caller.waitMs));
  const clocks = rows.map(({ clock: atUs }) => atUs);
  const clockUs = clocks.length === 0 ? undefined : Math.max(...clocks);
  return { rows, balances, marks: found, momentUs: clock.nowUs(), clockUs };
}

async function asOf(
  { account, valueMint, asOfUs }: Query & { readonly asOfUs: TimestampUs },
  { readModel, costMint }: Context,
): Promise<Held> {
  const values = await readModel.positions(account, asOfUs);
  const rows = values.map(positionRowOf);
  const marks = new Map<Mint, Mark>();
  for (const mint of mintsToMark(rows, { costMint, valueMint })) {
    const [trade] = await readModel.lastTrades({ mint, costMint, timesUs: [asOfUs] });
    const mark = trade && markOfTrade(trade, { mint, costMint });
    if (mark) marks.set(mint, mark);
  }
  return { rows, balances: [], marks, momentUs: asOfUs, clockUs: asOfUs };
}
