/** `top`: reading the metrics, figures of an interval, what is printed and drawn, and how it ends. */
import { createServer } from "node:http";
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { EXIT } from "../../adapters/cli/exit-codes.ts";
import { runCli } from "../../adapters/cli/program.ts";
import { METRICS_LIMITS, parseMetrics, valueIn } from "../../adapters/cli/top/metrics-text.ts";
import { createPicture } from "../../adapters/cli/top/redraw.ts";
import { quantile, topFigures } from "../../adapters/cli/top/top-figures.ts";
import { createHttpServer, type HttpServer } from "../../adapters/http/server.ts";
import { run } from "./harness.ts";

type Counts = {
  readonly filled: number;
  readonly rejected?: number;
  /** Orders of up to 1 ms, up to 10 ms, longer. */
  readonly buckets?: readonly [number, number, number];
  readonly quotes?: readonly [hit: number, miss: number];
  readonly cpuS?: number;
};

const textOf = ({ filled, rejected = 0, buckets = [0, 0, 0], quotes = [0, 0], cpuS = 0 }: Counts) =>
  `# HELP orderstream_build_info Always 1.
# TYPE orderstream_build_info gauge
orderstream_build_info{version="1.2.3"} 1
orderstream_orders_total{status="filled"} ${filled}
orderstream_orders_total{status="rejected"} ${rejected}
orderstream_order_latency_seconds_bucket{le="0.001"} ${buckets[0]}
orderstream_order_latency_seconds_bucket{le="0.01"} ${buckets[0] + buckets[1]}
orderstream_order_latency_seconds_bucket{le="+Inf"} ${buckets[0] + buckets[1] + buckets[2]}
orderstream_open_orders 3
orderstream_queued_orders 2
orderstream_unknown_orders 0
orderstream_quote_cache_requests_total{result="hit"} ${quotes[0]}
orderstream_quote_cache_requests_total{result="miss"} ${quotes[1]}
orderstream_quote_cache_requests_total{result="shared"} 0
orderstream_quote_cache_hit_ratio 0.5
orderstream_quote_cache_entries 7
orderstream_view_lag_events{view="views"} 12
orderstream_view_lag_events{view="engine-state"} 4
orderstream_view_lag_seconds{view="views"} 0.25
process_cpu_seconds_total ${cpuS}
process_resident_memory_bytes 1.048576e+08
process_start_time_seconds 1795267000
nodejs_eventloop_lag_p99_seconds 0.0125
`;

const readingOf = (counts: Counts, atMs: number) => {
  const metrics = parseMetrics(textOf(counts));
  if (!metrics) throw new Error("cannot be read");
  return { metrics, atMs };
};

describe("the metrics' text", () => {
  it("is read with labels, escapes and special values", () => {
    const metrics = parseMetrics(
      'a 1\nb{x="1",y="q\\"u\\\\o\\n"} -2.5e3 1700000000\n\n# c 4\nc{} +Inf\nd NaN\ne Nan\n',
    );
    expect([...(metrics ?? [])]).toEqual([
      ["a", [{ labels: {}, value: 1 }]],
      ["b", [{ labels: { x: "1", y: 'q"u\\o\n' }, value: -2_500 }]],
      ["c", [{ labels: {}, value: Number.POSITIVE_INFINITY }]],
      ["d", [{ labels: {}, value: Number.NaN }]],
      ["e", [{ labels: {}, value: Number.NaN }]],
    ]);
    expect(metrics && valueIn(metrics, "b", ["x", "1"])).toBe(-2_500);
    expect(metrics && valueIn(metrics, "nothing")).toBe(0);
  });

  it.each(["<html>", 'a{x="1} 1', "a one", "a{x=1} 1", "a", 'a{x="1" 1'])("is not %j", (text) => {
    expect(parseMetrics(text)).toBeUndefined();
  });

  it("has limits", () => {
    expect(parseMetrics("a 1\n".repeat(METRICS_LIMITS.lines))).toBeUndefined();
    expect(parseMetrics(`# ${"x".repeat(METRICS_LIMITS.bytes)}`)).toBeUndefined();
  });
});

describe("the figures", () => {
  it("are those of the time between two readings", () => {
    const before = readingOf({ filled: 100, buckets: [50, 0, 50], quotes: [900, 100], cpuS: 5 }, 0);
    const after = readingOf(
      { filled: 300, rejected: 20, buckets: [150, 100, 70], quotes: [1_000, 105], cpuS: 6 },
      2_000,
    );
    expect(topFigures(before, after)).toEqual({
      version: "1.2.3",
      startedAtS: 1_795_267_000,
      ordersPerSecond: 110,
      // 220 orders ended: 100 within 1 ms, 100 within 10 ms; the 110th is a tenth into the second bucket.
      latencyP50S: expect.closeTo(0.0019, 9),
      latencyP99S: 0.01,
      openOrders: 3,
      queuedOrders: 2,
      unknownOrders: 0,
      cacheHitRatio: expect.closeTo(100 / 105, 9),
      cacheHitRatioOverall: 0.5,
      cacheEntries: 7,
      viewLagEvents: 12,
      viewLagS: 0.25,
      rssBytes: 104_857_600,
      cpuCores: 0.5,
      eventLoopP99S: 0.0125,
      byStatus: [
        { status: "filled", perSecond: 100, total: 300 },
        { status: "rejected", perSecond: 10, total: 20 },
      ],
    });
  });

  it("begin anew with an engine that was started again, and are absent where nothing happened", () => {
    const restarted = topFigures(
      readingOf({ filled: 1_000, cpuS: 90 }, 0),
      readingOf({ filled: 5, cpuS: 1 }, 1_000),
    );
    expect([restarted.ordersPerSecond, restarted.cpuCores]).toEqual([5, 1]);
    expect([restarted.latencyP50S, restarted.cacheHitRatio]).toEqual([undefined, undefined]);
  });

  it("estimate quantiles inside the bucket that holds them", () => {
    const counts = fc.array(fc.nat({ max: 1_000 }), { minLength: 2, maxLength: 12 });
    fc.assert(
      fc.property(counts, fc.double({ min: 0.01, max: 1, noNaN: true }), (all, q) => {
        let sum = 0;
        const buckets = all.map((n, i) => {
          sum += n;
          const isLast = i === all.length - 1;
          return { le: isLast ? Number.POSITIVE_INFINITY : i + 1, count: sum };
        });
        const value = quantile(buckets, q);
        if (sum === 0) return expect(value).toBeUndefined();
        const at = buckets.findIndex(({ count }) => count >= q * sum);
        const upper = Math.min(at + 1, all.length - 1);
        expect(value).toBeGreaterThanOrEqual(Math.min(at, all.length - 1) - 1e-9);
        expect(value).toBeLessThanOrEqual(upper + 1e-9);
      }),
    );
  });
});

let http: HttpServer | undefined;
afterEach(() => http?.close());

/** Each reading shows 10 orders more. */
async function serve(): Promise<string> {
  let readings = 0;
  http = createHttpServer({
    status: () => ({ accepting: true, reason: "" }),
    state: () => Promise.reject(new Error("not asked for")),
    metrics: async () => {
      readings += 1;
      const filled = 10 * readings;
      return { type: "text/plain", body: textOf({ filled, buckets: [filled, 0, 0] }) };
    },
    log: () => undefined,
  });
  return http.listen("127.0.0.1:0");
}

describe("top", () => {
  const once = (address: string) => ["top", "--once", "--interval", "0.1", "--http", address];

  it("prints one line for a log, one object for a program", async () => {
    const address = await serve();
    const line = await run(once(address));
    expect([line.code, line.err]).toEqual([EXIT.ok, ""]);
    const [time = "", rate = "", ...figuresShown] = line.out.trimEnd().split("  ");
    expect(time).toMatch(/^\d{4}-\d{2}-\d{2}T[\d:.]+Z$/);
    expect(rate).toMatch(/^\d+\.\d orders\/s$/);
    expect(figuresShown).toEqual([
      ...["p50 0.5 ms", "p99 1.0 ms", "open 3", "queued 2", "cache hits -", "views behind 12 ev"],
      ...["RSS 100.0 MiB", "CPU 0.0 %", "filled 20, rejected 0"],
    ]);
    const [figures] = (await run([...once(address), "--json"])).json();
    expect(figures).toMatchObject({ openOrders: 3, rssBytes: 104_857_600, viewLagEvents: 12 });
    expect(figures).toHaveProperty("time");
  });

  it("draws over itself at a terminal and puts it back at Ctrl-C", async () => {
    const address = await serve();
    let out = "";
    let pictures = 0;
    const code = await runCli(["top", "--interval", "0.1", "--http", address], {
      out: (text) => {
        out += text;
        if (text.includes("orders/s")) pictures += 1;
        if (pictures === 3) process.emit("SIGINT");
      },
      err: () => undefined,
      flushed: async () => true,
      environment: {},
      isTerminal: true,
      screen: { columns: () => 100, rows: () => 40 },
    });
    expect([code, pictures]).toEqual([EXIT.ok, 3]);
    // The other screen once, each picture from the top, and back at the end.
    expect(out.startsWith("\u001b[?1049h\u001b[?25l\u001b[H")).toBe(true);
    expect(out.endsWith("\u001b[?25h\u001b[?1049l")).toBe(true);
    expect(out.split("\u001b[?1049h")).toHaveLength(2);
    expect(out.split("\u001b[H")).toHaveLength(5);
    expect(out).not.toContain("\u001b[2J");
    expect(out).toMatch(/filled +\d+\.\d +40/);
  });

  it("keeps a picture inside the terminal", () => {
    let out = "";
    const picture = createPicture(
      (text) => {
        out += text;
      },
      { columns: () => 5, rows: () => 3 },
    );
    picture.draw(["123456789", "\u001b[31mred", "third"]);
    picture.end();
    picture.end();
    expect(out).toBe(
      "\u001b[?1049h\u001b[?25l\u001b[H12345\u001b[K\n\ufffd[31m\u001b[K\n\u001b[J\u001b[?25h\u001b[?1049l",
    );
  });

  it("says that no engine is there, or that something else is", async () => {
    const address = await serve();
    await http?.close();
    const none = await run(once(address));
    expect([none.code, none.err]).toEqual([
      EXIT.unreachable,
      expect.stringMatching(/no engine answers at http:.*--http HOST:PORT/),
    ]);
    const other = createServer((_, response) => response.end("hello\n"));
    await new Promise<void>((resolve) => {
      other.listen(0, "127.0.0.1", resolve);
    });
    const bound = other.address();
    const port = typeof bound === "object" ? bound?.port : undefined;
    const wrong = await run(once(`127.0.0.1:${port}`));
    other.close();
    expect([wrong.code, wrong.err]).toEqual([
      EXIT.unreachable,
      expect.stringContaining("answers, but is no engine"),
    ]);
  });

  it.each(["0", "0.05", "3601", "soon", "-1"])("refuses --interval %s", async (interval) => {
    const { code, err } = await run(["top", `--interval=${interval}`]);
    expect([code, err]).toEqual([EXIT.usage, expect.stringContaining("--interval must be")]);
  });
});
