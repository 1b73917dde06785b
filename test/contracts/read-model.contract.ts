/** What every read model must do, as tests. Run by `read-model.test.ts` over each adapter. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type {
  HistoryCursor,
  ReadModel,
  Row,
  TableDefinition,
} from "../../domain/ports/read-model.ts";
import type { AccountId, Mint } from "../../domain/primitives/ids.ts";
import { VIEW_TABLES } from "../../projections/registry.ts";

/** One table with every column type and a key of text and number. */
export const KINDS_TABLE: TableDefinition = {
  name: "kinds",
  version: 3,
  columns: {
    name: "text",
    seq: "integer",
    tag: "symbol",
    units: "amount",
    price: "decimal",
    flag: "boolean",
    at: "timestamp",
  },
  key: ["name", "seq"],
  timestamp: "at",
  indexes: [["at"]],
};

export const CONTRACT_TABLES = [...VIEW_TABLES, KINDS_TABLE];

const MAIN = "main" as AccountId;
const MINT_A = "mint-a" as Mint;

const kind = (name: string, seq: number, changes: Row["values"] = {}): Row => ({
  table: "kinds",
  values: { name, seq, tag: "t", units: 1n, price: "1.5", flag: true, at: 1, ...changes },
});

const order = (order_id: string, requested_at: number, changes: Row["values"] = {}): Row => ({
  table: "orders",
  values: {
    order_id,
    request_id: `r-${order_id}`,
    account: "main",
    mode: "PAPER",
    action: "BUY",
    base_mint: "mint-a",
    quote_mint: "mint-b",
    status: "FILLED",
    amount_in: 1n,
    amount_out: 2n,
    price: "2",
    fees_lamports: 5_000n,
    error_reason: "",
    error_message: "",
    tx_signature: "sim",
    source_service: "s",
    requested_at,
    updated_at: requested_at,
    revision: 5,
    hash: "h",
    attempts: 1,
    provisional: false,
    slot: null,
    wallet: "",
    ...changes,
  },
});

const position = (mint: string, seq: number, clock: number, account = "main"): Row => ({
  table: "positions",
  values: {
    account,
    mint,
    seq,
    stream: "s",
    revision: seq,
    clock,
    quantity: BigInt(seq),
    costed_quantity: 0n,
    cost: 0n,
    realised: -1n,
    fees_paid_lamports: 0n,
    trades: 0,
  },
});

const trade = (trade_id: string, timestamp: number, changes: Row["values"] = {}): Row => ({
  table: "trades",
  values: {
    timestamp,
    trade_id,
    request_id: `r-${trade_id}`,
    revision: 5,
    trader_id: "main",
    mode: "PAPER",
    is_simulated: false,
    action: "BUY",
    base_token: "mint-a",
    quote_token: "cost",
    amount: 1n,
    price: "2",
    slippage: "50.00",
    fee: 0n,
    priority_fee: 0n,
    transfer_fee: 0n,
    tx_signature: "sim",
    latency_ms: 1,
    mev_protected: false,
    source_service: "s",
    execution_time_ms: 1,
    confirmation_time_ms: 0,
    amount_in: 2n,
    amount_out: 1n,
    ...changes,
  },
});

const ids = (rows: readonly Row["values"][]): unknown[] => rows.map((row) => row.order_id);

export function readModelContract(
  name: string,
  make: () => Promise<{ readonly model: ReadModel; readonly dispose: () => Promise<void> }>,
): void {
  describe(`read model contract: ${name}`, () => {
    let model: ReadModel;
    let dispose: () => Promise<void>;
    beforeEach(async () => {
      ({ model, dispose } = await make());
    });
    afterEach(() => dispose());

    const scanAll = (table: string) => model.scan(table, undefined, 1_000);

    it("has a target id", () => {
      expect(model.targetId).toMatch(/.{8,}/);
    });

    it("gives back every type exactly", async () => {
      const rows = [
        kind("u64", 0, { units: 18_446_744_073_709_551_615n, at: 1_767_225_600_123_456 }),
        kind("negative", 1, { units: -(2n ** 90n), price: "0.000000000000000001", flag: false }),
        kind("nothing", Number.MAX_SAFE_INTEGER, {
          tag: null,
          units: null,
          price: null,
          flag: null,
          at: null,
        }),
        kind("ł🚀 \"'\n\\ ", 0, { tag: "", price: "" }),
      ];
      await model.write(rows);
      const found = await scanAll("kinds");
      expect(found).toHaveLength(4);
      expect(found).toEqual(expect.arrayContaining(rows.map(({ values }) => values)));
    });

    it("takes the same batch twice as once", async () => {
      const batch = [kind("a", 1), kind("b", 1), order("o", 1)];
      await model.write(batch);
      const once = [await scanAll("kinds"), await scanAll("orders")];
      await model.write(batch);
      expect([await scanAll("kinds"), await scanAll("orders")]).toEqual(once);
      expect(once.map((rows) => rows.length)).toEqual([2, 1]);
    });

    it("replaces the row under a key, the last of a batch wins", async () => {
      await model.write([kind("a", 1, { units: 1n }), kind("a", 1, { units: 2n })]);
      await model.write([kind("a", 2, { units: 3n }), kind("a", 1, { units: null })]);
      const units = (await scanAll("kinds")).map((row) => row.units);
      expect(units).toEqual([null, 3n]);
    });

    it.each([
      ["an unknown table", { table: "nowhere", values: {} }],
      ["a number for an amount", kind("z", 1, { units: 5 })],
      ["a missing column", { table: "kinds", values: { name: "z", seq: 1 } }],
      ["a null in the key", kind("z", 1, { seq: null })],
    ] as [string, Row][])("writes nothing of a batch with %s", async (_, bad) => {
      await model.write([kind("a", 1)]);
      await expect(model.write([kind("b", 1), order("o", 1), bad])).rejects.toThrow();
      expect((await scanAll("kinds")).map((row) => row.name)).toEqual(["a"]);
      expect(await scanAll("orders")).toEqual([]);
      await model.write([kind("c", 1)]);
      expect(await scanAll("kinds")).toHaveLength(2);
    });

    it("scans in key order, page by page: text by its bytes, numbers by value", async () => {
      const names = ["b", "a", "", "Z", "é", "\u{ffff}", "🚀"];
      await model.write(names.flatMap((text) => [10, 9, 100].map((seq) => kind(text, seq))));
      const pages: unknown[] = [];
      let after: readonly [string, number] | undefined;
      for (;;) {
        const page = await model.scan("kinds", after, 4);
        pages.push(...page.map((row) => `${String(row.name)} ${String(row.seq)}`));
        const last = page.at(-1);
        if (!last) break;
        after = [String(last.name), Number(last.seq)];
      }
      const sorted = ["", "Z", "a", "b", "é", "\u{ffff}", "🚀"];
      expect(pages).toEqual(sorted.flatMap((text) => [9, 10, 100].map((seq) => `${text} ${seq}`)));
    });

    it("shows the history newest first, ties by order id downwards", async () => {
      await model.write([order("b", 5), order("d", 5), order("a", 9), order("c", 5)]);
      expect(ids((await model.history({ limit: 10 })).rows)).toEqual(["a", "d", "c", "b"]);
      expect(ids((await model.history({ limit: 2 })).rows)).toEqual(["a", "d"]);
    });

    it("filters the history", async () => {
      await model.write([
        order("1", 1),
        order("2", 2, { account: "other" }),
        order("3", 3, { base_mint: "mint-c" }),
        order("4", 4, { base_mint: "mint-c", quote_mint: "mint-a" }),
        order("5", 5, { mode: "LIVE" }),
        order("6", 6, { status: "FAILED", amount_in: null, price: "" }),
      ]);
      const by = async (filter: Omit<Parameters<ReadModel["history"]>[0], "limit">) =>
        ids((await model.history({ ...filter, limit: 10 })).rows);
      expect(await by({ account: "other" as AccountId })).toEqual(["2"]);
      expect(await by({ mint: MINT_A })).toEqual(["6", "5", "4", "2", "1"]);
      expect(await by({ mode: "LIVE" })).toEqual(["5"]);
      expect(await by({ status: "FAILED" })).toEqual(["6"]);
      expect(await by({ fromUs: 2, toUs: 5 })).toEqual(["4", "3", "2"]);
      expect(
        await by({ account: MAIN, mint: MINT_A, mode: "PAPER", status: "FILLED", fromUs: 2 }),
      ).toEqual(["4"]);
      expect(await by({ account: "it's" as AccountId })).toEqual([]);
    });

    it("says where a page ends and whether there is more behind it", async () => {
      await model.write([order("a", 1), order("b", 2), order("c", 2)]);
      const page = (limit: number) => model.history({ limit });
      expect((await page(2)).next).toEqual({ requestedAtUs: 2, orderId: "b" });
      expect((await page(3)).next).toBeUndefined();
      expect(await model.history({ limit: 3, status: "EXPIRED" })).toEqual({
        rows: [],
        next: undefined,
      });
    });

    it("counts an order once whose mints are the same", async () => {
      await model.write([order("a", 1, { base_mint: "mint-c", quote_mint: "mint-c" })]);
      expect(ids((await model.history({ mint: "mint-c" as Mint, limit: 9 })).rows)).toEqual(["a"]);
    });

    it("pages without gap or repeat while rows are added and replaced", async () => {
      const all = Array.from({ length: 25 }, (_, i) => order(`o-${i}`, Math.floor(i / 4)));
      await model.write(all);
      const seen: unknown[] = [];
      let after: HistoryCursor | undefined;
      for (let newer = 100; ; newer++) {
        const page = await model.history({ account: MAIN, limit: 7, ...(after && { after }) });
        seen.push(...ids(page.rows));
        after = page.next;
        if (!after) break;
        await model.write([order(`new-${newer}`, newer), order("o-3", 0, { revision: newer })]);
      }
      expect(seen).toHaveLength(25);
      expect(new Set(seen)).toEqual(new Set(all.map(({ values }) => values.order_id)));
    });

    it("knows the positions of one account, now and as of a time", async () => {
      await model.write([
        position("mint-b", 0, 10),
        position("mint-a", 0, 10),
        position("mint-a", 1, 20),
        position("mint-a", 2, 20),
        position("mint-a", 10, 30),
        position("mint-a", 9, 30),
        position("mint-c", 0, 40, "other"),
      ]);
      const at = async (asOfUs?: number) =>
        (await model.positions(MAIN, asOfUs)).map(
          (row) => `${String(row.mint)} ${String(row.seq)}`,
        );
      expect(await at()).toEqual(["mint-a 10", "mint-b 0"]);
      expect(await at(30)).toEqual(["mint-a 10", "mint-b 0"]);
      expect(await at(29)).toEqual(["mint-a 2", "mint-b 0"]);
      expect(await at(10)).toEqual(["mint-a 0", "mint-b 0"]);
      expect(await at(9)).toEqual([]);
      expect((await model.positions(MAIN))[0]).toEqual(position("mint-a", 10, 30).values);
    });

    it("knows the first change of an account", async () => {
      await model.write([
        position("mint-b", 0, 12),
        position("mint-a", 0, 30),
        position("mint-b", 1, 40),
        position("mint-c", 0, 5, "other"),
      ]);
      expect(await model.firstPositionUs(MAIN)).toBe(12);
      expect(await model.firstPositionUs("other" as AccountId)).toBe(5);
      expect(await model.firstPositionUs("nobody" as AccountId)).toBeUndefined();
    });

    it("gives the positions of a mint at times, each once", async () => {
      await model.write([
        position("mint-a", 9, 30),
        position("mint-a", 10, 30),
        ...[0, 1, 2, 3].map((seq) => position("mint-a", seq, seq * 5)),
        position("mint-b", 0, 6),
        position("mint-a", 99, 6, "other"),
      ]);
      const at = async (...timesUs: number[]) =>
        (await model.positionsAt({ account: MAIN, mint: MINT_A, timesUs })).map((row) => row.seq);
      expect(await at(4, 5, 6, 9, 29, 30, 31)).toEqual([0, 1, 3, 10]);
      expect(await at(12)).toEqual([2]);
      expect(await at(-1)).toEqual([]);
      expect(await at()).toEqual([]);
      const rows = await model.positionsAt({ account: MAIN, mint: MINT_A, timesUs: [30] });
      expect(rows).toEqual([position("mint-a", 10, 30).values]);
    });

    it("gives the last trades of a pair at times: both directions, no simulated ones", async () => {
      await model.write([
        trade("t-1", 10),
        trade("t-2", 20, { base_token: "cost", quote_token: "mint-a", action: "SWAP" }),
        trade("t-3", 25, { is_simulated: true }),
        trade("t-4", 26, { quote_token: "mint-b" }),
        trade("t-6", 30, { base_token: "cost", quote_token: "mint-a", trader_id: "other" }),
        trade("t-5", 30),
        trade("t-8", 40),
        trade("t-7", 40, { base_token: "cost", quote_token: "mint-a" }),
      ]);
      const pair = { mint: MINT_A, costMint: "cost" as Mint };
      const at = async (...timesUs: number[]) =>
        (await model.lastTrades({ ...pair, timesUs })).map((row) => row.trade_id);
      expect(await at(9)).toEqual([]);
      expect(await at(10, 12, 19, 29)).toEqual(["t-1", "t-2"]);
      expect(await at(30)).toEqual(["t-6"]);
      expect(await at(0, 25, 35, 41, 50)).toEqual(["t-2", "t-6", "t-8"]);
      const rows = await model.lastTrades({ ...pair, timesUs: [10] });
      expect(rows).toEqual([trade("t-1", 10).values]);
    });

    describe("staging", () => {
      const names = async (table = "kinds") => (await scanAll(table)).map((row) => row.name);

      it("is not seen before it is promoted, then takes the place of what was there", async () => {
        await model.write([kind("old", 1), order("o", 1)]);
        await model.staging.begin(["kinds"]);
        await model.staging.write([kind("new", 1), kind("new", 2)]);
        await model.write([kind("live", 1)]);
        expect(await names()).toEqual(["live", "old"]);
        await model.staging.promote();
        expect(await names()).toEqual(["new", "new"]);
        expect(ids(await scanAll("orders"))).toEqual(["o"]);
        await model.write([kind("after", 1)]);
        expect(await names()).toEqual(["after", "new", "new"]);
        await expect(model.staging.promote()).rejects.toThrow("nothing is staged");
      });

      it("promotes several tables and shows the history and the positions of the new ones", async () => {
        await model.write([order("old", 1), position("mint-a", 0, 1)]);
        await model.history({ limit: 1 });
        await model.staging.begin(["orders", "positions"]);
        await model.staging.write([order("new", 2), position("mint-b", 0, 2)]);
        await model.staging.promote();
        expect(ids((await model.history({ limit: 5 })).rows)).toEqual(["new"]);
        expect((await model.history({ account: MAIN, mint: MINT_A, limit: 5 })).rows).toHaveLength(
          1,
        );
        expect((await model.positions(MAIN)).map((row) => row.mint)).toEqual(["mint-b"]);
      });

      it("can be dropped, and begun again empty", async () => {
        await model.write([kind("old", 1)]);
        await model.staging.drop();
        for (let round = 0; round < 3; round++) {
          await model.staging.begin(["kinds"]);
          await model.staging.write([kind(`round-${round}`, 1)]);
          if (round === 1) await model.staging.drop();
        }
        expect(await names()).toEqual(["old"]);
        await model.staging.promote();
        expect(await names()).toEqual(["round-2"]);
      });

      it("takes all rows or none, of staged tables only", async () => {
        await model.staging.begin(["kinds"]);
        const bad = [order("o", 1), kind("z", 1, { units: 5 })];
        for (const row of bad) {
          await expect(model.staging.write([kind("a", 1), row])).rejects.toThrow();
        }
        await expect(model.staging.begin(["nowhere"])).rejects.toThrow("nowhere");
        await model.staging.begin(["kinds"]);
        await model.staging.promote();
        expect(await names()).toEqual([]);
        await expect(model.staging.write([kind("a", 1)])).rejects.toThrow();
      });
    });
  });
}
