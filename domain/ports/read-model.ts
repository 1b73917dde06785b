/**
 * Tables that queries read. Written by projections only; can be deleted and rebuilt at any time.
 * One definition per table; each adapter prints its own DDL from it.
 */
import type { AccountId, Mint } from "../primitives/ids.ts";
import type { TimestampUs } from "../primitives/time.ts";

/** `symbol`: text with few distinct values. `amount`: exact unsigned or signed integer. `decimal`: exact decimal string. */
export type ColumnType =
  | "text"
  | "symbol"
  | "amount"
  | "decimal"
  | "integer"
  | "boolean"
  | "timestamp";

export type TableDefinition = {
  /** Without version; the table is called `<name>_v<version>`. */
  readonly name: string;
  readonly version: number;
  readonly columns: Readonly<Record<string, ColumnType>>;
  /** Writing a row whose key exists replaces it. */
  readonly key: readonly string[];
  /** The designated timestamp column: the log's clock at the event, never now. */
  readonly timestamp: string;
  readonly indexes: readonly (readonly string[])[];
};

/** amount → bigint; decimal → string; timestamp → microseconds; integer → safe integer. */
export type Value = string | number | bigint | boolean | null;
export type Row = { readonly table: string; readonly values: Readonly<Record<string, Value>> };

export type HistoryFilter = {
  readonly account?: AccountId;
  readonly mint?: Mint;
  readonly mode?: string;
  readonly status?: string;
  /** Inclusive. */
  readonly fromUs?: TimestampUs;
  /** Exclusive. */
  readonly toUs?: TimestampUs;
  /** Continue behind this row (newest first, ties by order id). */
  readonly after?: { readonly requestedAtUs: TimestampUs; readonly orderId: string };
  readonly limit: number;
};

export interface ReadModel {
  /** Random id made when the target was created: a deleted target is noticed. */
  readonly targetId: string;
  /** Writes all rows or none; the same rows twice are the same as once. */
  write(rows: readonly Row[]): Promise<void>;
  /** Rows of the `orders` table, newest first. */
  history(filter: HistoryFilter): Promise<readonly Row["values"][]>;
  /** Latest row per mint of the `positions` table, as of a time if given (log clock not later). */
  positions(account: AccountId, asOfUs?: TimestampUs): Promise<readonly Row["values"][]>;
  /** All rows of a table in key order, page by page: for comparison with a fold. */
  scan(
    table: string,
    afterKey: readonly Value[] | undefined,
    limit: number,
  ): Promise<readonly Row["values"][]>;
  close(): Promise<void>;
}
