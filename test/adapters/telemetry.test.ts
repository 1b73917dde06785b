/** The metrics: what they count, that the documentation names exactly them, and that no label grows without bound. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Metrics, parseMetrics, valueIn } from "../../adapters/cli/top/metrics-text.ts";
import { createMemoryEventStore } from "../../adapters/event-store/memory.ts";
import { createCachedQuotes } from "../../adapters/quotes/cached.ts";
import { createJupiterQuotes } from "../../adapters/quotes/jupiter.ts";
import { createTelemetry, type Telemetry } from "../../adapters/telemetry/telemetry.ts";
import { createEngine, type EngineConfig } from "../../domain/application/engine.ts";
import type { Engine, SubmitResult } from "../../domain/application/engine.types.ts";
import { createLedger } from "../../domain/application/ledger.ts";
import type { OrderState } from "../../domain/order/state.ts";
import type { EventStore } from "../../domain/ports/event-store.ts";
import type { LogId, Mint, RequestId } from "../../domain/primitives/ids.ts";
import { SOL_MINT } from "../../domain/primitives/ids.ts";
import { type Market, startMarket } from "../../localnet/market/server.ts";
import { TOKENS } from "../../localnet/tokens.ts";
import { encodedEvents, newStream } from "../support/encoded-events.ts";
import { ACCOUNT, CONFIG, LOCAL, trade, USDC_MINT } from "../support/engine-world.ts";
import { codec, hasher } from "../support/given.ts";
import { createManualClock } from "../support/manual-clock.ts";
import { createManualTime } from "../support/manual-time.ts";

const HALT = {
  ...{ reason: "a test", by: LOCAL, requestId: "h" as RequestId, sinceUs: 0, recorded: true },
};

const SOURCES = {
  status: () => ({
    accepting: true,
    reason: "",
    openOrders: 3,
    unknownOrders: 1,
    queueLength: 2,
    followedAttempts: 0,
    startedAtUs: 0,
    position: 77n,
  }),
  safety: () => ({
    halts: [
      { ...HALT, scope: "account" as const, target: "desk" },
      { ...HALT, scope: "account" as const, target: "paper" },
    ],
    breaker: {
      ...{ kind: "half-open" as const, cause: "errors" as const, count: 10 },
      ...{ sinceUs: 0, untilUs: 60_000_000 },
    },
    revision: 2,
  }),
  quotes: () => ({ hits: 90, misses: 6, shared: 4, stale: 2, entries: 5 }),
  views: () => ({
    views: { lagEvents: 12, lagUs: 1_500_000 },
    "engine-state": { lagEvents: 0, lagUs: undefined },
  }),
  live: () => ({ followedAttempts: 7, isSignerAvailable: true, isClusterKnown: false }),
};

/** Never zero in a process that runs: their readings depend on each other inside the library. */
const ALIVE = [
  "process_cpu_user_seconds_total",
  "process_cpu_seconds_total",
  "process_resident_memory_bytes",
  "process_start_time_seconds",
  "nodejs_eventloop_lag_p50_seconds",
  "nodejs_eventloop_lag_p99_seconds",
  "nodejs_eventloop_lag_max_seconds",
  "nodejs_heap_size_total_bytes",
  "nodejs_heap_size_used_bytes",
  "nodejs_external_memory_bytes",
];

async function read(telemetry: Telemetry): Promise<{ metrics: Metrics; text: string }> {
  const { body } = await telemetry.expose();
  const metrics = parseMetrics(body);
  if (!metrics) throw new Error(`cannot be read: ${body}`);
  return { metrics, text: body };
}

/** Names as the registry declares them, with their types. */
const declared = (text: string): string[] =>
  [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => `${name} ${type}`).sort();

describe("the metrics", () => {
  it("are those of docs/metrics.md, no more and no fewer", async () => {
    const clock = createManualClock();
    const telemetry = createTelemetry({ version: "1.2.3", clock });
    const store = createMemoryEventStore();
    telemetry.countAppends(store);
    telemetry.observe(SOURCES);
    const { text } = await read(telemetry);
    const docs = readFileSync(resolve(import.meta.dirname, "../../docs/metrics.md"), "utf8");
    const documented = [...docs.matchAll(/^\| `(\w+)` \| (\w+) \|/gm)].map(
      ([, name, type]) => `${name} ${type}`,
    );
    expect(declared(text)).toEqual(documented.sort());
    await store.close();
  });

  it("show what the engine's parts count, in base units", async () => {
    const telemetry = createTelemetry({ version: "1.2.3", clock: createManualClock() });
    telemetry.observe(SOURCES);
    const { metrics } = await read(telemetry);
    expect(metrics.get("orderstream_build_info")).toEqual([
      { labels: { version: "1.2.3" }, value: 1 },
    ]);
    const figures = {
      orderstream_live_followed_attempts: 7,
      orderstream_live_signer_available: 1,
      orderstream_live_cluster_confirmed: 0,
      orderstream_accepting_orders: 1,
      orderstream_open_orders: 3,
      orderstream_unknown_orders: 1,
      orderstream_queued_orders: 2,
      orderstream_breaker_open: 1,
      orderstream_log_position: 77,
      orderstream_quote_cache_stale_total: 2,
      orderstream_quote_cache_entries: 5,
      orderstream_quote_cache_hit_ratio: 0.9,
    };
    for (const [name, value] of Object.entries(figures)) {
      expect([name, valueIn(metrics, name)]).toEqual([name, value]);
    }
    const one = (name: string, label: string, value: string) =>
      valueIn(metrics, name, [label, value]);
    expect(
      ["hit", "miss", "shared"].map((result) =>
        one("orderstream_quote_cache_requests_total", "result", result),
      ),
    ).toEqual([90, 6, 4]);
    expect(
      ["all", "account", "mint"].map((scope) => one("orderstream_trading_halted", "scope", scope)),
    ).toEqual([0, 2, 0]);
    expect(one("orderstream_view_lag_events", "view", "views")).toBe(12);
    expect(one("orderstream_view_lag_seconds", "view", "views")).toBe(1.5);
    expect(one("orderstream_view_lag_seconds", "view", "engine-state")).toBe(0);
    // Reading takes time itself, so that there is some.
    await vi.waitFor(async () => {
      const { metrics: now } = await read(telemetry);
      expect(ALIVE.filter((name) => valueIn(now, name) <= 0)).toEqual([]);
    });
    // Counters are set, not added to: a second reading says the same.
    expect(
      valueIn((await read(telemetry)).metrics, "orderstream_quote_cache_requests_total", [
        "result",
        "hit",
      ]),
    ).toBe(90);
  });

  it("count appends by outcome, and the events that were stored", async () => {
    const telemetry = createTelemetry({ version: "1", clock: createManualClock() });
    const store: EventStore = telemetry.countAppends(createMemoryEventStore());
    const stream = newStream();
    const events = encodedEvents(stream, 0, 3);
    const answers = [
      await store.append(stream, "no-stream", events),
      await store.append(stream, "no-stream", events),
      await store.append(stream, 7, encodedEvents(stream, 8, 1)),
    ];
    expect(answers.map(({ kind }) => kind)).toEqual(["appended", "already-appended", "conflict"]);
    const { metrics } = await read(telemetry);
    const samples = metrics.get("orderstream_store_appends_total") ?? [];
    expect(samples.map(({ labels, value }) => [labels.outcome, value])).toEqual([
      ["appended", 1],
      ["already-appended", 1],
      ["conflict", 1],
      ["unavailable", 0],
      ["unknown", 0],
    ]);
    expect(valueIn(metrics, "orderstream_store_events_total")).toBe(3);
    await store.close();
  });
});

const TOKEN_NAMES = ["SOL", "USDC", "JUP", "BONK"];
const tokens: EngineConfig["policy"]["tokens"] = new Map(
  TOKENS.filter(({ symbol }) => TOKEN_NAMES.includes(symbol)).map(({ mint, symbol, decimals }) => [
    mint as Mint,
    { mint: mint as Mint, symbol, decimals, minAmount: 1n, maxAmount: 10n ** 18n },
  ]),
);
const mintOf = (symbol: string): Mint => {
  const mint = [...tokens.values()].find((token) => token.symbol === symbol)?.mint;
  if (!mint) throw new Error(`no token ${symbol}`);
  return mint;
};

describe("an engine with the local market behind a cache", () => {
  let market: Market;
  let engine: Engine;
  let telemetry: Telemetry;
  let close: () => Promise<void>;
  let quotes: ReturnType<typeof createCachedQuotes>;
  const time = createManualTime();
  const ended: OrderState[] = [];

  beforeEach(async () => {
    ended.length = 0;
    market = await startMarket();
    const { clock, timers } = time;
    const source = createJupiterQuotes({
      ...{ baseUrls: [market.swapUrl], timeoutMs: 5_000, clock },
    });
    quotes = createCachedQuotes({ source, clock, ttlMs: 2_000 });
    telemetry = createTelemetry({ version: "1", clock });
    const store = telemetry.countAppends(createMemoryEventStore());
    const faults: unknown[] = [];
    engine = await createEngine(
      {
        ...{ store, quotes, codec, hasher, clock, timers },
        onFault: (_, error) => faults.push(error),
        onEnded: (order) => {
          ended.push(order);
          telemetry.orderEnded(order);
        },
      },
      { ...CONFIG, policy: { ...CONFIG.policy, tokens } },
      {
        ...{ logId: "telemetry" as LogId, ledger: createLedger(), openOrders: [] },
        ...{ clockUs: 0, position: undefined },
      },
    );
    telemetry.observe({ ...SOURCES, status: engine.status, quotes: quotes.stats });
    await engine.account(
      ACCOUNT,
      {
        type: "Open",
        initialFunds: [
          { mint: SOL_MINT, amount: 10n ** 15n },
          { mint: USDC_MINT, amount: 10n ** 15n },
        ],
      },
      { principal: LOCAL, requestId: "open" as RequestId },
    );
    close = async () => {
      expect(faults).toEqual([]);
      source.close();
      await store.close();
      await market.close();
    };
  });
  afterEach(() => close());

  const buy = (requestId: string, symbol: string, amount = 150_000_000n): Promise<SubmitResult> =>
    engine.submit(trade(requestId, { baseMint: mintOf(symbol), amount }), {
      ...{ principal: LOCAL, waitFor: "FINALIZED", waitMs: 60_000 },
    });

  it("answers more than 80 % of the quotes from memory in steady state", async () => {
    // Three pairs, an order each 50 ms for 30 s: a quote lives 2 s.
    const orders = 600;
    for (let i = 0; i < orders; i += 1) {
      const result = await buy(`steady-${i}`, ["SOL", "JUP", "BONK"][i % 3] ?? "SOL");
      expect(result).toMatchObject({ kind: "order", order: { phase: "filled" } });
      time.clock.advanceMs(50);
    }
    const { hits, misses, shared } = quotes.stats();
    expect(hits / (hits + misses + shared)).toBeGreaterThan(0.8);
    expect(market.stats().quotes).toBe(misses);
    // Each pair is asked again when its quote is older than 2 s, and not before.
    expect(misses).toBeLessThanOrEqual(3 * Math.ceil(30_000 / 2_000));
    const { metrics } = await read(telemetry);
    expect(valueIn(metrics, "orderstream_quote_cache_hit_ratio")).toBeGreaterThan(0.8);
    expect(valueIn(metrics, "orderstream_orders_total", ["status", "filled"])).toBe(orders);
    expect(valueIn(metrics, "orderstream_order_latency_seconds_count")).toBe(orders);
  });

  it("asks the market once for 50 orders of a pair that come together", async () => {
    const results = await Promise.all(
      Array.from({ length: 50 }, (_, i) => buy(`flock-${i}`, "SOL")),
    );
    const filled = results.filter((one) => one.kind === "order" && one.order.phase === "filled");
    expect([filled.length, market.stats().quotes]).toEqual([50, 1]);
    expect(quotes.stats()).toMatchObject({ misses: 1, shared: 49 });
  });

  it("tells of each order's end once, when it is durable, with its status and time", async () => {
    await buy("good", "SOL");
    await buy("poor", "SOL", 10n ** 17n);
    await buy("good", "SOL");
    expect(ended.map(({ request, phase }) => [request.requestId, phase])).toEqual([
      ["good", "filled"],
      ["poor", "rejected"],
    ]);
    const { metrics } = await read(telemetry);
    const samples = metrics.get("orderstream_orders_total") ?? [];
    expect(samples.map(({ labels, value }) => [labels.status, value])).toEqual([
      ["filled", 1],
      ["failed", 0],
      ["rejected", 1],
      ["cancelled", 0],
      ["expired", 0],
    ]);
    const [first] = ended;
    if (!first) throw new Error("no order");
    const sum = (all: Metrics) => valueIn(all, "orderstream_order_latency_seconds_sum");
    const before = sum(metrics);
    time.clock.advanceMs(1_500);
    const afterUs = time.clock.nowUs() - first.requestedAtUs;
    telemetry.orderEnded(first);
    expect(sum((await read(telemetry)).metrics) - before).toBeCloseTo(afterUs / 1e6, 6);
  });

  it("has no label whose values grow with the orders", async () => {
    const series = (metrics: Metrics) =>
      [...metrics.values()].reduce((sum, { length }) => sum + length, 0);
    await buy("first", "SOL");
    await buy("first-poor", "SOL", 10n ** 17n);
    const before = series((await read(telemetry)).metrics);
    for (let i = 0; i < 30; i += 1) await buy(`more-${i}`, ["SOL", "JUP", "BONK"][i % 3] ?? "");
    expect(series((await read(telemetry)).metrics) - before).toBeLessThanOrEqual(GC_SERIES);
  });
});

/** The garbage collector may meet each of its kinds for the first time: 4 kinds, 7 buckets, +Inf, sum and count each. */
const GC_SERIES = 4 * 12;
