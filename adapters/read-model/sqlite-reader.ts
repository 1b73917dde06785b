/**
 * Reads the views through a connection that cannot write, all tables as they were at one moment;
 * also beside a running engine.
 */
import { DatabaseSync } from "node:sqlite";
import type { Row, TableDefinition } from "../../domain/ports/read-model.ts";
import { fromSql, physicalName, type SqlValue, scanOf } from "./sqlite-ddl.ts";

export type ViewsReader = {
  readonly targetId: string;
  readonly logId: string;
  readonly has: (table: TableDefinition) => boolean;
  /** Rows in key order. */
  readonly rows: (table: TableDefinition) => Generator<Row["values"]>;
  readonly close: () => void;
};

/** Throws when the file is missing or is no views file. */
export function openViewsReader(path: string): ViewsReader {
  const database = new DatabaseSync(path, { readOnly: true, timeout: 5_000 });
  try {
    // The first read pins the moment.
    database.exec("BEGIN");
    const target = database.prepare("SELECT id, log_id FROM target").get();
    const named = database.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?");
    return {
      targetId: String(target?.id),
      logId: String(target?.log_id),
      has: (table) => named.get(physicalName(table)) !== undefined,
      *rows(table) {
        const all = database.prepare(scanOf(table, false));
        for (const row of all.iterate(-1)) yield valuesOf(table, row);
      },
      close: () => database.close(),
    };
  } catch (error) {
    database.close();
    throw error;
  }
}

const valuesOf = (table: TableDefinition, row: Record<string, unknown>): Row["values"] =>
  Object.fromEntries(
    Object.entries(table.columns).map(([column, type]) => [
      column,
      fromSql(type, row[column] as SqlValue),
    ]),
  );
