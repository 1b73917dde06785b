/** All projections of the views, in the order in which an event passes through them. */
import type { TableDefinition } from "../domain/ports/read-model.ts";
import type { Mint } from "../domain/primitives/ids.ts";
import { FAILED_TRADES_TABLE, failedTradesProjection } from "./failed-trades.ts";
import { FILLS_TABLE, fillsProjection } from "./fills.ts";
import { ORDERS_TABLE, ordersProjection } from "./orders.ts";
import { POSITIONS_TABLE, positionsProjection } from "./positions.ts";
import type { Projection } from "./projection.ts";
import { TRADES_TABLE, tradesProjection } from "./trades.ts";

export type ProjectionDependencies = {
  /** Mint that costs and profits are counted in; another one needs another views file. */
  readonly costMint: Mint;
};

export const createProjections = ({ costMint }: ProjectionDependencies): readonly Projection[] => [
  ordersProjection,
  tradesProjection,
  fillsProjection,
  failedTradesProjection,
  positionsProjection(costMint),
];

export const VIEW_TABLES: readonly TableDefinition[] = [
  ORDERS_TABLE,
  TRADES_TABLE,
  FILLS_TABLE,
  FAILED_TRADES_TABLE,
  POSITIONS_TABLE,
];
