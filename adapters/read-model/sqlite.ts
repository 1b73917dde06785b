/**
 * Read model in one SQLite file (`views.db`). Damage that shows up later heals itself: the file is
 * made anew, the target id changes, the failing call throws, and the processor behind it begins
 * from zero.
 */
import { open as openFile } from "node:fs/promises";
import type { StatementSync } from "node:sqlite";
import type {
  HistoryFilter,
  ReadModel,
  Row,
  TableDefinition,
} from "../../domain/ports/read-model.ts";
import { fromSql, physicalName, type SqlValue, scanOf, toSql, upsertOf } from "./sqlite-ddl.ts";
import { deleteViewsFile, isDamage, openViewsFile, type ViewsFileOptions } from "./sqlite-file.ts";

export type SqliteReadModel = ReadModel & {
  /** Resolves when all rows written so far would survive a power cut. */
  flush(): Promise<void>;
};

type Values = Row["values"];

/** Throws when the file cannot be opened or made. */
export function createSqliteReadModel(options: ViewsFileOptions): SqliteReadModel {
  const { path, log } = options;
  const tables = new Map(options.tables.map((table) => [table.name, table]));
  const upserts = new Map(options.tables.map((table) => [table.name, upsertOf(table)]));
  let file = openViewsFile(options);
  // Few: one per table and purpose, and one per combination of history filters.
  let statements = new Map<string, StatementSync>();

  const tableOf = (name: string): TableDefinition => {
    const table = tables.get(name);
    if (!table) throw new Error(`there is no table ${name}`);
    return table;
  };

  const prepared = (sql: string): StatementSync => {
    const known = statements.get(sql);
    if (known) return known;
    const made = file.database.prepare(sql);
    statements.set(sql, made);
    return made;
  };

  /** Runs a job; on damage the file is made anew before the error goes on. */
  async function guarded<T>(job: () => T): Promise<T> {
    try {
      return job();
    } catch (error) {
      if (isDamage(error)) {
        log(`the views in ${path} are damaged (${String(error)}); they are made anew from the log`);
        file.database.close();
        deleteViewsFile(path);
        statements = new Map();
        file = openViewsFile(options);
      }
      throw error;
    }
  }

  const select = (table: TableDefinition, sql: string, parameters: readonly SqlValue[]): Values[] =>
    prepared(sql)
      .all(...parameters)
      .map((row) => valuesOf(table, row));

  return {
    get targetId() {
      return file.targetId;
    },
    write: (rows) =>
      guarded(() => {
        const { database } = file;
        database.exec("BEGIN IMMEDIATE");
        try {
          for (const { table: name, values } of rows) {
            const upsert = prepared(upserts.get(name) ?? "");
            upsert.run(...parametersOf(tableOf(name), values));
          }
          database.exec("COMMIT");
        } catch (error) {
          if (database.isTransaction) database.exec("ROLLBACK");
          throw error;
        }
      }),
    history: (filter) =>
      guarded(() => {
        const table = tableOf("orders");
        const { where, parameters } = historyWhere(filter);
        const sql =
          `SELECT * FROM ${physicalName(table)} ${where}` +
          "ORDER BY requested_at DESC, order_id DESC LIMIT ?";
        return select(table, sql, [...parameters, filter.limit]);
      }),
    positions: (account, asOfUs) =>
      guarded(() => {
        const table = tableOf("positions");
        const name = physicalName(table);
        const until = asOfUs === undefined ? "" : "AND clock <= ? ";
        const sql =
          `SELECT * FROM ${name} WHERE (account, mint, seq) IN ` +
          `(SELECT account, mint, max(seq) FROM ${name} WHERE account = ? ${until}GROUP BY mint) ` +
          "ORDER BY mint";
        return select(table, sql, asOfUs === undefined ? [account] : [account, asOfUs]);
      }),
    scan: (name, afterKey, limit) =>
      guarded(() => {
        const table = tableOf(name);
        const after = (afterKey ?? []).map((value, index) =>
          toSql(table.columns[table.key[index] ?? ""] ?? "text", value),
        );
        return select(table, scanOf(table, afterKey !== undefined), [...after, limit]);
      }),
    flush: () => syncFile(`${path}-wal`),
    async close() {
      if (file.database.isOpen) file.database.close();
    },
  };
}

function parametersOf(table: TableDefinition, values: Values): SqlValue[] {
  return Object.entries(table.columns).map(([column, type]) => {
    try {
      return toSql(type, values[column]);
    } catch (error) {
      throw new Error(`${table.name}.${column}`, { cause: error });
    }
  });
}

const valuesOf = (table: TableDefinition, row: Record<string, unknown>): Values =>
  Object.fromEntries(
    Object.entries(table.columns).map(([column, type]) => [
      column,
      fromSql(type, row[column] as SqlValue),
    ]),
  );

function historyWhere(filter: HistoryFilter): {
  readonly where: string;
  readonly parameters: readonly SqlValue[];
} {
  const { account, mint, mode, status, fromUs, toUs, after } = filter;
  const conditions: [string, readonly SqlValue[]][] = [];
  if (account !== undefined) conditions.push(["account = ?", [account]]);
  if (mint !== undefined) conditions.push(["(base_mint = ? OR quote_mint = ?)", [mint, mint]]);
  if (mode !== undefined) conditions.push(["mode = ?", [mode]]);
  if (status !== undefined) conditions.push(["status = ?", [status]]);
  if (fromUs !== undefined) conditions.push(["requested_at >= ?", [fromUs]]);
  if (toUs !== undefined) conditions.push(["requested_at < ?", [toUs]]);
  if (after) {
    const behind = [after.requestedAtUs, after.orderId];
    conditions.push(["(requested_at, order_id) < (?, ?)", behind]);
  }
  if (conditions.length === 0) return { where: "", parameters: [] };
  return {
    where: `WHERE ${conditions.map(([sql]) => sql).join(" AND ")} `,
    parameters: conditions.flatMap(([, values]) => values),
  };
}

/**
 * Syncs the write-ahead log off the main thread. (Only this file: closing a descriptor of the
 * database itself would drop SQLite's locks on it.) Without the file everything is in the database
 * already.
 */
async function syncFile(path: string): Promise<void> {
  try {
    const handle = await openFile(path, "r+");
    try {
      await handle.datasync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
  }
}
