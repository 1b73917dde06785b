/** Rows as steps for the writing thread: one upsert per table with the parameters of all its rows. */
import type { Row } from "../../domain/ports/read-model.ts";
import { addParameters, type SqlValue, type StoredTable, upsertOf } from "./sqlite-ddl.ts";
import type { Step } from "./sqlite-writer-wire.ts";

const upserts = new WeakMap<StoredTable, string>();

/**
 * Rows of one table keep their order; rows of different tables have nothing to do with each other.
 * Throws where a row is not of its table.
 */
export function stepsOf(
  rows: readonly Row[],
  tables: ReadonlyMap<string, StoredTable>,
): readonly Step[] {
  const parameters = new Map<StoredTable, SqlValue[]>();
  for (const { table: name, values } of rows) {
    const stored = tables.get(name);
    if (!stored) throw new Error(`there is no table ${name}`);
    const list = parameters.get(stored) ?? [];
    if (list.length === 0) parameters.set(stored, list);
    addParameters(list, stored.table, values);
  }
  return [...parameters].map(([stored, values]) => ({
    sql: upsertSql(stored),
    width: Object.keys(stored.table.columns).length,
    values: JSON.stringify(values),
  }));
}

function upsertSql(stored: StoredTable): string {
  const sql = upserts.get(stored) ?? upsertOf(stored);
  upserts.set(stored, sql);
  return sql;
}

/** Statements without parameters. */
export const plainSteps = (statements: readonly string[]): readonly Step[] =>
  statements.map((sql) => ({ sql, width: 0, values: "" }));
