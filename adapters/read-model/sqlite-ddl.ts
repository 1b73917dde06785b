/**
 * SQLite's form of a table definition. Amounts and decimals are TEXT: an amount may be any u64 and
 * may be negative, which no SQLite number holds exactly. Rows lie in key order (WITHOUT ROWID),
 * which is the order that scans and as-of queries read.
 */
import type { ColumnType, TableDefinition, Value } from "../../domain/ports/read-model.ts";

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

export const physicalName = (table: TableDefinition): string => `${table.name}_v${table.version}`;

const quoted = (name: string): string => `"${name}"`;
const list = (names: readonly string[]): string => names.map(quoted).join(", ");

/** Statements that make the table and its indexes where they are missing. */
export function ddlOf(table: TableDefinition): readonly string[] {
  const name = physicalName(table);
  const columns = Object.entries(table.columns).map(([column, type]) => {
    const required = table.key.includes(column) ? " NOT NULL" : "";
    return `  ${quoted(column)} ${SQL_TYPES[type]}${required}`;
  });
  const body = [...columns, `  PRIMARY KEY (${list(table.key)})`].join(",\n");
  return [
    `CREATE TABLE IF NOT EXISTS ${quoted(name)} (\n${body}\n) STRICT, WITHOUT ROWID`,
    ...table.indexes.map((indexed) => {
      const index = quoted(`${name}_by_${indexed.join("_")}`);
      return `CREATE INDEX IF NOT EXISTS ${index} ON ${quoted(name)} (${list(indexed)})`;
    }),
  ];
}

/**
 * Inserts a row or replaces the one under its key; one parameter per column in the definition's
 * order.
 */
export function upsertOf(table: TableDefinition): string {
  const columns = Object.keys(table.columns);
  const others = columns.filter((column) => !table.key.includes(column));
  const changes = others.map((column) => `${quoted(column)} = excluded.${quoted(column)}`);
  return (
    `INSERT INTO ${quoted(physicalName(table))} (${list(columns)}) ` +
    `VALUES (${columns.map(() => "?").join(", ")}) ` +
    `ON CONFLICT (${list(table.key)}) DO UPDATE SET ${changes.join(", ")}`
  );
}

/** A page in key order; parameters: the key to continue behind, if any, and the limit. */
export function scanOf(table: TableDefinition, continued: boolean): string {
  const marks = table.key.map(() => "?").join(", ");
  const where = continued ? `WHERE (${list(table.key)}) > (${marks}) ` : "";
  return `SELECT * FROM ${quoted(physicalName(table))} ${where}ORDER BY ${list(table.key)} LIMIT ?`;
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
