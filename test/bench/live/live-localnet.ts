/**
 * Live orders per second against the full local world: a chain that executes each transaction, two nodes, the market and the venue in
 * a process of their own, blocks of 400 ms; with engine, signer and load all on the same cores. Callers wait until their order is
 * confirmed, which takes two blocks: so many are under way that this does not bound the rate.
 */
import { type FigureRow, type Spread, shown, spreadOf } from "../figures.ts";
import { countEvents } from "../log-file.ts";
import { withLocalnet } from "./live-rig.ts";

export type LocalnetFigures = {
  readonly inFlight: number;
  readonly perSecond: Spread;
  readonly p50Ms: Spread;
  readonly p99Ms: Spread;
  readonly mainUsPerOrder: Spread;
  readonly filled: number;
  /** Orders that the market or the chain did not let through: prices move. */
  readonly failed: number;
};

export type LocalnetOptions = {
  readonly folder: string;
  readonly pairs: number;
  readonly orders: number;
  readonly inFlight: number;
  readonly wallets: number;
};

const WARM_UP_SHARE = 0.25;

export const benchLiveLocalnet = (options: LocalnetOptions): Promise<LocalnetFigures> =>
  withLocalnet(options, async ({ engine, load }) => {
    const { orders, inFlight, pairs } = options;
    const full = { orders, inFlight, waitFor: "CONFIRMED" } as const;
    await load(engine, { ...full, orders: Math.ceil(orders * WARM_UP_SHARE) });
    await engine.settled();
    const rounds: { perSecond: number; p50Ms: number; p99Ms: number; mainUs: number }[] = [];
    for (let pair = 0; pair < pairs; pair += 1) {
      const before = await engine.usage();
      const round = await load(engine, full);
      await engine.settled();
      const { mainCpuUs } = await engine.usage();
      const { p50Ms, p99Ms, seconds } = round;
      const mainUs = (mainCpuUs - before.mainCpuUs) / orders;
      rounds.push({ perSecond: orders / seconds, p50Ms, p99Ms, mainUs });
    }
    return {
      inFlight,
      perSecond: spreadOf(rounds.map(({ perSecond }) => perSecond)),
      p50Ms: spreadOf(rounds.map(({ p50Ms }) => p50Ms)),
      p99Ms: spreadOf(rounds.map(({ p99Ms }) => p99Ms)),
      mainUsPerOrder: spreadOf(rounds.map(({ mainUs }) => mainUs)),
      filled: countEvents(engine.log, "FillFinalized"),
      failed: countEvents(engine.log, "OrderFailed"),
    };
  });

export const localnetRows = (figures: LocalnetFigures): FigureRow[] => [
  [`${figures.inFlight} in flight, orders/s`, shown(figures.perSecond), "≥ 50, aim 100"],
  ["  call to confirmed, p50 ms", shown(figures.p50Ms)],
  ["  call to confirmed, p99 ms", shown(figures.p99Ms)],
  ["  engine's main thread, CPU us per order", shown(figures.mainUsPerOrder)],
  ["filled, failed", `${figures.filled}, ${figures.failed}`],
];
