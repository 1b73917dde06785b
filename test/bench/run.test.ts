/** A small run of every bench ends with figures and leaves nothing behind. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { temporaryFolder } from "../support/temporary-folder.ts";

const RUN = resolve(import.meta.dirname, "run.ts");
const TIMEOUT_MS = 120_000;

const spread = z.object({ median: z.number(), min: z.number(), max: z.number() });
const latency = z.object({ p50Ms: spread, p99Ms: spread });
const reportSchema = z.object({
  machine: z.object({ cores: z.int(), node: z.string(), syncUs: z.object({ p50: z.number() }) }),
  pairs: z.literal(1),
});
const liveSchema = reportSchema.extend({
  append: z.array(z.object({ eventsPerAppend: z.int(), ratio: spread })).length(2),
  orders: z.object({
    answered: z.int(),
    stored: z.int(),
    ratio: spread,
    engine: z.object({ perSecond: spread, cpuUsPerOrder: spread }),
  }),
  idle: z.object({ warm: z.object({ ratio: spread }), cold: z.object({ ratio: spread }) }),
  "open-loop": z.object({ arrivalsPerSecond: spread, engine: latency, floor: latency }),
  micro: z.record(z.string(), spread),
});
const liveLatency = z.object({ toBroadcast: latency, stages: z.record(z.string(), latency) });
const liveOrdersSchema = reportSchema.extend({
  live: z.object({
    ...{ answered: z.int(), final: z.int(), ratio: spread },
    ...{ idle: liveLatency, eight: liveLatency },
    loaded: z.object({ perSecond: spread, mainUsPerOrder: spread }),
  }),
  "live-landing": z.object({ hinted: latency, polled: latency }),
  "live-localnet": z.object({ perSecond: spread, filled: z.int() }),
});
const storedSchema = reportSchema.extend({
  replay: z.object({ events: z.int(), rows: z.int(), ratio: spread, ratioWritten: spread }),
  restart: z.object({
    openOrders: z.int(),
    afterKill: z.object({ servingMs: spread }),
    withoutSnapshot: z.object({ servingMs: spread }),
    emptyLog: z.object({ servingMs: spread }),
  }),
  growth: z.object({
    cpuRatio: spread,
    large: z.object({ idleRssMegabytes: spread }),
    soak: z.object({ orders: z.int(), rssMegabytes: z.number() }),
  }),
  queries: z.object({ depth: z.int(), kinds: z.record(z.string(), latency) }),
});

// Two dozen processes load the same modules: compiled once, they start in half the time.
const COMPILED = mkdtempSync(join(tmpdir(), "orderstream-compiled-"));
afterAll(() => rmSync(COMPILED, { recursive: true, force: true }));

async function run(...args: string[]): Promise<{ code: unknown; out: string; error: string }> {
  const child = spawn(process.execPath, [RUN, ...args], {
    env: { ...process.env, NODE_COMPILE_CACHE: COMPILED },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [out, error, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "exit"),
  ]);
  return { code, out, error };
}

const sizes = (given: Readonly<Record<string, number>>): string[] =>
  Object.entries(given).flatMap(([name, value]) => [`--${name}`, String(value)]);

describe("a small run", () => {
  const { file } = temporaryFolder();

  async function report<T>(only: string, small: string[], schema: z.ZodType<T>): Promise<T> {
    const folder = dirname(file("any"));
    const { code, out, error } = await run("--json", "--folder", folder, "--only", only, ...small);
    expect(code, error).toBe(0);
    expect(readdirSync(folder)).toEqual([]);
    return schema.parse(JSON.parse(out));
  }

  it("of what needs no stored orders gives all figures and leaves no files", {
    timeout: TIMEOUT_MS,
  }, async () => {
    const small = sizes({
      ...{ pairs: 1, orders: 40, events: 1_000, "idle-orders": 5, seconds: 1 },
      ...{ "batch-ms": 1 },
    });
    const figures = await report("append,orders,idle,open-loop,micro", small, liveSchema);
    const { orders } = figures;
    expect([orders.answered, orders.stored]).toEqual([50, 50]);
    expect(orders.engine.perSecond.median).toBeGreaterThan(0);
    expect(figures["open-loop"].engine.p99Ms.min).toBeGreaterThan(0);
    expect(Object.values(figures.micro).every(({ min }) => min > 0)).toBe(true);
  });

  it("of live orders gives all figures and leaves no files", { timeout: TIMEOUT_MS }, async () => {
    const small = sizes({
      ...{ pairs: 1, wallets: 1, "live-orders": 12, "live-few": 6, "live-in-flight": 4 },
      ...{ "localnet-orders": 8, "localnet-in-flight": 4 },
    });
    const figures = await report("live,live-landing,live-localnet", small, liveOrdersSchema);
    const { live } = figures;
    expect([live.answered, live.final]).toEqual([30, 30]);
    expect(live.idle.toBroadcast.p50Ms.min).toBeGreaterThan(0);
    expect(Object.values(live.eight.stages).every(({ p99Ms }) => p99Ms.min > 0)).toBe(true);
    expect(live.loaded.mainUsPerOrder.min).toBeGreaterThan(0);
    expect(figures["live-landing"].polled.p50Ms.min).toBeGreaterThan(0);
    expect(figures["live-localnet"].filled).toBe(10);
  });

  it("of what needs stored orders gives all figures and leaves no files", {
    timeout: TIMEOUT_MS,
  }, async () => {
    const small = sizes({
      ...{ pairs: 1, orders: 20, few: 5, soak: 10, burst: 100, calls: 2 },
      ...{ "replay-events": 600, "restart-orders": 100, stored: 100 },
    });
    const figures = await report("replay,restart,growth,queries", small, storedSchema);
    expect(figures.replay.events).toBeGreaterThan(500);
    expect(figures.replay.rows).toBeGreaterThan(200);
    expect(figures.restart.openOrders).toBe(100);
    expect(figures.growth.soak.orders).toBe(10);
    expect(figures.queries.depth).toBe(50);
    expect(Object.keys(figures.queries.kinds)).toHaveLength(10);
  });

  it("refuses wrong arguments with a sentence", async () => {
    const { code, error } = await run("--only", "nothing");
    expect([code, error]).toEqual([
      2,
      "--only must be append, orders, concurrent, idle, open-loop, micro, live, live-landing, " +
        "live-localnet, replay, restart, growth, queries, not nothing\n",
    ]);
  });
});
