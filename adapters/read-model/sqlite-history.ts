/**
 * The history of orders, shaped so that no query scans or sorts the table, however many orders
 * there are. Each filter has an index in the history's order. Of several filters one leads, the
 * others are looked up row by row; a page is found in short steps, and each step takes the filter
 * that gets furthest back in time with the same number of index entries: the rarest one here.
 */
import type {
  HistoryCursor,
  HistoryFilter,
  HistoryPage,
  Row,
} from "../../domain/ports/read-model.ts";
import { indexName, type SqlValue, type StoredTable, valuesOf } from "./sqlite-ddl.ts";

type Values = Row["values"];
type Condition = { readonly sql: string; readonly values: readonly SqlValue[] };
export type Query = { readonly sql: string; readonly parameters: readonly SqlValue[] };

export type HistorySteps = {
  /** Index entries of one step: some milliseconds. */
  readonly entries: number;
  /** Steps of one page; what is rarer than that comes with the next one. */
  readonly most: number;
};

const HISTORY_STEPS: HistorySteps = { entries: 2_000, most: 50 };
const LAST = Number.MAX_SAFE_INTEGER;

/** `by`: what the index leads to. `also`: what only the row can tell. */
type Walk = {
  readonly index: readonly string[];
  readonly by: Condition;
  readonly also: Condition;
};

/** Walks of indexes that together meet all rows of one filter, each once. */
type Leader = {
  readonly walks: readonly Walk[];
  /** The other filters. */
  readonly rest: readonly Condition[];
};

/** From `upper` (exclusive, newest) down to `lower` (inclusive). */
type Range = { readonly upper: HistoryCursor; readonly lower: HistoryCursor };

const ORDER = "ORDER BY requested_at DESC, order_id DESC";
const IN_TIME = ["requested_at", "order_id"];
const NOTHING: Condition = { sql: "", values: [] };

const equal = (column: string, value: SqlValue): Condition => ({
  sql: `${column} = ? AND `,
  values: [value],
});

/** The ways to find what a filter asks for. */
export function leadersOf({ account, mint, status, mode }: HistoryFilter): readonly Leader[] {
  const filters = singles({ account, status, mode });
  if (mint !== undefined) {
    const where = { sql: "(base_mint = ? OR quote_mint = ?) AND ", values: [mint, mint] };
    const notMet = { sql: "base_mint <> ? AND ", values: [mint] };
    const walks = [walkBy("base_mint", mint, NOTHING), walkBy("quote_mint", mint, notMet)];
    filters.push({ where, walks });
  }
  if (filters.length === 0) {
    return [{ walks: [{ index: IN_TIME, by: NOTHING, also: NOTHING }], rest: [] }];
  }
  return filters.map(({ walks }, nth) => ({
    walks,
    rest: filters.filter((_, other) => other !== nth).map(({ where }) => where),
  }));
}

type Filter = { readonly where: Condition; readonly walks: readonly Walk[] };

/** Account and status together have an index of their own: what one account got wrong is asked for often. */
function singles(columns: {
  readonly account: string | undefined;
  readonly status: string | undefined;
  readonly mode: string | undefined;
}): Filter[] {
  const { account, status, ...others } = columns;
  const given = (entries: Readonly<Record<string, string | undefined>>): Filter[] =>
    Object.entries(entries).flatMap(([column, value]) =>
      value === undefined
        ? []
        : [{ where: equal(column, value), walks: [walkBy(column, value, NOTHING)] }],
    );
  if (account === undefined || status === undefined) return given(columns);
  const where: Condition = { sql: "account = ? AND status = ? AND ", values: [account, status] };
  const index = ["account", "status", ...IN_TIME];
  return [{ where, walks: [{ index, by: where, also: NOTHING }] }, ...given(others)];
}

const walkBy = (column: string, value: SqlValue, also: Condition): Walk => ({
  index: [column, ...IN_TIME],
  by: equal(column, value),
  also,
});

const between = ({ upper, lower }: Range): Condition => ({
  sql: "(requested_at, order_id) < (?, ?) AND (requested_at, order_id) >= (?, ?) ",
  values: [upper.requestedAtUs, upper.orderId, lower.requestedAtUs, lower.orderId],
});

const walkOf = (
  { name }: StoredTable,
  { index, by }: Walk,
  { columns, range, rest }: { columns: string; range: Range; rest: readonly Condition[] },
): Query => {
  const conditions = [by, ...rest, between(range)];
  return {
    sql:
      `SELECT ${columns} FROM ${name} INDEXED BY ${indexName(name, index)} ` +
      `WHERE ${conditions.map(({ sql }) => sql).join("")}`,
    parameters: conditions.flatMap(({ values }) => values),
  };
};

/** Rows of a range, newest first. */
export function rowsQuery(
  table: StoredTable,
  { walks, rest }: Leader,
  { range, limit }: { readonly range: Range; readonly limit: number },
): Query {
  const queries = walks.map((walk) =>
    walkOf(table, walk, { columns: "*", range, rest: [walk.also, ...rest] }),
  );
  return {
    sql: `${queries.map(({ sql }) => sql).join("UNION ALL ")}${ORDER} LIMIT ?`,
    parameters: [...queries.flatMap(({ parameters }) => parameters), limit],
  };
}

/** The last index entry of a step, one query for each walk; nothing where the walk ends before. */
export const endQueries = (
  table: StoredTable,
  { walks }: Leader,
  { range, entries }: { readonly range: Range; readonly entries: number },
): readonly Query[] =>
  walks.map((walk) => {
    const columns = "requested_at, order_id";
    const { sql, parameters } = walkOf(table, walk, { columns, range, rest: [] });
    return { sql: `${sql}${ORDER} LIMIT 1 OFFSET ?`, parameters: [...parameters, entries - 1] };
  });

type Select = (query: Query) => readonly Readonly<Record<string, unknown>>[];

/** Looks into the table as it is now. */
export type Ask = <T>(look: (table: StoredTable, select: Select) => T) => Promise<T>;

export type HistoryOptions = {
  /** Lets everybody else go on between two steps. */
  readonly breathe: () => Promise<void>;
  readonly steps?: HistorySteps;
};

export async function findHistory(
  ask: Ask,
  filter: HistoryFilter,
  { breathe, steps = HISTORY_STEPS }: HistoryOptions,
): Promise<HistoryPage> {
  const { limit } = filter;
  const leaders = leadersOf(filter);
  let range = rangeOf(filter);
  const rows: Values[] = [];
  for (let step = 0; step < steps.most; step++) {
    if (step > 0) await breathe();
    const wanted = limit + 1 - rows.length;
    const { found, end } = await ask((table, select) => {
      const place = { range, entries: steps.entries, select };
      const { leader, end } = rarest(leaders, (one) => endOf(table, one, place));
      const part = end ? { ...range, lower: end } : range;
      const found = select(rowsQuery(table, leader, { range: part, limit: wanted }));
      return { found: found.map((row) => valuesOf(table.table, row)), end };
    });
    rows.push(...found);
    const last = rows[limit - 1];
    if (rows.length > limit && last) return { rows: rows.slice(0, limit), next: cursorOf(last) };
    if (!end) return { rows, next: undefined };
    range = { ...range, upper: end };
  }
  return { rows, next: range.upper };
}

function rangeOf({ fromUs, toUs, after }: HistoryFilter): Range {
  const to = { requestedAtUs: toUs ?? LAST, orderId: "" };
  return {
    upper: after && isOlder(after, to) ? after : to,
    lower: { requestedAtUs: fromUs ?? 0, orderId: "" },
  };
}

/** The leader whose step ends furthest back; no end at all is the furthest. */
function rarest(
  leaders: readonly Leader[],
  endOfStep: (leader: Leader) => HistoryCursor | undefined,
): { readonly leader: Leader; readonly end: HistoryCursor | undefined } {
  const [only, ...others] = leaders;
  if (!only) throw new Error("a filter without a way to follow it");
  // Without other filters every entry is a row: the limit alone ends the walk.
  if (others.length === 0) return { leader: only, end: undefined };
  let best = { leader: only, end: endOfStep(only) };
  for (const leader of others) {
    if (!best.end) break;
    const end = endOfStep(leader);
    if (!end || isOlder(end, best.end)) best = { leader, end };
  }
  return best;
}

/** Of several walks the nearest end: none of them goes further than a step. */
function endOf(
  table: StoredTable,
  leader: Leader,
  { range, entries, select }: { range: Range; entries: number; select: Select },
): HistoryCursor | undefined {
  const ends = endQueries(table, leader, { range, entries }).flatMap((query) =>
    select(query).map(cursorOf),
  );
  return ends.reduce<HistoryCursor | undefined>(
    (nearest, end) => (nearest === undefined || isOlder(nearest, end) ? end : nearest),
    undefined,
  );
}

const cursorOf = (row: Readonly<Record<string, unknown>>): HistoryCursor => ({
  requestedAtUs: Number(row.requested_at),
  orderId: String(row.order_id),
});

/** Ids of orders are ASCII: their order here is that of their bytes. */
const isOlder = (a: HistoryCursor, b: HistoryCursor): boolean =>
  a.requestedAtUs !== b.requestedAtUs ? a.requestedAtUs < b.requestedAtUs : a.orderId < b.orderId;
