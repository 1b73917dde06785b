/**
 * One order at a time on an idle engine, with the price in the cache and without, over the bare
 * call with one append.
 */
import { type FigureRow, type Spread, shown, spreadOf } from "./figures.ts";
import { withRig } from "./rig.ts";
import type { Side } from "./servers.ts";

type Latency = { readonly p50Ms: Spread; readonly p99Ms: Spread };
/** Compared with the floor pair by pair: p50 with its p50, p99 with its p99; `ratio` of the p50s. */
type OverFloor = Latency & {
  readonly overFloorMs: Spread;
  readonly p99OverFloorMs: Spread;
  readonly ratio: Spread;
};

export type IdleFigures = {
  readonly ordersPerRound: number;
  /** Echo and one durable append of the bytes of an order. */
  readonly floor: Latency;
  /** The price is in the cache: one append. */
  readonly warm: OverFloor;
  /** Every order asks the market: two appends and a call over HTTP. */
  readonly cold: OverFloor;
};

export type IdleOptions = {
  readonly folder: string;
  readonly pairs: number;
  /** Of one round. */
  readonly orders: number;
};

/** As configured by default: at this pace one order in hundreds has to ask. */
const CACHE_TTL_MS = 2_000;
type Round = { readonly p50Ms: number; readonly p99Ms: number };

export const benchIdle = ({ folder, pairs, orders }: IdleOptions): Promise<IdleFigures> =>
  withRig(folder, async (rig) => {
    const warm = await rig.engine("warm", { cacheTtlMs: CACHE_TTL_MS });
    const cold = await rig.engine("cold", { cacheTtlMs: 0 });
    const floor = await rig.floor(warm);
    const round = async (side: Side): Promise<Round> => {
      const { p50Ms, p99Ms } = await rig.load(side, { orders, inFlight: 1 });
      await side.settled();
      return { p50Ms, p99Ms };
    };
    // Not counted: the code is hot afterwards.
    for (const side of [floor, warm, cold]) await round(side);
    const rounds: { readonly floor: Round; readonly warm: Round; readonly cold: Round }[] = [];
    for (let pair = 0; pair < pairs; pair++) {
      rounds.push({
        floor: await round(floor),
        warm: await round(warm),
        cold: await round(cold),
      });
    }
    const overFloor = (name: "warm" | "cold"): OverFloor => ({
      ...latencyOf(rounds.map((one) => one[name])),
      overFloorMs: spreadOf(rounds.map((one) => one[name].p50Ms - one.floor.p50Ms)),
      p99OverFloorMs: spreadOf(rounds.map((one) => one[name].p99Ms - one.floor.p99Ms)),
      ratio: spreadOf(rounds.map((one) => one[name].p50Ms / one.floor.p50Ms)),
    });
    return {
      ordersPerRound: orders,
      floor: latencyOf(rounds.map((one) => one.floor)),
      warm: overFloor("warm"),
      cold: overFloor("cold"),
    };
  });

const latencyOf = (rounds: readonly Round[]): Latency => ({
  p50Ms: spreadOf(rounds.map(({ p50Ms }) => p50Ms)),
  p99Ms: spreadOf(rounds.map(({ p99Ms }) => p99Ms)),
});

export function idleRows({ floor, warm, cold }: IdleFigures): FigureRow[] {
  const rows = (name: string, { p50Ms, p99Ms }: Latency): FigureRow[] => [
    [`${name}, p50 ms`, shown(p50Ms)],
    [`${name}, p99 ms`, shown(p99Ms)],
  ];
  const ratio = (side: OverFloor): FigureRow => ["  p50 / floor", shown(side.ratio)];
  return [
    ...rows("floor", floor),
    ...rows("price in the cache", warm),
    ["  p50 over the floor, ms", shown(warm.overFloorMs), "≤ 3, aim 1.5"],
    ["  p99 over the floor, ms", shown(warm.p99OverFloorMs), "≤ 10, aim 5"],
    ratio(warm),
    ...rows("price asked for", cold),
    ["  p50 over the floor, ms", shown(cold.overFloorMs)],
    ["  p99 over the floor, ms", shown(cold.p99OverFloorMs)],
    ratio(cold),
  ];
}
