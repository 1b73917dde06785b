/** What a strategy team keeps open beside the engine: `watch` and the metrics, with the engine as people run it. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, expect, it, vi } from "vitest";
import { parseMetrics, valueIn } from "../../adapters/cli/top/metrics-text.ts";
import {
  TradeAction,
  TradingMode,
  WaitFor,
} from "../../proto/generated/orderstream/v1/trade_execution.ts";
import {
  type EngineProcess,
  execute,
  LAUNCHER,
  startEngineProcess,
} from "../support/engine-process.ts";

const SOL = "So11111111111111111111111111111111111111112";
const USDC = "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v";

const scratch = mkdtempSync(join(tmpdir(), "orderstream-live-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

let engine: EngineProcess;
let watch: ChildProcess;
let seen: { requestId: string; status: string; event: string }[];
let said: string;

beforeEach(async () => {
  engine = await startEngineProcess(mkdtempSync(join(scratch, "data-")));
  seen = [];
  said = "";
  watch = spawn(process.execPath, [LAUNCHER, "watch", "--json", "--grpc", engine.grpc]);
  let rest = "";
  watch.stdout?.on("data", (chunk: Buffer) => {
    const lines = (rest + chunk.toString()).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      const { trade, eventType, error } = JSON.parse(line);
      said += error?.message ?? "";
      if (trade) seen.push({ requestId: trade.requestId, status: trade.status, event: eventType });
    }
  });
  watch.stderr?.on("data", (chunk: Buffer) => {
    said += chunk.toString();
  });
  await vi.waitFor(() => expect(said).toContain("watching the orders"), { timeout: 20_000 });
});
afterEach(async () => {
  watch.kill("SIGKILL");
  await engine.stop();
});

const sell = (requestId: string, amount: bigint) =>
  execute(engine.client, {
    ...{ requestId, mode: TradingMode.TRADING_MODE_PAPER, account: "paper", amount },
    ...{ action: TradeAction.TRADE_ACTION_SELL, baseMint: SOL, quoteMint: USDC },
    waitFor: WaitFor.WAIT_FOR_FINALIZED,
  });

it("shows orders as they end, counts them, and leaves with 0 at Ctrl-C", async () => {
  await sell("one", 1_000_000_000n);
  await sell("too-much", 10n ** 13n);
  await vi.waitFor(() =>
    expect(seen.filter(({ status }) => status !== "PENDING" && status !== "SUBMITTED")).toEqual([
      { requestId: "one", status: "FILLED", event: "OrderFilled" },
      { requestId: "too-much", status: "REJECTED", event: "OrderRejected" },
    ]),
  );
  const response = await fetch(`http://${engine.http}/metrics`);
  expect(response.headers.get("content-type")).toContain("text/plain; version=0.0.4");
  const metrics = parseMetrics(await response.text());
  if (!metrics) throw new Error("the metrics cannot be read");
  const figures = ["filled", "rejected", "failed"].map((status) =>
    valueIn(metrics, "orderstream_orders_total", ["status", status]),
  );
  expect(figures).toEqual([1, 1, 0]);
  expect(valueIn(metrics, "orderstream_order_latency_seconds_count")).toBe(2);
  expect(valueIn(metrics, "orderstream_quote_cache_requests_total", ["result", "miss"])).toBe(1);
  expect(valueIn(metrics, "orderstream_quote_cache_hit_ratio")).toBe(0.5);
  // A new log: every event of it was appended by this engine, its opening too.
  const stored = valueIn(metrics, "orderstream_store_events_total");
  expect(stored).toBe(valueIn(metrics, "orderstream_log_position"));
  watch.kill("SIGINT");
  expect((await once(watch, "exit"))[0]).toBe(0);
});

it("ends `watch` with 3 and a sentence when the engine goes, however it goes", async () => {
  const gone = once(watch, "close");
  await engine.kill();
  expect((await gone)[0]).toBe(3);
  expect(said).toMatch(/the connection to the engine at \S+ broke/);
});
