/** Rows of the `positions` view as positions. */
import { z } from "zod";
import type { Balance } from "../../../domain/application/engine.types.ts";
import type { Row } from "../../../domain/ports/read-model.ts";
import type { Mint } from "../../../domain/primitives/ids.ts";
import { priceFromRatio } from "../../../domain/primitives/ratio.ts";
import type { Position } from "../../../proto/generated/orderstream/v1/trade_execution.ts";
import type { TokenNames } from "./status-stream.ts";

const amount = z
  .bigint()
  .nullish()
  .transform((value) => value ?? 0n);

const rowSchema = z.object({
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
});

type PositionRow = z.output<typeof rowSchema>;

/** Throws on a row that is none: the view is damaged. */
export const positionRowOf = (values: Row["values"]): PositionRow => rowSchema.parse(values);

/** The mints that the view knows, and those that only the ledger holds something of for open orders. */
export function positionsOf(
  rows: readonly PositionRow[],
  balances: readonly Balance[],
  money: { readonly tokens: TokenNames; readonly costMint: Mint },
): Position[] {
  const reserved = new Map(balances.map((balance) => [balance.mint, balance.reserved]));
  const known = new Set(rows.map(({ mint }) => mint));
  const onlyReserved = balances.filter(
    (balance) => balance.reserved > 0n && !known.has(balance.mint),
  );
  return [
    ...rows.map((row) => positionOf(row, reserved.get(row.mint) ?? 0n, money)),
    ...onlyReserved.map((balance) => empty(balance.mint, balance.reserved)),
  ];
}

const positionOf = (
  row: PositionRow,
  reserved: bigint,
  money: { readonly tokens: TokenNames; readonly costMint: Mint },
): Position => ({
  mint: row.mint,
  quantity: row.quantity,
  reserved,
  cost: row.cost,
  costedQuantity: row.costed_quantity,
  averageCost: averageCost(row, money),
  realisedProfit: row.realised,
  feesPaidLamports: row.fees_paid_lamports,
  trades: BigInt(row.trades),
});

const empty = (mint: Mint, reserved: bigint): Position => ({
  mint,
  quantity: 0n,
  reserved,
  cost: 0n,
  costedQuantity: 0n,
  averageCost: "",
  realisedProfit: 0n,
  feesPaidLamports: 0n,
  trades: 0n,
});

/** Whole cost tokens per whole token. */
function averageCost(
  { mint, cost, costed_quantity }: PositionRow,
  { tokens, costMint }: { readonly tokens: TokenNames; readonly costMint: Mint },
): string {
  const base = tokens.get(mint)?.decimals;
  const quote = tokens.get(costMint)?.decimals;
  if (costed_quantity <= 0n || base === undefined || quote === undefined) return "";
  return priceFromRatio({ numerator: cost, denominator: costed_quantity }, { base, quote });
}
