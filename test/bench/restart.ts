/**
 * From the spawn of `orderstream serve` until it serves, on a log with many events and 100 open
 * orders, after a SIGKILL. Open orders wait for their settlement, so that they are open again each
 * time; the bench fails unless all of them are.
 *
 * "after SIGKILL": the process executed a burst of orders and was killed right after the last
 * answer; what its last snapshot lacks (the tail: at most what the checkpoint interval leaves) is
 * folded before it serves. "without a snapshot": the engine's snapshot was removed, all is folded;
 * the views keep their checkpoint in both cases and catch up while it serves. Floor: the same
 * program on a log of its own with a handful of events, ended by SIGTERM. "ready": the line that
 * --json prints; "serving": the first HealthCheck over gRPC is answered. Quotes come from one local
 * market that lives on: its start is not in the figures.
 */
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { readCheckpoint } from "../../adapters/checkpoints/sqlite-reader.ts";
import { startMarket } from "../../localnet/market/server.ts";
import type { StoredLogs } from "./big-log.ts";
import { type FigureRow, type Spread, shown, spreadOf } from "./figures.ts";
import { countEvents, lastPosition } from "./log-file.ts";
import { type Rig, withRig } from "./rig.ts";
import { type Served, serve } from "./served-process.ts";
import { configFile } from "./servers.ts";

export type RestartFigures = {
  readonly events: number;
  readonly openOrders: number;
  readonly afterKill: Start;
  /** Events behind the snapshot at each kill. */
  readonly tailEvents: Spread;
  /** Undefined: not measured. */
  readonly withoutSnapshot: Start | undefined;
  readonly emptyLog: Start;
  /** Serving after a kill / on the empty log, pair by pair. */
  readonly ratio: Spread;
};

type Start = { readonly readyMs: Spread; readonly servingMs: Spread };

export type RestartOptions = {
  readonly folder: string;
  readonly pairs: number;
  /** Stored before: about a sixth of the events. */
  readonly orders: number;
  /** Executed before each kill. */
  readonly burst: number;
  /** Starts without a snapshot; 0: none. */
  readonly folds: number;
};

const CACHE_TTL_MS = 2_000;
const IN_FLIGHT = 64;
const SNAPSHOT = "engine-state";

export async function benchRestart(
  logs: StoredLogs,
  options: RestartOptions,
): Promise<RestartFigures> {
  const stored = await logs.withViews(options.orders);
  const market = await startMarket();
  try {
    return await withRig(options.folder, (rig) => {
      const more = { jupiter: { baseUrls: [market.swapUrl] } };
      const engineOn = (name: string, data?: string): string =>
        configFile(
          join(rig.path, name),
          { cacheTtlMs: CACHE_TTL_MS, ...(data !== undefined && { data }) },
          more,
        );
      return measureStarts(rig, options, {
        ...{ large: engineOn("large", stored.data), empty: engineOn("empty") },
        ...{ data: stored.data, open: stored.open },
      });
    });
  } finally {
    await market.close();
  }
}

type Engines = {
  /** Paths of configuration files. */
  readonly large: string;
  readonly empty: string;
  /** Data folder of the large one, and what is open in it. */
  readonly data: string;
  readonly open: number;
};

async function measureStarts(
  rig: Rig,
  { pairs, burst, folds }: RestartOptions,
  engines: Engines,
): Promise<RestartFigures> {
  const { large, empty, data, open } = engines;
  const starts: { readonly killed: Served; readonly empty: Served }[] = [];
  const tails: number[] = [];
  // Not counted: the first life makes the log that the others find, the files are in memory.
  await (await serve(empty)).stop();
  let life = await startOn(large, open);
  for (let pair = 0; pair < pairs; pair++) {
    await rig.load(life, { orders: burst, inFlight: IN_FLIGHT });
    await life.kill();
    tails.push(tailOf(data));
    life = await startOn(large, open);
    const bare = await serve(empty);
    await bare.stop();
    starts.push({ killed: life, empty: bare });
  }
  await life.stop();
  const folded: Served[] = [];
  for (let fold = 0; fold < folds; fold++) {
    removeSnapshot(data);
    const served = await startOn(large, open);
    await served.stop();
    folded.push(served);
  }
  return {
    events: countEvents(join(data, "log.db")),
    openOrders: open,
    afterKill: startOf(starts.map(({ killed }) => killed)),
    tailEvents: spreadOf(tails),
    withoutSnapshot: folded.length === 0 ? undefined : startOf(folded),
    emptyLog: startOf(starts.map((start) => start.empty)),
    ratio: spreadOf(starts.map((start) => start.killed.servingMs / start.empty.servingMs)),
  };
}

async function startOn(config: string, open: number): Promise<Served> {
  const served = await serve(config);
  if (served.openOrders === open) return served;
  await served.kill();
  throw new Error(`${served.openOrders} orders are open after the start, ${open} expected`);
}

/** Events behind the snapshot. */
function tailOf(data: string): number {
  const snapshot = readCheckpoint(join(data, "state.db"), SNAPSHOT);
  if (!snapshot) throw new Error("there is no snapshot: the engine was killed before its first");
  return lastPosition(join(data, "log.db")) - Number(snapshot.position);
}

function removeSnapshot(data: string): void {
  const db = new DatabaseSync(join(data, "state.db"));
  try {
    const { changes } = db.prepare("DELETE FROM checkpoints WHERE processor = ?").run(SNAPSHOT);
    if (changes !== 1) throw new Error("there was no snapshot to remove");
  } finally {
    db.close();
  }
}

const startOf = (starts: readonly Served[]): Start => ({
  readyMs: spreadOf(starts.map(({ readyMs }) => readyMs)),
  servingMs: spreadOf(starts.map(({ servingMs }) => servingMs)),
});

export function restartRows(figures: RestartFigures): FigureRow[] {
  const { afterKill, emptyLog, withoutSnapshot } = figures;
  return [
    ["after SIGKILL, serving ms", shown(afterKill.servingMs), "≤ 2000, aim 1000"],
    ["  ready line, ms", shown(afterKill.readyMs)],
    ["  events behind the snapshot", shown(figures.tailEvents)],
    ["floor: an empty log, serving ms", shown(emptyLog.servingMs)],
    ["  ratio", shown(figures.ratio)],
    ...(withoutSnapshot
      ? ([["without a snapshot, serving ms", shown(withoutSnapshot.servingMs)]] as const)
      : []),
    ["events, open orders", `${figures.events}, ${figures.openOrders}`],
  ];
}
