/** The log of a data folder and what an engine needs to know of it. */
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import type { Recovered } from "../../domain/application/engine.ts";
import { openLog } from "../../domain/application/log/open-log.ts";
import { createRecorder } from "../../domain/application/log/recorder.ts";
import {
  createEngineState,
  type EngineState,
} from "../../domain/application/processors/engine-state.ts";
import type { Codec } from "../../domain/codec/codec.ts";
import type { Checkpoints } from "../../domain/ports/checkpoints.ts";
import type { Clock, Timers } from "../../domain/ports/clock.ts";
import type { EventStore } from "../../domain/ports/event-store.ts";
import type { LogId } from "../../domain/primitives/ids.ts";
import { openSqliteCheckpoints } from "../checkpoints/sqlite.ts";
import { openSqliteEventStore } from "../event-store/sqlite.ts";
import type { Undo } from "./undo.ts";

export type LogParts = {
  /** Data folder. */
  readonly data: string;
  readonly version: string;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly codec: Codec;
  readonly counted: (store: EventStore) => EventStore;
  readonly progress: (totalEvents: number) => {
    readonly step: (events: number) => void;
    readonly end: () => void;
  };
  readonly onFatal: (sentence: string) => void;
  readonly undo: Undo;
};

export type FoldedLog = {
  /** Path of the log. */
  readonly file: string;
  readonly store: EventStore;
  readonly checkpoints: Checkpoints;
  readonly logId: LogId;
  readonly state: EngineState;
  readonly recovered: Recovered;
};

export async function openFoldedLog(parts: LogParts): Promise<FoldedLog> {
  const { data, clock, timers, codec, onFatal, undo } = parts;
  const file = join(data, "log.db");
  const store = parts.counted(await openSqliteEventStore({ file, onFatal }));
  undo.push(() => store.close());
  const checkpoints = openSqliteCheckpoints(join(data, "state.db"));
  undo.push(() => checkpoints.close());
  const recorder = createRecorder(store, timers);
  const logId = await openLog(
    { store, codec, clock, recorder },
    { newLogId: randomUUID() as LogId, engineVersion: parts.version },
  );
  const state = createEngineState({ store, codec });
  const progress = parts.progress(Number((await store.end()) ?? 0n));
  const recovered = await state
    .recover({ checkpoints, logId, onProgress: progress.step })
    .finally(progress.end);
  return { file, store, checkpoints, logId, state, recovered };
}
