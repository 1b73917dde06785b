/** Rows against what the log gives: each kind of difference is told, and how many there are also where they are too many to list. */
import { describe, expect, it } from "vitest";
import { createExpectedViews } from "../../domain/application/audit/compare-views.ts";
import type { ViewProjection } from "../../domain/application/processors/views-fold.ts";
import type { Row } from "../../domain/ports/read-model.ts";
import { createLogWriter } from "../support/log-writer.ts";
import { SOL } from "../support/order-samples.ts";

/** One row for each deposit. */
const DEPOSITS: ViewProjection = {
  table: {
    ...{ name: "deposits", version: 1, key: ["position"], timestamp: "at", indexes: [] },
    columns: { position: "integer", amount: "amount", at: "timestamp" },
  },
  shows: "each-event",
  groupBy: [],
  apply: ({ recorded, clockUs }) =>
    recorded.event.type === "FundsDeposited"
      ? [
          {
            position: Number(recorded.position),
            amount: BigInt(recorded.event.data.funds.amount),
            at: clockUs,
          },
        ]
      : [],
};

/** The views of a log with so many deposits, and their right rows. */
function views(deposits: number) {
  const log = createLogWriter();
  log.openAccount("main", []);
  for (let n = 1; n <= deposits; n += 1) log.deposit("main", { mint: SOL, amount: `${n}` });
  const expected = createExpectedViews([DEPOSITS]);
  const rows: Row["values"][] = [];
  for (const recorded of log.recorded) {
    const clockUs = recorded.metadata.recordedAtUs;
    const folded = { recorded, clockUs, before: undefined, after: undefined };
    expected.apply(folded);
    rows.push(...DEPOSITS.apply(folded, () => undefined));
  }
  expected.seal();
  return { expected, rows };
}

describe("views against the log", () => {
  it("are right row by row", () => {
    const { expected, rows } = views(3);
    for (const row of rows) expected.check("deposits", row);
    expect(expected.result()).toEqual({ rows: 3, differenceCount: 0, differences: [] });
  });

  it("differ by a value, by a row too many and by one too few, each told by its key", () => {
    const { expected, rows } = views(3);
    const [first, second] = rows;
    if (!first || !second) throw new Error("no rows");
    expected.check("deposits", first);
    expected.check("deposits", { ...second, amount: 7n });
    expected.check("deposits", { ...second, position: 99 });
    const { differences, differenceCount } = expected.result();
    expect(differenceCount).toBe(3);
    expect(differences).toEqual([
      expect.stringMatching(/^deposits row \["4"\]: .*amount/),
      'deposits has a row ["99"] that the log does not give',
      'deposits lacks the row ["5"]',
    ]);
  });

  it("are counted beyond those that are listed", () => {
    const { expected } = views(250);
    const { differences, differenceCount } = expected.result();
    expect(differenceCount).toBe(250);
    expect(differences).toHaveLength(100);
  });

  it("of a table that no projection writes are a fault of the program", () => {
    expect(() => views(1).expected.check("others", {})).toThrow("no projection for table others");
  });
});
