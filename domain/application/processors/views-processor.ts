/**
 * All projections as one processor, so that two views shown together never contradict each other:
 * one fold, one batch of rows, one transaction, one checkpoint. Views can be made anew beside the
 * served ones (views-rebuild.ts); they are exchanged between two batches.
 */
import type { Codec } from "../../codec/codec.ts";
import type { EventStore } from "../../ports/event-store.ts";
import type { ReadModel, Row } from "../../ports/read-model.ts";
import type { Processor } from "./run-processor.ts";
import { createTurns } from "./turns.ts";
import {
  foldFromSnapshot,
  freshFold,
  rowsOf,
  snapshotOf,
  type ViewProjection,
  type ViewsFold,
} from "./views-fold.ts";
import { createRebuild, type Rebuild } from "./views-rebuild.ts";

export type { ViewProjection } from "./views-fold.ts";

export type ViewsProcessorOptions = {
  readonly store: EventStore;
  readonly codec: Codec;
  readonly projections: readonly ViewProjection[];
  /** What the projections were made with (the cost mint): other settings start from zero. */
  readonly settings: string;
  /**
   * `flush`, where there is one, makes the rows durable before a checkpoint says that they are
   * there.
   */
  readonly readModel: ReadModel & { flush?(): Promise<void> };
  /** Lets everybody else go on; called between the pages of a rebuild. */
  readonly breathe?: () => Promise<void>;
};

export type ViewsProcessor = Processor & {
  /**
   * From memory: the newest row of each group of a table whose first group column has this value,
   * such as all positions of an account by mint. Cheap; at least as new as the stored rows.
   */
  newestRows(table: string, first: string): readonly Row["values"][];
  /** Makes views anew from the log while the old ones are served, then exchanges them. */
  readonly rebuild: Rebuild;
};

/** Raised when the form of the snapshot changes; each projection has its own version beside it. */
const SNAPSHOT_VERSION = 2;

export function createViewsProcessor(options: ViewsProcessorOptions): ViewsProcessor {
  const { projections, readModel } = options;
  const inTurn = createTurns();
  let fold = freshFold(projections);
  // The fold is what the tables hold: not before it began, not while a batch is under way, nor after
  // one that failed.
  let isStored = false;
  const waiting = new Set<() => void>();

  const goOnWith = (next: ViewsFold): void => {
    fold = next;
    isStored = true;
    for (const wake of waiting) wake();
  };

  const rebuild = createRebuild({
    ...options,
    breathe: options.breathe ?? (() => Promise.resolve()),
    live: {
      inTurn,
      stored: () => (isStored ? (fold.position ?? 0n) : undefined),
      moved: (signal) => moved(waiting, signal),
      takeOver: (latest) => {
        for (const [table, rows] of latest) fold.latest.set(table, rows);
      },
    },
  });

  return {
    name: "views",
    version: projections.reduce((sum, { table }) => sum + table.version, SNAPSHOT_VERSION),
    restore: (state) =>
      inTurn(async () => {
        const restored =
          state === undefined ? freshFold(projections) : await foldFromSnapshot(state, options);
        if (!restored) return "unreadable";
        goOnWith(restored);
        return "restored";
      }),
    apply: (batch) =>
      inTurn(async () => {
        isStored = false;
        const rows = rowsOf(batch, { projections, fold });
        if (rows.length > 0) await readModel.write(rows);
        goOnWith(fold);
      }),
    async settle() {
      await readModel.flush?.();
    },
    snapshot: () => snapshotOf(fold, options),
    newestRows: (table, first) => fold.latest.get(table)?.beginningWith(first) ?? [],
    rebuild,
  };
}

/** Resolves at the next wake, and when the signal aborts. */
function moved(waiting: Set<() => void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      waiting.delete(end);
      signal.removeEventListener("abort", end);
      resolve();
    };
    waiting.add(end);
    signal.addEventListener("abort", end);
    if (signal.aborted) end();
  });
}
