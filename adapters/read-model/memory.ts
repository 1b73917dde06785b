/** Naive read model: the reference that other adapters must agree with. */
import type {
  ColumnType,
  ReadModel,
  Row,
  TableDefinition,
  Value,
} from "../../domain/ports/read-model.ts";

type Values = Row["values"];
type Order = (a: Values, b: Values) => number;

export type MemoryReadModelOptions = {
  readonly tables: readonly TableDefinition[];
  readonly targetId: string;
};

export function createMemoryReadModel({ tables, targetId }: MemoryReadModelOptions): ReadModel {
  const stored = new Map(
    tables.map((table) => [table.name, { table, rows: new Map<string, Values>() }]),
  );
  const tableOf = (name: string) => {
    const found = stored.get(name);
    if (!found) throw new Error(`there is no table ${name}`);
    return found;
  };
  const all = (name: string): Values[] => [...tableOf(name).rows.values()];

  return {
    targetId,
    async write(rows) {
      for (const row of rows) assertRow(tableOf(row.table).table, row.values);
      for (const { table: name, values } of rows) {
        const { table, rows: kept } = tableOf(name);
        const columns = Object.keys(table.columns);
        kept.set(
          keyText(table.key.map((column) => values[column] ?? null)),
          Object.fromEntries(columns.map((column) => [column, values[column] ?? null])),
        );
      }
    },
    async history(filter) {
      const { account, mint, mode, status, fromUs, toUs, after, limit } = filter;
      const newestFirst = reversed(byColumns(["requested_at", "order_id"]));
      const from = after && { requested_at: after.requestedAtUs, order_id: after.orderId };
      return all("orders")
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
        .sort(newestFirst)
        .slice(0, limit);
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
    async scan(name, afterKey, limit) {
      const { key } = tableOf(name).table;
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
