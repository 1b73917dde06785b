/** All metrics of one engine, in the text format of Prometheus. docs/metrics.md lists them. */
import { collectDefaultMetrics, Gauge, Registry } from "prom-client";
import type { OrderState } from "../../domain/order/state.ts";
import type { Clock } from "../../domain/ports/clock.ts";
import type { EventStore } from "../../domain/ports/event-store.ts";
import { type EngineSources, registerEngineMetrics } from "./engine-metrics.ts";
import { createOrderMetrics } from "./order-metrics.ts";
import { countAppends } from "./store-metrics.ts";

export type Telemetry = {
  /** The same store, with its appends counted. */
  readonly countAppends: (store: EventStore) => EventStore;
  /** An order's last event is durable. */
  readonly orderEnded: (order: OrderState) => void;
  /** Names where the other figures are read; once. */
  readonly observe: (sources: EngineSources) => void;
  readonly expose: () => Promise<{ readonly type: string; readonly body: string }>;
};

/** Of the library's process metrics those that every platform has and somebody looks at. */
const PROCESS_METRICS: ReadonlySet<string> = new Set([
  // The library reads all three with the first.
  "process_cpu_user_seconds_total",
  "process_cpu_system_seconds_total",
  "process_cpu_seconds_total",
  "process_resident_memory_bytes",
  "process_start_time_seconds",
  "nodejs_eventloop_lag_seconds",
  "nodejs_eventloop_lag_p50_seconds",
  "nodejs_eventloop_lag_p99_seconds",
  "nodejs_eventloop_lag_max_seconds",
  "nodejs_heap_size_total_bytes",
  "nodejs_heap_size_used_bytes",
  "nodejs_external_memory_bytes",
  "nodejs_gc_duration_seconds",
]);

export function createTelemetry({
  version,
  clock,
}: {
  readonly version: string;
  readonly clock: Clock;
}): Telemetry {
  const registry = new Registry();
  new Gauge({
    name: "orderstream_build_info",
    help: "Always 1; the label tells the program's version.",
    labelNames: ["version"],
    registers: [registry],
  }).set({ version }, 1);
  registerProcessMetrics(registry);
  const orders = createOrderMetrics(registry);
  return {
    countAppends: (store) => countAppends(store, registry),
    orderEnded: (order) => orders.ended(order, clock.nowUs()),
    observe: (sources) => registerEngineMetrics(registry, sources),
    expose: async () => ({ type: registry.contentType, body: await registry.metrics() }),
  };
}

function registerProcessMetrics(registry: Registry): void {
  collectDefaultMetrics({ register: registry });
  for (const { name } of registry.getMetricsAsArray()) {
    const isOurs = name.startsWith("orderstream_");
    if (!isOurs && !PROCESS_METRICS.has(name)) registry.removeSingleMetric(name);
  }
}
