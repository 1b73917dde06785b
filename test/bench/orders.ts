/**
 * Paper orders per second over gRPC, durable, against the floor (echo and group commit of the same
 * bytes). Both servers live side by side and take turns, so that what else the machine does meets
 * both.
 */
import { type FigureRow, type Spread, shown, spreadOf } from "./figures.ts";
import { countEvents } from "./log-file.ts";
import { type Rig, withRig } from "./rig.ts";
import { SAMPLE_ORDERS, type Side } from "./servers.ts";

export type OrdersFigures = {
  readonly inFlight: number;
  readonly ordersPerRound: number;
  /** Answers with OK in the whole bench, and filled orders in the log: the same number. */
  readonly answered: number;
  readonly stored: number;
  readonly eventsPerOrder: number;
  readonly bytesPerOrder: number;
  readonly engine: SideFigures;
  readonly floor: SideFigures;
  /** Engine / floor, pair by pair. */
  readonly ratio: Spread;
  /** From the last answer until every view has every event. */
  readonly viewsBehindMs: Spread;
};

/** Processor times are of the whole work: the engine's views have caught up when they are taken. */
const MEASURES = [
  "perSecond",
  "p50Ms",
  "p99Ms",
  "cpuUsPerOrder",
  "mainUsPerOrder",
  /** Share of the time between first call and last answer that the main thread was at work. */
  "mainBusy",
  "clientUsPerOrder",
  "rssMegabytes",
  /** Of it without pages of files. */
  "anonymousMegabytes",
] as const;
type Measure = (typeof MEASURES)[number];
export type SideFigures = Readonly<Record<Measure, Spread>>;
export type Round = Readonly<Record<Measure, number>> & { readonly settledMs: number };

export type OrdersOptions = {
  readonly folder: string;
  readonly pairs: number;
  readonly orders: number;
  readonly inFlight: number;
};

/** Of a round; the code is hot afterwards. */
const WARM_UP_SHARE = 0.25;
const CACHE_TTL_MS = 2_000;

/** Throws when an answer is missing or not OK, or when a log does not hold what was answered. */
export const benchOrders = (options: OrdersOptions): Promise<OrdersFigures> =>
  withRig(options.folder, async (rig) => {
    const { inFlight, orders, pairs } = options;
    const engine = await rig.engine("engine", { cacheTtlMs: CACHE_TTL_MS });
    const floor = await rig.floor(engine);
    const warmUp = { ...options, orders: Math.ceil(orders * WARM_UP_SHARE) };
    await measure(rig, floor, warmUp);
    await measure(rig, engine, warmUp);
    const rounds: { readonly floor: Round; readonly engine: Round }[] = [];
    for (let pair = 0; pair < pairs; pair++) {
      rounds.push({
        floor: await measure(rig, floor, options),
        engine: await measure(rig, engine, options),
      });
    }
    const { events, bytes } = engine.sample;
    const answered = warmUp.orders + pairs * orders;
    const stored = countEvents(engine.log, "OrderFilled") - SAMPLE_ORDERS;
    assertStored("filled orders in the engine's log", stored, answered);
    assertStored("events in the floor's log", countEvents(floor.log), answered * events);
    return {
      ...{ inFlight, ordersPerRound: orders, answered, stored },
      ...{ eventsPerOrder: events, bytesPerOrder: bytes },
      engine: figuresOf(rounds.map((round) => round.engine)),
      floor: figuresOf(rounds.map((round) => round.floor)),
      ratio: spreadOf(rounds.map((round) => round.engine.perSecond / round.floor.perSecond)),
      viewsBehindMs: spreadOf(rounds.map((round) => round.engine.settledMs)),
    };
  });

/** One round, until the server has nothing left to do. */
export async function measure(
  rig: Rig,
  side: Side,
  options: Pick<OrdersOptions, "orders" | "inFlight">,
): Promise<Round> {
  const { orders } = options;
  const before = await side.usage();
  const load = await rig.load(side, options);
  const atAnswer = await side.usage();
  const answeredMs = performance.now();
  await side.settled();
  const settledMs = performance.now() - answeredMs;
  const after = await side.usage();
  return {
    perSecond: orders / load.seconds,
    p50Ms: load.p50Ms,
    p99Ms: load.p99Ms,
    cpuUsPerOrder: (after.cpuUs - before.cpuUs) / orders,
    mainUsPerOrder: (after.mainCpuUs - before.mainCpuUs) / orders,
    mainBusy: (atAnswer.mainCpuUs - before.mainCpuUs) / (load.seconds * 1e6),
    clientUsPerOrder: load.cpuUs / orders,
    rssMegabytes: after.rssBytes / 1e6,
    anonymousMegabytes: after.anonymousBytes / 1e6,
    settledMs,
  };
}

function assertStored(what: string, stored: number, answered: number): void {
  if (stored !== answered)
    throw new Error(`${stored} ${what}, ${answered} expected by the answers`);
}

const figuresOf = (rounds: readonly Round[]): SideFigures => {
  const figure = (measure: Measure): Spread => spreadOf(rounds.map((round) => round[measure]));
  return {
    perSecond: figure("perSecond"),
    p50Ms: figure("p50Ms"),
    p99Ms: figure("p99Ms"),
    cpuUsPerOrder: figure("cpuUsPerOrder"),
    mainUsPerOrder: figure("mainUsPerOrder"),
    mainBusy: figure("mainBusy"),
    clientUsPerOrder: figure("clientUsPerOrder"),
    rssMegabytes: figure("rssMegabytes"),
    anonymousMegabytes: figure("anonymousMegabytes"),
  };
};

export function orderRows(figures: OrdersFigures): FigureRow[] {
  const { engine, floor } = figures;
  return [
    ["engine, orders/s", shown(engine.perSecond), "≥ 1500 on 2 cores, aim 3000"],
    ["floor, orders/s", shown(floor.perSecond)],
    ["ratio", shown(figures.ratio), "≥ 0.3, aim 0.45"],
    ["engine, p50 ms", shown(engine.p50Ms)],
    ["engine, p99 ms", shown(engine.p99Ms)],
    ["floor, p50 ms", shown(floor.p50Ms)],
    ["floor, p99 ms", shown(floor.p99Ms)],
    ["engine, CPU us per order", shown(engine.cpuUsPerOrder)],
    ["  of it on the main thread", shown(engine.mainUsPerOrder)],
    ["  main thread busy, 0 to 1", shown(engine.mainBusy)],
    ["floor, CPU us per order", shown(floor.cpuUsPerOrder)],
    ["  of it on the main thread", shown(floor.mainUsPerOrder)],
    ["client, CPU us per order", shown(engine.clientUsPerOrder)],
    ["engine, views behind ms", shown(figures.viewsBehindMs)],
    ["engine, RSS MB", shown(engine.rssMegabytes)],
    ["  of it without pages of files", shown(engine.anonymousMegabytes)],
    ["answered = stored", `${figures.answered} = ${figures.stored}`],
    ["bytes in events per order", `${figures.eventsPerOrder}, ${figures.bytesPerOrder} bytes`],
  ];
}
