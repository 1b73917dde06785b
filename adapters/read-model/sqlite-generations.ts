/**
 * Which generation of each table is served and which is staged: a small table in the file itself.
 * A stored table that it does not name is rubbish of a version change or of a rebuild.
 */
import type { DatabaseSync } from "node:sqlite";
import type { TableDefinition } from "../../domain/ports/read-model.ts";
import { ddlOf, isPhysicalName, physicalName, type StoredTable } from "./sqlite-ddl.ts";

const TABLE =
  "CREATE TABLE IF NOT EXISTS generations (name TEXT NOT NULL, " +
  "role TEXT NOT NULL CHECK (role IN ('served', 'staged')), version INTEGER NOT NULL, " +
  "generation INTEGER NOT NULL, PRIMARY KEY (name, role)) STRICT, WITHOUT ROWID";

type Generation = { readonly version: number; readonly generation: number };

/** The served generation of each table; empty for a file of another layout. */
export function servedGenerations(database: DatabaseSync): ReadonlyMap<string, Generation> {
  const known = database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'generations'").get();
  if (!known) return new Map();
  const rows = database
    .prepare("SELECT name, version, generation FROM generations WHERE role = 'served'")
    .all();
  return new Map(
    rows.map(({ name, version, generation }) => [
      String(name),
      { version: Number(version), generation: Number(generation) },
    ]),
  );
}

/**
 * Makes what is missing, in a transaction of the caller's. `made`: a table is new and empty, so
 * that the file lacks what its readers expect.
 */
export function prepareGenerations(
  database: DatabaseSync,
  tables: readonly TableDefinition[],
): { readonly served: readonly StoredTable[]; readonly made: boolean } {
  database.exec(TABLE);
  database.exec("DELETE FROM generations WHERE role = 'staged'");
  const before = servedGenerations(database);
  const defined = new Set(tables.map(({ name }) => name));
  for (const name of before.keys()) {
    if (!defined.has(name)) database.prepare(FORGET).run(name);
  }
  let made = false;
  const served = tables.map((table) => {
    const known = before.get(table.name);
    const fits = known?.version === table.version;
    const generation = fits ? known.generation : nextGeneration(database, table.name);
    if (!fits) database.prepare(SERVE).run(table.name, table.version, generation);
    made ||= !fits;
    const stored = { table, name: physicalName(table, generation) };
    for (const statement of ddlOf(stored)) database.exec(statement);
    return stored;
  });
  return { served, made };
}

/** A number that no table of the file has, not even rubbish. */
export function nextGeneration(database: DatabaseSync, table: string): number {
  const taken = tablesIn(database).flatMap((name) =>
    name.startsWith(`${table}_v`) ? [Number(/_g(\d+)$/.exec(name)?.[1] ?? 0)] : [],
  );
  return Math.max(0, ...taken) + 1;
}

const SERVE = "INSERT OR REPLACE INTO generations VALUES (?, 'served', ?, ?)";
const FORGET = "DELETE FROM generations WHERE name = ?";

const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** Statements that make empty tables and note them as staged. */
export const stagingSql = (staged: readonly StoredTable[]): readonly string[] => [
  FORGET_STAGED,
  ...staged.flatMap((stored) => [
    ...ddlOf(stored),
    "INSERT INTO generations VALUES " +
      `(${literal(stored.table.name)}, 'staged', ${stored.table.version}, ` +
      `${Number(/\d+$/.exec(stored.name)?.[0])})`,
  ]),
];

export const FORGET_STAGED = "DELETE FROM generations WHERE role = 'staged'";

/** All that is staged is served, in place of what was. */
export const PROMOTE =
  "INSERT OR REPLACE INTO generations " +
  "SELECT name, 'served', version, generation FROM generations WHERE role = 'staged'";

/** Statements that drop each rubbish table, its indexes before it: none of them takes long. */
export function rubbishSql(database: DatabaseSync): readonly string[] {
  const rows = database.prepare("SELECT name, version, generation FROM generations").all();
  const known = new Set(
    rows.map(({ name, version, generation }) =>
      physicalName({ name: String(name), version: Number(version) }, Number(generation)),
    ),
  );
  const indexes = database.prepare(
    "SELECT name FROM sqlite_schema WHERE type = 'index' AND tbl_name = ? AND sql IS NOT NULL",
  );
  return tablesIn(database)
    .filter((name) => isPhysicalName(name) && !known.has(name))
    .flatMap((name) => [
      ...indexes.all(name).map((index) => `DROP INDEX IF EXISTS "${String(index.name)}"`),
      `DROP TABLE IF EXISTS "${name}"`,
    ]);
}

const tablesIn = (database: DatabaseSync): readonly string[] =>
  database
    .prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")
    .all()
    .map(({ name }) => String(name));
