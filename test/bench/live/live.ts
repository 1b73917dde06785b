/**
 * Live orders over stand-ins in another process that land them at once: from the call to the first copy that a node gets, with one
 * order at a time and with eight under way, by stage from the times of the events; then as many as go with `inFlight` under way over
 * all wallets. Store, signer, gRPC and HTTP are the real ones; callers wait until their order is confirmed and its fill is booked, and
 * every order of a round is final before its processor time is taken. The floor is a bare client's exchanges and appends.
 */
import { type FigureRow, type Spread, shown, spreadOf } from "../figures.ts";
import { countEvents, lastPosition } from "../log-file.ts";
import type { Side } from "../servers.ts";
import type { LiveLoad } from "./live-engine.ts";
import { type StandInRig, withStandIns } from "./live-rig.ts";
import {
  type Quantiles,
  quantilesOf,
  STAGES,
  type StageName,
  stagesSince,
  toBroadcastMs,
} from "./stages.ts";

type Spreads = { readonly p50Ms: Spread; readonly p99Ms: Spread };
export type Latency = {
  readonly inFlight: number;
  readonly toBroadcast: Spreads;
  readonly stages: Readonly<Record<StageName, Spreads>>;
};

const LOAD_MEASURES = [
  "perSecond",
  "p50Ms",
  "p99Ms",
  "mainUsPerOrder",
  "cpuUsPerOrder",
  "mainBusy",
  "standInUsPerOrder",
  "clientUsPerOrder",
] as const;
type LoadMeasure = (typeof LOAD_MEASURES)[number];

export type LiveFigures = {
  readonly wallets: number;
  readonly idle: Latency;
  readonly eight: Latency;
  readonly inFlight: number;
  readonly loaded: Readonly<Record<LoadMeasure, Spread>>;
  readonly floorPerSecond: Spread;
  readonly floorIdleP50Ms: Spread;
  readonly floorMainUsPerOrder: Spread;
  /** Engine / floor, pair by pair. */
  readonly ratio: Spread;
  /** Of the main threads' processor time, which other work on the machine makes longer on both sides. */
  readonly mainRatio: Spread;
  readonly answered: number;
  readonly final: number;
};

export type LiveOptions = {
  readonly folder: string;
  readonly pairs: number;
  /** Of a round with `inFlight` under way. */
  readonly orders: number;
  /** Of a round with one or eight under way. */
  readonly fewOrders: number;
  readonly inFlight: number;
  readonly wallets: number;
};

const EIGHT = 8;
/** Landed when the first copy comes, final a moment later. */
export const AT_ONCE = { fromMs: 0, toMs: 0, finalMs: 400, isMute: false };
const WARM_UP_SHARE = 0.5;

export const benchLive = (options: LiveOptions): Promise<LiveFigures> =>
  withStandIns(options, async (rig) => {
    const { orders, fewOrders, inFlight, pairs, wallets } = options;
    const { engine } = rig;
    await rig.begin(AT_ONCE);
    const floor = await rig.floor();
    const finalBefore = countEvents(engine.log, "FillFinalized");
    const full = { orders, inFlight, waitFor: "CONFIRMED" } as const;
    const warmUp = { ...full, orders: Math.ceil(orders * WARM_UP_SHARE) };
    for (const side of [floor, engine]) await rig.load(side, warmUp);
    await engine.settled();
    const rounds: Round[] = [];
    for (let pair = 0; pair < pairs; pair += 1) {
      rounds.push({
        idle: await latencyRound(rig, { orders: fewOrders, inFlight: 1 }),
        eight: await latencyRound(rig, { orders: fewOrders, inFlight: EIGHT }),
        floorIdle: (await rig.load(floor, { ...full, orders: fewOrders, inFlight: 1 })).p50Ms,
        floor: await floorRound(rig, floor, full),
        loaded: await loadedRound(rig, full),
      });
    }
    const answered = warmUp.orders + pairs * (2 * fewOrders + orders);
    const final = countEvents(engine.log, "FillFinalized") - finalBefore;
    if (final !== answered) throw new Error(`${final} orders are final, ${answered} were answered`);
    return { wallets, inFlight, answered, final, ...figuresOf(rounds) };
  });

type LatencyRound = {
  readonly toBroadcast: Quantiles;
  readonly stages: Readonly<Record<StageName, Quantiles>>;
};
type Round = {
  readonly idle: LatencyRound;
  readonly eight: LatencyRound;
  readonly floorIdle: number;
  readonly floor: { readonly perSecond: number; readonly mainUs: number };
  readonly loaded: Readonly<Record<LoadMeasure, number>>;
};

async function latencyRound(
  rig: StandInRig,
  sizes: Pick<LiveLoad, "orders" | "inFlight">,
): Promise<LatencyRound> {
  const { engine } = rig;
  await rig.begin(AT_ONCE);
  const before = lastPosition(engine.log);
  const round = await rig.load(engine, { ...sizes, waitFor: "CONFIRMED" });
  await engine.settled();
  const toBroadcast = quantilesOf(toBroadcastMs(round, await rig.seen()));
  return { toBroadcast, stages: stagesSince(engine.log, before) };
}

async function floorRound(rig: StandInRig, floor: Side, load: LiveLoad): Promise<Round["floor"]> {
  const before = await floor.usage();
  const { seconds } = await rig.load(floor, load);
  const { mainCpuUs } = await floor.usage();
  const { orders } = load;
  return { perSecond: orders / seconds, mainUs: (mainCpuUs - before.mainCpuUs) / orders };
}

async function loadedRound(
  rig: StandInRig,
  load: LiveLoad,
): Promise<Readonly<Record<LoadMeasure, number>>> {
  const { engine } = rig;
  const { orders } = load;
  await rig.begin(AT_ONCE);
  const [before, standInBefore] = [await engine.usage(), await rig.standInUsage()];
  const round = await rig.load(engine, load);
  const atAnswer = await engine.usage();
  await engine.settled();
  const [after, standInAfter] = [await engine.usage(), await rig.standInUsage()];
  return {
    perSecond: orders / round.seconds,
    p50Ms: round.p50Ms,
    p99Ms: round.p99Ms,
    mainUsPerOrder: (after.mainCpuUs - before.mainCpuUs) / orders,
    cpuUsPerOrder: (after.cpuUs - before.cpuUs) / orders,
    mainBusy: (atAnswer.mainCpuUs - before.mainCpuUs) / (round.seconds * 1e6),
    standInUsPerOrder: (standInAfter.cpuUs - standInBefore.cpuUs) / orders,
    clientUsPerOrder: round.cpuUs / orders,
  };
}

function figuresOf(rounds: readonly Round[]) {
  const loaded = (measure: LoadMeasure): Spread =>
    spreadOf(rounds.map((round) => round.loaded[measure]));
  return {
    idle: latencyOf(
      rounds.map(({ idle }) => idle),
      1,
    ),
    eight: latencyOf(
      rounds.map(({ eight }) => eight),
      EIGHT,
    ),
    floorPerSecond: spreadOf(rounds.map(({ floor }) => floor.perSecond)),
    floorMainUsPerOrder: spreadOf(rounds.map(({ floor }) => floor.mainUs)),
    floorIdleP50Ms: spreadOf(rounds.map(({ floorIdle }) => floorIdle)),
    ratio: spreadOf(rounds.map((round) => round.loaded.perSecond / round.floor.perSecond)),
    mainRatio: spreadOf(rounds.map((round) => round.loaded.mainUsPerOrder / round.floor.mainUs)),
    loaded: {
      perSecond: loaded("perSecond"),
      p50Ms: loaded("p50Ms"),
      p99Ms: loaded("p99Ms"),
      mainUsPerOrder: loaded("mainUsPerOrder"),
      cpuUsPerOrder: loaded("cpuUsPerOrder"),
      mainBusy: loaded("mainBusy"),
      standInUsPerOrder: loaded("standInUsPerOrder"),
      clientUsPerOrder: loaded("clientUsPerOrder"),
    },
  };
}

const spreadsOf = (quantiles: readonly Quantiles[]): Spreads => ({
  p50Ms: spreadOf(quantiles.map(({ p50Ms }) => p50Ms)),
  p99Ms: spreadOf(quantiles.map(({ p99Ms }) => p99Ms)),
});

function latencyOf(rounds: readonly LatencyRound[], inFlight: number): Latency {
  const of = (stage: StageName): Spreads => spreadsOf(rounds.map(({ stages }) => stages[stage]));
  return {
    inFlight,
    toBroadcast: spreadsOf(rounds.map(({ toBroadcast }) => toBroadcast)),
    stages: {
      OrderValidated: of("OrderValidated"),
      QuoteObtained: of("QuoteObtained"),
      FundsReserved: of("FundsReserved"),
      SimulationPassed: of("SimulationPassed"),
      AttemptSigned: of("AttemptSigned"),
    },
  };
}

/** Limits of single steps, p50 with one order at a time. */
const STEP_TARGETS: Readonly<Partial<Record<StageName, string>>> = {
  OrderValidated: "< 5",
  SimulationPassed: "< 50 with the one before",
  AttemptSigned: "< 10",
};

export function liveRows(figures: LiveFigures): FigureRow[] {
  const { idle, eight, inFlight, loaded } = figures;
  return [
    ...latencyRows("one at a time", idle, ["≤ 8, aim 5", "≤ 25, aim 15"]),
    ["  floor: a bare client, call to answer, p50 ms", shown(figures.floorIdleP50Ms)],
    ...latencyRows("eight in flight", eight, ["aim 20", "aim 40"]),
    [`${inFlight} in flight, orders/s`, shown(loaded.perSecond), "≥ 150, aim 300"],
    ["  floor, orders/s", shown(figures.floorPerSecond)],
    ["  ratio", shown(figures.ratio)],
    ["  call to confirmed, p50 ms", shown(loaded.p50Ms)],
    ["  call to confirmed, p99 ms", shown(loaded.p99Ms)],
    ["  engine's main thread, CPU us per order", shown(loaded.mainUsPerOrder), "≤ 4000, aim 2500"],
    ["  floor's main thread, CPU us per order", shown(figures.floorMainUsPerOrder)],
    ["  ratio of the main threads", shown(figures.mainRatio)],
    ["  engine with all threads, CPU us per order", shown(loaded.cpuUsPerOrder)],
    ["  main thread busy, 0 to 1", shown(loaded.mainBusy)],
    ["  stand-ins, CPU us per order", shown(loaded.standInUsPerOrder)],
    ["  client, CPU us per order", shown(loaded.clientUsPerOrder)],
    ["answered = final", `${figures.answered} = ${figures.final}`],
  ];
}

function latencyRows(
  name: string,
  { toBroadcast, stages }: Latency,
  [p50Target, p99Target]: readonly [string, string],
): FigureRow[] {
  return [
    [`${name}, request to broadcast, p50 ms`, shown(toBroadcast.p50Ms), p50Target],
    [`${name}, request to broadcast, p99 ms`, shown(toBroadcast.p99Ms), p99Target],
    ...STAGES.map(([stage, words]): FigureRow => {
      const value = `${shown(stages[stage].p50Ms)}, p99 ${shown(stages[stage].p99Ms)}`;
      const target = STEP_TARGETS[stage];
      const row = `  ${words}, p50 ms`;
      return target === undefined ? [row, value] : [row, value, target];
    }),
  ];
}
