/**
 * Appends through the SQLite store (worker thread, group commit, 64 writers) against a bare loop
 * over node:sqlite that writes the same bytes into the same schema, 64 appends per transaction.
 * Both sync every commit.
 */
import { randomUUID } from "node:crypto";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { openSqliteEventStore } from "../../adapters/event-store/sqlite.ts";
import { openForWriting } from "../../adapters/event-store/sqlite-schema.ts";
import { WAL_PAGES } from "../../adapters/event-store/sqlite-wal.ts";
import type { EncodedEvent } from "../../domain/ports/event-store.ts";
import type { EventId, Hash, StreamName } from "../../domain/primitives/ids.ts";
import { type FigureRow, type Spread, shown, spreadOf } from "./figures.ts";
import { temporaryFolder } from "./log-file.ts";

export type AppendFigures = readonly {
  readonly eventsPerAppend: number;
  readonly storeEventsPerSecond: Spread;
  readonly bareEventsPerSecond: Spread;
  /** Store / bare loop, pair by pair. */
  readonly ratio: Spread;
}[];

export type AppendOptions = {
  /** Folder for the temporary files. */
  readonly folder: string;
  readonly pairs: number;
  /** Events of one round. */
  readonly events: number;
};

const WRITERS = 64;
const BATCHES = [10, 100] as const;
const DATA = Buffer.alloc(600, "d");
const METADATA = Buffer.alloc(300, "m");
const TYPE = "QuoteObtained";

type Work = { readonly events: number; readonly batch: number };

const newStream = (): StreamName => `order-${randomUUID()}` as StreamName;

/** Bare loop and store in turn, after one small round of each that is not counted. */
export async function benchAppend(options: AppendOptions): Promise<AppendFigures> {
  const { path, remove } = temporaryFolder(options.folder);
  const file = join(path, "log.db");
  const fresh = async (round: () => number | Promise<number>): Promise<number> => {
    for (const suffix of ["", "-wal", "-shm"]) rmSync(file + suffix, { force: true });
    return round();
  };
  try {
    const figures: AppendFigures[number][] = [];
    for (const batch of BATCHES) {
      const bare: number[] = [];
      const store: number[] = [];
      const warmUp = { events: Math.ceil(options.events / 5), batch };
      await fresh(() => bareLoop(file, warmUp));
      await fresh(() => throughStore(file, warmUp));
      for (let pair = 0; pair < options.pairs; pair++) {
        bare.push(await fresh(() => bareLoop(file, { ...options, batch })));
        store.push(await fresh(() => throughStore(file, { ...options, batch })));
      }
      figures.push({
        eventsPerAppend: batch,
        storeEventsPerSecond: spreadOf(store),
        bareEventsPerSecond: spreadOf(bare),
        ratio: spreadOf(store.map((rate, pair) => rate / (bare[pair] ?? Number.NaN))),
      });
    }
    return figures;
  } finally {
    remove();
  }
}

/** Events per second. */
async function throughStore(file: string, { events, batch }: Work): Promise<number> {
  const store = await openSqliteEventStore({ file });
  const encoded: EncodedEvent[] = Array.from({ length: batch }, () => ({
    ...{ type: TYPE, data: DATA, metadata: METADATA },
    ...{ eventId: "" as EventId, hash: "" as Hash },
  }));
  let sent = 0;
  const writer = async (): Promise<void> => {
    while (sent < events) {
      sent += batch;
      const { kind } = await store.append(newStream(), "no-stream", encoded);
      if (kind !== "appended") throw new Error(`the append was ${kind}`);
    }
  };
  try {
    const startMs = performance.now();
    await Promise.all(Array.from({ length: WRITERS }, writer));
    return sent / ((performance.now() - startMs) / 1_000);
  } finally {
    await store.close();
  }
}

/** Events per second. */
function bareLoop(file: string, { events, batch }: Work): number {
  const db = openForWriting(file);
  try {
    // The store's own bound; its checkpoints run in a thread of their own, these in the commit.
    db.exec(`PRAGMA wal_autocheckpoint = ${WAL_PAGES}`);
    const insert = db.prepare(
      "INSERT INTO events(stream, revision, type, data, metadata) VALUES(?, ?, ?, ?, ?)",
    );
    const startMs = performance.now();
    let sent = 0;
    while (sent < events) {
      db.exec("BEGIN IMMEDIATE");
      for (let writer = 0; writer < WRITERS; writer++) {
        const stream = newStream();
        for (let revision = 0; revision < batch; revision++) {
          insert.run(stream, revision, TYPE, DATA, METADATA);
        }
        sent += batch;
      }
      db.exec("COMMIT");
    }
    return sent / ((performance.now() - startMs) / 1_000);
  } finally {
    db.close();
  }
}

export const appendRows = (figures: AppendFigures): FigureRow[] =>
  figures.flatMap(({ eventsPerAppend: batch, ...spreads }): FigureRow[] => [
    [`${batch} events per append: store, events/s`, shown(spreads.storeEventsPerSecond)],
    [`${batch} events per append: bare loop, events/s`, shown(spreads.bareEventsPerSecond)],
    [`${batch} events per append: ratio`, shown(spreads.ratio), "≥ 0.8, aim 1.0"],
  ]);
