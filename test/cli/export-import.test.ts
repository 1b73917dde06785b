/** `export` and `import` on real files: the copy is the log, and nothing but a whole file becomes one. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { gzipSync, zstdCompressSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EXIT } from "../../adapters/cli/exit-codes.ts";
import { acquireLock } from "../../adapters/event-store/lock.ts";
import { openSqliteEventStore } from "../../adapters/event-store/sqlite.ts";
import { MAX_LINE_BYTES } from "../../domain/application/audit/log-file.ts";
import { LAUNCHER } from "../support/engine-process.ts";
import { linesOf, sealed, textOf } from "../support/log-file-text.ts";
import { createLogWriter, type LogWriter } from "../support/log-writer.ts";
import { SOL } from "../support/order-samples.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { run } from "./harness.ts";

const folder = temporaryFolder();
const NOBODY = ["--http", "127.0.0.1:1"];
const from = (name: string) => ["--data", folder.file(name)];

function someLog(): LogWriter {
  const log = createLogWriter();
  log.openAccount("main", [{ mint: SOL, amount: "100000000000", cost: "15000000000" }]);
  log.openAccount("desk", [{ mint: SOL, amount: "100000000000" }]);
  for (const outcome of ["filled", "slippage", "no-route", "cancelled"] as const) {
    log.order({ outcome, request: { metadata: { note: 'ł🚀 "=1+1"' } } }).finish();
  }
  log.order({ request: { account: "desk" } }).finish();
  log.deposit("main", { mint: SOL, amount: "1000000" });
  log.order({ delayMs: 1_000 }).step();
  for (const life of ["second-try", "void"] as const) log.live(life).finish();
  return log;
}

async function write(log: LogWriter, name = "log"): Promise<void> {
  mkdirSync(folder.file(name), { recursive: true });
  const store = await openSqliteEventStore({ file: folder.file(`${name}/log.db`) });
  await log.appendTo(store);
  await store.close();
}

/** The lines of an export, without their ends. */
async function exported(args: readonly string[] = [], name = "log"): Promise<string[]> {
  const ran = await run(["export", ...from(name), ...args]);
  expect(ran).toMatchObject({ code: EXIT.ok, err: "" });
  expect(ran.out.endsWith("\n")).toBe(true);
  return ran.out.split("\n").slice(0, -1);
}

async function importOf(content: string | Uint8Array, name = "copy") {
  const file = folder.file("log.jsonl");
  writeFileSync(file, content);
  const ran = await run(["import", "--verify", file, ...from(name)]);
  return { ...ran, file };
}

/** What stands in the file, as a database tells it. */
function rowsOf(name: string): unknown[] {
  const db = new DatabaseSync(folder.file(`${name}/log.db`), { readOnly: true });
  try {
    return db.prepare("SELECT * FROM events ORDER BY position").all();
  } finally {
    db.close();
  }
}

describe("export and import", () => {
  it("make the same log again, byte by byte, and the same file of it", async () => {
    const log = someLog();
    await write(log);
    const lines = await exported();
    expect(lines).toEqual(linesOf(log.stored));
    const { code, out, err } = await importOf(textOf(lines));
    expect({ code, err }).toEqual({ code: EXIT.ok, err: "" });
    expect(out).toMatch(new RegExp(`^${log.stored.length} events in 13 streams, .*all hashes fit`));
    expect(rowsOf("copy")).toEqual(rowsOf("log"));
    expect(await exported([], "copy")).toEqual(lines);
    expect((await run(["verify", ...from("copy")])).code).toBe(EXIT.ok);
    const replayed = await run(["replay", "--all", "--json", ...from("copy"), ...NOBODY]);
    expect(replayed.json()[0]).toMatchObject({ ok: true, events: log.stored.length, orders: 8 });
  });

  it("take logs of many batches and larger events", async () => {
    const log = createLogWriter();
    log.openAccount("main", []);
    for (let n = 0; n < 9_000; n++) log.deposit("main", { mint: SOL, amount: String(n + 1) });
    const note = "x".repeat(250);
    const keys = Array.from({ length: 16 }, (_, n) => [`key-${n}`, note]);
    for (let n = 0; n < 100; n++) {
      log.order({ request: { metadata: Object.fromEntries(keys) } }).finish();
    }
    // Append by append takes longer.
    const lines = linesOf(log.stored);
    expect((await importOf(textOf(lines))).code).toBe(EXIT.ok);
    expect(await exported([], "copy")).toEqual(lines);
  });

  it("is one JSON object for programs", async () => {
    const log = someLog();
    await write(log);
    const out = folder.file("out.jsonl");
    const written = await run(["export", "--json", "--out", out, ...from("log")]);
    const events = log.stored.length;
    expect(written.json()).toEqual([
      { out, logId: log.logId, events, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
    ]);
    expect(readFileSync(out, "utf8")).toBe(textOf(await exported()));
    const ran = await run(["import", "--json", "--verify", out, ...from("copy")]);
    expect(ran.json()).toEqual([
      {
        ...{ ok: true, log: folder.file("copy/log.db"), logId: log.logId, events, streams: 13 },
        ...{ elapsedMs: expect.any(Number), filters: {} },
      },
    ]);
  });
});

describe("export", () => {
  it("chooses by order, account and time", async () => {
    const log = someLog();
    await write(log);
    const streams = async (...args: string[]) =>
      (await exported(args)).slice(1, -1).map((line) => String(JSON.parse(line).stream));
    const desk = log.recorded.filter(({ event }) => event.type === "OrderRequested")[4]?.stream;
    expect(new Set(await streams("--account", "desk"))).toEqual(new Set(["account-desk", desk]));
    // A live account has no stream of its own; the evidence of its orders goes with them.
    const live = new Set(await streams("--account", "hot"));
    expect([...live].map((stream) => stream.split("-")[0]).sort()).toEqual([
      ...["evidence", "evidence", "order", "order"],
    ]);
    const orderId = desk?.slice("order-".length) ?? "";
    expect(await streams("--order", orderId)).toHaveLength(6);
    const byId = await exported(["--order", orderId]);
    // Request ids count every command of the writer: two accounts, four orders, this one.
    expect(await exported(["--order", "r-7"])).toEqual(byId);
    expect(JSON.parse(byId[0] ?? "")).toMatchObject({
      filters: { order: orderId },
      complete: false,
    });
    expect(await streams("--from", "2026-01-01T00:00:01Z")).toEqual([]);
    const all = log.stored.length;
    expect(await streams("--to", "2026-01-01T00:00:01Z")).toHaveLength(all);
    const at = "2026-01-01T00:00:00.005000Z";
    const [before, after] = [await streams("--to", at), await streams("--from", at)];
    expect([before.length, after.length]).toEqual([4, all - 4]);
  });

  it.each<[string[], number, string]>([
    [["--account", "nobody"], EXIT.notFound, "there is no account nobody in this log"],
    [["--account", "no/body"], EXIT.usage, "is no name of an account"],
    [["--order", "nothing"], EXIT.notFound, "there is no order nothing in this log"],
    [["--order", "a b"], EXIT.usage, "is neither an order id nor a request id"],
    [["--from", "yesterday"], EXIT.usage, "--from"],
    [["--from", "2026-01-02", "--to", "2026-01-01"], EXIT.usage, "--from must be before --to"],
    [["--format", "xml"], EXIT.usage, "--format must be jsonl or csv"],
    [["--out", "/does/not/exist/x"], EXIT.usage, "cannot be written"],
  ])("%j is refused", async (args, code, sentence) => {
    await write(someLog());
    const ran = await run(["export", ...args, ...from("log")]);
    expect(ran.err).toContain(sentence);
    expect(ran).toMatchObject({ code, out: "" });
  });

  it("never overwrites, and leaves no file of a damaged log", async () => {
    await write(someLog());
    const out = folder.file("there.jsonl");
    writeFileSync(out, "mine");
    const there = await run(["export", "--out", out, ...from("log")]);
    expect(there.code).toBe(EXIT.usage);
    expect(readFileSync(out, "utf8")).toBe("mine");
    const db = new DatabaseSync(folder.file("log/log.db"));
    db.exec(`DROP TRIGGER events_never_change; UPDATE events SET
      data = CAST(replace(CAST(data AS TEXT), '224248125', '224248126') AS BLOB)
      WHERE type = 'OrderFilled'`);
    db.close();
    const other = folder.file("new.jsonl");
    const damaged = await run(["export", "--out", other, ...from("log")]);
    expect(damaged.code).toBe(EXIT.failed);
    expect(damaged.err).toContain("do not fit its hash; see `orderstream verify`");
    expect(existsSync(other)).toBe(false);
  });

  it("writes a table with --format csv", async () => {
    const log = someLog();
    await write(log);
    const rows = await exported(["--format", "csv"]);
    expect(rows).toHaveLength(log.stored.length + 1);
    expect(rows[0]).toContain("time,position,stream,revision,type,order_id");
    expect(rows.every((row) => row.endsWith("\r"))).toBe(true);
  });

  it("ends quietly when nobody reads on", async () => {
    const log = createLogWriter();
    log.openAccount("main", []);
    // More than a pipe holds.
    for (let n = 0; n < 3_000; n++) log.deposit("main", { mint: SOL, amount: "1" });
    expect((await importOf(textOf(linesOf(log.stored)))).code).toBe(EXIT.ok);
    const child = spawn(process.execPath, [LAUNCHER, "export", ...from("copy")], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    let errors = "";
    child.stderr.on("data", (chunk: Buffer) => {
      errors += chunk.toString();
    });
    await once(child.stdout, "data");
    child.stdout.destroy();
    const [code] = await once(child, "exit");
    expect({ code, errors }).toEqual({ code: EXIT.ok, errors: "" });
  });
});

describe("import refuses", () => {
  /** The file's lines, changed. */
  const changed = (change: (lines: string[]) => readonly string[]): string => {
    return textOf(change(linesOf(someLog().stored)));
  };

  it.each<[string, (lines: string[]) => readonly string[], RegExp]>([
    ["an empty file", () => [], /line 1: it is empty/],
    ["another file", () => ["hello"], /line 1: is not the header of an exported log/],
    [
      "a newer format",
      ([head = "", ...rest]) => [head.replace(":1", ":2"), ...rest],
      /line 1: says format version 2.*newer program/,
    ],
    [
      "no trailer",
      (lines) => lines.slice(0, -1),
      /line \d+: its last line, the trailer, is missing: the file was cut off/,
    ],
    ["a file that goes on", (lines) => [...lines, "x"], /line \d+: stands after the last line/],
    [
      "an edited amount",
      (lines) => lines.with(2, lines[2]?.replace("100000000000", "100000000001") ?? ""),
      /line 3: account-main@0: its bytes do not fit its hash: it was changed/,
    ],
    [
      "moved lines",
      (lines) => lines.with(5, lines[6] ?? "").with(6, lines[5] ?? ""),
      /line [67]: order-/,
    ],
    [
      "a line twice",
      (lines) => lines.toSpliced(6, 0, lines[6] ?? ""),
      /line 8: order-.*stands here again/,
    ],
    [
      "a line less",
      (lines) => lines.toSpliced(5, 1),
      /line 6: order-.*revision 1 should stand here, and 2 does/,
    ],
    ["a stream's end less", (lines) => lines.toSpliced(-2, 1), /line \d+: counts \d+ events/],
    ["no JSON", (lines) => lines.with(4, "{"), /line 5: is not JSON/],
    [
      "a line too long",
      (lines) => lines.with(4, "x".repeat(MAX_LINE_BYTES + 1)),
      /line 5: is longer than \d+ bytes/,
    ],
    [
      "another program's event",
      (lines) =>
        sealed(
          lines.slice(0, -1).with(2, lines[2]?.replace("AccountOpened", "AccountMerged") ?? ""),
        ),
      /line 3: .*a newer one wrote it/,
    ],
    ["no events", ([head = ""]) => sealed([head]), /line 3: it holds no events/],
  ])("%s, with the line's number", async (_, change, sentence) => {
    const { code, err, out, file } = await importOf(changed(change));
    expect(err).toMatch(sentence);
    expect(err).toContain(`orderstream: ${file}, line `);
    expect(err).toContain("Nothing was imported.");
    expect({ code, out }).toEqual({ code: EXIT.failed, out: "" });
    expect(readdirSync(folder.file("copy"))).toEqual(["lock.db"]);
  });

  it("a last line without its end, and text that is none", async () => {
    const text = changed((lines) => lines);
    expect((await importOf(text.slice(0, -1))).err).toContain(
      "has no line end: the file was cut off",
    );
    const bytes = Buffer.from(text);
    bytes[bytes.indexOf("main")] = 0xff;
    expect((await importOf(bytes)).err).toContain("is not UTF-8 text");
    for (const packed of [gzipSync(text), zstdCompressSync(text), "BZh9", "PK\u0003\u0004"]) {
      const ran = await importOf(packed);
      expect([ran.code, ran.err]).toEqual([
        EXIT.usage,
        expect.stringContaining("cannot be read: it is compressed: unpack it first"),
      ]);
    }
    expect(readdirSync(folder.file("copy"))).toEqual(["lock.db"]);
  });

  it("any flipped bit, and takes the file when it is flipped back", async () => {
    const bytes = Buffer.from(changed((lines) => lines));
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length - 1), fc.nat(7), async (at, bit) => {
        const flipped = Buffer.from(bytes);
        flipped[at] = (flipped[at] ?? 0) ^ (1 << bit);
        const { code, err } = await importOf(flipped);
        expect(code).toBe(EXIT.failed);
        expect(err).toMatch(/line \d+: /);
        expect(readdirSync(folder.file("copy"))).toEqual(["lock.db"]);
      }),
      { numRuns: 10 },
    );
    expect((await importOf(bytes)).code).toBe(EXIT.ok);
  });

  it("a part that begins in the middle of a stream, and takes one that ends early", async () => {
    await write(someLog());
    const at = "2026-01-01T00:00:00.005000Z";
    const late = await importOf(textOf(await exported(["--from", at])));
    expect(late.err).toMatch(/line 2: order-[0-9a-f-]+ begins with revision 1, in its middle/);
    expect(late.err).toContain(`--from ${at}`);
    const account = await importOf(textOf(await exported(["--account", "desk"])));
    expect(account.err).toContain("does not begin with LogCreated");
    const early = await importOf(textOf(await exported(["--to", at])));
    expect(early.out).toContain(`note: the file holds the log only --to ${at}`);
    expect(early.code).toBe(EXIT.ok);
    expect(rowsOf("copy")).toEqual(rowsOf("log").slice(0, 4));
  });

  it("a folder with a log, with anything that an engine made, or with a running engine", async () => {
    const text = changed((lines) => lines);
    await write(someLog());
    const before = rowsOf("log");
    const used = await importOf(text, "log");
    expect(used.code).toBe(EXIT.store);
    expect(used.err).toContain("is not empty: it holds log.db. Name an empty or a new folder.");
    expect(rowsOf("log")).toEqual(before);
    mkdirSync(folder.file("views"));
    writeFileSync(folder.file("views/views.db"), "");
    expect((await importOf(text, "views")).err).toContain("it holds views.db");
    const lock = acquireLock(folder.file("busy/lock.db"));
    try {
      const busy = await importOf(text, "busy");
      expect(busy.code).toBe(EXIT.store);
      expect(busy.err).toContain("is using this data folder");
    } finally {
      lock.release();
    }
  });

  it("nothing for a draft that a killed import left", async () => {
    const text = changed((lines) => lines);
    mkdirSync(folder.file("copy"));
    const draft = await openSqliteEventStore({ file: folder.file("copy/log-import.db") });
    await createLogWriter().appendTo(draft);
    await draft.close();
    expect((await importOf(text)).code).toBe(EXIT.ok);
    expect(readdirSync(folder.file("copy")).sort()).toEqual(["lock.db", "log.db"]);
    expect(rowsOf("copy")).toHaveLength(someLog().stored.length);
  });

  it.each<[string[], string]>([
    [[], "name the file with --verify FILE"],
    [
      ["--verify", "/does/not/exist"],
      "--verify /does/not/exist cannot be read: there is no such file\n",
    ],
    [["--verify", "."], "it is a folder"],
  ])("%j before it touches the folder", async (args, sentence) => {
    const ran = await run(["import", ...args, ...from("copy")]);
    expect(ran.code).toBe(EXIT.usage);
    expect(ran.err).toContain(sentence);
    expect(existsSync(folder.file("copy"))).toBe(false);
  });
});
