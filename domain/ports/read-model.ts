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
  /** Without version; a stored table is called `<name>_v<version>_g<generation>`. */
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
  readonly after?: HistoryCursor;
  readonly limit: number;
};

export type HistoryCursor = { readonly requestedAtUs: TimestampUs; readonly orderId: string };

export type HistoryPage = {
  readonly rows: readonly Row["values"][];
  /**
   * Where to go on; undefined: there is nothing more. A page may hold fewer rows than the limit,
   * even none, and have more behind it: what is rare is not looked for without end.
   */
  readonly next: HistoryCursor | undefined;
};

/**
 * A new generation of some tables, filled beside the served one. There is at most one; it does not
 * outlive the program, nor the target: a call fails when the target was made anew meanwhile.
 */
export interface Staging {
  /** Makes empty tables; whatever was staged before is dropped. */
  begin(tables: readonly string[]): Promise<void>;
  /** Like `ReadModel.write`, into the staged tables only. */
  write(rows: readonly Row[]): Promise<void>;
  /** From one moment to the next the staged tables are served, all of them; the old ones go. */
  promote(): Promise<void>;
  /** Forgets what was staged; does no harm where nothing is. */
  drop(): Promise<void>;
}

/** Rows that are the newest at one of these times, each once, oldest first. */
export type AtTimes = {
  /** By the log's clock, ascending. */
  readonly timesUs: readonly TimestampUs[];
};

export interface ReadModel {
  /** Random id made when the target was created: a deleted target is noticed. */
  readonly targetId: string;
  /** Writes all rows or none; the same rows twice are the same as once. */
  write(rows: readonly Row[]): Promise<void>;
  readonly staging: Staging;
  /** Rows of the `orders` table, newest first. */
  history(filter: HistoryFilter): Promise<HistoryPage>;
  /** Latest row per mint of the `positions` table, as of a time if given (log clock not later). */
  positions(account: AccountId, asOfUs?: TimestampUs): Promise<readonly Row["values"][]>;
  /** Log clock of the account's first row of the `positions` table; undefined if it has none. */
  firstPositionUs(account: AccountId): Promise<TimestampUs | undefined>;
  /** Rows of the `positions` table of one mint of an account. */
  positionsAt(
    query: AtTimes & { readonly account: AccountId; readonly mint: Mint },
  ): Promise<readonly Row["values"][]>;
  /**
   * Rows of the `trades` table between two mints, in both directions and of all accounts; simulated
   * ones are left out. Of two at one time the one with the higher trade id is the newer.
   */
  lastTrades(
    query: AtTimes & { readonly mint: Mint; readonly costMint: Mint },
  ): Promise<readonly Row["values"][]>;
  /** All rows of a table in key order, page by page: for comparison with a fold. */
  scan(
    table: string,
    afterKey: readonly Value[] | undefined,
    limit: number,
  ): Promise<readonly Row["values"][]>;
  close(): Promise<void>;
}
