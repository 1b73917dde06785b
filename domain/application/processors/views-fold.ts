/**
 * The fold behind the views: rows from events, and what is remembered between two of them. The
 * processor has one that follows the log; a rebuild has its own.
 */
import { z } from "zod";
import type { Codec, PositionedEvent } from "../../codec/codec.ts";
import type { OrderState } from "../../order/state.ts";
import type { EventStore, Position } from "../../ports/event-store.ts";
import type { ColumnType, Row, TableDefinition, Value } from "../../ports/read-model.ts";
import type { StreamName } from "../../primitives/ids.ts";
import type { TimestampUs } from "../../primitives/time.ts";
import {
  createOrderFold,
  type OrderFold,
  orderFoldSnapshotSchema,
  restoreOrderFold,
} from "./order-fold.ts";
import { createRememberedRows, type RememberedRows } from "./remembered-rows.ts";

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

export type ViewsFold = {
  readonly orders: OrderFold;
  clockUs: TimestampUs;
  /** Of the last folded event; undefined before the first. */
  position: Position | undefined;
  /** The newest row of each group, per table. */
  readonly latest: Map<string, RememberedRows>;
};

export const freshFold = (projections: readonly ViewProjection[]): ViewsFold => ({
  orders: createOrderFold(),
  clockUs: 0,
  position: undefined,
  latest: new Map(
    projections.map(({ table, groupBy }) => [table.name, createRememberedRows(groupBy)]),
  ),
});

/**
 * Folds a batch. Its rows, of each table in order of their events; of several rows under one key
 * the last one.
 */
export function rowsOf(
  batch: readonly PositionedEvent[],
  { projections, fold }: { readonly projections: readonly ViewProjection[]; fold: ViewsFold },
): readonly Row[] {
  const lastOfStream = new Map<StreamName, PositionedEvent>();
  for (const recorded of batch) lastOfStream.set(recorded.stream, recorded);
  const rows = new Map<string, Map<string, Row>>(
    projections.map(({ table }) => [table.name, new Map()]),
  );
  for (const recorded of batch) {
    fold.clockUs = Math.max(fold.clockUs, recorded.metadata.recordedAtUs);
    fold.position = recorded.position;
    const input = { recorded, clockUs: fold.clockUs, ...fold.orders.apply(recorded) };
    const isLast = lastOfStream.get(recorded.stream) === recorded;
    for (const { table, shows, apply } of projections) {
      if (shows === "latest-state" && !isLast) continue;
      const remembered = fold.latest.get(table.name);
      for (const values of apply(input, (...group) => remembered?.get(group))) {
        remembered?.set(values);
        rows.get(table.name)?.set(keyOf(table, values), { table: table.name, values });
      }
    }
  }
  return [...rows.values()].flatMap((ofTable) => [...ofTable.values()]);
}

function keyOf({ key }: TableDefinition, values: Values): string {
  const [only = "", ...others] = key;
  if (others.length === 0) return String(values[only]);
  return JSON.stringify(key.map((column) => String(values[column])));
}

const snapshotSchema = z.object({
  settings: z.string(),
  clockUs: z.int().min(0),
  position: z.string().regex(/^\d{1,20}$/),
  openOrders: orderFoldSnapshotSchema,
  /** Per table its remembered rows, each value as text or as it is. */
  latest: z.record(z.string(), z.array(z.record(z.string(), z.json()))),
});

export const snapshotOf = (
  fold: ViewsFold,
  { projections, settings }: { projections: readonly ViewProjection[]; settings: string },
): string =>
  JSON.stringify({
    settings,
    clockUs: fold.clockUs,
    position: String(fold.position ?? 0n),
    openOrders: fold.orders.snapshot(),
    latest: Object.fromEntries(
      projections
        .filter(({ groupBy }) => groupBy.length > 0)
        .map(({ table: { name } }) => [name, storedRows(fold.latest.get(name)?.all() ?? [])]),
    ),
  });

/**
 * The fold as it was when the snapshot was made; undefined when the snapshot is of no use. Rejects
 * when the log lacks what it names.
 */
export async function foldFromSnapshot(
  state: string,
  options: {
    readonly projections: readonly ViewProjection[];
    readonly settings: string;
    readonly store: EventStore;
    readonly codec: Codec;
  },
): Promise<ViewsFold | undefined> {
  const parsed = parse(state, options.projections);
  if (!parsed || parsed.settings !== options.settings) return undefined;
  return {
    clockUs: parsed.clockUs,
    position: BigInt(parsed.position),
    orders: await restoreOrderFold(options, parsed.openOrders),
    latest: parsed.latest,
  };
}

function parse(state: string, projections: readonly ViewProjection[]) {
  try {
    const snapshot = snapshotSchema.parse(JSON.parse(state));
    return { ...snapshot, latest: latestFrom(projections, snapshot.latest) };
  } catch {
    return undefined;
  }
}

const storedRows = (rows: Iterable<Values>) =>
  [...rows].map((values) =>
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
): Map<string, RememberedRows> {
  return new Map(
    projections.map(({ table, groupBy }) => {
      const rows = createRememberedRows(groupBy);
      for (const row of stored[table.name] ?? []) {
        rows.set(
          Object.fromEntries(
            Object.entries(table.columns).map(([column, type]) => [
              column,
              typedValue(type, row[column]),
            ]),
          ),
        );
      }
      return [table.name, rows];
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
