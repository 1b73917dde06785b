/** The commands that read the store: on real files, written by the real store, processors and projections. */
import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, it } from "vitest";
import { openSqliteCheckpoints } from "../../adapters/checkpoints/sqlite.ts";
import { EXIT } from "../../adapters/cli/exit-codes.ts";
import { fileIdentity } from "../../adapters/event-store/file-identity.ts";
import { openSqliteEventStore } from "../../adapters/event-store/sqlite.ts";
import { createHttpServer } from "../../adapters/http/server.ts";
import { createSqliteReadModel } from "../../adapters/read-model/sqlite.ts";
import { createEngineState } from "../../domain/application/processors/engine-state.ts";
import { createViewsProcessor } from "../../domain/application/processors/views-processor.ts";
import type { Position } from "../../domain/ports/event-store.ts";
import { VIEW_TABLES } from "../../projections/registry.ts";
import { codec, hasher, LOG_ID } from "../support/given.ts";
import { createLogWriter, type LogWriter } from "../support/log-writer.ts";
import { SOL, USDC } from "../support/order-samples.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { PROJECTIONS } from "../support/views.ts";
import { run } from "./harness.ts";

const folder = temporaryFolder();
/** Nothing listens there: port 1 needs root. */
const NOBODY = ["--http", "127.0.0.1:1"];

/** Every end of an order, an open one, and funds that moved. */
function someLog(): LogWriter {
  const log = createLogWriter();
  log.openAccount("main", [{ mint: SOL, amount: "100000000000", cost: "15000000000" }]);
  for (const outcome of ["filled", "slippage", "no-route", "cancelled"] as const) {
    log.order({ outcome }).finish();
  }
  log.order({ outcome: "poor", request: { amount: 900_000_000_000n } }).finish();
  log.deposit("main", { mint: USDC, amount: "1000000" });
  const open = log.order({ delayMs: 1_000 });
  open.step();
  return log;
}

type Written = {
  /** Events that the views, and the snapshot, are behind the end of the log. */
  readonly viewsBehind?: number;
  readonly snapshotBehind?: number;
  /** Rows are written for this many events beyond the views' checkpoint. */
  readonly rowsAhead?: number;
};

/** log.db, state.db and views.db as an engine leaves them. Ends with the snapshot's own report. */
async function writeFolder(log: LogWriter, written: Written = {}) {
  const { viewsBehind = 0, snapshotBehind = 0, rowsAhead = 0 } = written;
  const store = await openSqliteEventStore({ file: folder.file("log.db") });
  await log.appendTo(store);
  const checkpoints = openSqliteCheckpoints(folder.file("state.db"));
  const readModel = createSqliteReadModel({
    path: folder.file("views.db"),
    tables: VIEW_TABLES,
    logId: LOG_ID,
    newId: () => "target",
    log: () => undefined,
  });
  const views = createViewsProcessor({
    ...{ store, codec, readModel },
    projections: PROJECTIONS,
    settings: USDC,
  });
  const state = createEngineState({ store, codec });
  const upTo = (behind: number) => log.recorded.slice(0, log.recorded.length - behind);
  const save = async (processor: typeof state | typeof views, behind: number) => {
    const last = upTo(behind).at(-1);
    if (!last) throw new Error("no events");
    await checkpoints.save({
      processor: processor.name,
      version: processor.version,
      logId: LOG_ID,
      targetId: processor === state ? "memory" : readModel.targetId,
      position: last.position,
      eventId: last.eventId,
      state: processor.snapshot(),
    });
  };
  await views.apply(upTo(viewsBehind));
  await save(views, viewsBehind);
  await views.apply(
    log.recorded.slice(upTo(viewsBehind).length, upTo(viewsBehind).length + rowsAhead),
  );
  await state.apply(upTo(snapshotBehind));
  await save(state, snapshotBehind);
  await readModel.close();
  checkpoints.close();
  await store.close();
  return state.report(hasher);
}

const data = () => ["--data", folder.file(".")];

function change(file: string, sql: string): void {
  const database = new DatabaseSync(folder.file(file));
  database.exec(sql);
  database.close();
}

describe("verify", () => {
  it("passes over a log that nobody changed, and counts", async () => {
    const log = someLog();
    await writeFolder(log);
    const { code, out } = await run(["verify", ...data()]);
    expect(out).toMatch(new RegExp(`^${log.stored.length} events in 8 streams, .*all hashes fit`));
    expect(code).toBe(EXIT.ok);
  });

  it("finds one changed digit in the file", async () => {
    await writeFolder(someLog());
    change(
      "log.db",
      `DROP TRIGGER events_never_change; UPDATE events SET
       data = CAST(replace(CAST(data AS TEXT), '224248125', '224248126') AS BLOB)
       WHERE type = 'OrderFilled'`,
    );
    const { code, out, json } = await run(["verify", "--json", ...data()]);
    expect(code).toBe(EXIT.failed);
    expect(json()).toHaveLength(1);
    expect(out).toContain("it was changed");
  });

  it("says what to do where there is no log, and makes none", async () => {
    const { code, err } = await run(["verify", ...data()]);
    expect(code).toBe(EXIT.store);
    expect(err).toContain("There is no log at");
    expect((await run(["verify", ...data()])).code).toBe(EXIT.store);
  });
});

describe("accounts list", () => {
  it("folds balances and holds from the log", async () => {
    await writeFolder(someLog());
    const { code, json } = await run(["accounts", "list", "--json", ...data()]);
    expect(code).toBe(EXIT.ok);
    const [{ accounts }] = json() as [{ accounts: { balances: unknown[] }[] }];
    expect(accounts).toMatchObject([{ account: "main", open: true, owner: "local" }]);
    expect(accounts[0]?.balances).toHaveLength(2);
    expect((await run(["accounts", "list", ...data()])).out).toMatch(/main +open +SOL/);
  });
});

describe("replay --all", () => {
  const replay = async () => {
    const ran = await run(["replay", "--all", "--json", ...data(), ...NOBODY]);
    const [summary = {}] = ran.json();
    return { ...ran, summary, differences: JSON.stringify(summary.differences ?? summary) };
  };

  it.each<Written>([
    {},
    { viewsBehind: 3, snapshotBehind: 5 },
    { viewsBehind: 6, rowsAhead: 4 },
    { viewsBehind: 11, rowsAhead: 11, snapshotBehind: 1 },
  ])("finds no difference where there is none: %j", async (written) => {
    const log = someLog();
    await writeFolder(log, written);
    const { code, summary } = await replay();
    expect(summary).toMatchObject({
      ok: true,
      events: log.stored.length,
      orders: 6,
      openOrders: 1,
      differences: [],
      notes: [],
    });
    expect(Number(summary.viewRows)).toBeGreaterThan(10);
    expect(code).toBe(EXIT.ok);
  });

  it.each<[string, string, string]>([
    ["an order's hash", "UPDATE orders_v3_g1 SET hash = 'x'", "hash is x"],
    ["a status", "UPDATE orders_v3_g1 SET status = 'FILLED'", "status is FILLED"],
    ["an amount", "UPDATE trades_v3_g1 SET amount_out = '1'", "amount_out is 1n"],
    ["a position", "UPDATE positions_v4_g1 SET quantity = '1' WHERE seq = 0", "quantity is 1n"],
    ["a lost row", "DELETE FROM fills_v2_g1", "fills lacks the row"],
    [
      "a row too many",
      "INSERT INTO positions_v4_g1 SELECT 'ghost', mint, seq, stream, revision, clock, quantity, costed_quantity, cost, realised, fees_paid_lamports, trades FROM positions_v4_g1",
      "that the log does not give",
    ],
  ])("finds %s", async (_, sql, sentence) => {
    await writeFolder(someLog());
    change("views.db", sql);
    const { code, differences } = await replay();
    expect(differences).toContain(sentence);
    expect(code).toBe(EXIT.failed);
  });

  it("finds a row that is older than the views' checkpoint", async () => {
    const log = someLog();
    await writeFolder(log, { viewsBehind: 3, rowsAhead: 0 });
    const last = log.recorded.at(-1);
    change(
      "state.db",
      `UPDATE checkpoints SET position = '${last?.position}' WHERE processor = 'views'`,
    );
    const { code, differences } = await replay();
    expect(differences).toContain("revision is");
    expect(code).toBe(EXIT.failed);
  });

  it.each<[string, string, string]>([
    ["another ledger", "replace(state, 'local', 'other')", "its ledger has the hash"],
    [
      "another open order",
      'replace(state, \'"openOrders":[[\', \'"openOrders":[["x",1],[\')',
      "has an open order x",
    ],
  ])("finds a snapshot with %s", async (_, expression, sentence) => {
    await writeFolder(someLog(), { snapshotBehind: 3 });
    change(
      "state.db",
      `UPDATE checkpoints SET state = ${expression} WHERE processor = 'engine-state'`,
    );
    const { code, differences } = await replay();
    expect(differences).toContain(sentence);
    expect(code).toBe(EXIT.failed);
  });

  type Report = Awaited<ReturnType<typeof writeFolder>>;

  /** An engine's HTTP edge; its report is asked for each time. */
  async function serveState(report: () => Report, storeFile = "log.db") {
    const http = createHttpServer({
      status: () => ({ accepting: true, reason: "" }),
      state: () => ({
        ...report(),
        ...{ logId: LOG_ID, grpc: "127.0.0.1:1", position: String(report().position as Position) },
        storeId: fileIdentity(folder.file(storeFile)) ?? "",
      }),
      metrics: () => Promise.reject(new Error("not asked for")),
      log: () => undefined,
    });
    return { http, address: await http.listen("127.0.0.1:0") };
  }

  it("asks no engine that runs on another store, also if that is a copy", async () => {
    const report = await writeFolder(someLog());
    cpSync(folder.file("log.db"), folder.file("copy.db"));
    const { http, address } = await serveState(() => ({ ...report, position: 5_465n }), "copy.db");
    try {
      const { code, out } = await run(["replay", "--all", ...data(), "--http", address]);
      expect(out).toContain(`note: the engine at ${address} runs on another store than that in`);
      expect(out).toContain("compared with the engine's snapshot in");
      expect(out).toContain("no difference");
      expect(code).toBe(EXIT.ok);
    } finally {
      await http.close();
    }
  });

  it("does not pass where a running engine's views are gone", async () => {
    const report = await writeFolder(someLog());
    const { http, address } = await serveState(() => report);
    rmSync(folder.file("views.db"));
    try {
      const { code, out } = await run(["replay", "--all", ...data(), "--http", address]);
      expect(out).toMatch(/DIFFERENT: an engine runs, but .*views.db is gone: .*rebuild/);
      expect(out).toContain("the views were NOT compared");
      expect(code).toBe(EXIT.failed);
    } finally {
      await http.close();
    }
    const { code, summary } = await replay();
    expect(summary).toMatchObject({ ok: true, viewsCompared: false, viewRows: 0 });
    expect(code).toBe(EXIT.ok);
  });

  it.each([
    ["state.db", 0],
    ["state.db", 4_096],
    ["views.db", 0],
    ["views.db", 4_096],
  ])(
    "tells a %s damaged from byte %i on in a sentence, and compares the rest",
    async (name, at) => {
      await writeFolder(someLog());
      writeFileSync(folder.file(name), readFileSync(folder.file(name)).fill(0xff, at));
      const { code, err, summary } = await replay();
      expect([code, err]).toEqual([EXIT.failed, ""]);
      expect(summary).toMatchObject({
        ...{ differenceCount: 1, viewsCompared: false, notes: [] },
        differences: [
          expect.stringMatching(
            name === "state.db"
              ? /state\.db cannot be .*delete it/
              : /views\.db cannot be .*rebuild/,
          ),
        ],
        comparedWith: expect.stringMatching(name === "state.db" ? /^$/ : /snapshot/),
      });
    },
  );

  it("compares with a running engine's report before the snapshot", async () => {
    const report = await writeFolder(someLog());
    let { openOrders } = report;
    const { http, address } = await serveState(() => ({ ...report, openOrders }));
    try {
      const args = ["replay", "--all", ...data(), "--http", address];
      const same = await run(args);
      expect(same.out).toContain(`compared with the engine at ${address}`);
      expect(same.out).toContain("no difference");
      expect(same.code).toBe(EXIT.ok);
      const stateHash = hasher.sha256("another state");
      openOrders = openOrders.map((order) => ({ ...order, stateHash }));
      const other = await run(args);
      expect(other.out).toContain(`DIFFERENT: the engine at ${address}: its state of order`);
      expect(other.code).toBe(EXIT.failed);
    } finally {
      await http.close();
    }
  });

  it("says what it could not compare", async () => {
    const store = await openSqliteEventStore({ file: folder.file("log.db") });
    await someLog().appendTo(store);
    await store.close();
    const { code, summary } = await replay();
    expect(summary.notes).toEqual([
      "no engine answers, and there is no snapshot: nothing to compare with",
      "there are no views yet",
    ]);
    expect(code).toBe(EXIT.ok);
  });

  it("ends with a sentence where the log cannot be folded", async () => {
    await writeFolder(someLog());
    change(
      "log.db",
      "DROP TRIGGER events_never_go; DELETE FROM events WHERE type = 'QuoteObtained'",
    );
    const { code, differences } = await replay();
    expect(code).toBe(EXIT.failed);
    expect(differences).toContain("the log cannot be folded to its end: order-");
  });
});
