/**
 * Views made anew beside the served ones (blue/green): the log is folded from its start into staged
 * tables, page by page, while the processor goes on; when the fold stands where the processor
 * stands, and nothing moves, the staged tables are served. Until then nothing of it is seen, and
 * whatever ends a rebuild early leaves the served views as they were.
 */
import type { Codec, PositionedEvent } from "../../codec/codec.ts";
import type { EventStore, Position } from "../../ports/event-store.ts";
import type { ReadModel } from "../../ports/read-model.ts";
import { maxOf } from "../../primitives/amount.ts";
import { streamCategory } from "../../primitives/ids.ts";
import type { RememberedRows } from "./remembered-rows.ts";
import type { Turns } from "./turns.ts";
import { freshFold, rowsOf, type ViewProjection, type ViewsFold } from "./views-fold.ts";

export type RebuildOptions = {
  readonly signal: AbortSignal;
  /** After each page: events folded, and as far as the log goes now. */
  readonly onProgress?: (done: number, total: number) => void;
};

export type RebuildResult =
  /** The new views are served. */
  | { readonly kind: "done"; readonly views: readonly string[]; readonly events: number }
  | {
      readonly kind: "unknown-views";
      readonly unknown: readonly string[];
      readonly known: readonly string[];
    }
  /** Another rebuild is under way. */
  | { readonly kind: "running" }
  /** The signal aborted, or something went wrong: the served views are as they were. */
  | { readonly kind: "aborted" }
  | { readonly kind: "failed"; readonly message: string };

/** No names: all views. Never rejects. */
export type Rebuild = (views: readonly string[], options: RebuildOptions) => Promise<RebuildResult>;

/** The processor that follows the log. */
export type LiveViews = {
  /** What runs in here does not overlap with a batch. */
  readonly inTurn: Turns;
  /**
   * Everything up to here is in the tables, 0 for nothing; undefined while that is not so clear.
   */
  readonly stored: () => Position | undefined;
  /** Resolves when it may be elsewhere, or when the signal aborts. */
  readonly moved: (signal: AbortSignal) => Promise<void>;
  /** Goes on with these remembered rows. Only in a turn. */
  readonly takeOver: (latest: ReadonlyMap<string, RememberedRows>) => void;
};

export type RebuildPorts = {
  readonly store: EventStore;
  readonly codec: Codec;
  readonly projections: readonly ViewProjection[];
  readonly readModel: Pick<ReadModel, "staging" | "targetId">;
  readonly live: LiveViews;
  readonly breathe: () => Promise<void>;
};

/** Events between two moments at which everybody else gets a turn: a few milliseconds. */
const PAGE = 100;
/** So few events behind the processor it is held up until the rebuild has them too. */
const NEAR = 1_000n;
/** Large third-party answers: part of the log, of no use to a view. */
const LEFT_OUT = "evidence";

type Job = RebuildOptions &
  RebuildPorts & { readonly chosen: readonly ViewProjection[]; readonly fold: ViewsFold };

export function createRebuild(ports: RebuildPorts): Rebuild {
  const known = ports.projections.map(({ table }) => table.name);
  let isRunning = false;
  return async (views, options) => {
    const unknown = views.filter((name) => !known.includes(name));
    if (unknown.length > 0) return { kind: "unknown-views", unknown, known };
    if (isRunning) return { kind: "running" };
    isRunning = true;
    try {
      const chosen = ports.projections.filter(
        ({ table }) => views.length === 0 || views.includes(table.name),
      );
      const target = ports.readModel.targetId;
      const job = { ...ports, ...options, chosen };
      const result = await run({ ...job, fold: freshFold(chosen) });
      // The target was made anew under the rebuild, where damage was met: it is whole after this.
      const isOther = ports.readModel.targetId !== target;
      return result.kind === "failed" && isOther
        ? await run({ ...job, fold: freshFold(chosen) })
        : result;
    } finally {
      isRunning = false;
    }
  };
}

async function run(job: Job): Promise<RebuildResult> {
  const { chosen, fold, readModel, signal } = job;
  const views = chosen.map(({ table }) => table.name);
  try {
    signal.throwIfAborted();
    await readModel.staging.begin(views);
    await followAndPromote(job);
    return { kind: "done", views, events: Number(fold.position ?? 0n) };
  } catch (error) {
    // A target that was made anew has no staged tables; others are dropped at its next opening.
    await readModel.staging.drop().catch(() => undefined);
    if (signal.aborted) return { kind: "aborted" };
    return { kind: "failed", message: error instanceof Error ? error.message : String(error) };
  }
}

async function followAndPromote(job: Job): Promise<void> {
  const { live, store, signal } = job;
  // A processor that has not caught up yet has nothing whole that could be exchanged.
  const atLeast = (await store.end()) ?? 0n;
  let behind: Position | undefined;
  for (;;) {
    await foldUpTo(job, live.stored() ?? 0n);
    const stored = live.stored() ?? 0n;
    const left = stored - positionOf(job);
    // The processor may also be the faster one: then it has to wait for the rebuild.
    const isNear = left <= NEAR || (behind !== undefined && left >= behind);
    behind = left;
    if (isNear && stored >= atLeast && (await live.inTurn(() => promote(job)))) return;
    if (left <= 0n) await live.moved(signal);
    signal.throwIfAborted();
  }
}

/** False when the processor is not where this fold can be: it failed, or began further back. */
async function promote(job: Job): Promise<boolean> {
  const { live, readModel, fold, signal } = job;
  const stored = live.stored();
  if (stored === undefined || positionOf(job) > stored) return false;
  await foldUpTo(job, stored);
  signal.throwIfAborted();
  await readModel.staging.promote();
  live.takeOver(fold.latest);
  return true;
}

const positionOf = ({ fold }: Job): Position => fold.position ?? 0n;

async function foldUpTo(job: Job, until: Position): Promise<void> {
  const { store, codec, chosen, fold, readModel, onProgress, breathe, signal } = job;
  let after: Position = positionOf(job);
  while (after < until) {
    signal.throwIfAborted();
    const page = (await store.readAll(after, PAGE)).filter(({ position }) => position <= until);
    const last = page.at(-1);
    if (!last) throw new Error(`the log ends at ${after}, before ${until}`);
    const batch: readonly PositionedEvent[] = page
      .filter(({ stream }) => streamCategory(stream) !== LEFT_OUT)
      .map((stored) => codec.decode(stored));
    const rows = rowsOf(batch, { projections: chosen, fold });
    if (rows.length > 0) await readModel.staging.write(rows);
    after = last.position;
    fold.position = after;
    if (onProgress) onProgress(Number(after), Number(maxOf((await store.end()) ?? after, after)));
    await breathe();
  }
}
