/** Naive read model: the reference that other adapters must agree with. */
import type {
  ColumnType,
  HistoryCursor,
  ReadModel,
  Row,
  TableDefinition,
  Value,
} from "../../domain/ports/read-model.ts";

type Values = Row["values"];
type Order = (a: Values, b: Values) => number;
type Stored = { readonly table: TableDefinition; readonly rows: Map<string, Values> };

export type MemoryReadModelOptions = {
  readonly tables: readonly TableDefinition[];
  readonly targetId: string;
};

export function createMemoryReadModel({ tables, targetId }: MemoryReadModelOptions): ReadModel {
  const served = new Map(tables.map((table) => [table.name, emptyTable(table)]));
  let staged = new Map<string, Stored>();
  const all = (name: string): Values[] => [...tableOf(served, name).rows.values()];

  return {
    targetId,
    async write(rows) {
      writeInto(served, rows);
    },
    staging: {
      async begin(names) {
        staged = new Map(names.map((name) => [name, emptyTable(tableOf(served, name).table)]));
      },
      async write(rows) {
        writeInto(staged, rows);
      },
      async promote() {
        if (staged.size === 0) throw new Error("nothing is staged");
        for (const [name, table] of staged) served.set(name, table);
        staged = new Map();
      },
      async drop() {
        staged = new Map();
      },
    },
    async history(filter) {
      const { account, mint, mode, status, fromUs, toUs, after, limit } = filter;
      const newestFirst = reversed(byColumns(["requested_at", "order_id"]));
      const from = after && { requested_at: after.requestedAtUs, order_id: after.orderId };
      const found = all("orders")
        .filter(
          (row) =>
            (account === undefined || row.account === account) &&
            (mint === undefined || row.base_mint === mint || row.quote_mint === mint) &&
            (mode === undefined || row.mode === mode) &&
            (status === undefined || row.status === status) &&
            (fromUs === undefined || Number(row.requested_at) >= fromUs) &&
            (toUs === undefined || Number(row.requested_at) < toUs) &&
            (from === undefined || newestFirst(row, from) > 0),
        )
        .sort(newestFirst);
      const rows = found.slice(0, limit);
      const last = found.length > limit ? rows.at(-1) : undefined;
      return { rows, next: last && cursorOf(last) };
    },
    async positions(account, asOfUs) {
      const newest = new Map<Value, Values>();
      for (const row of all("positions").sort(byColumns(["mint", "seq"]))) {
        if (row.account !== account) continue;
        if (asOfUs !== undefined && Number(row.clock) > asOfUs) continue;
        newest.set(row.mint ?? null, row);
      }
      return [...newest.values()];
    },
    async firstPositionUs(account) {
      const clocks = all("positions").flatMap((row) =>
        row.account === account ? [Number(row.clock)] : [],
      );
      return clocks.length === 0 ? undefined : Math.min(...clocks);
    },
    async positionsAt({ account, mint, timesUs }) {
      const rows = all("positions")
        .filter((row) => row.account === account && row.mint === mint)
        .sort(byColumns(["clock", "seq"]));
      return newestAt(rows, "clock", timesUs);
    },
    async lastTrades({ mint, costMint, timesUs }) {
      const rows = all("trades")
        .filter((row) => {
          const ofPair =
            (row.base_token === mint && row.quote_token === costMint) ||
            (row.base_token === costMint && row.quote_token === mint);
          return ofPair && row.is_simulated === false;
        })
        .sort(byColumns(["timestamp", "trade_id"]));
      return newestAt(rows, "timestamp", timesUs);
    },
    async scan(name, afterKey, limit) {
      const { key } = tableOf(served, name).table;
      const inKeyOrder = byColumns(key);
      const after =
        afterKey && Object.fromEntries(key.map((column, i) => [column, afterKey[i] ?? null]));
      return all(name)
        .filter((row) => after === undefined || inKeyOrder(row, after) > 0)
        .sort(inKeyOrder)
        .slice(0, limit);
    },
    async close() {},
  };
}

/** Of rows in order of time those that are the last one at some of the times. */
const newestAt = (
  rows: readonly Values[],
  column: string,
  timesUs: readonly number[],
): readonly Values[] => {
  const found = timesUs.map((timeUs) => rows.findLast((row) => Number(row[column]) <= timeUs));
  return rows.filter((row) => found.includes(row));
};

const emptyTable = (table: TableDefinition): Stored => ({ table, rows: new Map() });

function tableOf(tables: ReadonlyMap<string, Stored>, name: string): Stored {
  const found = tables.get(name);
  if (!found) throw new Error(`there is no table ${name}`);
  return found;
}

function writeInto(tables: ReadonlyMap<string, Stored>, rows: readonly Row[]): void {
  for (const row of rows) assertRow(tableOf(tables, row.table).table, row.values);
  for (const { table: name, values } of rows) {
    const { table, rows: kept } = tableOf(tables, name);
    const columns = Object.keys(table.columns);
    kept.set(
      keyText(table.key.map((column) => values[column] ?? null)),
      Object.fromEntries(columns.map((column) => [column, values[column] ?? null])),
    );
  }
}

const cursorOf = (row: Values): HistoryCursor => ({
  requestedAtUs: Number(row.requested_at),
  orderId: String(row.order_id),
});

const keyText = (key: readonly Value[]): string => JSON.stringify(key.map(String));

const reversed =
  (order: Order): Order =>
  (a, b) =>
    order(b, a);

const byColumns =
  (columns: readonly string[]): Order =>
  (a, b) => {
    for (const column of columns) {
      const order = compare(a[column] ?? null, b[column] ?? null);
      if (order !== 0) return order;
    }
    return 0;
  };

/** Numbers by value, text by its UTF-8 bytes. */
function compare(a: Value, b: Value): number {
  if (typeof a === "string" && typeof b === "string") {
    return Buffer.compare(Buffer.from(a), Buffer.from(b));
  }
  return Number(a) - Number(b);
}

const JS_TYPES: Readonly<Record<ColumnType, string>> = {
  text: "string",
  symbol: "string",
  decimal: "string",
  amount: "bigint",
  integer: "number",
  timestamp: "number",
  boolean: "boolean",
};

function assertRow(table: TableDefinition, values: Values): void {
  for (const [column, type] of Object.entries(table.columns)) {
    const value = values[column];
    if (value !== null && typeof value !== JS_TYPES[type]) {
      throw new Error(`${table.name}.${column}: ${typeof value} is no ${type}`);
    }
    if (value === null && table.key.includes(column)) {
      throw new Error(`${table.name}.${column}: a key is never null`);
    }
  }
}
