/** One pass over a log, in a process with the engine's heap. */
import { randomUUID } from "node:crypto";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { z } from "zod";
import { openSqliteReader } from "../../adapters/event-store/sqlite-reader.ts";
import { createSqliteReadModel } from "../../adapters/read-model/sqlite.ts";
import { createChainCheck } from "../../domain/application/audit/chain-check.ts";
import { eventsUntil } from "../../domain/application/audit/verify-log.ts";
import type { PositionedEvent } from "../../domain/codec/codec.ts";
import type { StoredEvent } from "../../domain/ports/event-store.ts";
import type { ReadModel } from "../../domain/ports/read-model.ts";
import { VIEW_TABLES } from "../../projections/registry.ts";
import { codec } from "../support/given.ts";
import { newReadModel, viewsProcessor } from "../support/views.ts";
import { answerParent } from "./answer-parent.ts";

const passSchema = z.object({ log: z.string(), folder: z.string() });
type Pass = z.output<typeof passSchema>;
type Done = {
  readonly events: number;
  readonly seconds: number;
  /** Processor time of the main thread: what others do on the machine hardly moves it. */
  readonly cpuSeconds: number;
  readonly rows: number;
};

/** As the views processor gets them. */
const BATCH = 500;
const PAGE = 1_000;
const MAPPED_BYTES = 1024 ** 3;

function stopwatch(): () => Pick<Done, "seconds" | "cpuSeconds"> {
  const startMs = performance.now();
  const before = process.threadCpuUsage();
  return () => {
    const { user, system } = process.threadCpuUsage(before);
    return { seconds: (performance.now() - startMs) / 1_000, cpuSeconds: (user + system) / 1e6 };
  };
}

/** `text`: SQLite hands out strings, the fastest way; `bytes`: as the program reads its log. */
function scan({ log }: Pass, as: "text" | "bytes"): Done {
  const [data, metadata] =
    as === "text"
      ? ["CAST(data AS TEXT) AS data", "CAST(metadata AS TEXT) AS metadata"]
      : ["data", "metadata"];
  const decoder = new TextDecoder();
  const textOf = (value: unknown): string =>
    typeof value === "string" ? value : decoder.decode(value as Uint8Array);
  const db = new DatabaseSync(log, { readOnly: true });
  try {
    db.exec(`PRAGMA mmap_size = ${MAPPED_BYTES}`);
    const page = db.prepare(
      `SELECT position, stream, revision, type, ${data}, ${metadata}
       FROM events WHERE position > ? ORDER BY 1 LIMIT ${PAGE}`,
    );
    const elapsed = stopwatch();
    let events = 0;
    let objects = 0;
    for (let after = 0; ; ) {
      const rows = page.all(after);
      for (const row of rows) {
        if (typeof JSON.parse(textOf(row.data)) === "object") objects += 1;
        if (typeof JSON.parse(textOf(row.metadata)) === "object") objects += 1;
      }
      events += rows.length;
      const last = rows.at(-1);
      if (!last) break;
      after = Number(last.position);
    }
    if (objects !== 2 * events) throw new Error("an event is no object");
    return { events, rows: 0, ...elapsed() };
  } finally {
    db.close();
  }
}

type Reader = { readonly read: (stored: StoredEvent) => PositionedEvent };

/** Throws at the first event that is not as it was written. */
function checked(): Reader {
  const chain = createChainCheck(codec);
  return {
    read: (stored) => {
      const { recorded, problems } = chain.check(stored);
      if (recorded && problems.length === 0) return recorded;
      throw new Error(`${stored.stream}@${stored.revision}: ${problems.join("; ")}`);
    },
  };
}

async function replay({ log }: Pass, reader: Reader, target: Target): Promise<Done> {
  const store = openSqliteReader(log);
  const views = viewsProcessor(target.readModel);
  try {
    await views.restore(undefined);
    const elapsed = stopwatch();
    let batch: PositionedEvent[] = [];
    let events = 0;
    for await (const stored of eventsUntil(store, await store.end(), () => undefined)) {
      batch.push(reader.read(stored));
      events += 1;
      if (batch.length < BATCH) continue;
      await views.apply(batch);
      batch = [];
    }
    if (batch.length > 0) await views.apply(batch);
    await views.settle();
    return { events, rows: target.rows(), ...elapsed() };
  } finally {
    await store.close();
    await target.close();
  }
}

type Target = {
  readonly readModel: ReadModel;
  readonly rows: () => number;
  readonly close: () => Promise<void>;
};

function counting(readModel: ReadModel, write: ReadModel["write"]): Target {
  let count = 0;
  const counted: ReadModel = {
    ...readModel,
    write: async (rows) => {
      count += rows.length;
      await write(rows);
    },
  };
  return { readModel: counted, rows: () => count, close: () => readModel.close() };
}

/** Rows are made and dropped. */
const nowhere = (): Target => counting(newReadModel(), async () => undefined);

/** Rows are written to a new file and synced. */
function toFile({ folder }: Pass): Target {
  const path = join(folder, "replayed.db");
  for (const suffix of ["", "-wal", "-shm"]) rmSync(path + suffix, { force: true });
  const options = { path, tables: VIEW_TABLES, logId: "replayed", newId: randomUUID };
  const readModel = createSqliteReadModel({ ...options, log: (line) => console.error(line) });
  return counting(readModel, readModel.write);
}

const pass = (run: (pass: Pass) => Done | Promise<Done>) => (argument: unknown) =>
  run(passSchema.parse(argument));

answerParent({
  scanText: pass((one) => scan(one, "text")),
  scanBytes: pass((one) => scan(one, "bytes")),
  made: pass((one) => replay(one, checked(), nowhere())),
  unchecked: pass((one) => replay(one, { read: codec.decode }, nowhere())),
  written: pass((one) => replay(one, checked(), toFile(one))),
});
