/** What the benches are made of: arithmetic, options, frames, arrivals, profiles, stored logs. */
import { tmpdir } from "node:os";
import { describe, expect, it } from "vitest";
import { openSqliteReader } from "../../adapters/event-store/sqlite-reader.ts";
import { foldLog } from "../../domain/application/audit/replay-all.ts";
import { verifyLog } from "../../domain/application/audit/verify-log.ts";
import { TradeRequest } from "../../proto/generated/orderstream/v1/trade_execution.ts";
import { codec } from "../support/given.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { arrivals } from "./arrivals.ts";
import { BENCH_NAMES, benchesOf } from "./benches.ts";
import { assertSpace, OPEN_ORDERS, writeLog } from "./big-log.ts";
import { quantile, round, significant, spreadOf, table } from "./figures.ts";
import { countEvents } from "./log-file.ts";
import { selfTimes } from "./profile.ts";
import { commandOf } from "./sizes.ts";
import { createFrames } from "./trade-frame.ts";

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

describe("tables", () => {
  it("have columns of one width, and a third one where there is a target", () => {
    expect(
      table([
        ["a", "1"],
        ["longer", "1234", "< 2"],
        ["b", "22", "< 3"],
      ]).split("\n"),
    ).toEqual(["  a       1", "  longer  1234  < 2", "  b       22    < 3", ""]);
  });
});

describe("options", () => {
  const sizesOf = (...args: readonly string[]) => {
    const command = commandOf(args);
    if (!("sizes" in command)) throw new Error(command.join("\n"));
    return command.sizes;
  };

  it("take sizes, and a million stored orders by one word", () => {
    expect(sizesOf("--pairs", "2", "--soak", "0")).toMatchObject({ pairs: 2, soak: 0 });
    expect(sizesOf("--million").stored).toBe(1_000_000);
    expect(sizesOf("--million", "--stored", "5").stored).toBe(5);
  });

  it("name what is wrong, its value and the limit", () => {
    expect(commandOf(["--pairs", "0", "--calls", "x"])).toEqual([
      "--pairs must be a whole number from 1 to 10000000, not 0",
      "--calls must be a whole number from 1 to 10000000, not x",
    ]);
    expect(commandOf(["--pears", "1"])).toEqual([expect.stringContaining("--pears")]);
  });

  it("choose benches, which run in their own order", () => {
    expect(benchesOf(undefined)).toEqual(BENCH_NAMES);
    expect(benchesOf("queries, append")).toEqual(["append", "queries"]);
    expect(benchesOf("append,apend")).toBe(`--only must be ${BENCH_NAMES.join(", ")}, not apend`);
  });
});

describe("arrivals", () => {
  it("come at the rate on average, in order, not evenly, and the same each time", () => {
    const times = arrivals({ orders: 20_000, perSecond: 500 });
    expect(times).toEqual(times.toSorted());
    expect(times.at(-1)).toBeGreaterThan(39_000);
    expect(times.at(-1)).toBeLessThan(41_000);
    const gaps = times.slice(1).map((time, index) => time - (times[index] ?? 0));
    // Of exponential gaps 1 - 1/e are below their mean, 2 ms.
    const share = gaps.filter((gap) => gap < 2).length / gaps.length;
    expect(share).toBeCloseTo(1 - 1 / Math.E, 1);
    expect(arrivals({ orders: 20_000, perSecond: 500 })).toEqual(times);
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

describe("a stored log", () => {
  const { file } = temporaryFolder();

  it("is one that the engine wrote: every chain fits, and the orders end as they should", async () => {
    const log = file("log.db");
    await writeLog(log, 400, () => undefined);
    const store = openSqliteReader(log);
    try {
      const report = await verifyLog({ store, codec });
      expect(report).toMatchObject({ problems: [], events: countEvents(log) });
      const fold = await foldLog({ store, codec }, { until: await store.end() });
      expect([fold.orders, [...fold.openOrders()].length]).toEqual([
        400 + OPEN_ORDERS,
        OPEN_ORDERS,
      ]);
      const [rejected, failed] = ["OrderRejected", "OrderFailed"].map((type) =>
        countEvents(log, type),
      );
      expect(rejected).toBeGreaterThanOrEqual(4);
      expect(failed).toBeGreaterThanOrEqual(4);
      expect(countEvents(log, "OrderFilled")).toBe(400 - (rejected ?? 0) - (failed ?? 0));
    } finally {
      await store.close();
    }
  });

  it("is refused where the disk is too small", () => {
    expect(() => assertSpace(tmpdir(), 1e12)).toThrow(
      /1000000000000 stored orders may need 12000001.0 GB/,
    );
  });
});
