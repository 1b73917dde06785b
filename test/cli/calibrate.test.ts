/** `calibrate` on hand-made files, on a written log, and on the recorded swaps where they are. */
import { writeFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, it } from "vitest";
import { EXIT } from "../../adapters/cli/exit-codes.ts";
import { openSqliteEventStore } from "../../adapters/event-store/sqlite.ts";
import { type SwapAnswer, swapAnswer } from "../support/chain-answers.ts";
import { createLogWriter } from "../support/log-writer.ts";
import { SOL } from "../support/order-samples.ts";
import { hasRealData, realDataPath } from "../support/real-data.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { run } from "./harness.ts";

const folder = temporaryFolder();
const calibrate = (...args: string[]) => run(["calibrate", ...args]);
const fromFolder = (...more: string[]) => calibrate("--transactions", folder.file("."), ...more);

const QUOTED = { amountIn: 2_000_000n, amountOut: 1_000_000n };
const signatureOf = (name: string): string => name.replace(/\W/g, "").padEnd(88, "5");

function write(name: string, answer: Partial<SwapAnswer> = {}): void {
  const paid = { amountIn: 2_000_000n, amountOut: 999_000n };
  const whole = { quoted: QUOTED, paid, signature: signatureOf(name), ...answer };
  writeFileSync(folder.file(name), JSON.stringify(swapAnswer(whole)));
}

describe("calibrate --transactions", () => {
  it("compares, counts what it left out, and says how little it is", async () => {
    write("a.json");
    write("b.json", { paid: { amountIn: 2_000_000n, amountOut: 1_000_100n } });
    write("no-tolerance.json", { quoted: { ...QUOTED, slippageBps: 0 }, paid: QUOTED });
    write("failed.json", { error: { InstructionError: [1, { Custom: 6_001 }] } });
    write("again.json", { signature: signatureOf("a.json") });
    const { code, out, err } = await fromFolder();
    expect(err).toBe("");
    expect(out).toContain("5 transactions read, 3 swaps compared");
    expect(out).toContain("left out 1: failed on chain over the slippage tolerance");
    expect(out).toContain("left out 1: a signature that was read before");
    expect(out).toMatch(/^all +3 +-1\.00 +-1\.00 +0\.00 +10\.00 +10\.00 +3\.67$/m);
    expect(out).toMatch(/^with a tolerance +2 +-1\.00 +-1\.00 +-1\.00 +10\.00 +10\.00 +5\.50$/m);
    expect(out).toMatch(
      /^fixed +50\.00 +50\.00 +40\.00 +40\.00 +50\.00 +51\.00 +51\.00 +47\.00 +1 +0$/m,
    );
    expect(out).toContain("n is 3");
    expect(out).toContain("(1 here)");
    expect(out).toContain("1 of 3 set a tolerance of 0");
    expect(out).toMatch(/^priority fee, lamports +4 +0 +0 +0 +0 +0$/m);
    expect(code).toBe(EXIT.ok);
  });

  it("tells each bad file in a sentence, and goes on", async () => {
    write("good.json");
    writeFileSync(folder.file("broken.json"), "{");
    writeFileSync(folder.file("empty.json"), '{"jsonrpc":"2.0","id":1,"result":null}');
    writeFileSync(folder.file("other.json"), '{"slot":1,"transaction":{}}');
    writeFileSync(folder.file("notes.txt"), "no recording");
    const { code, out } = await fromFolder();
    expect(out).toContain("4 files in");
    expect(out).toContain("1 transactions read, 1 swaps compared");
    expect(out).toContain("not read: broken.json: is not JSON");
    expect(out).toContain("not read: empty.json: it holds no transaction (result null)");
    expect(out).toContain("not read: other.json: meta: is missing");
    expect(code).toBe(EXIT.ok);
  });

  it("fails where no file could be read", async () => {
    writeFileSync(folder.file("broken.json"), "{");
    expect((await fromFolder()).code).toBe(EXIT.failed);
  });

  it("prints every swap for programs", async () => {
    write("a.json");
    const { code, json } = await fromFolder("--json");
    expect(json()).toMatchObject([
      {
        transactions: {
          files: 1,
          badFiles: [],
          swaps: [
            {
              signature: signatureOf("a.json"),
              quoted: { amountIn: "2000000", amountOut: "1000000" },
              executed: { amountIn: "2000000", amountOut: "999000" },
              ...{ toleranceBps: 50, usdMicros: "1000000", errorCentiBps: "1000" },
            },
          ],
          all: { n: 1, models: [{ model: "fixed" }, {}, {}, {}] },
        },
      },
    ]);
    expect(code).toBe(EXIT.ok);
  });

  it("asks the models as they are configured", async () => {
    write("a.json");
    const { json } = await fromFolder("--json", "--set", "paper.slippageBps=70");
    expect(json()).toMatchObject([
      {
        transactions: {
          all: { models: [{ model: "fixed", predicted: { p50: "7000" } }, {}, {}, {}] },
        },
      },
    ]);
  });

  it.each([
    [["calibrate"], "give --transactions FOLDER, --prices FILE, --log, or several"],
    [["calibrate", "--transactions", "/no/such/folder"], "there is no such folder"],
  ])("says what is missing: %j", async (args, sentence) => {
    const { code, err } = await run(args);
    expect(err).toContain(sentence);
    expect(code).toBe(EXIT.usage);
  });

  it("says that a folder holds nothing to read", async () => {
    const { code, err } = await fromFolder();
    expect(err).toContain("holds no .json file");
    expect(code).toBe(EXIT.usage);
  });
});

describe("calibrate --prices", () => {
  const HEADER = "timestamp_ms,open,high,low,close,volume_base";
  const row = (minute: number, close: string) => `${minute * 60_000},1,1,1,${close},5`;
  const csv = (name: string, ...lines: string[]) => {
    writeFileSync(folder.file(name), [...lines, ""].join("\n"));
    return folder.file(name);
  };

  it("tells the volatility of each file, and each bad file in a sentence", async () => {
    const files = [
      csv("good.csv", HEADER, row(0, "100"), row(1, "101"), row(2, "101")),
      csv("head.csv", "time,close", row(0, "100")),
      csv("zero.csv", HEADER, row(0, "100"), row(1, "0")),
      csv("back.csv", HEADER, row(1, "100"), row(0, "100")),
      csv("short.csv", HEADER, row(1, "100")),
      folder.file("absent.csv"),
    ];
    const { code, out } = await calibrate("--prices", ...files);
    // One change of 1 % in 120 s: 10^4 ppm over the root of 120.
    expect(out).toMatch(/good\.csv +3 +913 /);
    for (const [name, problem] of [
      ["head.csv", `line 1: must be ${HEADER}`],
      ["zero.csv", "line 3: is no candle"],
      ["back.csv", "line 3: goes back in time"],
      ["short.csv", "fewer than two candles"],
      ["absent.csv", "cannot be read"],
    ]) {
      expect(out).toMatch(new RegExp(`not read: .*${name}: .*${problem}`));
    }
    expect(code).toBe(EXIT.ok);
    expect((await calibrate("--prices", folder.file("absent.csv"))).code).toBe(EXIT.failed);
  });
});

describe("calibrate --log", () => {
  async function writeLog(): Promise<void> {
    const log = createLogWriter();
    log.openAccount("main", [{ mint: SOL, amount: "100000000000" }]);
    for (const outcome of ["filled", "filled", "no-route"] as const)
      log.order({ outcome }).finish();
    const store = await openSqliteEventStore({ file: folder.file("log.db") });
    await log.appendTo(store);
    await store.close();
  }

  it("finds its own fills again, error 0", async () => {
    await writeLog();
    const { code, out } = await calibrate("--log", "--data", folder.file("."));
    expect(out).toContain("2 paper fills");
    expect(out).toContain("(error 0)");
    expect(out).toMatch(/^all +2 +50\.00 +50\.00 +50\.00 +50\.00 +50\.00 +50\.00$/m);
    expect(out).toMatch(/^fixed +50\.00 +50\.00 +0\.00 +0\.00 +0\.00 +0\.00 +0\.00 +0\.00 +0 +0$/m);
    expect(code).toBe(EXIT.ok);
  });

  it("fails where a fill is not what its slippage gives", async () => {
    await writeLog();
    const database = new DatabaseSync(folder.file("log.db"));
    database.exec(
      `DROP TRIGGER events_never_change; UPDATE events SET
       data = CAST(replace(CAST(data AS TEXT), '224248125', '224248126') AS BLOB)
       WHERE type = 'OrderFilled' AND position = (SELECT max(position) FROM events WHERE type = 'OrderFilled')`,
    );
    database.close();
    const { code, json } = await calibrate("--log", "--json", "--data", folder.file("."));
    expect(json()).toMatchObject([
      { log: { fills: 2, reproduced: 1, notReproduced: [expect.any(String)] } },
    ]);
    expect(code).toBe(EXIT.failed);
  });

  it("says that there is no log", async () => {
    const { code, err } = await calibrate("--log", "--data", folder.file("."));
    expect(err).toContain("There is no log at");
    expect(code).toBe(EXIT.store);
  });
});

const recorded = hasRealData("transactions");

describe.runIf(recorded)("calibrate on recorded swaps", () => {
  it("reads all of them, and none was filled outside of its own tolerance", async () => {
    const { code, json } = await calibrate(
      "--json",
      "--transactions",
      realDataPath("transactions"),
    );
    expect(json()).toMatchObject([
      { transactions: { badFiles: [], all: { outsideTolerance: 0 } } },
    ]);
    expect(code).toBe(EXIT.ok);
  });
});
