/**
 * What an order costs when much is stored: processor time per order (main thread, whole process) on
 * a log with few stored orders against one with many, under the same load; and memory.
 *
 * Each round is a newly started engine, so that both sides have the same young process: a warm-up
 * of a quarter round that is not counted, then the round, until the views have every event. The few
 * are `few` orders and the warm-up. "RSS idle" is a newly started engine that executed two orders,
 * on the small log; "RSS on the large log" the same there; "after the rounds" after warm-up and
 * round there; with `soak`, the last engine on the large log executes so many orders more, and its
 * memory is taken again. The floor of a ratio is 1: an order costs the same however much is stored.
 */
import type { StoredLogs } from "./big-log.ts";
import { type FigureRow, type Spread, shown, spreadOf } from "./figures.ts";
import { measure, type Round } from "./orders.ts";
import { type Rig, withRig } from "./rig.ts";

export type GrowthFigures = {
  readonly few: number;
  readonly many: number;
  readonly ordersPerRound: number;
  readonly small: GrowthSide;
  readonly large: GrowthSide;
  /** Large / small, pair by pair. */
  readonly cpuRatio: Spread;
  readonly mainRatio: Spread;
  readonly wallRatio: Spread;
  readonly soak: { readonly orders: number; readonly rssMegabytes: number } | undefined;
};

export type GrowthSide = {
  readonly cpuUsPerOrder: Spread;
  readonly mainUsPerOrder: Spread;
  readonly perSecond: Spread;
  readonly p99Ms: Spread;
  readonly idleRssMegabytes: Spread;
  readonly rssMegabytes: Spread;
  /** Of it without pages of files: the log is read as mapped memory. */
  readonly anonymousMegabytes: Spread;
};

export type GrowthOptions = {
  readonly folder: string;
  readonly pairs: number;
  readonly orders: number;
  readonly inFlight: number;
  readonly few: number;
  readonly many: number;
  /** 0: none. */
  readonly soak: number;
};

type GrowthRound = Round & { readonly idleRssMegabytes: number };
type Ports = { readonly rig: Rig; readonly options: GrowthOptions };

const WARM_UP_SHARE = 0.25;
const CACHE_TTL_MS = 2_000;
/** A round answers within the ten minutes that a child may be silent. */
const SOAK_ROUND = 50_000;

export async function benchGrowth(
  logs: StoredLogs,
  options: GrowthOptions,
): Promise<GrowthFigures> {
  const { data } = await logs.withViews(options.many);
  return withRig(options.folder, async (rig) => {
    const rounds: { readonly small: GrowthRound; readonly large: GrowthRound }[] = [];
    let soak: GrowthFigures["soak"];
    for (let pair = 0; pair < options.pairs; pair++) {
      const isLast = pair === options.pairs - 1;
      const small = await oneRound(
        { rig, options },
        { name: `small-${pair}`, stored: options.few },
      );
      const large = await oneRound(
        { rig, options },
        { name: `large-${pair}`, stored: 0, data, soak: isLast ? options.soak : 0 },
      );
      rounds.push({ small: small.round, large: large.round });
      if (isLast && options.soak > 0) {
        soak = { orders: options.soak, rssMegabytes: large.soakedMegabytes };
      }
    }
    const ratio = (of: (round: GrowthRound) => number): Spread =>
      spreadOf(rounds.map(({ small, large }) => of(large) / of(small)));
    return {
      few: options.few,
      many: options.many,
      ordersPerRound: options.orders,
      small: sideOf(rounds.map(({ small }) => small)),
      large: sideOf(rounds.map(({ large }) => large)),
      cpuRatio: ratio((round) => round.cpuUsPerOrder),
      mainRatio: ratio((round) => round.mainUsPerOrder),
      wallRatio: ratio((round) => 1 / round.perSecond),
      soak,
    };
  });
}

type Start = {
  readonly name: string;
  /** Orders to store first. */
  readonly stored: number;
  readonly data?: string;
  readonly soak?: number;
};

/** Starts an engine, lets it work, and ends it. */
async function oneRound(
  { rig, options }: Ports,
  { name, stored, data, soak = 0 }: Start,
): Promise<{ readonly round: GrowthRound; readonly soakedMegabytes: number }> {
  const { orders, inFlight } = options;
  const engine = await rig.engine(name, { cacheTtlMs: CACHE_TTL_MS, ...(data && { data }) });
  await engine.settled();
  const idle = await engine.usage();
  const warmUp = stored + Math.ceil(orders * WARM_UP_SHARE);
  await measure(rig, engine, { orders: warmUp, inFlight });
  const round = await measure(rig, engine, { orders, inFlight });
  for (let left = soak; left > 0; left -= SOAK_ROUND) {
    await rig.load(engine, { orders: Math.min(left, SOAK_ROUND), inFlight });
  }
  await engine.settled();
  const { rssBytes } = await engine.usage();
  await engine.stop();
  return {
    round: { ...round, idleRssMegabytes: idle.rssBytes / 1e6 },
    soakedMegabytes: rssBytes / 1e6,
  };
}

function sideOf(rounds: readonly GrowthRound[]): GrowthSide {
  const figure = (measure: keyof GrowthSide): Spread =>
    spreadOf(rounds.map((round) => round[measure]));
  return {
    cpuUsPerOrder: figure("cpuUsPerOrder"),
    mainUsPerOrder: figure("mainUsPerOrder"),
    perSecond: figure("perSecond"),
    p99Ms: figure("p99Ms"),
    idleRssMegabytes: figure("idleRssMegabytes"),
    rssMegabytes: figure("rssMegabytes"),
    anonymousMegabytes: figure("anonymousMegabytes"),
  };
}

export function growthRows(figures: GrowthFigures): FigureRow[] {
  const { small, large, few, many, soak } = figures;
  const both = (name: string, measure: keyof GrowthSide): FigureRow[] => [
    [`${name}, ${few} stored`, shown(small[measure])],
    [`${name}, ${many} stored`, shown(large[measure])],
  ];
  return [
    ...both("CPU us per order", "cpuUsPerOrder"),
    ["  ratio, whole process", shown(figures.cpuRatio), "≤ 1.2, aim 1.1"],
    ...both("  of it on the main thread", "mainUsPerOrder"),
    ["  ratio, main thread", shown(figures.mainRatio), "≤ 1.2, aim 1.1"],
    ...both("orders/s", "perSecond"),
    ["  ratio of wall time", shown(figures.wallRatio)],
    ...both("p99 ms", "p99Ms"),
    ["RSS idle, MB", shown(small.idleRssMegabytes), "≤ 150, aim 130"],
    ["RSS idle on the large log, MB", shown(large.idleRssMegabytes)],
    ["RSS there after the round, MB", shown(large.rssMegabytes), "≤ 400, aim 300"],
    ["  of it without pages of files", shown(large.anonymousMegabytes)],
    ...(soak
      ? ([
          [
            `RSS there after ${soak.orders} orders more, MB`,
            soak.rssMegabytes.toFixed(0),
            "≤ 400, aim 300",
          ],
        ] as const)
      : []),
  ];
}
