/**
 * Read model in one SQLite file (`views.db`): a thread of its own writes, reads are on the main
 * thread. Damage that shows up later, on either side, heals itself: the file is made anew, the
 * target id changes, the failing call rejects, and the processor behind it begins from zero.
 */
import { open as openFile } from "node:fs/promises";
import type { StatementSync } from "node:sqlite";
import { setImmediate } from "node:timers/promises";
import type { ReadModel, Row } from "../../domain/ports/read-model.ts";
import { type SqlValue, type StoredTable, scanOf, toSql, valuesOf } from "./sqlite-ddl.ts";
import {
  damage,
  deleteViewsFile,
  isDamage,
  openViewsFile,
  placeOf,
  type ViewsFile,
  type ViewsFileOptions,
} from "./sqlite-file.ts";
import { findHistory } from "./sqlite-history.ts";
import { portfolioReads } from "./sqlite-portfolio.ts";
import { createSqliteStaging, type SqliteStaging } from "./sqlite-staging.ts";
import { stepsOf } from "./sqlite-steps.ts";
import { createViewsWriter, type ViewsWriter } from "./sqlite-writer-thread.ts";

export type SqliteReadModelOptions = ViewsFileOptions & {
  /** Called each time when damage was found and the file is empty again. */
  readonly onMadeAnew?: () => void;
};

export type SqliteReadModel = ReadModel & {
  /** Resolves when all rows written so far would survive a power cut. */
  flush(): Promise<void>;
  /** Resolves when nothing old is being dropped, and what was damaged there is healed. */
  swept(): Promise<void>;
};

/** One life of the file: from opening it to closing it or finding it damaged. */
type Life = {
  readonly file: ViewsFile;
  /** Of the file that is open: the path may lead elsewhere one day. */
  readonly place: string | undefined;
  readonly writer: ViewsWriter;
  readonly staging: SqliteStaging;
  /** Few: one per table and purpose, and one per combination of history filters. */
  readonly statements: Map<string, StatementSync>;
  /** Served tables; a promotion exchanges some. */
  readonly tables: Map<string, StoredTable>;
};

/** Throws when the file cannot be opened or made. */
export function createSqliteReadModel(options: SqliteReadModelOptions): SqliteReadModel {
  const { path, log } = options;
  let life = begin(options, sweepMet);
  let healing: Promise<void> | undefined;

  /** Runs a job; on damage the file is made anew before the error goes on. */
  async function guarded<T>(job: (life: Life) => T | Promise<T>): Promise<T> {
    if (healing) throw await madeAnew(healing);
    const mine = life;
    try {
      return await job(mine);
    } catch (error) {
      if (healing) throw await madeAnew(healing);
      if (!isDamage(error) || mine !== life) throw error;
      log(`the views in ${path} are damaged (${String(error)}); they are made anew from the log`);
      healing = heal().finally(() => {
        healing = undefined;
      });
      await healing;
      throw error;
    }
  }

  async function heal(): Promise<void> {
    await end(life);
    deleteViewsFile(path);
    life = begin(options, sweepMet);
    options.onMadeAnew?.();
  }

  /** Damage in what nobody reads any more stays in the file for ever otherwise. */
  async function sweepMet(error: unknown, mine: Life): Promise<void> {
    if (mine === life) await guarded(() => Promise.reject(error)).catch(() => undefined);
  }

  /** A file that was deleted goes on to be written, and is gone at the next start. */
  function assertInPlace({ file, place }: Life): void {
    if (file.database.isOpen && placeOf(path) !== place)
      throw damage("the file was deleted or exchanged");
  }

  const reading = {
    select,
    tableOf: (name: string) => tableOf(life, name),
    guarded: <T>(job: () => T) => guarded(job),
  };

  /** Prepared once per life. */
  function select(
    table: StoredTable["table"],
    sql: string,
    parameters: readonly SqlValue[],
  ): Row["values"][] {
    return rawRows(life, sql, parameters).map((row) => valuesOf(table, row));
  }

  return {
    get targetId() {
      return life.file.targetId;
    },
    write: (rows) => guarded(({ tables, writer }) => writer.run(stepsOf(rows, tables))),
    staging: {
      begin: (names) =>
        guarded((mine) => {
          assertInPlace(mine);
          return mine.staging.begin(names);
        }),
      write: (rows) => guarded(({ staging }) => staging.write(rows)),
      promote: () => guarded(({ staging }) => staging.promote()),
      drop: () => guarded(({ staging }) => staging.drop()),
    },
    history: (filter) =>
      findHistory(
        (look) =>
          guarded((mine) =>
            look(tableOf(mine, "orders"), ({ sql, parameters }) => rawRows(mine, sql, parameters)),
          ),
        filter,
        { breathe: () => setImmediate() },
      ),
    ...portfolioReads(reading),
    scan: (name, afterKey, limit) =>
      guarded((mine) => {
        const stored = tableOf(mine, name);
        const { columns, key } = stored.table;
        const after = (afterKey ?? []).map((value, index) =>
          toSql(columns[key[index] ?? ""] ?? "text", value),
        );
        return select(stored.table, scanOf(stored, afterKey !== undefined), [...after, limit]);
      }),
    flush: () =>
      guarded((mine) => {
        assertInPlace(mine);
        return syncFile(`${path}-wal`);
      }),
    swept: () => life.staging.swept(),
    async close() {
      await healing?.catch(() => undefined);
      await end(life);
    },
  };
}

function begin(
  options: ViewsFileOptions,
  onDamage: (error: unknown, mine: Life) => Promise<void>,
): Life {
  const file = openViewsFile(options);
  const { database, targetId } = file;
  const writer = createViewsWriter({ path: options.path, targetId });
  const tables = new Map(file.tables);
  const statements = new Map<string, StatementSync>();
  const staging = createSqliteStaging({
    ...{ database, writer, tables },
    onPromoted: () => statements.clear(),
    log: options.log,
    onDamage: (error) => onDamage(error, life),
  });
  const place = placeOf(options.path);
  const life: Life = { file, place, writer, staging, statements, tables };
  return life;
}

/** The last connection that closes copies the write-ahead log into the file: that is the writer. */
async function end({ file, writer, staging }: Life): Promise<void> {
  staging.close();
  if (file.database.isOpen) file.database.close();
  await writer.close();
}

async function madeAnew(healing: Promise<void>): Promise<Error> {
  await healing;
  return new Error("the views were damaged and are made anew from the log");
}

function tableOf({ tables }: Life, name: string): StoredTable {
  const found = tables.get(name);
  if (!found) throw new Error(`there is no table ${name}`);
  return found;
}

function rawRows({ file, statements }: Life, sql: string, parameters: readonly SqlValue[]) {
  const statement = statements.get(sql) ?? file.database.prepare(sql);
  statements.set(sql, statement);
  return statement.all(...parameters);
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
