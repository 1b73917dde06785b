/** Rows of the `positions` view and their valuation as the wire wants them. */
import { z } from "zod";
import type { Balance } from "../../../domain/application/engine.types.ts";
import type { Row } from "../../../domain/ports/read-model.ts";
import type { Marks, Valuation, ValuedHolding } from "../../../domain/pricing/valuation.ts";
import { I64_MAX, I64_MIN, maxOf, minOf, U64_MAX } from "../../../domain/primitives/amount.ts";
import type { Mint } from "../../../domain/primitives/ids.ts";
import { priceFromRatio, type Ratio } from "../../../domain/primitives/ratio.ts";
import type { TimestampUs } from "../../../domain/primitives/time.ts";
import type { Position } from "../../../proto/generated/orderstream/v1/trade_execution.ts";
import type { TokenNames } from "./status-stream.ts";
import { timestampOf } from "./time.ts";

const amount = z
  .bigint()
  .nullish()
  .transform((value) => value ?? 0n);

const rowSchema = z
  .object({
    mint: z.string().transform((value) => value as Mint),
    clock: z.int(),
    quantity: amount,
    costed_quantity: amount,
    cost: amount,
    realised: amount,
    fees_paid_lamports: amount,
    trades: z
      .int()
      .nullish()
      .transform((value) => value ?? 0),
  })
  .transform(({ costed_quantity, fees_paid_lamports, ...row }) => ({
    ...row,
    costedQuantity: costed_quantity,
    feesPaidLamports: fees_paid_lamports,
  }));

export type PositionRow = z.output<typeof rowSchema>;

/** Throws on a row that is none: the view is damaged. */
export const positionRowOf = (values: Row["values"]): PositionRow => rowSchema.parse(values);

export type Valued = {
  readonly rows: readonly PositionRow[];
  readonly balances: readonly Balance[];
  readonly marks: Marks;
  readonly valuation: Valuation;
  readonly tokens: TokenNames;
  readonly costMint: Mint;
  /** The moment that the answer is about: marks are that old. */
  readonly momentUs: TimestampUs;
};

/** The mints that the view knows, and those that only the ledger holds something of for open orders. */
export function positionsOf(valued: Valued): Position[] {
  const { rows, balances, valuation } = valued;
  const reserved = new Map(balances.map((balance) => [balance.mint, balance.reserved]));
  const known = new Set(rows.map(({ mint }) => mint));
  const onlyReserved = balances.filter(
    (balance) => balance.reserved > 0n && !known.has(balance.mint),
  );
  return [
    ...rows.map((row, index) => ({
      ...holdingOf(row, valued),
      ...markOf(row.mint, valued),
      ...worthOf(valuation.holdings[index]),
      reserved: reserved.get(row.mint) ?? 0n,
    })),
    ...onlyReserved.map(({ mint, reserved: held }) => ({ ...NOTHING, mint, reserved: held })),
  ];
}

const holdingOf = (row: PositionRow, valued: Valued): Omit<Position, "reserved" | keyof Mark> => ({
  mint: row.mint,
  quantity: maxOf(row.quantity, 0n),
  deficit: maxOf(-row.quantity, 0n),
  cost: unsigned(row.cost),
  costedQuantity: row.costedQuantity,
  averageCost:
    row.costedQuantity > 0n
      ? decimalPrice(row.mint, { numerator: row.cost, denominator: row.costedQuantity }, valued)
      : "",
  realisedProfit: signed(row.realised),
  feesPaidLamports: row.feesPaidLamports,
  trades: BigInt(row.trades),
});

type Mark = Pick<Position, "markPrice" | "markTime" | "markAgeUs">;

/** The cost mint needs no mark, being what marks are counted in. */
function markOf(mint: Mint, valued: Valued): Mark {
  const mark = valued.marks.get(mint);
  if (!mark) return { markPrice: "", markTime: undefined, markAgeUs: undefined };
  return {
    markPrice: decimalPrice(mint, mark.price, valued),
    markTime: timestampOf(mark.timeUs),
    markAgeUs: BigInt(Math.max(0, valued.momentUs - mark.timeUs)),
  };
}

const worthOf = (
  valued: ValuedHolding | undefined,
): Pick<Position, "unrealisedProfit" | "value" | "exposureBps"> => ({
  unrealisedProfit: valued?.unrealised === undefined ? undefined : signed(valued.unrealised),
  value: valued?.value === undefined ? undefined : unsigned(valued.value),
  exposureBps: valued?.exposureBps,
});

const NOTHING: Omit<Position, "mint" | "reserved"> = {
  quantity: 0n,
  deficit: 0n,
  cost: 0n,
  costedQuantity: 0n,
  averageCost: "",
  realisedProfit: 0n,
  feesPaidLamports: 0n,
  trades: 0n,
  markPrice: "",
  markTime: undefined,
  markAgeUs: undefined,
  unrealisedProfit: 0n,
  value: 0n,
  exposureBps: 0,
};

/** Whole cost tokens per whole token; empty where the decimals of the mint are not known. */
function decimalPrice(
  mint: Mint,
  price: Ratio,
  { tokens, costMint }: Pick<Valued, "tokens" | "costMint">,
): string {
  const base = tokens.get(mint)?.decimals;
  const quote = tokens.get(costMint)?.decimals;
  return base === undefined || quote === undefined ? "" : priceFromRatio(price, { base, quote });
}

/**
 * Recorded sums (cost, realised profit, fees) beyond the wire's 64 bits stand at its end, as the proto says; values are
 * within it, see `valuationOf`.
 */
export const unsigned = (value: bigint): bigint => minOf(maxOf(value, 0n), U64_MAX);
export const signed = (value: bigint): bigint => minOf(maxOf(value, I64_MIN), I64_MAX);
