/**
 * Folds the log of the data folder and compares the fold with all that was ever made of it: the engine or its snapshot,
 * and the views.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import {
  createExpectedViews,
  type ViewsResult,
} from "../../../domain/application/audit/compare-views.ts";
import {
  compareEngine,
  foldLog,
  type LogFold,
} from "../../../domain/application/audit/replay-all.ts";
import type { Position } from "../../../domain/ports/event-store.ts";
import { createProjections, VIEW_TABLES } from "../../../projections/registry.ts";
import { readCheckpoint, type StoredCheckpoint } from "../../checkpoints/sqlite-reader.ts";
import { COST_MINT } from "../../config/cost-mint.ts";
import type { Config } from "../../config.ts";
import { explain } from "../../event-store/sqlite-errors.ts";
import type { SqliteReader } from "../../event-store/sqlite-reader.ts";
import { openViewsReader, type ViewsReader } from "../../read-model/sqlite-reader.ts";
import { CliError, EXIT } from "../exit-codes.ts";
import { storeCodec, storeHasher } from "../store.ts";
import { type Claim, claimOfRunning, claimOfSnapshot } from "./engine-claim.ts";

export type Comparison = {
  readonly fold: LogFold;
  /** Whose state was compared; empty when there was none. */
  readonly engine: string;
  readonly viewsCompared: boolean;
  readonly viewRows: number;
  readonly differenceCount: number;
  /** Sentences, the first ones. */
  readonly differences: readonly string[];
  /** What could not be compared, and why. */
  readonly notes: readonly string[];
};

/** Rejects with a CliError when the log itself cannot be folded. */
export async function compareLog(
  store: SqliteReader,
  config: Config,
  onProgress: (events: number) => void,
): Promise<Comparison> {
  const notes: string[] = [];
  const differences: string[] = [];
  const found: Found = { folder: config.data, notes, differences, unreadable: new Set() };
  // The claims first: what they tell of is in the log that is read after them.
  const claim = await findClaim(config, found);
  const views = openViews(found, claim?.isRunning ?? false);
  try {
    const stops = [...(claim ? [engineStop(claim, differences)] : []), ...(views?.stops ?? [])];
    const fold = await foldLog(
      { store, codec: storeCodec },
      {
        until: await store.end(),
        ...{ stops, onProgress },
        ...(views ? { onEvent: views.apply } : {}),
      },
    ).catch(cannotFollow);
    if (claim && claim.logId !== fold.logId) {
      differences.push(`${claim.who} belongs to another log, ${claim.logId}`);
    }
    const compared = views && readable("views.db", found, () => views.compare(fold));
    return {
      fold,
      engine: claim?.who ?? "",
      viewsCompared: compared !== undefined,
      viewRows: compared?.rows ?? 0,
      differenceCount: differences.length + (compared?.differenceCount ?? 0),
      differences: [...differences, ...(compared?.differences ?? [])],
      notes,
    };
  } finally {
    views?.close();
  }
}

function cannotFollow(error: unknown): never {
  const message = error instanceof Error ? error.message : String(error);
  throw new CliError(EXIT.failed, `the log cannot be folded to its end: ${message}`);
}

const engineStop = ({ who, claim }: Claim, differences: string[]) => ({
  at: claim.position,
  look: (fold: LogFold): void => {
    differences.push(...compareEngine(fold, claim, storeHasher).map((line) => `${who}: ${line}`));
  },
});

type Found = {
  readonly folder: string;
  readonly notes: string[];
  readonly differences: string[];
  /** Each is told once. */
  readonly unreadable: Set<string>;
};

const ADVICE = {
  "state.db": "it holds no orders: stop the engine, delete it and start again",
  "views.db": "`orderstream rebuild` makes the views anew",
} as const;

/** A file that cannot be read differs from the log; what else there is, is compared all the same. */
function readable<T>(
  name: keyof typeof ADVICE,
  { folder, differences, unreadable }: Found,
  read: () => T,
): T | undefined {
  try {
    return read();
  } catch (error) {
    const { problem } = explain(error, name);
    const detail = error instanceof Error ? error.message : String(error);
    const why = problem === "io" ? "what it holds cannot be understood" : detail;
    const sentence = `${join(folder, name)} cannot be read (${why}): ${ADVICE[name]}`;
    if (!unreadable.has(name)) differences.push(sentence);
    unreadable.add(name);
    return undefined;
  }
}

async function findClaim(config: Config, found: Found): Promise<Claim | undefined> {
  const { folder, notes } = found;
  let nobody = "no engine answers, and there is";
  try {
    const running = await claimOfRunning(config.http);
    if (running?.runsOn(folder)) return running;
    if (running) {
      notes.push(`${running.who} runs on another store than that in ${folder}: it is not asked`);
      nobody = "there is";
    }
  } catch (error) {
    notes.push(error instanceof Error ? error.message : String(error));
  }
  const snapshot = readable("state.db", found, () => claimOfSnapshot(folder, storeHasher));
  if (!snapshot && !found.unreadable.has("state.db")) {
    notes.push(`${nobody} no snapshot: nothing to compare with`);
  }
  return snapshot;
}

type OpenViews = Pick<ReturnType<typeof createExpectedViews>, "apply"> & {
  readonly stops: readonly { readonly at: Position; readonly look: () => void }[];
  readonly compare: (fold: LogFold) => ViewsResult;
  readonly close: () => void;
};

/** The checkpoint is read first: the rows that are read after it hold at least what it says. */
function openViews(found: Found, isServed: boolean): OpenViews | undefined {
  const { folder, notes, differences } = found;
  const file = join(folder, "views.db");
  const checkpoint = readable("state.db", found, () =>
    readCheckpoint(join(folder, "state.db"), "views"),
  );
  if (isServed && !existsSync(file)) {
    differences.push(`an engine runs, but ${file} is gone: ${ADVICE["views.db"]}`);
    return undefined;
  }
  if (!existsSync(file) || !checkpoint) {
    if (!found.unreadable.has("state.db")) notes.push("there are no views yet");
    return undefined;
  }
  const reader = readable("views.db", found, () => openViewsReader(file));
  if (!reader) return undefined;
  if (!isMadeFrom(reader, checkpoint)) {
    reader.close();
    notes.push(
      isServed
        ? "the views are being made anew: they are not compared"
        : "the views are made anew at the next start of the engine: they are not compared",
    );
    return undefined;
  }
  const expected = createExpectedViews(createProjections({ costMint: COST_MINT }));
  return {
    apply: expected.apply,
    stops: [{ at: checkpoint.position, look: expected.seal }],
    compare: (fold) => compareRows(reader, expected, { fold, checkpoint }),
    close: reader.close,
  };
}

/** Other tables or another target: the engine begins from zero with them. */
const isMadeFrom = (reader: ViewsReader, checkpoint: StoredCheckpoint): boolean =>
  reader.targetId === checkpoint.targetId && VIEW_TABLES.every((table) => reader.has(table));

function compareRows(
  reader: ViewsReader,
  expected: ReturnType<typeof createExpectedViews>,
  { fold, checkpoint }: { readonly fold: LogFold; readonly checkpoint: StoredCheckpoint },
): ViewsResult {
  for (const table of VIEW_TABLES) {
    for (const values of reader.rows(table)) expected.check(table.name, values);
  }
  const result = expected.result();
  const wrong: string[] = [];
  if (reader.logId !== fold.logId) wrong.push(`the views belong to another log, ${reader.logId}`);
  if (checkpoint.position > (fold.position ?? 0n)) {
    wrong.push(`the views stand at ${checkpoint.position}, beyond the end of the log`);
  }
  return {
    ...result,
    differenceCount: result.differenceCount + wrong.length,
    differences: [...wrong, ...result.differences],
  };
}
