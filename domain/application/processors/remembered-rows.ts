/**
 * The newest row of each group of a view, in memory. Rows that share the first column of the group
 * (all positions of one account) lie together.
 */
import type { Row, Value } from "../../ports/read-model.ts";

type Values = Row["values"];

export type RememberedRows = {
  /** By the group's column values. */
  get(group: readonly Value[]): Values | undefined;
  /** Remembers a row in place of its group's last one; nothing where there are no groups. */
  set(values: Values): void;
  /** Rows whose group begins with `first`, in the order of the rest of the group as text. */
  beginningWith(first: string): readonly Values[];
  all(): Iterable<Values>;
};

export function createRememberedRows(groupBy: readonly string[]): RememberedRows {
  const groups = new Map<string, Map<string, Values>>();
  return {
    get: ([first, ...rest]) => groups.get(String(first))?.get(nameOf(rest)),
    set(values) {
      const [first, ...rest] = groupBy.map((column) => values[column] ?? null);
      if (first === undefined) return;
      const name = String(first);
      const rows = groups.get(name) ?? new Map<string, Values>();
      groups.set(name, rows.set(nameOf(rest), values));
    },
    beginningWith: (first) =>
      [...(groups.get(first) ?? [])].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row),
    *all() {
      for (const rows of groups.values()) yield* rows.values();
    },
  };
}

const nameOf = (rest: readonly Value[]): string =>
  rest.length === 1 ? String(rest[0]) : JSON.stringify(rest.map(String));
