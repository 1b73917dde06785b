/**
 * Compares every row of the views with what the projections make of the log. The views may be a
 * little ahead of their checkpoint while an engine runs: a row may then be as it was at the
 * checkpoint or as any later event made it.
 */
import { isTerminal } from "../../order/state.ts";
import type { Row, TableDefinition, Value } from "../../ports/read-model.ts";
import type { ViewProjection } from "../processors/views-processor.ts";
import type { Folded } from "./replay-all.ts";

type Values = Row["values"];

export type ExpectedViews = {
  /** The next event of the log. */
  readonly apply: (folded: Folded) => void;
  /** The views' checkpoint is here: rows of later events may be there, and need not. */
  readonly seal: () => void;
  /** Compares one row that is there. */
  readonly check: (table: string, values: Values) => void;
  /** After all rows: adds what is missing. */
  readonly result: () => ViewsResult;
};

export type ViewsResult = {
  readonly rows: number;
  readonly differenceCount: number;
  /** The first ones, at most MAX_DIFFERENCES. */
  readonly differences: readonly string[];
};

const MAX_DIFFERENCES = 100;

/**
 * One table: the row at the checkpoint, and what later events made of it. Rows are kept as text.
 */
type Expected = {
  readonly projection: ViewProjection;
  readonly rows: Map<string, string>;
  readonly later: Map<string, Set<string>>;
  /** For each open order the newest event: what shows the latest state only is made once. */
  readonly pending: Map<string, Folded>;
  readonly latest: Map<string, Values>;
};

export function createExpectedViews(projections: readonly ViewProjection[]): ExpectedViews {
  const tables = new Map(projections.map((one) => [one.table.name, expectedOf(one)]));
  const differences: string[] = [];
  let differenceCount = 0;
  let rows = 0;
  let sealed = false;

  const differ = (sentence: string): void => {
    differenceCount += 1;
    if (differences.length < MAX_DIFFERENCES) differences.push(sentence);
  };

  function make(expected: Expected, folded: Folded): void {
    const { projection, latest } = expected;
    const { table, groupBy } = projection;
    const newest = (...group: readonly string[]) => latest.get(keyOf(group));
    for (const values of projection.apply(folded, newest)) {
      if (groupBy.length > 0) latest.set(keyOf(pick(values, groupBy)), values);
      const key = keyOf(pick(values, table.key));
      const row = textOf(table, values);
      if (!sealed) expected.rows.set(key, row);
      else expected.later.set(key, (expected.later.get(key) ?? new Set()).add(row));
    }
  }

  return {
    apply: (folded) => {
      for (const expected of tables.values()) {
        const waits = expected.projection.shows === "latest-state" && !sealed;
        if (!waits || !folded.after || isTerminal(folded.after)) {
          expected.pending.delete(folded.recorded.stream);
          make(expected, folded);
        } else expected.pending.set(folded.recorded.stream, folded);
      }
    },
    seal: () => {
      for (const expected of tables.values()) {
        for (const folded of expected.pending.values()) make(expected, folded);
        expected.pending.clear();
      }
      sealed = true;
    },
    check: (name, values) => {
      const expected = tables.get(name);
      if (!expected) throw new Error(`there is no projection for table ${name}`);
      rows += 1;
      const { table } = expected.projection;
      const key = keyOf(pick(values, table.key));
      const found = textOf(table, values);
      const wanted = expected.rows.get(key);
      expected.rows.delete(key);
      if (found === wanted || expected.later.get(key)?.has(found)) return;
      differ(
        wanted === undefined
          ? `${name} has a row ${key} that the log does not give`
          : `${name} row ${key}: ${columnsThatDiffer(table, found, wanted)}`,
      );
    },
    result: () => {
      for (const [name, expected] of tables) {
        for (const key of expected.rows.keys()) differ(`${name} lacks the row ${key}`);
      }
      return { rows, differenceCount, differences };
    },
  };
}

const expectedOf = (projection: ViewProjection): Expected => ({
  projection,
  rows: new Map(),
  later: new Map(),
  pending: new Map(),
  latest: new Map(),
});

const pick = (values: Values, columns: readonly string[]): readonly Value[] =>
  columns.map((column) => values[column] ?? null);

const keyOf = (parts: readonly Value[]): string => JSON.stringify(parts.map(String));

/** The values in the order of the table's columns. */
const textOf = (table: TableDefinition, values: Values): string =>
  JSON.stringify(
    Object.keys(table.columns).map((column) => {
      const value = values[column] ?? null;
      return typeof value === "bigint" ? `${value}n` : value;
    }),
  );

function columnsThatDiffer(table: TableDefinition, found: string, wanted: string): string {
  const theirs: readonly unknown[] = JSON.parse(found);
  const ours: readonly unknown[] = JSON.parse(wanted);
  return Object.keys(table.columns)
    .map((column, index) => ({ column, theirs: theirs[index], ours: ours[index] }))
    .filter((pair) => pair.theirs !== pair.ours)
    .map((pair) => `${pair.column} is ${pair.theirs}, the log gives ${pair.ours}`)
    .join("; ");
}
