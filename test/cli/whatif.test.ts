/** `whatif` on a real log: what it prints, what it refuses, and that it writes nothing. */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { beforeEach, describe, expect, it } from "vitest";
import { EXIT } from "../../adapters/cli/exit-codes.ts";
import { openSqliteEventStore } from "../../adapters/event-store/sqlite.ts";
import type { EventStore } from "../../domain/ports/event-store.ts";
import { createLogWriter } from "../support/log-writer.ts";
import { SOL, USDC } from "../support/order-samples.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { run } from "./harness.ts";

const folder = temporaryFolder();
const whatIf = (...args: readonly string[]) => run(["whatif", "--data", folder.file("."), ...args]);

/** A sale and a purchase that were filled with 50 bps, one that failed, and three without an execution. */
async function someLog(): Promise<EventStore> {
  const log = createLogWriter();
  log.openAccount("main", [{ mint: SOL, amount: "100000000000" }]);
  log.openAccount("desk", [{ mint: SOL, amount: "100000000000" }]);
  log.order().finish();
  log.advanceMs(60_000);
  log
    .order({
      request: { account: "desk", action: "BUY", amount: 1_000_000_000n, isBaseInput: true },
    })
    .finish();
  log.order({ outcome: "slippage" }).finish();
  log.order({ outcome: "no-route" }).finish();
  log.order({ outcome: "cancelled" }).finish();
  log.order();
  const store = await openSqliteEventStore({ file: folder.file("log.db") });
  await log.appendTo(store);
  return store;
}

let store: EventStore;
beforeEach(async () => {
  store = await someLog();
  return () => store.close();
});

describe("whatif", () => {
  it("shows the difference of each order and in sum", async () => {
    const { code, out, err } = await whatIf(
      "--slippage-model",
      "fixed",
      "--set",
      "paper.slippageBps=100",
    );
    expect([code, err]).toEqual([EXIT.ok, ""]);
    const lines = out.split("\n").map((line) => line.trim().split(/\s{2,}/));
    expect(lines[0]).toEqual([
      ...["REQUESTED", "ORDER", "TRADE", "RECORDED", "WHAT IF", "DIFFERENCE", "BPS"],
    ]);
    const row = (index: number) => lines[index]?.slice(2);
    expect(row(1)).toEqual([
      ...["spend 1.5 SOL", "224.248125 USDC", "223.12125 USDC", "-1.126875 USDC", "-51"],
    ]);
    expect(row(2)).toEqual([
      ...["receive 1 SOL", "151.00125 USDC", "151.7525 USDC", "-0.75125 USDC", "-50"],
    ]);
    expect(row(3)).toEqual(["spend 1.5 SOL", "SLIPPAGE_EXCEEDED", "223.12125 USDC", "failed"]);
    expect(out).toContain("SOL/USDC      2  375.249375 USDC  -1.878125 USDC  -51\n");
    expect(out).toContain(
      "3 of 6 orders decided again: slippage model fixed, tolerance of each order\n" +
        "0 better, 2 worse, 0 the same, 0 filled then and would fail, " +
        "1 failed then and would be filled\n" +
        "left out: 3 without an execution: rejected, without a quote, cancelled, expired or open\n" +
        "Funds were not checked again.\n",
    );
  });

  it("shows no order where nothing differs, unless asked for all", async () => {
    const none = await whatIf("--account", "desk");
    expect(none.out).toContain("1 of 1 orders decided again: slippage model of each order");
    expect(none.out).not.toContain("REQUESTED");
    const all = await whatIf("--account", "desk", "--all");
    expect(all.out).toMatch(/receive 1 SOL +151.00125 USDC +151.00125 USDC +0 USDC +0\n/);
    expect(all.out).toContain("0 better, 0 worse, 1 the same");
  });

  it("says what would fail under a tighter tolerance", async () => {
    const { out } = await whatIf("--max-slippage", "0.4%");
    expect(out).toMatch(/spend 1.5 SOL +224.248125 USDC +SLIPPAGE_EXCEEDED +failed\n/);
    expect(out).toContain("tolerance 0.4 %");
    expect(out).toContain("2 filled then and would fail");
  });

  it("says where the record lacks what a model needs", async () => {
    const { out } = await whatIf("--slippage-model", "square-root");
    expect(out).toContain("3 of 6 orders decided again: slippage model square-root");
    expect(out).toContain("3 of them by a model's fallback: the record lacks market facts");
  });

  it("takes the orders of a range", async () => {
    const early = await whatIf("--to", "2026-01-01T00:00:30Z", "--all", "--json");
    expect(early.json()).toHaveLength(2);
    expect(early.json().at(-1)).toMatchObject({ summary: { orders: 1 } });
    const late = await whatIf("--from", "2026-01-01T00:00:30Z", "--json");
    expect(late.json().at(-1)).toMatchObject({ summary: { orders: 5 } });
  });

  it("prints JSON lines for programs", async () => {
    const { json } = await whatIf("--set", "paper.slippageBps=100", "--json");
    expect(json()).toMatchObject([
      {
        account: "main",
        action: "SELL",
        counts: "input",
        amount: "1500000000",
        recorded: { kind: "filled", model: "fixed", slippagePpm: "5000", amountOut: "224248125" },
        whatIf: { kind: "filled", slippagePpm: "10000", amountOut: "223121250" },
        change: "worse",
        mint: USDC,
        gain: "-1126875",
        gainBps: "-51",
      },
      { change: "worse", counts: "output", gain: "-751250", gainBps: "-50" },
      {
        change: "failed-to-filled",
        recorded: { kind: "failed", reason: "SLIPPAGE_EXCEEDED", slippagePpm: "600000" },
      },
      {
        summary: {
          orders: 6,
          changes: { same: 0, better: 0, worse: 2, "filled-to-failed": 0, "failed-to-filled": 1 },
          pairs: [{ mint: USDC, fills: 2, gain: "-1878125", of: "375249375", gainBps: "-51" }],
          notRedecided: { simulated: 0, "unknown-model": 0, "no-execution": 3 },
        },
      },
    ]);
  });

  it("writes nothing", async () => {
    await store.close();
    // Whatever reads a WAL database may leave its two side files; the log itself stays as it is.
    const before = readdirSync(folder.file("."));
    const digest = () =>
      createHash("sha256")
        .update(readFileSync(folder.file("log.db")))
        .digest("hex");
    const hash = digest();
    expect((await whatIf("--max-slippage", "0.4%")).code).toBe(EXIT.ok);
    expect(digest()).toBe(hash);
    expect(readdirSync(folder.file(".")).filter((name) => !/-(wal|shm)$/.test(name))).toEqual(
      before.filter((name) => !/-(wal|shm)$/.test(name)),
    );
  });
});

describe("whatif refuses", () => {
  it.each<[readonly string[], number, string]>([
    [["--slippage-model", "cubic"], EXIT.usage, '--slippage-model "cubic" is not one of: fixed'],
    [["--max-slippage", "60%"], EXIT.usage, "must be below limits.slippageToleranceBelowBps, 5000"],
    [["--max-slippage", "1"], EXIT.usage, "must be a percentage"],
    [["--from", "yesterday"], EXIT.usage, "--from"],
    [["--from", "2026-01-02", "--to", "2026-01-02"], EXIT.usage, "--from must be before --to"],
    [["--account", "no body"], EXIT.usage, "is no name of an account"],
    [["--account", "nobody"], EXIT.notFound, "there is no account nobody in this log"],
    [["--set", "paper.slippageBps=1000"], EXIT.usage, "`paper.slippageBps` must be"],
  ])("%j", async (args, expected, message) => {
    const { code, err } = await whatIf(...args);
    expect(code).toBe(expected);
    expect(err).toContain(message);
  });

  it("a log that cannot be folded", async () => {
    await store.close();
    const database = new DatabaseSync(folder.file("log.db"));
    for (const { name } of database
      .prepare("SELECT name FROM sqlite_master WHERE type = 'trigger'")
      .all()) {
      database.exec(`DROP TRIGGER ${String(name)}`);
    }
    database.exec("UPDATE events SET data = x'00' WHERE type = 'QuoteObtained'");
    database.close();
    const { code, err } = await whatIf();
    expect(code).toBe(EXIT.failed);
    expect(err).toContain("the log cannot be folded to its end");
  });

  it("a folder without a log", async () => {
    const { code } = await run(["whatif", "--data", folder.file("none")]);
    expect(code).toBe(EXIT.store);
  });
});
