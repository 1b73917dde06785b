/** The local world as a real process beyond the chain's own: who ends it, and what prices it plays. */
import { type ChildProcess, fork, spawn } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { hasRealData, realDataPath } from "../support/real-data.ts";

const MAIN = resolve(import.meta.dirname, "../../localnet/main.ts");
let child: ChildProcess | undefined;
afterEach(() => {
  child?.kill("SIGKILL");
});

async function ready(started: ChildProcess): Promise<{ marketUrl: string }> {
  child = started;
  if (!started.stdout) throw new Error("no stdout");
  const [line] = await once(createInterface(started.stdout), "line");
  return JSON.parse(line);
}

describe("the local world as a process", () => {
  test("ends when the process that forked it disconnects", async () => {
    const forked = fork(MAIN, [], { silent: true, execArgv: [] });
    await ready(forked);
    forked.disconnect();
    expect(await once(forked, "exit")).toEqual([0, null]);
  });

  const file = "prices/sol-usdt-perp-1m-binance-20250520-20250603.csv";
  test.skipIf(!hasRealData(file))("plays a recorded file", async () => {
    const options = ["--market", realDataPath(file), "--symbol", "SOL"];
    const started = spawn(process.execPath, [MAIN, ...options], {
      stdio: ["pipe", "pipe", "pipe"],
    });
    const { marketUrl } = await ready(started);
    const answer = await fetch(`${marketUrl}/control/stats`);
    const { prices } = z
      .object({ prices: z.object({ SOL: z.string() }) })
      .parse(await answer.json());
    // The first minute of the record goes from 166.68 to 166.95.
    expect(Number(prices.SOL)).toBeGreaterThanOrEqual(166.68);
    expect(Number(prices.SOL)).toBeLessThanOrEqual(166.95);
  });
});
