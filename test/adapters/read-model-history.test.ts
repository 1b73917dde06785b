/** The SQL of the history: no combination of filters reads or sorts the whole table. */
import { DatabaseSync } from "node:sqlite";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createMemoryReadModel } from "../../adapters/read-model/memory.ts";
import {
  addParameters,
  ddlOf,
  type SqlValue,
  type StoredTable,
  upsertOf,
} from "../../adapters/read-model/sqlite-ddl.ts";
import {
  type Ask,
  endQueries,
  findHistory,
  leadersOf,
  rowsQuery,
} from "../../adapters/read-model/sqlite-history.ts";
import type {
  HistoryCursor,
  HistoryFilter,
  HistoryPage,
  Row,
} from "../../domain/ports/read-model.ts";
import type { AccountId, Mint } from "../../domain/primitives/ids.ts";
import { ORDERS_TABLE } from "../../projections/orders.ts";

const ORDERS: StoredTable = { table: ORDERS_TABLE, name: "orders_v3_g1" };

const order = (index: number, values: Partial<Row["values"]>): Row => ({
  table: "orders",
  values: {
    order_id: `o-${String(index).padStart(6, "0")}`,
    ...{ request_id: "r", account: "a", mode: "PAPER", action: "BUY", status: "FILLED" },
    ...{ base_mint: "sol", quote_mint: "usdc", amount_in: 1n, amount_out: 2n, price: "2" },
    ...{ fees_lamports: 1n, error_reason: "", error_message: "", tx_signature: "" },
    ...{ source_service: "s", requested_at: index, updated_at: index, revision: 1, hash: "h" },
    ...{ attempts: 1, provisional: false, slot: null, wallet: "" },
    ...values,
  },
});

const optional = <T>(values: readonly T[]) =>
  fc.option(fc.constantFrom(...values), { nil: undefined });
const filters: fc.Arbitrary<Omit<HistoryFilter, "limit" | "after">> = fc
  .record({
    account: optional(["a", "b", "nobody"] as AccountId[]),
    mint: optional(["sol", "usdc", "jup", "none"] as Mint[]),
    mode: optional(["PAPER", "LIVE"]),
    status: optional(["FILLED", "FAILED", "EXPIRED"]),
    fromUs: optional([0, 5, 20]),
    toUs: optional([10, 40]),
  })
  .map((filter) =>
    Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined)),
  );

type Find = (filter: HistoryFilter) => Promise<HistoryPage>;

/** All pages; also how many of them had fewer rows than they could have. */
async function pagesOf(find: Find, filter: Omit<HistoryFilter, "limit">, limit: number) {
  const ids: unknown[] = [];
  let short = 0;
  for (let after: HistoryCursor | undefined; ; ) {
    const page = await find({ ...filter, limit, ...(after && { after }) });
    expect(page.rows.length).toBeLessThanOrEqual(limit);
    ids.push(...page.rows.map((row) => row.order_id));
    after = page.next;
    if (!after) return { ids, short };
    if (page.rows.length < limit) short += 1;
  }
}

/** Every combination of filters that can lead. */
const COMBINATIONS: readonly HistoryFilter[] = Array.from({ length: 16 }, (_, choice) => ({
  ...(choice & 1 && { account: "a" as AccountId }),
  ...(choice & 2 && { mint: "sol" as Mint }),
  ...(choice & 4 && { mode: "PAPER" }),
  ...(choice & 8 && { status: "FILLED" }),
  limit: 1,
}));

describe("the history's SQL", () => {
  it("looks up places in an index, and never scans or sorts the table", () => {
    const database = new DatabaseSync(":memory:");
    for (const statement of ddlOf(ORDERS)) database.exec(statement);
    const plans = new Set<string>();
    const end = { requestedAtUs: 1, orderId: "" };
    const range = { upper: { requestedAtUs: 9, orderId: "" }, lower: end };
    for (const filter of COMBINATIONS) {
      for (const leader of leadersOf(filter)) {
        const queries = [
          rowsQuery(ORDERS, leader, { range, limit: 101 }),
          ...endQueries(ORDERS, leader, { range, entries: 9 }),
        ];
        for (const { sql, parameters } of queries) {
          const plan = database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...parameters);
          for (const { detail } of plan) plans.add(String(detail));
        }
      }
    }
    database.close();
    const searches = [...plans].filter((detail) => detail.startsWith("SEARCH"));
    // Seven indexes, each for rows and, covering, for the end of a step.
    expect(searches).toHaveLength(14);
    const place = "(requested_at,order_id)>(?,?) AND (requested_at,order_id)<(?,?))";
    for (const detail of searches) expect(detail).toContain(place);
    const others = [...plans].filter((detail) => !searches.includes(detail)).sort();
    expect(others).toEqual(["LEFT", "MERGE (UNION ALL)", "RIGHT"]);
  });

  it("finds in short steps what a search of everything finds", async () => {
    const database = new DatabaseSync(":memory:");
    for (const statement of ddlOf(ORDERS)) database.exec(statement);
    const upsert = database.prepare(upsertOf(ORDERS));
    const model = createMemoryReadModel({ tables: [ORDERS_TABLE], targetId: "t" });
    let seed = 7;
    const chance = <T>(...values: readonly T[]): T => {
      seed = (seed * 48_271) % 2_147_483_647;
      return values[seed % values.length] as T;
    };
    for (let index = 0; index < 120; index++) {
      const [base_mint, quote_mint] = chance(["sol", "usdc"], ["jup", "sol"], ["usdc", "jup"]);
      const row = order(index, {
        ...{
          base_mint,
          quote_mint,
          account: chance("a", "a", "b"),
          status: chance("FILLED", "FAILED"),
        },
        requested_at: Math.floor(index / 3),
      });
      await model.write([row]);
      const parameters: SqlValue[] = [];
      addParameters(parameters, ORDERS_TABLE, row.values);
      upsert.run(...parameters);
    }
    let short = 0;
    const ask: Ask = async (look) =>
      look(ORDERS, ({ sql, parameters }) => database.prepare(sql).all(...parameters));
    const breathe = () => Promise.resolve();
    await fc.assert(
      fc.asyncProperty(filters, fc.integer({ min: 1, max: 9 }), async (filter, limit) => {
        const steps = { entries: 4, most: 3 };
        const find: Find = (page) => findHistory(ask, page, { breathe, steps });
        const found = await pagesOf(find, filter, limit);
        expect(found.ids).toEqual((await pagesOf(model.history, filter, limit)).ids);
        short += found.short;
      }),
      { numRuns: 300 },
    );
    // The bound on steps was met.
    expect(short).toBeGreaterThan(0);
    database.close();
  });
});
