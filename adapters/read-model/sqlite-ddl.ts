/**
 * SQLite's form of a table definition. Amounts and decimals are TEXT: an amount may be any u64 and
 * may be negative, which no SQLite number holds exactly. Rows whose key holds the time lie in key
 * order (WITHOUT ROWID), which is what as-of queries read; the others, whose keys are random ids, lie
 * in the order in which they came: each new one in key order would touch a page of its own.
 */
import type { ColumnType, Row, TableDefinition, Value } from "../../domain/ports/read-model.ts";

export type SqlValue = string | number | null;

const SQL_TYPES: Readonly<Record<ColumnType, "TEXT" | "INTEGER">> = {
  text: "TEXT",
  symbol: "TEXT",
  amount: "TEXT",
  decimal: "TEXT",
  integer: "INTEGER",
  boolean: "INTEGER",
  timestamp: "INTEGER",
};

/** A table of a file: its definition and the name of its present generation. */
export type StoredTable = { readonly table: TableDefinition; readonly name: string };

export const physicalName = (
  { name, version }: Pick<TableDefinition, "name" | "version">,
  generation: number,
): string => `${name}_v${version}_g${generation}`;

export const isPhysicalName = (name: string): boolean => /_v\d+_g\d+$/.test(name);

export const indexName = (name: string, columns: readonly string[]): string =>
  `${name}_by_${columns.join("_")}`;

const quoted = (name: string): string => `"${name}"`;
const list = (names: readonly string[]): string => names.map(quoted).join(", ");

/** Statements that make the table and its indexes where they are missing. */
export function ddlOf({ table, name }: StoredTable): readonly string[] {
  const columns = Object.entries(table.columns).map(([column, type]) => {
    const required = table.key.includes(column) ? " NOT NULL" : "";
    return `  ${quoted(column)} ${SQL_TYPES[type]}${required}`;
  });
  const body = [...columns, `  PRIMARY KEY (${list(table.key)})`].join(",\n");
  const inKeyOrder = table.key.includes(table.timestamp) ? ", WITHOUT ROWID" : "";
  return [
    `CREATE TABLE IF NOT EXISTS ${quoted(name)} (\n${body}\n) STRICT${inKeyOrder}`,
    ...table.indexes.map((indexed) => {
      const index = quoted(indexName(name, indexed));
      return `CREATE INDEX IF NOT EXISTS ${index} ON ${quoted(name)} (${list(indexed)})`;
    }),
  ];
}

/**
 * Inserts a row or replaces the one under its key; one parameter per column in the definition's
 * order.
 */
export function upsertOf({ table, name }: StoredTable): string {
  const columns = Object.keys(table.columns);
  const others = columns.filter((column) => !table.key.includes(column));
  const changes = others.map((column) => `${quoted(column)} = excluded.${quoted(column)}`);
  return (
    `INSERT INTO ${quoted(name)} (${list(columns)}) ` +
    `VALUES (${columns.map(() => "?").join(", ")}) ` +
    `ON CONFLICT (${list(table.key)}) DO UPDATE SET ${changes.join(", ")}`
  );
}

/** A page in key order; parameters: the key to continue behind, if any, and the limit. */
export function scanOf({ table, name }: StoredTable, continued: boolean): string {
  const marks = table.key.map(() => "?").join(", ");
  const where = continued ? `WHERE (${list(table.key)}) > (${marks}) ` : "";
  return `SELECT * FROM ${quoted(name)} ${where}ORDER BY ${list(table.key)} LIMIT ?`;
}

/** Throws when the value is not of the column's type. */
export function toSql(type: ColumnType, value: Value | undefined): SqlValue {
  if (value === null) return null;
  switch (type) {
    case "amount":
      if (typeof value === "bigint") return value.toString();
      break;
    case "boolean":
      if (typeof value === "boolean") return value ? 1 : 0;
      break;
    case "integer":
    case "timestamp":
      if (typeof value === "number" && Number.isSafeInteger(value)) return value;
      break;
    default:
      if (typeof value === "string") return value;
  }
  throw new Error(`${typeof value} is no value for a column of type ${type}`);
}

/** The inverse of `toSql`. */
export function fromSql(type: ColumnType, value: SqlValue): Value {
  if (value === null) return null;
  if (type === "amount") return BigInt(value);
  if (type === "boolean") return value === 1;
  return value;
}

/** Adds a row's parameters for `upsertOf`. Throws when a value is not of its column's type. */
export function addParameters(to: SqlValue[], table: TableDefinition, values: Row["values"]): void {
  const { columns } = table;
  for (const column in columns) {
    try {
      to.push(toSql(columns[column] ?? "text", values[column]));
    } catch (error) {
      throw new Error(`${table.name}.${column}`, { cause: error });
    }
  }
}

export function valuesOf(
  { columns }: TableDefinition,
  row: Readonly<Record<string, unknown>>,
): Row["values"] {
  const values: Record<string, Value> = {};
  for (const column in columns) {
    values[column] = fromSql(columns[column] ?? "text", row[column] as SqlValue);
  }
  return values;
}
