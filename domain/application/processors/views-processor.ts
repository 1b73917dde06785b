/**
 * All projections as one processor, so that two views shown together never contradict each other:
 * one fold, one batch of rows, one transaction, one checkpoint.
 */
import { z } from "zod";
import type { Codec, PositionedEvent } from "../../codec/codec.ts";
import type { OrderState } from "../../order/state.ts";
import type { EventStore } from "../../ports/event-store.ts";
import type { ColumnType, ReadModel, Row, TableDefinition, Value } from "../../ports/read-model.ts";
import type { StreamName } from "../../primitives/ids.ts";
import type { TimestampUs } from "../../primitives/time.ts";
import {
  createOrderFold,
  type OrderFold,
  orderFoldSnapshotSchema,
  restoreOrderFold,
} from "./order-fold.ts";
import type { Processor } from "./run-processor.ts";

type Values = Row["values"];

/**
 * What this processor needs of a projection; `projections/projection.ts` says what each part means.
 */
export type ViewProjection = {
  readonly table: TableDefinition;
  readonly shows: "each-event" | "latest-state";
  readonly groupBy: readonly string[];
  readonly apply: (
    input: {
      readonly recorded: PositionedEvent;
      readonly clockUs: TimestampUs;
      readonly before: OrderState | undefined;
      readonly after: OrderState | undefined;
    },
    latest: (...group: readonly string[]) => Values | undefined,
  ) => readonly Values[];
};

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
};

/** Raised when the form of the snapshot changes; each projection has its own version beside it. */
const SNAPSHOT_VERSION = 1;

const snapshotSchema = z.object({
  settings: z.string(),
  clockUs: z.int().min(0),
  openOrders: orderFoldSnapshotSchema,
  /** Per table its remembered rows, each value as text or as it is. */
  latest: z.record(z.string(), z.array(z.record(z.string(), z.json()))),
});

type Folded = {
  readonly orders: OrderFold;
  clockUs: TimestampUs;
  /** The newest row of each group, per table. */
  readonly latest: ReadonlyMap<string, Map<string, Values>>;
};

export function createViewsProcessor(options: ViewsProcessorOptions): Processor {
  const { projections, readModel, settings } = options;
  let folded = fresh(projections);

  return {
    name: "views",
    version: projections.reduce((sum, { table }) => sum + table.version, SNAPSHOT_VERSION),
    async restore(state) {
      folded = fresh(projections);
      if (state === undefined) return "restored";
      const parsed = parse(state, projections);
      if (!parsed || parsed.settings !== settings) return "unreadable";
      folded = {
        clockUs: parsed.clockUs,
        orders: await restoreOrderFold(options, parsed.openOrders),
        latest: parsed.latest,
      };
      return "restored";
    },
    async apply(batch) {
      const rows = rowsOf(batch, { projections, folded });
      if (rows.length > 0) await readModel.write(rows);
    },
    async settle() {
      await readModel.flush?.();
    },
    snapshot: () =>
      JSON.stringify({
        settings,
        clockUs: folded.clockUs,
        openOrders: folded.orders.snapshot(),
        latest: Object.fromEntries(
          projections
            .filter(({ groupBy }) => groupBy.length > 0)
            .map(({ table }) => [table.name, storedRows(folded.latest.get(table.name))]),
        ),
      }),
  };
}

const fresh = (projections: readonly ViewProjection[]): Folded => ({
  orders: createOrderFold(),
  clockUs: 0,
  latest: new Map(projections.map(({ table }) => [table.name, new Map()])),
});

function parse(state: string, projections: readonly ViewProjection[]) {
  try {
    const snapshot = snapshotSchema.parse(JSON.parse(state));
    return { ...snapshot, latest: latestFrom(projections, snapshot.latest) };
  } catch {
    return undefined;
  }
}

/** Rows of a batch in order of their events; of several rows under one key the last one. */
function rowsOf(
  batch: readonly PositionedEvent[],
  { projections, folded }: { readonly projections: readonly ViewProjection[]; folded: Folded },
): readonly Row[] {
  const lastOfStream = new Map<StreamName, PositionedEvent>();
  for (const recorded of batch) lastOfStream.set(recorded.stream, recorded);
  const rows = new Map<string, Row>();
  for (const recorded of batch) {
    folded.clockUs = Math.max(folded.clockUs, recorded.metadata.recordedAtUs);
    const input = { recorded, clockUs: folded.clockUs, ...folded.orders.apply(recorded) };
    const isLast = lastOfStream.get(recorded.stream) === recorded;
    for (const { table, shows, groupBy, apply } of projections) {
      if (shows === "latest-state" && !isLast) continue;
      const remembered = folded.latest.get(table.name);
      for (const values of apply(input, (...group) => remembered?.get(keyOf(group)))) {
        if (groupBy.length > 0) remembered?.set(keyOf(pick(values, groupBy)), values);
        rows.set(keyOf([table.name, ...pick(values, table.key)]), { table: table.name, values });
      }
    }
  }
  return [...rows.values()];
}

const pick = (values: Values, columns: readonly string[]): readonly Value[] =>
  columns.map((column) => values[column] ?? null);

const keyOf = (parts: readonly Value[]): string => JSON.stringify(parts.map(String));

const storedRows = (rows: ReadonlyMap<string, Values> | undefined) =>
  [...(rows?.values() ?? [])].map((values) =>
    Object.fromEntries(
      Object.entries(values).map(([column, value]) => [
        column,
        typeof value === "bigint" ? value.toString() : value,
      ]),
    ),
  );

function latestFrom(
  projections: readonly ViewProjection[],
  stored: z.output<typeof snapshotSchema>["latest"],
): Map<string, Map<string, Values>> {
  return new Map(
    projections.map(({ table, groupBy }) => {
      const rows = (stored[table.name] ?? []).map((row) =>
        Object.fromEntries(
          Object.entries(table.columns).map(([column, type]) => [
            column,
            typedValue(type, row[column]),
          ]),
        ),
      );
      return [table.name, new Map(rows.map((values) => [keyOf(pick(values, groupBy)), values]))];
    }),
  );
}

/** A remembered value in its column's type. Throws when it is of another one. */
function typedValue(type: ColumnType, value: unknown): Value {
  if (value === null) return null;
  if (type === "amount" && typeof value === "string") return BigInt(value);
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") {
    return value;
  }
  throw new Error(`the snapshot holds ${typeof value} in a column of type ${type}`);
}
