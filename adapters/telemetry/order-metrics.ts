/** Orders that ended: how, and after how long. Touched once in an order's life. */
import { Counter, Histogram, type Registry } from "prom-client";
import type { OrderState, Phase } from "../../domain/order/state.ts";
import { US_PER_S } from "./units.ts";

type EndPhase = Extract<Phase, "filled" | "failed" | "rejected" | "cancelled" | "expired">;

const END_PHASES: readonly EndPhase[] = ["filled", "failed", "rejected", "cancelled", "expired"];

/** Seconds. A paper order takes one to ten milliseconds, a live one seconds, one that retries minutes. */
const LATENCY_BUCKETS_S = [
  0.0005, 0.001, 0.0015, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.03, 0.05, 0.075, 0.1,
  0.2, 0.5, 1, 2, 5, 10, 30, 60, 300,
];

export type OrderMetrics = {
  /** The order's last event is durable at `nowUs`. */
  readonly ended: (order: OrderState, nowUs: number) => void;
};

export function createOrderMetrics(registry: Registry): OrderMetrics {
  const registers = [registry];
  const orders = new Counter({
    name: "orderstream_orders_total",
    help: "Orders that ended since this engine started, by final status.",
    labelNames: ["status"],
    registers,
  });
  // Series that are there from the start can be summed and subtracted without gaps.
  for (const status of END_PHASES) orders.inc({ status }, 0);
  const latency = new Histogram({
    name: "orderstream_order_latency_seconds",
    help: "From an order's first event to the moment its last one is durable.",
    buckets: LATENCY_BUCKETS_S,
    registers,
  });
  return {
    ended: (order, nowUs) => {
      orders.inc({ status: order.phase });
      latency.observe(Math.max(0, nowUs - order.requestedAtUs) / US_PER_S);
    },
  };
}
