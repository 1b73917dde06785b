/** A rebuild without an engine, by the engine's own means. The caller holds the folder's lock. */
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { readLogId } from "../../../domain/application/log/open-log.ts";
import {
  type RunningProcessor,
  runProcessor,
} from "../../../domain/application/processors/run-processor.ts";
import {
  createViewsProcessor,
  type ViewsProcessor,
} from "../../../domain/application/processors/views-processor.ts";
import type { RebuildResult } from "../../../domain/application/processors/views-rebuild.ts";
import type { EventStore } from "../../../domain/ports/event-store.ts";
import { createProjections, VIEW_TABLES } from "../../../projections/registry.ts";
import { openSqliteCheckpoints, type SqliteCheckpoints } from "../../checkpoints/sqlite.ts";
import { createSystemClock, createSystemTimers } from "../../clock/system.ts";
import { COST_MINT } from "../../config/cost-mint.ts";
import type { Config } from "../../config.ts";
import { openSqliteEventStore } from "../../event-store/sqlite.ts";
import {
  createSqliteReadModel,
  type SqliteReadModel,
  type SqliteReadModelOptions,
} from "../../read-model/sqlite.ts";
import { CliError, EXIT, usageError } from "../exit-codes.ts";
import type { Progress } from "../progress.ts";
import { listenForStop } from "../stop-signals.ts";
import { storeCodec } from "../store.ts";

export type Rebuilt = { readonly views: readonly string[]; readonly events: number };

export type RebuildFolderOptions = {
  readonly views: readonly string[];
  readonly progress: Progress;
  readonly log: (line: string) => void;
};

/** The new views also have what the engine recorded after its last checkpoint: nothing is behind. */
const CATCH_UP_MS = 600_000;

/** Rejects with a CliError. Ctrl-C ends it with the views as they were. */
export async function rebuildFolder(
  { data }: Config,
  options: RebuildFolderOptions,
): Promise<Rebuilt> {
  const stop = new AbortController();
  const signals = listenForStop(() => process.exit(EXIT.failed));
  void signals.stopped.then(() => stop.abort());
  const file = join(data, "log.db");
  const store = await openSqliteEventStore({ file, onFatal: signals.fail }).catch(unusable);
  try {
    return await withViews(store, { data, stop, ...options });
  } finally {
    await store.close();
    signals.dispose();
  }
}

type Job = RebuildFolderOptions & { readonly data: string; readonly stop: AbortController };

async function withViews(store: EventStore, job: Job): Promise<Rebuilt> {
  const { data, stop, log } = job;
  const logId = await readLogId({ store, codec: storeCodec }).catch(unusable);
  if (logId === undefined) throw new CliError(EXIT.store, `the log in ${data} is empty`);
  const checkpoints = await openCheckpoints(join(data, "state.db")).catch(unusable);
  const readModel = openViews(
    {
      ...{ path: join(data, "views.db"), tables: VIEW_TABLES, logId, newId: randomUUID, log },
      onMadeAnew: () => running.restart(),
    },
    checkpoints.close,
  );
  const processor = createViewsProcessor({
    ...{ store, codec: storeCodec, readModel },
    projections: createProjections({ costMint: COST_MINT }),
    settings: COST_MINT,
    breathe: () => setImmediate(),
  });
  const timers = createSystemTimers();
  const ending = new AbortController();
  const running = runProcessor({
    ...{ store, checkpoints, codec: storeCodec, processor, logId, timers, log },
    clock: createSystemClock(),
    targetId: () => readModel.targetId,
    signal: ending.signal,
  });
  // Where the processor must not run there is nothing to exchange.
  void running.done.then(() => stop.abort());
  try {
    return await rebuilt(processor, { running, readModel }, job);
  } finally {
    ending.abort();
    await running.done;
    await readModel.close();
    checkpoints.close();
  }
}

/** Each opening rejects with a sentence that names its file. */
function unusable(error: unknown): never {
  throw new CliError(EXIT.store, error instanceof Error ? error.message : String(error));
}

/** The processor would read a damaged one again and again. */
async function openCheckpoints(file: string): Promise<SqliteCheckpoints> {
  const checkpoints = openSqliteCheckpoints(file);
  try {
    await checkpoints.load("views");
    return checkpoints;
  } catch (error) {
    checkpoints.close();
    throw error;
  }
}

function openViews(options: SqliteReadModelOptions, close: () => void): SqliteReadModel {
  try {
    return createSqliteReadModel(options);
  } catch (error) {
    close();
    return unusable(error);
  }
}

type Target = { readonly running: RunningProcessor; readonly readModel: SqliteReadModel };

async function rebuilt(
  processor: ViewsProcessor,
  { running, readModel }: Target,
  { views, progress, stop }: Job,
): Promise<Rebuilt> {
  const result = await processor.rebuild(views, {
    signal: stop.signal,
    onProgress: (done, total) => progress.step(done, total),
  });
  if (result.kind !== "done") throw failure(result, running.status().refused);
  // What it meets there may empty the file: that is filled before this is done.
  await readModel.swept();
  await running.waitFor(undefined, CATCH_UP_MS);
  return { views: result.views, events: result.events };
}

function failure(
  result: Exclude<RebuildResult, { kind: "done" }>,
  refused: string | undefined,
): CliError {
  switch (result.kind) {
    case "unknown-views":
      return usageError(
        `--view: there is no view ${result.unknown.join(", ")}; there are ${result.known.join(", ")}`,
      );
    case "failed":
      return new CliError(EXIT.store, `the rebuild failed: ${result.message}`);
    default:
      return refused === undefined
        ? new CliError(EXIT.failed, "the rebuild was broken off; the views are as they were")
        : new CliError(EXIT.store, `the views cannot be made: ${refused}`);
  }
}
