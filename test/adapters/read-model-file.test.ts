/** The views' file under a writing thread that dies, damage on either side, and generations. */
import { randomUUID } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import type { Worker } from "node:worker_threads";
import { describe, expect, it } from "vitest";
import { createSqliteReadModel } from "../../adapters/read-model/sqlite.ts";
import { openViewsReader } from "../../adapters/read-model/sqlite-reader.ts";
import type { Row, TableDefinition } from "../../domain/ports/read-model.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const folder = temporaryFolder();

const THINGS: TableDefinition = {
  name: "things",
  version: 1,
  columns: { id: "text", at: "timestamp", text: "text" },
  key: ["id"],
  timestamp: "at",
  indexes: [["at"]],
};
const OTHERS: TableDefinition = { ...THINGS, name: "others" };

type Changes = {
  readonly tables?: readonly TableDefinition[];
  readonly lines?: string[];
  readonly onMadeAnew?: () => void;
};

const openFile = ({ tables = [THINGS, OTHERS], lines = [], onMadeAnew }: Changes = {}) =>
  createSqliteReadModel({
    ...{ path: folder.file("views.db"), tables, logId: "log-1", newId: randomUUID },
    log: (line) => lines.push(line),
    ...(onMadeAnew && { onMadeAnew }),
  });

const thing = (id: string, table = "things"): Row => ({
  table,
  values: { id, at: 1, text: "x".repeat(100) },
});
const many = (count: number, prefix = "t"): Row[] =>
  Array.from({ length: count }, (_, i) => thing(`${prefix}-${String(i).padStart(6, "0")}`));

const idsOf = async (model: ReturnType<typeof openFile>, table = "things") =>
  (await model.scan(table, undefined, 100_000)).map((row) => row.id);

/** Names of the stored tables and indexes as another connection sees them. */
function stored(): readonly string[] {
  const database = new DatabaseSync(folder.file("views.db"), { readOnly: true });
  const names = database
    .prepare(
      "SELECT name FROM sqlite_schema WHERE name LIKE '%\\_g%' ESCAPE '\\' AND sql IS NOT NULL ORDER BY name",
    )
    .all();
  database.close();
  return names.map(({ name }) => String(name));
}

/** The next thread that is started. */
const nextThread = (): Promise<Worker> =>
  new Promise((resolve) => process.once("worker", (worker) => resolve(worker)));

describe("a writing thread that dies", () => {
  it("fails the write that it had, and is started again by the next one", async () => {
    const lines: string[] = [];
    const started = nextThread();
    const model = openFile({ lines });
    await model.write([thing("a")]);
    const { targetId } = model;
    const worker = await started;
    const lost = model.write(many(5_000));
    void worker.terminate();
    await expect(lost).rejects.toThrow("writing thread has stopped");
    expect(await idsOf(model)).toContain("a");
    await model.write(many(3));
    expect(await idsOf(model)).toEqual(expect.arrayContaining(["a", "t-000000", "t-000002"]));
    expect(model.targetId).toBe(targetId);
    await model.close();
    expect(lines).toEqual([]);
  });

  it("between two writes is not noticed", async () => {
    const started = nextThread();
    const model = openFile();
    await model.write([thing("a")]);
    await (await started).terminate();
    await model.write([thing("b")]);
    expect(await idsOf(model)).toEqual(["a", "b"]);
    await model.close();
  });

  it("writes all rows of a batch or none", async () => {
    for (let round = 0; round < 5; round++) {
      const started = nextThread();
      const model = openFile();
      await model.write([thing(`first-${round}`)]);
      const worker = await started;
      const lost = model.write(many(2_000, `round-${round}`)).then(
        () => 0,
        () => 0,
      );
      void worker.terminate();
      await lost;
      const found = (await idsOf(model)).filter((id) => String(id).startsWith(`round-${round}`));
      expect([0, 2_000]).toContain(found.length);
      await model.close();
    }
  });
});

describe("damage", () => {
  const damaged = async (): Promise<void> => {
    const first = openFile();
    await first.write(many(3_000));
    await first.close();
    const bytes = readFileSync(folder.file("views.db"));
    bytes.fill(0xff, Math.floor(bytes.length / 2));
    writeFileSync(folder.file("views.db"), bytes);
  };

  it("that the writing thread meets is healed: the write fails, the target changes", async () => {
    await damaged();
    const lines: string[] = [];
    let anew = 0;
    const model = openFile({ lines, onMadeAnew: () => anew++ });
    const { targetId } = model;
    await expect(model.write(many(3_000))).rejects.toThrow(/malformed|not a database/);
    expect(model.targetId).not.toBe(targetId);
    expect(anew).toBe(1);
    expect(lines).toEqual([expect.stringContaining("damaged")]);
    await model.write([thing("new")]);
    expect(await idsOf(model)).toEqual(["new"]);
    await model.close();
  });

  it("met by many calls at once is healed once, and all of them fail", async () => {
    await damaged();
    const lines: string[] = [];
    let anew = 0;
    const model = openFile({ lines, onMadeAnew: () => anew++ });
    const calls = [
      model.scan("things", undefined, 5_000),
      model.scan("things", undefined, 5_000),
      model.write(many(3_000)),
    ];
    const settled = await Promise.allSettled(calls);
    expect(settled.slice(0, 2).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    expect([anew, lines.length]).toEqual([1, 1]);
    expect(await idsOf(model)).toEqual([]);
    await model.close();
  });

  it("takes what was staged with it: the rebuild fails", async () => {
    await damaged();
    const model = openFile();
    await model.staging.begin(["others"]);
    await expect(model.scan("things", undefined, 5_000)).rejects.toThrow();
    await expect(model.staging.write([thing("a", "others")])).rejects.toThrow("no table others");
    await expect(model.staging.promote()).rejects.toThrow("nothing is staged");
    await model.close();
  });

  it("of a file that was exchanged under a dead thread is found by the next one", async () => {
    const started = nextThread();
    const model = openFile();
    await model.write([thing("a")]);
    const { targetId } = model;
    await (await started).terminate();
    for (const suffix of ["", "-wal", "-shm"]) {
      rmSync(folder.file("views.db") + suffix, { force: true });
    }
    await expect(model.write([thing("b")])).rejects.toThrow();
    expect(model.targetId).not.toBe(targetId);
    await model.write([thing("c")]);
    expect(await idsOf(model)).toEqual(["c"]);
    await model.close();
  });
});

describe("a file that is deleted while it is open", () => {
  it.each<[string, (model: ReturnType<typeof openFile>) => Promise<void>]>([
    ["before a checkpoint", (model) => model.flush()],
    ["before a rebuild", (model) => model.staging.begin(["things"])],
  ])("is made anew %s", async (_, call) => {
    const lines: string[] = [];
    let anew = 0;
    const model = openFile({ lines, onMadeAnew: () => anew++ });
    await model.write([thing("a")]);
    const { targetId } = model;
    await model.flush();
    rmSync(folder.file("views.db"));
    await expect(call(model)).rejects.toThrow("deleted or exchanged");
    expect(model.targetId).not.toBe(targetId);
    expect([anew, lines]).toEqual([1, [expect.stringContaining("deleted or exchanged")]]);
    await model.write([thing("b")]);
    await model.flush();
    await model.close();
    const again = openFile();
    expect(await idsOf(again)).toEqual(["b"]);
    await again.close();
  });
});

it("damage met while an old generation is dropped ends with a new file", async () => {
  const first = openFile();
  await first.write([thing("a")]);
  await first.close();
  const path = folder.file("views.db");
  const database = new DatabaseSync(path);
  database.exec("CREATE TABLE things_v9_g9 (text TEXT)");
  const insert = database.prepare("INSERT INTO things_v9_g9 VALUES (?)");
  for (let i = 0; i < 100; i++) insert.run("x".repeat(1_000));
  const root = database
    .prepare("SELECT rootpage FROM sqlite_schema WHERE name = 'things_v9_g9'")
    .get()?.rootpage;
  const size = database.prepare("PRAGMA page_size").get()?.page_size;
  database.close();
  const bytes = readFileSync(path);
  bytes.fill(0xff, (Number(root) - 1) * Number(size), Number(root) * Number(size));
  writeFileSync(path, bytes);
  const lines: string[] = [];
  let anew = 0;
  const second = openFile({ lines, onMadeAnew: () => anew++ });
  await expect.poll(() => anew).toBe(1);
  expect(second.targetId).not.toBe(first.targetId);
  expect(lines).toEqual([expect.stringContaining("are damaged")]);
  await second.write([thing("b")]);
  expect(await idsOf(second)).toEqual(["b"]);
  await second.close();
  expect(stored()).not.toContain("things_v9_g9");
});

it("a folder in the place of the file is told with its path and what to do", () => {
  mkdirSync(folder.file("views.db"));
  expect(() => openFile()).toThrow(/views\.db cannot be used: .*move it away and start again/);
});

describe("generations", () => {
  it("of another version stand beside the others, and the target changes", async () => {
    const first = openFile();
    await first.write([thing("a"), thing("b", "others")]);
    await first.close();
    const raised = [
      { ...THINGS, version: 2, columns: { ...THINGS.columns, more: "text" } },
      OTHERS,
    ];
    const second = openFile({ tables: raised as TableDefinition[] });
    expect(second.targetId).not.toBe(first.targetId);
    expect(await idsOf(second)).toEqual([]);
    expect(await idsOf(second, "others")).toEqual(["b"]);
    await expect
      .poll(stored)
      .toEqual([
        ...["others_v1_g1", "others_v1_g1_by_at"],
        ...["things_v2_g2", "things_v2_g2_by_at"],
      ]);
    await second.close();
    const third = openFile({ tables: raised as TableDefinition[] });
    expect(third.targetId).toBe(second.targetId);
    await third.close();
  });

  it("of a table that is no longer defined go", async () => {
    const first = openFile();
    await first.close();
    const second = openFile({ tables: [THINGS] });
    expect(second.targetId).toBe(first.targetId);
    await expect.poll(stored).toEqual(["things_v1_g1", "things_v1_g1_by_at"]);
    await second.close();
  });

  it("are exchanged by a promotion, and the old ones dropped", async () => {
    const model = openFile();
    await model.write([thing("old")]);
    await model.staging.begin(["things"]);
    await model.staging.write([thing("new")]);
    const reader = openViewsReader(folder.file("views.db"));
    await model.staging.promote();
    expect([...reader.rows(THINGS)].map((row) => row.id)).toEqual(["old"]);
    reader.close();
    await expect
      .poll(stored)
      .toEqual([
        ...["others_v1_g1", "others_v1_g1_by_at"],
        ...["things_v1_g2", "things_v1_g2_by_at"],
      ]);
    const { targetId } = model;
    await model.close();
    const again = openFile();
    expect(again.targetId).toBe(targetId);
    expect(await idsOf(again)).toEqual(["new"]);
    await again.close();
  });

  it("that were staged when the program died are not there at its next start", async () => {
    const first = openFile();
    await first.write([thing("old")]);
    await first.staging.begin(["things"]);
    await first.staging.write([thing("half")]);
    await first.close();
    expect(stored()).toContain("things_v1_g2");
    const second = openFile();
    await expect(second.staging.promote()).rejects.toThrow("nothing is staged");
    expect(await idsOf(second)).toEqual(["old"]);
    await expect.poll(stored).not.toContain("things_v1_g2");
    await second.close();
  });

  it("are all exchanged or none", async () => {
    const started = nextThread();
    const model = openFile();
    await model.write([thing("old"), thing("old", "others")]);
    await model.staging.begin(["things", "others"]);
    await model.staging.write([thing("new"), thing("new", "others")]);
    const worker = await started;
    const lost = model.staging.promote().then(
      () => "promoted",
      () => "failed",
    );
    void worker.terminate();
    await lost;
    await model.close();
    const again = openFile();
    const [things, others] = [await idsOf(again), await idsOf(again, "others")];
    expect(things).toEqual(others);
    expect([["old"], ["new"]]).toContainEqual(things);
    await again.close();
  });
});
