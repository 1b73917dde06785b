/** The local market as a real process: it must never outlive whoever started it. */
import { type ChildProcess, fork, spawn } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { hasRealData, realDataPath } from "../support/real-data.ts";

const MAIN = resolve(import.meta.dirname, "../../localnet/market/main.ts");
let child: ChildProcess | undefined;
afterEach(() => {
  child?.kill("SIGKILL");
});

async function ready(started: ChildProcess): Promise<{ url: string; swapUrl: string }> {
  child = started;
  if (!started.stdout) throw new Error("no stdout");
  const [line] = await once(createInterface(started.stdout), "line");
  return JSON.parse(line);
}
const start = (...options: string[]) =>
  spawn(process.execPath, [MAIN, ...options], { stdio: ["pipe", "pipe", "pipe"] });

describe("the market as a process", () => {
  test("says where it listens, serves, and ends on SIGTERM", async () => {
    const started = start("--port", "0", "--seed", "5");
    const { url, swapUrl } = await ready(started);
    expect(swapUrl).toBe(`${url}/swap/v1`);
    expect((await fetch(`${url}/control/stats`)).status).toBe(200);
    started.kill("SIGTERM");
    expect(await once(started, "exit")).toEqual([0, null]);
  });

  test("ends when its standard input ends", async () => {
    const started = start();
    await ready(started);
    started.stdin?.end();
    expect(await once(started, "exit")).toEqual([0, null]);
  });

  test("ends when the process that forked it disconnects", async () => {
    const forked = fork(MAIN, [], { silent: true, execArgv: [] });
    await ready(forked);
    forked.disconnect();
    expect(await once(forked, "exit")).toEqual([0, null]);
  });

  test.each([
    [["--spped", "2"], "--spped"],
    [["--port", "70000"], "--port: over 65535"],
    [["--market", "no-such.csv"], "no-such.csv cannot be read"],
  ])("%j ends with a sentence", async (options, message) => {
    const started = start(...options);
    child = started;
    const said: string[] = [];
    started.stderr?.on("data", (chunk) => said.push(String(chunk)));
    const [code] = await once(started, "close");
    expect(code).toBe(1);
    expect(said.join("")).toContain(message);
  });

  const file = "prices/sol-usdt-perp-1m-binance-20250520-20250603.csv";
  test.skipIf(!hasRealData(file))("plays a recorded file", async () => {
    const { url } = await ready(start("--market", realDataPath(file), "--symbol", "SOL"));
    const answer = await fetch(`${url}/control/stats`);
    const { prices } = z
      .object({ prices: z.object({ SOL: z.string() }) })
      .parse(await answer.json());
    // The first minute of the record goes from 166.68 to 166.95.
    expect(Number(prices.SOL)).toBeGreaterThanOrEqual(166.68);
    expect(Number(prices.SOL)).toBeLessThanOrEqual(166.95);
  });
});
