/** Every bench by its name, with the sizes that it takes. */
import { appendRows, benchAppend } from "./append.ts";
import type { StoredLogs } from "./big-log.ts";
import type { FigureRow } from "./figures.ts";
import { benchGrowth, growthRows } from "./growth.ts";
import { benchIdle, idleRows } from "./idle.ts";
import { benchLive, liveRows } from "./live/live.ts";
import { benchLiveLanding, landingRows } from "./live/live-landing.ts";
import { benchLiveLocalnet, localnetRows } from "./live/live-localnet.ts";
import { benchMicro, microRows } from "./micro.ts";
import { benchOpenLoop, openLoopRows } from "./open-loop.ts";
import { benchOrders, orderRows } from "./orders.ts";
import { benchQueries, queryRows } from "./queries.ts";
import { benchReplay, replayRows } from "./replay.ts";
import { benchRestart, restartRows } from "./restart.ts";
import type { Sizes } from "./sizes.ts";

export type BenchInput = {
  readonly folder: string;
  readonly sizes: Sizes;
  readonly logs: StoredLogs;
};

export type BenchResult = {
  /** For --json. */
  readonly figures: object;
  readonly title: string;
  readonly rows: readonly FigureRow[];
};

type Bench = (input: BenchInput) => Promise<BenchResult>;

/** In the order in which they run; those that share a log stand together. */
export const BENCHES = {
  append: async ({ folder, sizes: { pairs, events } }) => {
    const figures = await benchAppend({ folder, pairs, events });
    return { figures, title: "append: store against bare loop", rows: appendRows(figures) };
  },
  orders: async ({ folder, sizes: { pairs, orders, "in-flight": inFlight } }) => {
    const figures = await benchOrders({ folder, pairs, orders, inFlight });
    const title = `orders: ${inFlight} in flight, ${orders} a round`;
    return { figures, title, rows: orderRows(figures) };
  },
  concurrent: async ({ folder, sizes: { pairs, orders, concurrent: inFlight } }) => {
    const figures = await benchOrders({ folder, pairs, orders, inFlight });
    const title = `concurrent: ${inFlight} in flight; every answer was OK, or there would be no figures`;
    // Other targets: those of the table are for 64 in flight.
    return { figures, title, rows: orderRows(figures).map(([name, value]) => [name, value]) };
  },
  idle: async ({ folder, sizes: { pairs, "idle-orders": orders } }) => {
    const figures = await benchIdle({ folder, pairs, orders });
    return { figures, title: "idle: one order at a time", rows: idleRows(figures) };
  },
  "open-loop": async ({ folder, sizes }) => {
    const { pairs, orders, seconds, "in-flight": inFlight, "share-percent": percent } = sizes;
    const share = percent / 100;
    const figures = await benchOpenLoop({ folder, pairs, orders, inFlight, seconds, share });
    const title = `open-loop: arrivals at ${percent} % of the capacity, ${seconds} s a round`;
    return { figures, title, rows: openLoopRows(figures) };
  },
  micro: async ({ sizes: { pairs, "batch-ms": batchMs } }) => {
    const figures = await benchMicro({ batches: 3 * pairs, batchMs });
    return { figures, title: "micro: single steps", rows: microRows(figures) };
  },
  live: async ({ folder, sizes }) => {
    const { pairs, wallets, "live-orders": orders, "live-few": fewOrders } = sizes;
    const inFlight = sizes["live-in-flight"];
    const figures = await benchLive({ folder, pairs, orders, fewOrders, inFlight, wallets });
    const title = `live: ${wallets} wallets, stand-ins that land at once, ${orders} and ${fewOrders} a round`;
    return { figures, title, rows: liveRows(figures) };
  },
  "live-landing": async ({ folder, sizes: { pairs, wallets, "live-few": orders } }) => {
    const figures = await benchLiveLanding({ folder, pairs, orders, wallets });
    const title = `live-landing: ${orders} orders a round, 8 in flight, landing 50 to 450 ms after they were sent`;
    return { figures, title, rows: landingRows(figures) };
  },
  "live-localnet": async ({ folder, sizes }) => {
    const { pairs, wallets, "localnet-orders": orders, "localnet-in-flight": inFlight } = sizes;
    const figures = await benchLiveLocalnet({ folder, pairs, orders, inFlight, wallets });
    const title = `live-localnet: ${wallets} wallets, ${orders} a round, all on these cores`;
    return { figures, title, rows: localnetRows(figures) };
  },
  replay: async ({ folder, logs, sizes: { pairs, "replay-events": events } }) => {
    const figures = await benchReplay(logs, { folder, pairs, events });
    return { figures, title: "replay: the log into all projections", rows: replayRows(figures) };
  },
  restart: async ({ folder, logs, sizes }) => {
    const { pairs, burst, folds, "restart-orders": orders } = sizes;
    const figures = await benchRestart(logs, { folder, pairs, burst, folds, orders });
    return { figures, title: "restart: from spawn to serving", rows: restartRows(figures) };
  },
  growth: async ({ folder, logs, sizes }) => {
    const { pairs, orders, few, stored: many, soak, "in-flight": inFlight } = sizes;
    const figures = await benchGrowth(logs, { folder, pairs, orders, inFlight, few, many, soak });
    const title = `growth: ${inFlight} in flight, ${orders} a round`;
    return { figures, title, rows: growthRows(figures) };
  },
  queries: async ({ folder, logs, sizes: { pairs, calls, stored: orders } }) => {
    const figures = await benchQueries(logs, { folder, pairs, calls, orders });
    const title = `queries: ${orders} stored orders, pages of 100`;
    return { figures, title, rows: queryRows(figures) };
  },
} as const satisfies Readonly<Record<string, Bench>>;

export type BenchName = keyof typeof BENCHES;
export const BENCH_NAMES = Object.keys(BENCHES) as BenchName[];

/** The names in a list with commas, in the order in which they run; or a sentence. */
export function benchesOf(only: string | undefined): readonly BenchName[] | string {
  if (only === undefined) return BENCH_NAMES;
  const wanted = only.split(",").map((name) => name.trim());
  const unknown = wanted.find((name) => !BENCH_NAMES.some((known) => known === name));
  if (unknown !== undefined) return `--only must be ${BENCH_NAMES.join(", ")}, not ${unknown}`;
  return BENCH_NAMES.filter((name) => wanted.includes(name));
}
