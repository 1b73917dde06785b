/** What follows the log: the engine's snapshot and the read models, each a subscription with a checkpoint. */
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import type { Engine } from "../../domain/application/engine.types.ts";
import {
  ENGINE_STATE_TARGET,
  type EngineState,
} from "../../domain/application/processors/engine-state.ts";
import {
  type RunningProcessor,
  runProcessor,
} from "../../domain/application/processors/run-processor.ts";
import { createViewsProcessor } from "../../domain/application/processors/views-processor.ts";
import type { Codec } from "../../domain/codec/codec.ts";
import type { Checkpoints } from "../../domain/ports/checkpoints.ts";
import type { Clock, Timers } from "../../domain/ports/clock.ts";
import type { EventStore } from "../../domain/ports/event-store.ts";
import type { ReadModel } from "../../domain/ports/read-model.ts";
import type { LogId } from "../../domain/primitives/ids.ts";
import { createProjections, VIEW_TABLES } from "../../projections/registry.ts";
import { COST_MINT } from "../config/cost-mint.ts";
import type { GrpcDependencies } from "../grpc/context.ts";
import { createSqliteReadModel } from "../read-model/sqlite.ts";
import type { EngineSources } from "../telemetry/engine-metrics.ts";
import type { Undo } from "./undo.ts";

export type ViewsParts = {
  /** Data folder. */
  readonly data: string;
  readonly store: EventStore;
  readonly checkpoints: Checkpoints;
  readonly codec: Codec;
  readonly logId: LogId;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: (line: string) => void;
  readonly state: EngineState;
  readonly status: Engine["status"];
  readonly undo: Undo;
};

export type FollowedLog = {
  readonly readModel: ReadModel;
  /** As the gRPC server wants them. */
  readonly views: GrpcDependencies["views"];
  readonly figures: EngineSources["views"];
};

export function followLog(parts: ViewsParts): FollowedLog {
  const { store, checkpoints, codec, logId, clock, timers, log, state, undo } = parts;
  const readModel = createSqliteReadModel({
    path: join(parts.data, "views.db"),
    tables: VIEW_TABLES,
    logId,
    newId: randomUUID,
    log,
    onMadeAnew: () => views.restart(),
  });
  undo.push(() => readModel.close());
  const stopping = new AbortController();
  const common = { store, checkpoints, codec, logId, clock, timers, log, signal: stopping.signal };
  const stateProcessor = runProcessor({
    ...common,
    processor: state,
    targetId: () => ENGINE_STATE_TARGET,
  });
  const viewsProcessor = createViewsProcessor({
    ...{ store, codec, readModel },
    projections: createProjections({ costMint: COST_MINT }),
    settings: COST_MINT,
    breathe: () => setImmediate(),
  });
  const views = runProcessor({
    ...common,
    processor: viewsProcessor,
    targetId: () => readModel.targetId,
  });
  undo.push(async () => {
    stopping.abort();
    await Promise.all([stateProcessor.done, views.done]);
  });
  // A processor may have seen what its appender was not told of yet.
  const behind = (processor: RunningProcessor): number =>
    Math.max(0, Number((parts.status().position ?? 0n) - (processor.status().position ?? 0n)));
  const lagOf = (processor: RunningProcessor) => ({
    lagEvents: behind(processor),
    lagUs: processor.status().lagUs,
  });
  return {
    readModel,
    views: {
      position: () => views.status().position,
      waitFor: views.waitFor,
      lag: () => ({ views: behind(views), "engine-state": behind(stateProcessor) }),
      positions: (account) => viewsProcessor.newestRows("positions", account),
      rebuild: async (names, how) => {
        const { refused } = views.status();
        if (refused !== undefined) return { kind: "failed", message: refused };
        return viewsProcessor.rebuild(names, how);
      },
    },
    figures: () => ({ views: lagOf(views), "engine-state": lagOf(stateProcessor) }),
  };
}
