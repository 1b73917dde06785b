/** A rebuild without an engine, by the engine's own means. The caller holds the folder's lock. */
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { readLogId } from "../../domain/application/log/open-log.ts";
import {
  type RunningProcessor,
  runProcessor,
} from "../../domain/application/processors/run-processor.ts";
import {
  createViewsProcessor,
  type ViewsProcessor,
} from "../../domain/application/processors/views-processor.ts";
import type { RebuildResult } from "../../domain/application/processors/views-rebuild.ts";
import type { EventStore } from "../../domain/ports/event-store.ts";
import { createProjections, VIEW_TABLES } from "../../projections/registry.ts";
import { openSqliteCheckpoints } from "../checkpoints/sqlite.ts";
import { createSystemClock, createSystemTimers } from "../clock/system.ts";
import type { Config } from "../config.ts";
import { openSqliteEventStore } from "../event-store/sqlite.ts";
import { createSqliteReadModel } from "../read-model/sqlite.ts";
import { CliError, EXIT, usageError } from "./exit-codes.ts";
import type { Progress } from "./progress.ts";
import { COST_MINT } from "./replay-log.ts";
import { listenForStop } from "./stop-signals.ts";
import { storeCodec } from "./store.ts";

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
  const store = await openSqliteEventStore({ file: join(data, "log.db"), onFatal: signals.fail });
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
  const logId = await readLogId({ store, codec: storeCodec });
  if (logId === undefined) throw new CliError(EXIT.store, `the log in ${data} is empty`);
  const checkpoints = openSqliteCheckpoints(join(data, "state.db"));
  const readModel = createSqliteReadModel({
    ...{ path: join(data, "views.db"), tables: VIEW_TABLES, logId, newId: randomUUID, log },
    onMadeAnew: () => running.restart(),
  });
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
    return await rebuilt(processor, running, job);
  } finally {
    ending.abort();
    await running.done;
    await readModel.close();
    checkpoints.close();
  }
}

async function rebuilt(
  processor: ViewsProcessor,
  running: RunningProcessor,
  { views, progress, stop }: Job,
): Promise<Rebuilt> {
  const result = await processor.rebuild(views, {
    signal: stop.signal,
    onProgress: (done, total) => progress.step(done, total),
  });
  if (result.kind !== "done") throw failure(result, running.status().refused);
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
