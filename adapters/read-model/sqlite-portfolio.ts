/**
 * SQL of positions and last trades as of a time. Every statement looks up places in a key or an
 * index and takes as long at a million rows as at a thousand.
 */
import type { ReadModel, Row, TableDefinition } from "../../domain/ports/read-model.ts";
import type { TimestampUs } from "../../domain/primitives/time.ts";
import type { SqlValue, StoredTable } from "./sqlite-ddl.ts";

type Values = Row["values"];

const ALWAYS: TimestampUs = Number.MAX_SAFE_INTEGER;

/** An account's mints, found one behind the other by the key instead of by reading all its rows. */
const mintsOf = (positions: string): string =>
  `WITH RECURSIVE mints (mint) AS (SELECT min(mint) FROM ${positions} WHERE account = ?1 ` +
  `UNION ALL SELECT (SELECT min(next.mint) FROM ${positions} AS next ` +
  "WHERE next.account = ?1 AND next.mint > mints.mint) FROM mints WHERE mints.mint IS NOT NULL) ";

/**
 * For each mint of an account the first or the last row up to a clock. (CROSS JOIN: SQLite would
 * read the whole account first.)
 */
const endsOf = (positions: string, order: "ASC" | "DESC"): string =>
  `${mintsOf(positions)}SELECT found.* FROM mints CROSS JOIN ${positions} AS found ` +
  "ON found.account = ?1 AND found.mint = mints.mint AND (found.clock, found.seq) = " +
  `(SELECT one.clock, one.seq FROM ${positions} AS one ` +
  "WHERE one.account = ?1 AND one.mint = mints.mint AND one.clock <= ?2 " +
  `ORDER BY one.clock ${order}, one.seq ${order} LIMIT 1) `;

/** Each takes the name of its table as it is in the file now. */
const SQL = {
  /** The newest row of each mint of an account. Parameters: account, latest clock. */
  newest: (positions: string): string => `${endsOf(positions, "DESC")}ORDER BY found.mint`,
  /** The first row of an account. Parameters: account, latest clock. */
  first: (positions: string): string =>
    `${endsOf(positions, "ASC")}ORDER BY found.clock, found.mint LIMIT 1`,
  /** The newest row of an account's mint. Parameters: account, mint, latest clock. */
  at: (positions: string): string =>
    `SELECT * FROM ${positions} WHERE account = ? AND mint = ? AND clock <= ? ` +
    "ORDER BY clock DESC, seq DESC LIMIT 1",
  /** The last trade of a pair that was no simulated one. Parameters: base, quote, latest time. */
  lastTrade: (trades: string): string =>
    `SELECT * FROM ${trades} WHERE base_token = ? AND quote_token = ? AND is_simulated = 0 ` +
    "AND timestamp <= ? ORDER BY timestamp DESC, trade_id DESC LIMIT 1",
} as const;

export type Reading = {
  readonly select: (
    table: TableDefinition,
    sql: string,
    parameters: readonly SqlValue[],
  ) => readonly Values[];
  readonly tableOf: (name: string) => StoredTable;
  /** Runs a job as the adapter runs its reads. */
  readonly guarded: <T>(job: () => T) => Promise<T>;
};

type PortfolioReads = Pick<
  ReadModel,
  "positions" | "firstPositionUs" | "positionsAt" | "lastTrades"
>;

export function portfolioReads({ select, tableOf, guarded }: Reading): PortfolioReads {
  const read = (name: string, sql: (table: string) => string, parameters: readonly SqlValue[]) => {
    const stored = tableOf(name);
    return select(stored.table, sql(stored.name), parameters);
  };

  return {
    positions: (account, asOfUs = ALWAYS) =>
      guarded(() => read("positions", SQL.newest, [account, asOfUs])),
    firstPositionUs: (account) =>
      guarded(() => {
        const [first] = read("positions", SQL.first, [account, ALWAYS]);
        return first && Number(first.clock);
      }),
    positionsAt: ({ account, mint, timesUs }) =>
      guarded(() =>
        newestAt(timesUs, {
          find: (timeUs) => read("positions", SQL.at, [account, mint, timeUs])[0],
          key: "seq",
        }),
      ),
    lastTrades: ({ mint, costMint, timesUs }) =>
      guarded(() =>
        newestAt(timesUs, {
          find: (timeUs) =>
            later(
              read("trades", SQL.lastTrade, [mint, costMint, timeUs])[0],
              read("trades", SQL.lastTrade, [costMint, mint, timeUs])[0],
            ),
          key: "trade_id",
        }),
      ),
  };
}

/** What is found for each time; what is found for several of them once. */
function newestAt(
  timesUs: readonly TimestampUs[],
  by: {
    readonly find: (timeUs: TimestampUs) => Values | undefined;
    /** Column that tells rows apart. */
    readonly key: string;
  },
): readonly Values[] {
  const found: Values[] = [];
  for (const timeUs of timesUs) {
    const row = by.find(timeUs);
    if (row && row[by.key] !== found.at(-1)?.[by.key]) found.push(row);
  }
  return found;
}

/** The later one of two trades; of two at one time the one with the higher id. */
function later(a: Values | undefined, b: Values | undefined): Values | undefined {
  if (!a || !b) return a ?? b;
  const [timeA, timeB] = [Number(a.timestamp), Number(b.timestamp)];
  if (timeA !== timeB) return timeA > timeB ? a : b;
  return String(a.trade_id) > String(b.trade_id) ? a : b;
}
