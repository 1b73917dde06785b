/** A log made by the engine, exported beside it, imported, verified, replayed, and taken up by an engine. */
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, expect, it } from "vitest";
import { TradeAction, TradingMode } from "../../proto/generated/orderstream/v1/trade_execution.ts";
import {
  type EngineProcess,
  execute,
  LAUNCHER,
  startEngineProcess,
} from "../support/engine-process.ts";

const SOL = "So11111111111111111111111111111111111111112";
const USDC = "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v";

const scratch = mkdtempSync(join(tmpdir(), "orderstream-e2e-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
const path = (name: string): string => join(scratch, name);

const exec = promisify(execFile);
const orderstream = async (...args: string[]): Promise<string> =>
  (await exec(process.execPath, [LAUNCHER, ...args], { maxBuffer: 64 * 1024 * 1024 })).stdout;

async function trade({ client }: EngineProcess, requestId: string, amount = 1_000_000n) {
  const answer = await execute(client, {
    ...{ requestId, mode: TradingMode.TRADING_MODE_PAPER, account: "paper", sourceService: "e2e" },
    ...{ action: TradeAction.TRADE_ACTION_BUY, baseMint: SOL, quoteMint: USDC, amount },
  });
  return answer.kind === "ok" ? answer.result.orderId : answer.error.details;
}

it("a log goes to another folder as a file, and an engine goes on with it", {
  timeout: 120_000,
}, async () => {
  const first = await startEngineProcess(path("first"));
  const orderId = await trade(first, "e-1");
  for (let n = 2; n <= 20; n++) await trade(first, `e-${n}`);
  await trade(first, "too much", 10n ** 15n);
  const beside = await orderstream("export", "--data", path("first"));
  const changed = await orderstream(
    ...["diff", "e-1", "--from-revision", "2", "--json", "--grpc", first.grpc],
  );
  expect(JSON.parse(changed)).toMatchObject({
    orderId,
    from: { revision: 2, status: "PENDING" },
    to: { revision: 5, status: "FILLED" },
  });
  await trade(first, "e-21");
  await first.kill();

  await orderstream("export", "--data", path("first"), "--out", path("log.jsonl"));
  const file = readFileSync(path("log.jsonl"), "utf8");
  // What was there when the first export began is the beginning of the second one.
  const events = beside.split("\n").slice(0, -2);
  expect(file.split("\n").slice(0, events.length)).toEqual(events);
  await orderstream("import", "--verify", path("log.jsonl"), "--data", path("copy"));
  expect(await orderstream("export", "--data", path("copy"))).toBe(file);
  expect(await orderstream("verify", "--data", path("copy"))).toContain("all hashes fit");
  const nobody = ["--http", "127.0.0.1:1"];
  const replayed = await orderstream("replay", "--all", "--data", path("copy"), ...nobody);
  expect(replayed).toContain("no difference");

  const second = await startEngineProcess(path("copy"));
  expect(await trade(second, "e-1")).toBe(orderId);
  await trade(second, "e-22");
  expect(await second.stop()).toBe(0);
  expect(await orderstream("verify", "--data", path("copy"))).toContain("all hashes fit");
  const again = await orderstream("replay", "--all", "--data", path("copy"), ...nobody);
  expect(again).toContain("compared with the engine's snapshot");
  expect(again).toContain("no difference");
});
