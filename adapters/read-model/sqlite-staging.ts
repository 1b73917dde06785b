/**
 * Staged generations in the file of the views. What nobody serves or stages any more (an old
 * generation, a rebuild that was given up, another version) is dropped in the background, one
 * statement after the other, so that rows are written in between.
 */
import type { DatabaseSync } from "node:sqlite";
import type { Staging } from "../../domain/ports/read-model.ts";
import { physicalName, type StoredTable } from "./sqlite-ddl.ts";
import { isDamage } from "./sqlite-file.ts";
import {
  FORGET_STAGED,
  nextGeneration,
  PROMOTE,
  rubbishSql,
  stagingSql,
} from "./sqlite-generations.ts";
import { plainSteps, stepsOf } from "./sqlite-steps.ts";
import type { ViewsWriter } from "./sqlite-writer-thread.ts";

export type SqliteStaging = Staging & {
  /** Resolves when nothing is being dropped. */
  swept(): Promise<void>;
  /** Stops dropping what is rubbish; the next opening goes on. */
  close(): void;
};

export type SqliteStagingOptions = {
  readonly database: DatabaseSync;
  readonly writer: ViewsWriter;
  /** Served tables by plain name; a promotion exchanges some of them. */
  readonly tables: Map<string, StoredTable>;
  readonly onPromoted: () => void;
  /** What is dropped cannot be read. Never called before this function has returned. */
  readonly onDamage: (error: unknown) => Promise<void>;
  readonly log: (line: string) => void;
};

export function createSqliteStaging(options: SqliteStagingOptions): SqliteStaging {
  const { database, writer, tables, log } = options;
  let staged = new Map<string, StoredTable>();
  let closed = false;
  let sweeping: Promise<void> | undefined;

  /**
   * Rubbish costs disk and nothing else: a failure is told, and tried again at the next opening.
   * Damage would be met again at each.
   */
  async function dropRubbish(): Promise<void> {
    await Promise.resolve();
    try {
      for (let [next] = rubbishSql(database); next && !closed; [next] = rubbishSql(database)) {
        await writer.run(plainSteps([next]));
      }
    } catch (error) {
      if (isDamage(error) && !closed) await options.onDamage(error);
      else if (!closed) log(`old views are not dropped yet: ${String(error)}`);
    }
  }

  function sweep(): void {
    if (closed) return;
    sweeping ??= dropRubbish().finally(() => {
      sweeping = undefined;
    });
  }

  sweep();
  return {
    async begin(names) {
      const wanted = names.map((name): StoredTable => {
        const served = tables.get(name);
        if (!served) throw new Error(`there is no table ${name}`);
        const { table } = served;
        return { table, name: physicalName(table, nextGeneration(database, name)) };
      });
      staged = new Map();
      await writer.run(plainSteps(stagingSql(wanted)));
      staged = new Map(wanted.map((stored) => [stored.table.name, stored]));
      sweep();
    },
    async write(rows) {
      await writer.run(stepsOf(rows, staged));
    },
    async promote() {
      if (staged.size === 0) throw new Error("nothing is staged");
      await writer.run(plainSteps([PROMOTE, FORGET_STAGED]));
      // The old tables are still there: whoever reads between the commit and here is right too.
      for (const [name, stored] of staged) tables.set(name, stored);
      staged = new Map();
      options.onPromoted();
      sweep();
    },
    async drop() {
      staged = new Map();
      await writer.run(plainSteps([FORGET_STAGED]));
      sweep();
    },
    swept: async () => sweeping,
    close() {
      closed = true;
    },
  };
}
