/** What two readings of the engine's metrics say of the time between them. */
import { type Metrics, type Sample, valueIn } from "./metrics-text.ts";

export type Reading = {
  readonly metrics: Metrics;
  /** By a clock that never goes back, milliseconds. */
  readonly atMs: number;
};

export type StatusFigures = {
  readonly status: string;
  readonly perSecond: number;
  /** Since the engine's start. */
  readonly total: number;
};

export type TopFigures = {
  readonly version: string;
  /** Unix time. */
  readonly startedAtS: number;
  readonly ordersPerSecond: number;
  /** Of the orders that ended between the readings; undefined without any. */
  readonly latencyP50S: number | undefined;
  readonly latencyP99S: number | undefined;
  readonly openOrders: number;
  readonly queuedOrders: number;
  readonly unknownOrders: number;
  /** 0 to 1, between the readings; undefined when nothing was asked. */
  readonly cacheHitRatio: number | undefined;
  /** Since the engine's start. */
  readonly cacheHitRatioOverall: number;
  readonly cacheEntries: number;
  /** Of the view that is furthest behind. */
  readonly viewLagEvents: number;
  readonly viewLagS: number;
  readonly rssBytes: number;
  /** 1 is one core. */
  readonly cpuCores: number;
  readonly eventLoopP99S: number;
  readonly byStatus: readonly StatusFigures[];
};

export function topFigures(before: Reading, after: Reading): TopFigures {
  const seconds = Math.max(1e-3, (after.atMs - before.atMs) / 1_000);
  const now = after.metrics;
  const rise = (name: string, label?: readonly [string, string]): number =>
    increase(valueIn(before.metrics, name, label), valueIn(now, name, label));
  const byStatus = samplesOf(now, "orderstream_orders_total").map(({ labels, value }) => {
    const status = labels.status ?? "";
    const perSecond = rise("orderstream_orders_total", ["status", status]) / seconds;
    return { status, perSecond, total: value };
  });
  const buckets = bucketRises(before.metrics, now);
  const quotes = (result: string): number =>
    rise("orderstream_quote_cache_requests_total", ["result", result]);
  const asked = quotes("hit") + quotes("miss") + quotes("shared");
  return {
    version: samplesOf(now, "orderstream_build_info")[0]?.labels.version ?? "",
    startedAtS: valueIn(now, "process_start_time_seconds"),
    ordersPerSecond: byStatus.reduce((sum, { perSecond }) => sum + perSecond, 0),
    latencyP50S: quantile(buckets, 0.5),
    latencyP99S: quantile(buckets, 0.99),
    openOrders: valueIn(now, "orderstream_open_orders"),
    queuedOrders: valueIn(now, "orderstream_queued_orders"),
    unknownOrders: valueIn(now, "orderstream_unknown_orders"),
    cacheHitRatio: asked === 0 ? undefined : quotes("hit") / asked,
    cacheHitRatioOverall: valueIn(now, "orderstream_quote_cache_hit_ratio"),
    cacheEntries: valueIn(now, "orderstream_quote_cache_entries"),
    viewLagEvents: largest(now, "orderstream_view_lag_events"),
    viewLagS: largest(now, "orderstream_view_lag_seconds"),
    rssBytes: valueIn(now, "process_resident_memory_bytes"),
    cpuCores: rise("process_cpu_seconds_total") / seconds,
    eventLoopP99S: valueIn(now, "nodejs_eventloop_lag_p99_seconds"),
    byStatus,
  };
}

const samplesOf = (metrics: Metrics, name: string): readonly Sample[] => metrics.get(name) ?? [];

/** A counter that fell began anew: its process was started again. */
const increase = (before: number, now: number): number => (now >= before ? now - before : now);

const largest = (metrics: Metrics, name: string): number =>
  Math.max(0, ...samplesOf(metrics, name).map(({ value }) => value));

export type Bucket = {
  /** Inclusive upper bound, seconds; Infinity for the last one. */
  readonly le: number;
  /** How many fell at or below it. */
  readonly count: number;
};

function bucketRises(before: Metrics, now: Metrics): readonly Bucket[] {
  const name = "orderstream_order_latency_seconds_bucket";
  return samplesOf(now, name).map(({ labels, value }) => {
    const le = labels.le ?? "";
    const count = increase(valueIn(before, name, ["le", le]), value);
    return { le: le === "+Inf" ? Number.POSITIVE_INFINITY : Number(le), count };
  });
}

/**
 * The quantile as Prometheus' `histogram_quantile` estimates it: linear inside the bucket, the largest finite bound for what
 * lies beyond it. Buckets ascend and are cumulative.
 */
export function quantile(buckets: readonly Bucket[], q: number): number | undefined {
  const total = buckets.at(-1)?.count ?? 0;
  if (total === 0) return undefined;
  const rank = q * total;
  let below: Bucket = { le: 0, count: 0 };
  for (const bucket of buckets) {
    if (bucket.count >= rank) {
      if (bucket.le === Number.POSITIVE_INFINITY) return below.le;
      const inside = (rank - below.count) / Math.max(1, bucket.count - below.count);
      return below.le + (bucket.le - below.le) * inside;
    }
    below = bucket;
  }
  return below.le;
}
