/**
 * Folds the log of the data folder and compares the fold with all that was ever made of it: the engine or its snapshot,
 * and the views.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import {
  createExpectedViews,
  type ViewsResult,
} from "../../domain/application/audit/compare-views.ts";
import { compareEngine, foldLog, type LogFold } from "../../domain/application/audit/replay-all.ts";
import type { Position } from "../../domain/ports/event-store.ts";
import type { Mint } from "../../domain/primitives/ids.ts";
import { createProjections, VIEW_TABLES } from "../../projections/registry.ts";
import { readCheckpoint, type StoredCheckpoint } from "../checkpoints/sqlite-reader.ts";
import type { Config } from "../config.ts";
import type { SqliteReader } from "../event-store/sqlite-reader.ts";
import { openViewsReader, type ViewsReader } from "../read-model/sqlite-reader.ts";
import { type Claim, claimOfRunning, claimOfSnapshot } from "./engine-claim.ts";
import { CliError, EXIT } from "./exit-codes.ts";
import { storeCodec, storeHasher } from "./store.ts";

/** What costs and profits are counted in: USDC. */
export const COST_MINT = "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v" as Mint;

export type Comparison = {
  readonly fold: LogFold;
  /** Whose state was compared; empty when there was none. */
  readonly engine: string;
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
  // The claims first: what they tell of is in the log that is read after them.
  const claim = await findClaim(config, notes);
  const views = openViews(config.data, notes);
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
    if (claim?.logId !== undefined && claim.logId !== fold.logId) {
      differences.push(`${claim.who} belongs to another log, ${claim.logId}`);
    }
    const compared = views?.compare(fold) ?? { rows: 0, differenceCount: 0, differences: [] };
    return {
      fold,
      engine: claim?.who ?? "",
      viewRows: compared.rows,
      differenceCount: differences.length + compared.differenceCount,
      differences: [...differences, ...compared.differences],
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

async function findClaim(config: Config, notes: string[]): Promise<Claim | undefined> {
  try {
    const running = await claimOfRunning(config.http);
    if (running) return running;
  } catch (error) {
    notes.push(error instanceof Error ? error.message : String(error));
  }
  const snapshot = claimOfSnapshot(config.data, storeHasher);
  if (!snapshot) notes.push("no engine answers, and there is no snapshot: nothing to compare with");
  return snapshot;
}

type OpenViews = Pick<ReturnType<typeof createExpectedViews>, "apply"> & {
  readonly stops: readonly { readonly at: Position; readonly look: () => void }[];
  readonly compare: (fold: LogFold) => ViewsResult;
  readonly close: () => void;
};

/** The checkpoint is read first: the rows that are read after it hold at least what it says. */
function openViews(folder: string, notes: string[]): OpenViews | undefined {
  const file = join(folder, "views.db");
  const checkpoint = readCheckpoint(join(folder, "state.db"), "views");
  if (!existsSync(file) || !checkpoint) {
    notes.push("there are no views yet");
    return undefined;
  }
  const reader = openViewsReader(file);
  if (!isMadeFrom(reader, checkpoint)) {
    reader.close();
    notes.push("the views are made anew at the next start of the engine: they are not compared");
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
