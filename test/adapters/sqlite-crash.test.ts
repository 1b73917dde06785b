/**
 * A process that appends is killed at random moments, inside group commits too: what it
 * acknowledged is in the log.
 */
import { spawn } from "node:child_process";
import { chmodSync, chownSync, mkdirSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { openSqliteEventStore } from "../../adapters/event-store/sqlite.ts";
import type { StreamName } from "../../domain/primitives/ids.ts";
import { expectGapless, readWholeLog } from "../contracts/event-store-read.cases.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const ROUNDS = 12;
const NODE = ["--disable-warning=ExperimentalWarning"];
const program = (name: string) => fileURLToPath(new URL(`../support/${name}`, import.meta.url));

const folder = temporaryFolder();

/** Runs the appender and kills it after so many acknowledgements; gives what it printed. */
function runAndKill(log: string, acknowledgements: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...NODE, program("append-forever.ts"), log], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let printed = "";
    child.stdout.setEncoding("utf8");
    child.stdout.on("data", (text: string) => {
      printed += text;
      if (printed.split("\n").length > acknowledgements) child.kill("SIGKILL");
    });
    child.on("close", (_, signal) => {
      if (signal === "SIGKILL") resolve(printed);
      else reject(new Error(`the appender ended by itself, signal ${signal}`));
    });
  });
}

function lines(printed: string): { stream: StreamName; revision: number }[] {
  // A last line without its end was cut off by the kill.
  return printed
    .split("\n")
    .slice(0, -1)
    .map((line) => {
      const [stream = "", revision = ""] = line.split(" ");
      return { stream: stream as StreamName, revision: Number(revision) };
    });
}

function integrityOf(log: string): unknown {
  const db = new DatabaseSync(log, { readOnly: true });
  try {
    return db.prepare("PRAGMA integrity_check").get()?.integrity_check;
  } finally {
    db.close();
  }
}

describe("SIGKILL in the middle of group commits", () => {
  it(`loses nothing that was acknowledged, ${ROUNDS} times in a row`, async () => {
    const log = folder.file("log.db");
    const acknowledged = new Map<StreamName, number>();
    for (let round = 0; round < ROUNDS; round++) {
      const printed = await runAndKill(log, 1 + Math.floor(Math.random() * 600));
      for (const { stream, revision } of lines(printed)) acknowledged.set(stream, revision);

      const store = await openSqliteEventStore({ file: log });
      const all = await readWholeLog(store);
      await store.close();
      expect(integrityOf(log)).toBe("ok");
      expectGapless(all);
      const stored = new Map(all.map((event) => [event.stream, event.revision]));
      const lost = [...acknowledged].filter(
        ([name, revision]) => (stored.get(name) ?? -1) < revision,
      );
      expect(lost).toEqual([]);
      expect(all.at(-1)?.position).toBe(BigInt(all.length));
    }
    expect(acknowledged.size).toBeGreaterThan(50);
  }, 60_000);
});

/** Root may write everywhere; tried as another user then. */
const NOBODY = 65_534;
const asRoot = process.getuid?.() === 0;

describe("a folder that this user may not write", () => {
  it.skipIf(process.platform === "win32")("is refused with a sentence", async () => {
    const data = folder.file("data");
    mkdirSync(data);
    chmodSync(folder.file(""), 0o755);
    if (asRoot) chownSync(data, NOBODY, NOBODY);
    chmodSync(data, 0o555);
    const child = spawn(process.execPath, [...NODE, program("open-log.ts"), `${data}/log.db`], {
      stdio: ["ignore", "pipe", "inherit"],
      ...(asRoot && { uid: NOBODY, gid: NOBODY }),
    });
    let printed = "";
    child.stdout.setEncoding("utf8");
    child.stdout.on("data", (text: string) => {
      printed += text;
    });
    await new Promise((resolve) => child.on("close", resolve));
    expect(printed).toMatch(/^no-access: .*Give this user the right/);
  });
});
