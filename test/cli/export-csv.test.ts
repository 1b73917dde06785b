/** Rows for spreadsheets: what is in them, how they are quoted, and that none of them is calculated. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CSV_HEAD, csvCell } from "../../adapters/cli/record/csv-table.ts";
import { createCsvRows } from "../../adapters/cli/record/export-csv.ts";
import { createMemoryEventStore } from "../../adapters/event-store/memory.ts";
import { codec } from "../support/given.ts";
import { SIGNATURES } from "../support/live-order-events.ts";
import { createLogWriter, type LogWriter } from "../support/log-writer.ts";
import { POLICY, SOL, USDC } from "../support/order-samples.ts";
import { randomLogs } from "../support/random-log.ts";

/** Reads RFC 4180, written without a look at the writer. */
function parseCsv(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let at = 0;
  while (at < text.length) {
    let cell = "";
    if (text[at] === '"') {
      at += 1;
      for (; text[at] !== '"' || text[at + 1] === '"'; at++) {
        if (text[at] === '"') at += 1;
        cell += text[at];
      }
      at += 1;
    } else {
      for (; text[at] !== "," && text[at] !== "\r"; at++) cell += text[at];
    }
    row.push(cell);
    if (text.startsWith("\r\n", at)) {
      rows.push(row);
      row = [];
      at += 2;
    } else {
      expect(text[at]).toBe(",");
      at += 1;
    }
  }
  return rows;
}

async function rowsOf(log: LogWriter): Promise<Record<string, string>[]> {
  const store = createMemoryEventStore();
  await log.appendTo(store);
  const rowOf = createCsvRows({ store, codec, tokens: [...POLICY.tokens.values()] });
  let text = CSV_HEAD;
  for (const stored of log.stored) text += await rowOf(stored);
  const [head = [], ...rows] = parseCsv(text);
  expect(rows.every(({ length }) => length === head.length)).toBe(true);
  return rows.map((row) =>
    Object.fromEntries(head.map((name, column) => [name, row[column] ?? ""])),
  );
}

describe("a cell", () => {
  it.each<[string, string]>([
    ["plain", "plain"],
    ["", ""],
    ["a,b", '"a,b"'],
    ['say "x"', '"say ""x"""'],
    ["two\nlines", '"two\nlines"'],
    ["=1+1", "'=1+1"],
    ["+1", "'+1"],
    ["@SUM(A1)", "'@SUM(A1)"],
    ["-1+cmd", "'-1+cmd"],
    ["-", "'-"],
    ["\t=1", "'\t=1"],
    ["\r=1", `"'\r=1"`],
    ['=HYPERLINK("x","y")', `"'=HYPERLINK(""x"",""y"")"`],
    // Numbers are numbers.
    ["-12.5", "-12.5"],
    ["-5", "-5"],
    ["1.5", "1.5"],
  ])("%j is written %j", (text, cell) => {
    expect(csvCell(text)).toBe(cell);
  });
});

describe("rows", () => {
  it("tell a live order: its signature, what failed, and its evidence", async () => {
    const log = createLogWriter();
    const orderId = log.live("second-try").finish();
    const rows = await rowsOf(log);
    const of = (type: string) => rows.find((row) => row.type === type);
    expect(of("AttemptSigned")).toMatchObject({
      ...{ order_id: orderId, account: "hot", attempt: "1", tx_signature: SIGNATURES[0] },
      ...{ base_fee_lamports: "5000", priority_fee_lamports: "10000", tip_lamports: "1000" },
    });
    expect(of("AttemptFailed")).toMatchObject({ reason: "SLIPPAGE_EXCEEDED", attempt: "1" });
    expect(of("OrderFilled")).toMatchObject({
      ...{ amount_out: "224.248125", tx_signature: SIGNATURES[1], rent_lamports: "2039280" },
    });
    expect(of("EvidenceRecorded")).toMatchObject({
      order_id: orderId,
      message: expect.stringMatching(
        /^quote of http:\/\/127\.0\.0\.1:7700: \d+ characters, sha256 /,
      ),
    });
  });

  it("tell a fill with whole tokens and smallest units", async () => {
    const log = createLogWriter();
    log.openAccount("main", [{ mint: SOL, amount: "100000000000" }]);
    const { orderId } = log.order();
    const open = log.order({ outcome: "poor", request: { amount: 900_000_000_000n } });
    open.finish();
    log.deposit("main", { mint: USDC, amount: "1500000" });
    const requested = (await rowsOf(log)).filter(({ order_id: id }) => id === orderId);
    expect(requested).toHaveLength(1);
    const filled = log.order();
    filled.finish();
    const rows = await rowsOf(log);
    const fill = rows.find(({ type }) => type === "OrderFilled");
    expect(fill).toMatchObject({
      order_id: filled.orderId,
      request_id: filled.state().request.requestId,
      account: "main",
      action: "SELL",
      base_mint: SOL,
      quote_mint: USDC,
      amount_in: "1.5",
      amount_in_units: "1500000000",
      amount_out: "224.248125",
      amount_out_units: "224248125",
      price: "149.49875",
      base_fee_lamports: "5000",
      slippage_bps: "50",
      attempt: "1",
      hash: filled.state().hash,
    });
    expect(fill?.time).toMatch(/^2026-01-01T00:00:00\.\d{6}Z$/);
    expect(rows.find(({ type }) => type === "OrderRejected")).toMatchObject({
      order_id: open.orderId,
      reason: "INSUFFICIENT_FUNDS",
    });
    expect(rows.find(({ type }) => type === "FundsDeposited")).toMatchObject({
      stream: "account-main",
      account: "main",
      order_id: "",
      mint: USDC,
      amount: "1.5",
      amount_units: "1500000",
    });
    expect(rows.find(({ type }) => type === "AccountOpened")).toMatchObject({ amount: "100" });
    expect(rows[0]).toMatchObject({ type: "LogCreated", position: "1", account: "" });
  });

  it("leave whole tokens empty where nobody knows the decimals", async () => {
    const log = createLogWriter();
    log.openAccount("main", []);
    log.deposit("main", {
      mint: "Unknown111111111111111111111111111111111111" as never,
      amount: "7",
    });
    expect((await rowsOf(log)).at(-1)).toMatchObject({ amount: "", amount_units: "7" });
  });

  it("of any log are read back as they are, and none is a formula", async () => {
    await fc.assert(
      fc.asyncProperty(randomLogs, async (log) => {
        const rows = await rowsOf(log);
        expect(rows.map(({ hash }) => hash)).toEqual(log.recorded.map(({ hash }) => hash));
        expect(rows.map(({ type }) => type)).toEqual(log.recorded.map(({ event }) => event.type));
        for (const cell of rows.flatMap((row) => Object.values(row))) {
          expect(cell).not.toMatch(/^[=+@\t\r]|^-(?!\d+(\.\d+)?$)/);
        }
      }),
      { numRuns: 40 },
    );
  });
});
