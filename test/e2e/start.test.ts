/** What a person reads when the engine cannot start: a sentence that says what to do, an exit code, and nothing half-written. */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, describe, expect, it } from "vitest";
import { LAUNCHER, startEngineProcess } from "../support/engine-process.ts";

const scratch = mkdtempSync(join(tmpdir(), "orderstream-start-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const FREE = ["--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0"];

function start(
  data: string,
  args: readonly string[] = FREE,
): Promise<{ code: unknown; said: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [LAUNCHER, "start", "--data", data, ...args], (error, out, err) => {
      resolve({ code: error?.code ?? 0, said: out + err });
    });
  });
}

/** Name and content of every file, so that any change shows. */
const contentOf = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => name)
    .sort()
    .map(
      (name) =>
        `${name} ${createHash("sha256")
          .update(readFileSync(join(folder, name)))
          .digest("hex")}`,
    );

async function aLog(name: string): Promise<string> {
  const data = join(scratch, name);
  const engine = await startEngineProcess(data);
  await engine.stop();
  return data;
}

const aSentence = (said: string): void => {
  expect(said).not.toMatch(/\n\s+at /);
  expect(said.trim().split("\n").length).toBeLessThan(8);
};

describe("a start that cannot be", () => {
  it("says that a port is taken, and by which address", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const address = server.address();
    const port = typeof address === "object" ? address?.port : undefined;
    for (const args of [
      ["--grpc", `127.0.0.1:${port}`, "--http", "127.0.0.1:0"],
      ["--grpc", "127.0.0.1:0", "--http", `127.0.0.1:${port}`],
    ]) {
      const { code, said } = await start(join(scratch, "taken"), args);
      expect(code).toBe(7);
      expect(said).toContain(String(port));
      aSentence(said);
    }
    server.close();
  });

  it("leaves a file that is no database as it is", async () => {
    const data = join(scratch, "garbage");
    mkdirSync(data);
    writeFileSync(join(data, "log.db"), "these are the shopping lists of last year\n".repeat(500));
    const before = readFileSync(join(data, "log.db"));
    const { code, said } = await start(data);
    expect(code).toBe(7);
    expect(said).toContain("log.db");
    aSentence(said);
    expect(readFileSync(join(data, "log.db"))).toEqual(before);
  });

  it("refuses the log of a newer program", async () => {
    const data = await aLog("newer");
    const db = new DatabaseSync(join(data, "log.db"));
    db.exec("PRAGMA user_version = 99");
    db.close();
    const before = contentOf(data).filter((line) => line.startsWith("log.db "));
    const { code, said } = await start(data);
    expect(code).toBe(7);
    expect(said).toMatch(/newer/);
    aSentence(said);
    expect(contentOf(data).filter((line) => line.startsWith("log.db "))).toEqual(before);
  });

  it("refuses an event type that it does not know", async () => {
    const data = await aLog("unknown-type");
    const db = new DatabaseSync(join(data, "log.db"));
    const { position } = db.prepare("SELECT max(position) AS position FROM events").get() ?? {};
    db.prepare(
      "INSERT INTO events(position, stream, revision, type, data, metadata) VALUES (?, 'order-x', 0, 'OrderTeleported', x'7b7d', ?)",
    ).run(
      Number(position) + 1,
      Buffer.from(
        '{"actor":"a","causationId":"c","correlationId":"c","hash":"00","prevHash":"00","recordedAt":1,"version":1}',
      ),
    );
    db.close();
    const { code, said } = await start(data);
    expect(code).toBe(7);
    expect(said).toMatch(/OrderTeleported.*newer/s);
    aSentence(said);
  });

  it("names the nearest key to a wrong one, and does not begin", async () => {
    const data = join(scratch, "misspelt");
    const { code, said } = await start(data, [...FREE, "--set", "cache.tllMs=5"]);
    expect(code).toBe(2);
    expect(said).toContain("cache.ttlMs");
    aSentence(said);
    expect(existsSync(data)).toBe(false);
  });

  it.skipIf(process.platform !== "linux")("says that a folder cannot be made", async () => {
    const { code, said } = await start("/proc/orderstream/data");
    expect(code).toBe(7);
    expect(said).toContain("/proc/orderstream");
    aSentence(said);
  });

  it("says what is wrong with a data folder that is a file", async () => {
    const data = join(scratch, "a-file");
    writeFileSync(data, "");
    const { code, said } = await start(data);
    expect(code).toBe(7);
    expect(said).toContain("a-file");
    aSentence(said);
  });
});
