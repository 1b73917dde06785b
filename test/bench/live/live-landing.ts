/**
 * From the landing of a live order (the node's block has it at confirmed) until its caller has the answer with the fill: the node is
 * asked, the transaction read, the fill booked and durable. Orders land 50 to 450 ms after they were sent, as with blocks of 400 ms;
 * once with the nodes' WebSockets and once without a word from them.
 */
import { type FigureRow, type Spread, shown, spreadOf } from "../figures.ts";
import { type StandInRig, withStandIns } from "./live-rig.ts";
import { fromLandingMs, type Quantiles, quantilesOf } from "./stages.ts";

export type LandingFigures = {
  readonly inFlight: number;
  readonly hinted: { readonly p50Ms: Spread; readonly p99Ms: Spread };
  readonly polled: { readonly p50Ms: Spread; readonly p99Ms: Spread };
};

export type LandingOptions = {
  readonly folder: string;
  readonly pairs: number;
  readonly orders: number;
  readonly wallets: number;
};

const IN_FLIGHT = 8;
const LANDING = { fromMs: 50, toMs: 450, finalMs: 400 };

export const benchLiveLanding = (options: LandingOptions): Promise<LandingFigures> =>
  withStandIns(options, async (rig) => {
    const { orders, pairs } = options;
    await round(rig, orders, false);
    const hinted: Quantiles[] = [];
    const polled: Quantiles[] = [];
    for (let pair = 0; pair < pairs; pair += 1) {
      hinted.push(await round(rig, orders, false));
      polled.push(await round(rig, orders, true));
    }
    return { inFlight: IN_FLIGHT, hinted: spreadsOf(hinted), polled: spreadsOf(polled) };
  });

async function round(rig: StandInRig, orders: number, isMute: boolean): Promise<Quantiles> {
  await rig.begin({ ...LANDING, isMute });
  const load = { orders, inFlight: IN_FLIGHT, waitFor: "CONFIRMED" } as const;
  const answered = await rig.load(rig.engine, load);
  await rig.engine.settled();
  return quantilesOf(fromLandingMs(answered, await rig.seen()));
}

const spreadsOf = (rounds: readonly Quantiles[]) => ({
  p50Ms: spreadOf(rounds.map(({ p50Ms }) => p50Ms)),
  p99Ms: spreadOf(rounds.map(({ p99Ms }) => p99Ms)),
});

export const landingRows = ({ hinted, polled }: LandingFigures): FigureRow[] => [
  ["landing to answer, told by WebSocket, p50 ms", shown(hinted.p50Ms), "≤ 100, aim 50"],
  ["  p99 ms", shown(hinted.p99Ms)],
  ["landing to answer, WebSockets mute, p50 ms", shown(polled.p50Ms), "≤ 100, aim 50"],
  ["  p99 ms", shown(polled.p99Ms)],
];
