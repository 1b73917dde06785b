/**
 * Latency at half of the capacity, with arrivals that do not wait for answers. Capacity is measured
 * first, closed loop with 64 in flight, before each round; then calls arrive at `share` of it
 * (Poisson, the same sequence in each round). A latency counts from the time that the call was due,
 * so that a stall is felt by every call that it delays. The floor is the echo with group commit of
 * the same bytes at the same rate of arrival. "sent late" is the client's own part of the latency.
 */
import { type FigureRow, type Spread, shown, spreadOf } from "./figures.ts";
import type { OpenRound } from "./load.types.ts";
import { withRig } from "./rig.ts";
import type { Side } from "./servers.ts";

const MEASURES = ["p50Ms", "p99Ms", "maxMs", "sentLateP99Ms", "mostInFlight"] as const;
type Measure = (typeof MEASURES)[number];
type OpenFigures = Readonly<Record<Measure, Spread>>;

export type OpenLoopFigures = {
  readonly share: number;
  readonly capacityPerSecond: Spread;
  readonly arrivalsPerSecond: Spread;
  readonly engine: OpenFigures;
  readonly floor: OpenFigures;
};

export type OpenLoopOptions = {
  readonly folder: string;
  readonly pairs: number;
  /** Of one round of the capacity. */
  readonly orders: number;
  readonly inFlight: number;
  /** Length of a round. */
  readonly seconds: number;
  /** Of the capacity, 0 to 1. */
  readonly share: number;
};

const CACHE_TTL_MS = 2_000;

export const benchOpenLoop = (options: OpenLoopOptions): Promise<OpenLoopFigures> =>
  withRig(options.folder, async (rig) => {
    const { orders, inFlight, seconds, share, pairs } = options;
    const engine = await rig.engine("engine", { cacheTtlMs: CACHE_TTL_MS });
    const floor = await rig.floor(engine);
    const capacity = async (side: Side): Promise<number> => {
      const load = await rig.load(side, { orders, inFlight });
      await side.settled();
      return orders / load.seconds;
    };
    const openRound = async (side: Side, perSecond: number): Promise<OpenRound> => {
      const count = Math.max(1, Math.round(perSecond * seconds));
      const round = await rig.openLoad(side, { orders: count, perSecond });
      await side.settled();
      return round;
    };
    // Not counted: the code is hot afterwards.
    for (const side of [floor, engine]) await capacity(side);
    const rounds: { capacity: number; rate: number; engine: OpenRound; floor: OpenRound }[] = [];
    for (let pair = 0; pair < pairs; pair++) {
      const measured = await capacity(engine);
      const rate = measured * share;
      rounds.push({
        ...{ capacity: measured, rate },
        floor: await openRound(floor, rate),
        engine: await openRound(engine, rate),
      });
    }
    const figure = (side: "engine" | "floor", measure: Measure): Spread =>
      spreadOf(rounds.map((round) => round[side][measure]));
    const figuresOf = (side: "engine" | "floor"): OpenFigures => ({
      p50Ms: figure(side, "p50Ms"),
      p99Ms: figure(side, "p99Ms"),
      maxMs: figure(side, "maxMs"),
      sentLateP99Ms: figure(side, "sentLateP99Ms"),
      mostInFlight: figure(side, "mostInFlight"),
    });
    return {
      share,
      capacityPerSecond: spreadOf(rounds.map((round) => round.capacity)),
      arrivalsPerSecond: spreadOf(rounds.map(({ rate }) => rate)),
      engine: figuresOf("engine"),
      floor: figuresOf("floor"),
    };
  });

export function openLoopRows(figures: OpenLoopFigures): FigureRow[] {
  const { engine, floor } = figures;
  return [
    ["capacity, orders/s", shown(figures.capacityPerSecond)],
    ["arrivals per second", shown(figures.arrivalsPerSecond)],
    ["engine, p50 ms", shown(engine.p50Ms)],
    ["engine, p99 ms", shown(engine.p99Ms), "≤ 50, aim 20"],
    ["engine, longest ms", shown(engine.maxMs)],
    ["engine, most in flight", shown(engine.mostInFlight)],
    ["floor, p50 ms", shown(floor.p50Ms)],
    ["floor, p99 ms", shown(floor.p99Ms)],
    ["client sent late, p99 ms", shown(engine.sentLateP99Ms)],
  ];
}
