/** `rebuild` without an engine: on real files, under the folder's lock. */
import { DatabaseSync } from "node:sqlite";
import { describe, expect, it } from "vitest";
import { EXIT } from "../../adapters/cli/exit-codes.ts";
import { acquireLock } from "../../adapters/event-store/lock.ts";
import { openSqliteEventStore } from "../../adapters/event-store/sqlite.ts";
import { createLogWriter } from "../support/log-writer.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
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

  it("leaves a folder alone that an engine runs on, or that has no log", async () => {
    const nobody = { ORDERSTREAM_GRPC: "127.0.0.1:1" };
    expect((await run(["rebuild", ...data()], nobody)).code).toBe(EXIT.unreachable);
    await writeLog(1);
    const lock = acquireLock(folder.file("lock.db"));
    expect((await run(["rebuild", ...data()], nobody)).code).toBe(EXIT.unreachable);
    lock.release();
    expect((await run(["rebuild", ...data()], nobody)).code).toBe(EXIT.ok);
  });
});
