/**
 * What a projection is: a table, and pure functions from one event to rows of it. It never reads a
 * stream, a clock or a table: the processor folds each order once for all of them and hands over
 * the state before and after the event.
 */
import type { PositionedEvent } from "../domain/codec/codec.ts";
import type { OrderState } from "../domain/order/state.ts";
import type { Row, TableDefinition, Value } from "../domain/ports/read-model.ts";
import type { TimestampUs } from "../domain/primitives/time.ts";

export type Values = Row["values"];

export type ProjectionInput = {
  readonly recorded: PositionedEvent;
  /** The log's clock: the latest recorded time up to and with this event. Never falls. */
  readonly clockUs: TimestampUs;
  /**
   * The order that the event belongs to; undefined before its first event and for other streams.
   */
  readonly before: OrderState | undefined;
  readonly after: OrderState | undefined;
};

/**
 * The projection's own newest row of a group, by the group's column values. This is all the state
 * that there is.
 */
export type LatestRow = (...group: readonly string[]) => Values | undefined;

export type Projection = {
  /** Its name and version are the projection's: whoever changes the rules raises the version. */
  readonly table: TableDefinition;
  /**
   * `each-event`: every event is shown. `latest-state`: the rows follow from the state after the
   * event alone, so of several events of one stream in one batch only the last needs to be shown.
   */
  readonly shows: "each-event" | "latest-state";
  /**
   * Columns whose values name a group; for each group the newest row is remembered. Empty: nothing
   * is.
   */
  readonly groupBy: readonly string[];
  readonly apply: (input: ProjectionInput, latest: LatestRow) => readonly Values[];
};

export type FilledOrder = OrderState & Required<Pick<OrderState, "fill">>;

/**
 * The order whose fill this event makes final: OrderFilled of a paper order, FillFinalized of a live
 * one. Undefined for every other event, so that it hands out each order once.
 */
export const fillOf = ({ after }: ProjectionInput): FilledOrder | undefined =>
  after && after.phase === "filled" && isFilled(after) ? after : undefined;

/** The order that this event fills while a fork of the chain may still undo it. */
export const provisionalFillOf = ({ recorded, after }: ProjectionInput): FilledOrder | undefined =>
  recorded.event.type === "OrderFilled" && after && after.phase !== "filled" && isFilled(after)
    ? after
    : undefined;

/** The order as it was before this event took its fill away. */
export const voidedFillOf = ({ recorded, before }: ProjectionInput): FilledOrder | undefined =>
  recorded.event.type === "FillVoided" && before && isFilled(before) ? before : undefined;

const isFilled = (order: OrderState): order is FilledOrder => order.fill !== undefined;

/** The bigint in a column. Throws when the row is not of its table. */
export function amountOf(values: Values, column: string): bigint {
  const value: Value | undefined = values[column];
  if (typeof value !== "bigint") throw new Error(`column ${column} holds no amount`);
  return value;
}

/** The integer in a column. Throws when the row is not of its table. */
export function integerOf(values: Values, column: string): number {
  const value: Value | undefined = values[column];
  if (typeof value !== "number") throw new Error(`column ${column} holds no integer`);
  return value;
}
