/** The views of a log, made by the real processor over in-memory stores. */
import { createMemoryEventStore } from "../../adapters/event-store/memory.ts";
import { createMemoryReadModel } from "../../adapters/read-model/memory.ts";
import { createViewsProcessor } from "../../domain/application/processors/views-processor.ts";
import type { PositionedEvent } from "../../domain/codec/codec.ts";
import type { EventStore } from "../../domain/ports/event-store.ts";
import type { ReadModel, Row } from "../../domain/ports/read-model.ts";
import { createProjections, VIEW_TABLES } from "../../projections/registry.ts";
import { codec } from "./given.ts";
import { USDC } from "./order-samples.ts";

export const PROJECTIONS = createProjections({ costMint: USDC });

export const newReadModel = (targetId = "target-1"): ReadModel =>
  createMemoryReadModel({ tables: VIEW_TABLES, targetId });

export const viewsProcessor = (
  readModel: ReadModel,
  store: EventStore = createMemoryEventStore(),
) => createViewsProcessor({ store, codec, projections: PROJECTIONS, settings: USDC, readModel });

export type Views = Readonly<Record<string, readonly Row["values"][]>>;

/** Every row of every table. */
export async function allRows(readModel: ReadModel): Promise<Views> {
  const tables = VIEW_TABLES.map(async ({ name }) => [
    name,
    await readModel.scan(name, undefined, 1_000_000),
  ]);
  return Object.fromEntries(await Promise.all(tables));
}

/** The views after these events, in batches of `size`. */
export async function viewsOf(
  recorded: readonly PositionedEvent[],
  size = Number.MAX_SAFE_INTEGER,
): Promise<Views> {
  const readModel = newReadModel();
  const processor = viewsProcessor(readModel);
  for (let from = 0; from < recorded.length; from += size) {
    await processor.apply(recorded.slice(from, from + size));
  }
  return allRows(readModel);
}
