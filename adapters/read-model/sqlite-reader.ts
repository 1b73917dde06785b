/**
 * Reads the served views through a connection that cannot write, all tables as they were at one
 * moment; also beside a running engine.
 */
import { DatabaseSync } from "node:sqlite";
import type { Row, TableDefinition } from "../../domain/ports/read-model.ts";
import { physicalName, scanOf, valuesOf } from "./sqlite-ddl.ts";
import { servedGenerations } from "./sqlite-generations.ts";

export type ViewsReader = {
  readonly targetId: string;
  readonly logId: string;
  readonly has: (table: TableDefinition) => boolean;
  /** Rows in key order. Throws where the file does not have the table. */
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
    const served = servedGenerations(database);
    return {
      targetId: String(target?.id),
      logId: String(target?.log_id),
      has: ({ name, version }) => served.get(name)?.version === version,
      *rows(table) {
        const generation = served.get(table.name)?.generation ?? 0;
        const all = database.prepare(
          scanOf({ table, name: physicalName(table, generation) }, false),
        );
        for (const row of all.iterate(-1)) yield valuesOf(table, row);
      },
      close: () => database.close(),
    };
  } catch (error) {
    database.close();
    throw error;
  }
}
