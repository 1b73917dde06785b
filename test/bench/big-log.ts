/**
 * Data folders with many stored orders, made once and shared by the benches of one run: the log by
 * the engine itself over a store without syncs (stored-orders.ts), snapshot and views by the engine
 * as it starts on that log.
 */
import { randomUUID } from "node:crypto";
import { mkdirSync, statfsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";
import { z } from "zod";
import { type Child, startChild } from "./child.ts";
import { countEvents, temporaryFolder } from "./log-file.ts";
import { withRig } from "./rig.ts";

export type StoredLog = {
  /** The data folder; whoever starts an engine on it adds to it. */
  readonly data: string;
  /** Finished and open orders, as made. */
  readonly orders: number;
  readonly open: number;
  readonly events: number;
  /** How fast the log was made: events per second, all makers together. */
  readonly madePerSecond: number;
};

export type StoredLogs = {
  /** The log alone; nobody may start an engine on it. */
  readonly logOf: (orders: number) => Promise<StoredLog>;
  /** With snapshot and views. */
  readonly withViews: (orders: number) => Promise<StoredLog>;
  readonly remove: () => void;
};

export type StoredLogsOptions = {
  readonly folder: string;
  /** Told what takes long. */
  readonly onProgress: (line: string) => void;
};

/** Open orders of every such log. */
export const OPEN_ORDERS = 100;
/** An order is 6 events of 0.9 kB, and its rows; as much again while write-ahead logs are full. */
const BYTES_PER_ORDER = 12_000;
const SPARE_BYTES = 1e9;
const CHUNK = 20_000;
/** Below this many orders each, a process more takes longer to start than it saves. */
const ORDERS_PER_MAKER = 2_000;
const MOST_MAKERS = 4;

export function createStoredLogs({ folder, onProgress }: StoredLogsOptions): StoredLogs {
  const { path, remove } = temporaryFolder(folder);
  const written = new Map<number, Promise<StoredLog>>();
  const ready = new Map<number, Promise<StoredLog>>();
  const logOf: StoredLogs["logOf"] = (orders) =>
    once(written, orders, () => {
      return makeStoredLog({ data: join(path, `orders-${orders}`), orders, onProgress });
    });
  return {
    logOf,
    withViews: (orders) =>
      once(ready, orders, async () => {
        const log = await logOf(orders);
        onProgress("making snapshot and views");
        const startMs = performance.now();
        await makeViews(log.data);
        onProgress(`  made in ${secondsSince(startMs)} s`);
        return log;
      }),
    remove,
  };
}

function once<T>(known: Map<number, Promise<T>>, key: number, make: () => Promise<T>): Promise<T> {
  const made = known.get(key) ?? make();
  known.set(key, made);
  return made;
}

const secondsSince = (startMs: number): string =>
  ((performance.now() - startMs) / 1_000).toFixed(1);

/** Throws a sentence when the disk is too small. */
export function assertSpace(folder: string, orders: number): void {
  const { bavail, bsize } = statfsSync(folder);
  const [free, needed] = [bavail * bsize, orders * BYTES_PER_ORDER + SPARE_BYTES];
  if (free >= needed) return;
  const gigabytes = (bytes: number): string => (bytes / 1e9).toFixed(1);
  throw new Error(
    `${orders} stored orders may need ${gigabytes(needed)} GB, and ${folder} has ` +
      `${gigabytes(free)} GB left: give --folder on a larger disk, or a smaller --stored`,
  );
}

type MakeOptions = {
  readonly data: string;
  readonly orders: number;
  readonly onProgress: (line: string) => void;
};

async function makeStoredLog({ data, orders, onProgress }: MakeOptions): Promise<StoredLog> {
  mkdirSync(data);
  assertSpace(data, orders);
  onProgress(`making a log of ${orders} orders`);
  const startMs = performance.now();
  const file = join(data, "log.db");
  await writeLog(file, orders, onProgress);
  const events = countEvents(file);
  const madePerSecond = events / ((performance.now() - startMs) / 1_000);
  onProgress(`  ${events} events in ${secondsSince(startMs)} s, ${Math.round(madePerSecond)}/s`);
  return { data, orders, open: OPEN_ORDERS, events, madePerSecond };
}

/** Only the log: accounts, finished and open orders. */
export async function writeLog(
  file: string,
  orders: number,
  onProgress: (line: string) => void,
): Promise<void> {
  const logId = randomUUID();
  const wanted = Math.min(MOST_MAKERS, availableParallelism(), orders / ORDERS_PER_MAKER);
  const count = Math.max(1, Math.floor(wanted));
  const makers: Child[] = [];
  const all = <T>(work: (child: Child, maker: number) => Promise<T>): Promise<T[]> =>
    Promise.all(makers.map(work));
  try {
    makers.push(startChild("./big-log-child.ts"));
    await all((child) => child.ask("begin", { file, logId }, z.unknown()));
    while (makers.length < count) makers.push(startChild("./big-log-child.ts"));
    const share = Math.floor(orders / count);
    await all(async (child, maker) => {
      const own = maker === 0 ? orders - share * (count - 1) : share;
      await child.ask("open", { file, logId, maker, orders: own }, z.unknown());
      for (let made = 0; made < own; made += CHUNK) {
        if (maker === 0 && made > 0) onProgress(`  ${Math.round((made / own) * 100)} %`);
        await child.ask("finished", Math.min(CHUNK, own - made), z.unknown());
      }
      if (maker === 0) await child.ask("openOrders", OPEN_ORDERS, z.unknown());
      await child.ask("flush", null, z.unknown());
    });
    // One after the other: each checkpoints, and the last one finds no other reader.
    for (const child of makers) {
      await child.ask("close", null, z.unknown());
      await child.stop();
    }
  } finally {
    for (const child of makers) await child.stop();
  }
}

/** The engine folds the log, makes its views and ends, with a snapshot of both. */
const makeViews = (data: string): Promise<void> =>
  withRig(dirname(data), async (rig) => {
    const engine = await rig.engine("making-views", { cacheTtlMs: 2_000, data });
    await engine.settled();
    await engine.stop();
  });
