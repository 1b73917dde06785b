/**
 * The benches themselves: their arithmetic, and that a small run of each ends with figures and
 * leaves nothing behind.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { text } from "node:stream/consumers";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { TradeRequest } from "../../proto/generated/orderstream/v1/trade_execution.ts";
import { quantile, round, significant, spreadOf } from "./figures.ts";
import { selfTimes } from "./profile.ts";
import { createFrames } from "./trade-frame.ts";

const RUN = resolve(import.meta.dirname, "run.ts");

describe("figures", () => {
  it("gives the median with the smallest and the largest", () => {
    expect(spreadOf([30, 10, 20])).toEqual({ median: 20, min: 10, max: 30 });
    expect(spreadOf([4, 1, 3, 2])).toEqual({ median: 2.5, min: 1, max: 4 });
    expect(() => spreadOf([])).toThrow("no values");
  });

  it("finds quantiles between two values", () => {
    const hundred = Float64Array.from({ length: 101 }, (_, i) => i);
    expect(quantile(hundred, 0.99)).toBe(99);
    expect(quantile([0, 10], 0.25)).toBe(2.5);
    expect(quantile([7], 0.99)).toBe(7);
  });

  it("shows four significant digits, and no fraction of large numbers", () => {
    expect([round(12_345.6), round(1.23456), round(0.000123456)]).toEqual([
      "12346",
      "1.235",
      "0.0001235",
    ]);
    expect(significant(1.23456)).toBe(1.235);
  });
});

describe("frames", () => {
  it("are whole gRPC messages that differ in the request id", () => {
    const frame = createFrames();
    const [one, other] = [frame(1), frame(123_456)];
    expect([one.readUInt8(0), one.readUInt32BE(1)]).toEqual([0, one.length - 5]);
    const [first, second] = [
      TradeRequest.decode(one.subarray(5)),
      TradeRequest.decode(other.subarray(5)),
    ];
    expect(first.requestId).toBe("bench-000000000001");
    expect(second).toEqual({ ...first, requestId: "bench-000000123456" });
  });
});

describe("profiles", () => {
  it("count the time of each sample for its own function, and idle time for none", () => {
    const at = (id: number, functionName: string) => ({
      id,
      callFrame: { functionName, url: "", lineNumber: 0 },
    });
    const nodes = [at(1, "(idle)"), at(2, "work"), at(3, "more")];
    const profile = { nodes, samples: [2, 1, 3, 2], timeDeltas: [5, 10, 100, 30] };
    const { busyUs, byFunction } = selfTimes(JSON.stringify(profile));
    expect(busyUs).toBe(40);
    expect([...byFunction]).toEqual([
      ["work", 10],
      ["more", 30],
    ]);
  });
});

const spread = z.object({ median: z.number(), min: z.number(), max: z.number() });
const reportSchema = z.object({
  machine: z.object({ cores: z.int(), node: z.string(), syncUs: z.object({ p50: z.number() }) }),
  pairs: z.literal(1),
  append: z.array(z.object({ eventsPerAppend: z.int(), ratio: spread })).length(2),
  orders: z.object({
    answered: z.int(),
    stored: z.int(),
    ratio: spread,
    engine: z.object({ perSecond: spread, cpuUsPerOrder: spread }),
  }),
  idle: z.object({ warm: z.object({ ratio: spread }), cold: z.object({ ratio: spread }) }),
});

async function run(...args: string[]): Promise<{ code: unknown; out: string; error: string }> {
  const child = spawn(process.execPath, [RUN, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  const [out, error, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "exit"),
  ]);
  return { code, out, error };
}

describe("a small run", () => {
  it("prints one JSON object with all figures and leaves no files", {
    timeout: 60_000,
  }, async () => {
    const folder = mkdtempSync(join(tmpdir(), "orderstream-bench-test-"));
    try {
      const sizes = ["--pairs", "1", "--orders", "40", "--events", "1000", "--idle-orders", "5"];
      const { code, out, error } = await run("--json", ...sizes, "--folder", folder);
      expect(code, error).toBe(0);
      const { orders } = reportSchema.parse(JSON.parse(out));
      expect([orders.answered, orders.stored]).toEqual([50, 50]);
      expect(orders.engine.perSecond.median).toBeGreaterThan(0);
      expect(readdirSync(folder)).toEqual([]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it("refuses wrong arguments with a sentence", async () => {
    const { code, error } = await run("--only", "nothing");
    expect([code, error]).toEqual([2, "--only must be append, orders, idle, not nothing\n"]);
  });
});
