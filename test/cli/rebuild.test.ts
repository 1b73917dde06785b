/** `rebuild` without an engine: on real files, under the folder's lock. */
import { readFileSync, writeFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, it } from "vitest";
import { EXIT } from "../../adapters/cli/exit-codes.ts";
import { fileIdentity } from "../../adapters/event-store/file-identity.ts";
import { acquireLock } from "../../adapters/event-store/lock.ts";
import { openSqliteEventStore } from "../../adapters/event-store/sqlite.ts";
import { createHttpServer } from "../../adapters/http/server.ts";
import { createLogWriter } from "../support/log-writer.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { startFakeEngine } from "./fake-engine.ts";
import { run } from "./harness.ts";

const folder = temporaryFolder();
const data = () => ["--data", folder.file(".")];

async function writeLog(orders: number): Promise<number> {
  const log = createLogWriter();
  log.openAccount("main");
  for (let i = 0; i < orders; i++) log.order({ retries: i % 2 }).finish();
  log.order({ delayMs: 1_000 }).step();
  const store = await openSqliteEventStore({ file: folder.file("log.db") });
  await log.appendTo(store);
  await store.close();
  return log.recorded.length;
}

function change(sql: string): void {
  const database = new DatabaseSync(folder.file("views.db"));
  database.exec(sql);
  database.close();
}

const replay = async () =>
  (await run(["replay", "--all", "--json", ...data(), "--http", "127.0.0.1:1"])).json()[0] ?? {};

describe("orderstream rebuild, without an engine", () => {
  it("makes all views of a log that has none", async () => {
    const events = await writeLog(90);
    const { code, json } = await run(["rebuild", "--json", ...data()]);
    expect(json()).toMatchObject([
      { views: ["orders", "trades", "fills", "failed_trades", "positions"], events },
    ]);
    expect(code).toBe(EXIT.ok);
    expect(await replay()).toMatchObject({ ok: true, differences: [], events });
  });

  it("puts right the view that it is told, and no other", async () => {
    await writeLog(9);
    await run(["rebuild", ...data()]);
    const database = new DatabaseSync(folder.file("views.db"));
    const names = database
      .prepare(
        "SELECT name || '_v' || version || '_g' || generation AS name FROM generations " +
          "WHERE name IN ('orders', 'fills')",
      )
      .all()
      .map(({ name }) => String(name));
    database.close();
    change(names.map((name) => `UPDATE ${name} SET account = 'x'`).join("; "));
    expect(await replay()).toMatchObject({ ok: false, differenceCount: 19 });
    const { code, out } = await run(["rebuild", "--view", "orders", ...data()]);
    expect([code, out]).toEqual([EXIT.ok, expect.stringMatching(/^made anew by .*: orders from/)]);
    expect(await replay()).toMatchObject({ ok: false, differenceCount: 9 });
    await run(["rebuild", "--view", "fills", "--view", "orders", ...data()]);
    expect(await replay()).toMatchObject({ ok: true });
  });

  it("names the views that there are", async () => {
    await writeLog(1);
    const { code, err } = await run(["rebuild", "--view", "order", ...data()]);
    expect(err).toContain("--view: there is no view order; there are orders, trades, fills");
    expect(code).toBe(EXIT.usage);
  });

  const nobody = { ORDERSTREAM_GRPC: "127.0.0.1:1", ORDERSTREAM_HTTP: "127.0.0.1:2" };

  it("leaves a folder alone that another program holds, or that has no log", async () => {
    const missing = await run(["rebuild", ...data()], nobody);
    expect([missing.code, missing.err]).toEqual([
      EXIT.store,
      expect.stringMatching(/there is no log at .*log\.db: .*--data/),
    ]);
    await writeLog(1);
    const lock = acquireLock(folder.file("lock.db"));
    const held = await run(["rebuild", ...data()], nobody);
    expect([held.code, held.err]).toEqual([
      EXIT.store,
      expect.stringMatching(/another program .*is using .*no engine at 127\.0\.0\.1:2 .*--grpc/),
    ]);
    lock.release();
    expect((await run(["rebuild", ...data()], nobody)).code).toBe(EXIT.ok);
  });

  it("has the engine do it that runs on the folder, and no other", async () => {
    await writeLog(1);
    const done = { views: ["orders"], eventsDone: 7n, eventsTotal: 7n, done: true };
    const [ours, other] = [
      await startFakeEngine({ rebuildViews: () => [done] }),
      await startFakeEngine({ rebuildViews: () => [done] }),
    ];
    const lock = acquireLock(folder.file("lock.db"));
    let storeId = fileIdentity(folder.file("lock.db")) ?? "";
    const http = createHttpServer({
      status: () => ({ accepting: true, reason: "" }),
      state: () => ({
        ...{ logId: "log-1", storeId, grpc: ours.address },
        ...{ position: "1", ledgerHash: "", openOrders: [] },
      }),
      metrics: () => Promise.reject(new Error("not asked for")),
      log: () => undefined,
    });
    const address = await http.listen("127.0.0.1:0");
    const environment = { ORDERSTREAM_GRPC: other.address, ORDERSTREAM_HTTP: address };
    try {
      const refused = await run(["rebuild", ...data()], environment);
      expect([refused.code, refused.err]).toEqual([
        EXIT.store,
        expect.stringContaining(`${address} (gRPC ${ours.address}) runs on another store`),
      ]);
      expect(refused.err).toContain(`configured: gRPC ${other.address}`);
      storeId = fileIdentity(folder.file("log.db")) ?? "";
      const { code, out } = await run(["rebuild", ...data()], environment);
      expect([code, out]).toEqual([EXIT.ok, expect.stringContaining(`engine at ${ours.address}`)]);
      expect([ours.requests.length, other.requests.length]).toEqual([1, 0]);
      await run(["rebuild", ...data(), "--grpc", other.address], environment);
      expect([ours.requests.length, other.requests.length]).toEqual([1, 1]);
    } finally {
      lock.release();
      await http.close();
      ours.stop();
      other.stop();
    }
  });

  it("heals damage that it meets in the old views, and none is left", async () => {
    await writeLog(400);
    await run(["rebuild", ...data()]);
    const path = folder.file("views.db");
    const bytes = readFileSync(path);
    writeFileSync(path, bytes.fill(0xff, 40 * 4_096, 90 * 4_096));
    const healed = await run(["rebuild", ...data()], nobody);
    expect([healed.code, healed.err]).toEqual([EXIT.ok, expect.stringContaining("are damaged")]);
    expect((await run(["rebuild", ...data()], nobody)).err).not.toContain("damaged");
    expect(await replay()).toMatchObject({ ok: true, viewsCompared: true });
    const database = new DatabaseSync(path, { readOnly: true });
    expect(database.prepare("PRAGMA integrity_check").all()).toEqual([{ integrity_check: "ok" }]);
    database.close();
  });

  it("names the file of the checkpoints when that is damaged, and what to do", async () => {
    await writeLog(1);
    await run(["rebuild", ...data()]);
    const path = folder.file("state.db");
    writeFileSync(path, readFileSync(path).fill(0xff, 4_096));
    const { code, err } = await run(["rebuild", ...data()], nobody);
    expect([code, err]).toEqual([
      EXIT.store,
      expect.stringMatching(/state\.db cannot be used: .*move it away and start again/),
    ]);
  });
});
