/**
 * Marks from rows of the `trades` view: the last trade of a mint against the cost mint, by any
 * account. The price is the exact ratio of what changed hands.
 */
import type { Mark } from "../domain/pricing/valuation.ts";
import type { Mint } from "../domain/primitives/ids.ts";
import { amountOf, integerOf, type Values } from "./projection.ts";

export type Pair = { readonly mint: Mint; readonly costMint: Mint };

/**
 * What the trade says of the mint; undefined where one side is nothing. Throws when the row is none
 * of this pair.
 */
export function markOfTrade(row: Values, { mint, costMint }: Pair): Mark | undefined {
  const buysBase = row.action === "BUY";
  const spent = buysBase ? row.quote_token : row.base_token;
  const received = buysBase ? row.base_token : row.quote_token;
  const amounts = { spent: amountOf(row, "amount_in"), received: amountOf(row, "amount_out") };
  const sells = spent === mint && received === costMint;
  if (!sells && !(spent === costMint && received === mint)) {
    throw new Error(`trade ${String(row.trade_id)} is none of ${mint} and ${costMint}`);
  }
  const price = sells
    ? { numerator: amounts.received, denominator: amounts.spent }
    : { numerator: amounts.spent, denominator: amounts.received };
  if (price.numerator <= 0n || price.denominator <= 0n) return undefined;
  return { price, timeUs: integerOf(row, "timestamp") };
}
