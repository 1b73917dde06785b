/** What every read model must do, as tests. Run by `read-model.test.ts` over each adapter. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ReadModel, Row, TableDefinition } from "../../domain/ports/read-model.ts";
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
    state_hash: "h",
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
      expect(ids(await model.history({ limit: 10 }))).toEqual(["a", "d", "c", "b"]);
      expect(ids(await model.history({ limit: 2 }))).toEqual(["a", "d"]);
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
        ids(await model.history({ ...filter, limit: 10 }));
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

    it("pages without gap or repeat while rows are added and replaced", async () => {
      const all = Array.from({ length: 25 }, (_, i) => order(`o-${i}`, Math.floor(i / 4)));
      await model.write(all);
      const seen: unknown[] = [];
      let after: { requestedAtUs: number; orderId: string } | undefined;
      for (let newer = 100; ; newer++) {
        const page = await model.history({ account: MAIN, limit: 7, ...(after && { after }) });
        const last = page.at(-1);
        if (!last) break;
        seen.push(...ids(page));
        after = { requestedAtUs: Number(last.requested_at), orderId: String(last.order_id) };
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
  });
}
