/** Figures that the engine's parts keep anyway: read when somebody asks, at no cost otherwise. */
import { Counter, Gauge, type Registry } from "prom-client";
import type { EngineStatus, SafetyStatus } from "../../domain/application/engine.types.ts";
import { type LiveFigures, registerLiveMetrics } from "./live-metrics.ts";
import { US_PER_S } from "./units.ts";

/** Counts since the start. */
export type QuoteCacheFigures = {
  readonly hits: number;
  readonly misses: number;
  readonly shared: number;
  readonly stale: number;
  readonly entries: number;
};

export type ViewFigures = {
  readonly lagEvents: number;
  /** Undefined before the first event. */
  readonly lagUs: number | undefined;
};

export type EngineSources = {
  readonly status: () => EngineStatus;
  readonly safety: () => SafetyStatus;
  readonly quotes: () => QuoteCacheFigures;
  /** By the name of what follows the log: a handful, always the same ones. */
  readonly views: () => Readonly<Record<string, ViewFigures>>;
  /** Absent: nobody trades live. */
  readonly live?: (() => LiveFigures) | undefined;
};

export function registerEngineMetrics(registry: Registry, sources: EngineSources): void {
  const gauge = (name: string, help: string, read: () => number): void => {
    new Gauge({
      ...{ name, help, registers: [registry] },
      collect() {
        this.set(read());
      },
    });
  };
  const { status } = sources;
  gauge("orderstream_accepting_orders", "1 while the engine takes orders, else 0.", () =>
    status().accepting ? 1 : 0,
  );
  gauge("orderstream_open_orders", "Orders that have not ended.", () => status().openOrders);
  gauge(
    "orderstream_unknown_orders",
    "Open orders whose outcome at the venue is unknown.",
    () => status().unknownOrders,
  );
  gauge(
    "orderstream_queued_orders",
    "Open orders that wait for their account's slot.",
    () => status().queueLength,
  );
  gauge("orderstream_log_position", "Position of the log's last event.", () =>
    Number(status().position ?? 0n),
  );
  gauge(
    "orderstream_breaker_open",
    "1 while the circuit breaker is open or half-open, else 0.",
    () => (sources.safety().breaker.kind === "closed" ? 0 : 1),
  );
  registerHalts(registry, sources.safety);
  registerQuoteCache(registry, sources.quotes);
  registerViews(registry, sources.views);
  if (sources.live) registerLiveMetrics(registry, sources.live);
}

function registerHalts(registry: Registry, read: EngineSources["safety"]): void {
  new Gauge({
    name: "orderstream_trading_halted",
    help: "Halts in effect: of everything (0 or 1), of accounts, of mints.",
    labelNames: ["scope"],
    registers: [registry],
    collect() {
      const { halts } = read();
      for (const scope of ["all", "account", "mint"] as const) {
        this.set({ scope }, halts.filter((halt) => halt.scope === scope).length);
      }
    },
  });
}

function registerQuoteCache(registry: Registry, read: EngineSources["quotes"]): void {
  const registers = [registry];
  new Counter({
    name: "orderstream_quote_cache_requests_total",
    help: "Quotes asked for: from memory (hit), from the source (miss), by joining a call under way (shared).",
    labelNames: ["result"],
    registers,
    collect() {
      const { hits, misses, shared } = read();
      this.reset();
      this.inc({ result: "hit" }, hits);
      this.inc({ result: "miss" }, misses);
      this.inc({ result: "shared" }, shared);
    },
  });
  new Counter({
    name: "orderstream_quote_cache_stale_total",
    help: "Misses that were answered by an older quote because the source was away.",
    registers,
    collect() {
      this.reset();
      this.inc(read().stale);
    },
  });
  new Gauge({
    name: "orderstream_quote_cache_entries",
    help: "Quotes remembered.",
    registers,
    collect() {
      this.set(read().entries);
    },
  });
  new Gauge({
    name: "orderstream_quote_cache_hit_ratio",
    help: "Share of quotes that came from memory since the start, 0 to 1; 0 before the first.",
    registers,
    collect() {
      const { hits, misses, shared } = read();
      this.set(hits / Math.max(1, hits + misses + shared));
    },
  });
}

function registerViews(registry: Registry, read: EngineSources["views"]): void {
  const shared = { labelNames: ["view" as const], registers: [registry] };
  new Gauge({
    ...shared,
    name: "orderstream_view_lag_events",
    help: "Events that a follower of the log has not taken in yet.",
    collect() {
      for (const [view, { lagEvents }] of Object.entries(read())) this.set({ view }, lagEvents);
    },
  });
  new Gauge({
    ...shared,
    name: "orderstream_view_lag_seconds",
    help: "Age of the last event that a follower has taken in while there are newer ones; 0 when caught up.",
    collect() {
      for (const [view, { lagUs = 0 }] of Object.entries(read())) {
        this.set({ view }, lagUs / US_PER_S);
      }
    },
  });
}
