/** The read model contract over both adapters, and what only the file can get wrong. */
import { randomUUID } from "node:crypto";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, it } from "vitest";
import { createMemoryReadModel } from "../../adapters/read-model/memory.ts";
import { createSqliteReadModel } from "../../adapters/read-model/sqlite.ts";
import { ddlOf } from "../../adapters/read-model/sqlite-ddl.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { CONTRACT_TABLES, KINDS_TABLE, readModelContract } from "./read-model.contract.ts";

const folder = temporaryFolder();

function openFile(changes: { readonly logId?: string; readonly lines?: string[] } = {}) {
  return createSqliteReadModel({
    path: folder.file("views.db"),
    tables: CONTRACT_TABLES,
    logId: changes.logId ?? "log-1",
    newId: randomUUID,
    log: (line) => changes.lines?.push(line),
  });
}

readModelContract("memory", async () => {
  const model = createMemoryReadModel({ tables: CONTRACT_TABLES, targetId: randomUUID() });
  return { model, dispose: () => model.close() };
});

readModelContract("sqlite", async () => {
  const model = openFile();
  return { model, dispose: () => model.close() };
});

const ROW = {
  table: "kinds",
  values: { name: "a", seq: 1, tag: "t", units: 1n, price: "1", flag: true, at: 1 },
};

describe("views in a file", () => {
  it("keeps rows and target id when opened again, and never logs a word", async () => {
    const lines: string[] = [];
    const first = openFile({ lines });
    await first.write([ROW]);
    await first.flush();
    await first.close();
    await first.close();
    const second = openFile({ lines });
    expect(second.targetId).toBe(first.targetId);
    expect(await second.scan("kinds", undefined, 9)).toEqual([ROW.values]);
    await second.close();
    expect(lines).toEqual([]);
  });

  it("is made anew under another target id when it was deleted", async () => {
    const first = openFile();
    await first.write([ROW]);
    await first.close();
    rmSync(folder.file("views.db"));
    const second = openFile();
    expect(second.targetId).not.toBe(first.targetId);
    expect(await second.scan("kinds", undefined, 9)).toEqual([]);
    await second.close();
  });

  it.each([
    ["garbage", (path: string) => writeFileSync(path, "garbage ".repeat(2_000))],
    ["half a file", (path: string) => writeFileSync(path, readFileSync(path).subarray(0, 5_000))],
    [
      "a database of another program",
      (path: string) => {
        rmSync(path);
        const other = new DatabaseSync(path);
        other.exec("CREATE TABLE mine (id INTEGER)");
        other.close();
      },
    ],
  ])("is made anew with one line when it is %s", async (_, damage) => {
    const first = openFile();
    await first.write([ROW]);
    await first.close();
    damage(folder.file("views.db"));
    const lines: string[] = [];
    const second = openFile({ lines });
    expect(second.targetId).not.toBe(first.targetId);
    expect(lines).toEqual([expect.stringContaining("made anew from the log")]);
    await second.write([ROW]);
    expect(await second.scan("kinds", undefined, 9)).toHaveLength(1);
    await second.close();
  });

  it("is made anew for another log", async () => {
    const first = openFile();
    await first.write([ROW]);
    await first.close();
    const lines: string[] = [];
    const second = openFile({ logId: "log-2", lines });
    expect(await second.scan("kinds", undefined, 9)).toEqual([]);
    expect(lines).toEqual([expect.stringContaining("another log")]);
    await second.close();
  });

  it("heals damage found while it is open: the call fails, the target changes", async () => {
    const first = openFile();
    const rows = Array.from({ length: 3_000 }, (_, seq) => ({
      ...ROW,
      values: { ...ROW.values, seq, tag: "x".repeat(100) },
    }));
    await first.write(rows);
    await first.close();
    const path = folder.file("views.db");
    const bytes = readFileSync(path);
    bytes.fill(0xff, Math.floor(bytes.length / 2));
    writeFileSync(path, bytes);
    const lines: string[] = [];
    const second = openFile({ lines });
    expect(second.targetId).toBe(first.targetId);
    await expect(second.scan("kinds", undefined, 5_000)).rejects.toThrow();
    expect(second.targetId).not.toBe(first.targetId);
    expect(lines).toEqual([expect.stringContaining("damaged")]);
    await second.write(rows);
    expect(await second.scan("kinds", undefined, 5_000)).toHaveLength(3_000);
    await second.close();
  });

  it("leaves no side files behind", async () => {
    const model = openFile();
    await model.write([ROW]);
    expect(existsSync(folder.file("views.db-wal"))).toBe(true);
    await model.close();
    expect(existsSync(folder.file("views.db-wal"))).toBe(false);
    await model.flush();
  });
});

it("prints a table's DDL", () => {
  expect(ddlOf({ table: KINDS_TABLE, name: "kinds_v3_g7" })).toEqual([
    'CREATE TABLE IF NOT EXISTS "kinds_v3_g7" (\n  "name" TEXT NOT NULL,\n' +
      '  "seq" INTEGER NOT NULL,\n' +
      '  "tag" TEXT,\n  "units" TEXT,\n  "price" TEXT,\n  "flag" INTEGER,\n  "at" INTEGER,\n' +
      '  PRIMARY KEY ("name", "seq")\n) STRICT',
    'CREATE INDEX IF NOT EXISTS "kinds_v3_g7_by_at" ON "kinds_v3_g7" ("at")',
  ]);
});
