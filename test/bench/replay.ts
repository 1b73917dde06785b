/**
 * The whole log folded into all projections, each event's hash and its place in its chain checked,
 * against a bare scan of the same rows (pages of 1,000) with JSON.parse of data and metadata.
 *
 * "rows made": every projection makes its rows, which are then dropped; this is the figure with a
 * target. "rows written": they also go to a new views file, synced at the end. "hashes not checked":
 * rows made, to show what the check costs. The floor has SQLite hand out text, its fastest way;
 * "bytes" is the same scan with the bytes that the program reads, decoded by TextDecoder.
 * Events per second; all passes by one process with the engine's heap, in turns. "by processor
 * time": the same ratio of the main thread's processor time, for machines that others use too.
 */
import { z } from "zod";
import type { StoredLogs } from "./big-log.ts";
import { startChild } from "./child.ts";
import { type FigureRow, type Spread, shown, spreadOf } from "./figures.ts";
import { temporaryFolder } from "./log-file.ts";
import { HEAP } from "./servers.ts";

const PASSES = ["scanText", "scanBytes", "made", "unchecked", "written"] as const;
type Pass = (typeof PASSES)[number];

export type ReplayFigures = {
  readonly events: number;
  readonly rows: number;
  readonly eventsPerSecond: Readonly<Record<Pass, Spread>>;
  /** Of `made` and `written` to the floor, pair by pair. */
  readonly ratio: Spread;
  readonly ratioWritten: Spread;
  /** `made` to the floor by processor time of the main thread. */
  readonly ratioByCpu: Spread;
  /** Of `made` to the scan of bytes. */
  readonly ratioToBytes: Spread;
};

export type ReplayOptions = {
  readonly folder: string;
  readonly pairs: number;
  /** About so many, in orders of six. */
  readonly events: number;
};

const EVENTS_PER_ORDER = 6;
const doneSchema = z.object({
  events: z.int(),
  seconds: z.number(),
  cpuSeconds: z.number(),
  rows: z.int(),
});

export async function benchReplay(
  logs: StoredLogs,
  { folder, pairs, events }: ReplayOptions,
): Promise<ReplayFigures> {
  const { data } = await logs.logOf(Math.ceil(events / EVENTS_PER_ORDER));
  const { path, remove } = temporaryFolder(folder);
  const child = startChild("./replay-child.ts", HEAP);
  const run = (pass: Pass) => child.ask(pass, { log: `${data}/log.db`, folder: path }, doneSchema);
  try {
    // Not counted: the code is hot and the file in memory afterwards.
    for (const pass of PASSES) await run(pass);
    const rates: Record<Pass, number>[] = [];
    const byCpu: number[] = [];
    let last = { events: 0, rows: 0 };
    for (let pair = 0; pair < pairs; pair++) {
      const rate = { scanText: 0, scanBytes: 0, made: 0, unchecked: 0, written: 0 };
      const cpu = { ...rate };
      for (const pass of PASSES) {
        const done = await run(pass);
        rate[pass] = done.events / done.seconds;
        cpu[pass] = done.cpuSeconds;
        if (pass === "written") last = done;
      }
      rates.push(rate);
      byCpu.push(cpu.scanText / cpu.made);
    }
    const spread = (pass: Pass): Spread => spreadOf(rates.map((rate) => rate[pass]));
    const ratio = (pass: Pass, to: Pass): Spread =>
      spreadOf(rates.map((rate) => rate[pass] / rate[to]));
    return {
      events: last.events,
      rows: last.rows,
      eventsPerSecond: {
        scanText: spread("scanText"),
        scanBytes: spread("scanBytes"),
        made: spread("made"),
        unchecked: spread("unchecked"),
        written: spread("written"),
      },
      ratio: ratio("made", "scanText"),
      ratioWritten: ratio("written", "scanText"),
      ratioByCpu: spreadOf(byCpu),
      ratioToBytes: ratio("made", "scanBytes"),
    };
  } finally {
    await child.stop();
    remove();
  }
}

export function replayRows({ eventsPerSecond, ...figures }: ReplayFigures): FigureRow[] {
  return [
    ["rows made, hashes checked, events/s", shown(eventsPerSecond.made)],
    ["floor: scan + JSON.parse, events/s", shown(eventsPerSecond.scanText)],
    ["ratio", shown(figures.ratio), "≥ 0.5, aim 0.6"],
    ["  by processor time", shown(figures.ratioByCpu)],
    ["hashes not checked, events/s", shown(eventsPerSecond.unchecked)],
    ["rows written, hashes checked, events/s", shown(eventsPerSecond.written)],
    ["  ratio", shown(figures.ratioWritten)],
    ["scan of bytes + JSON.parse, events/s", shown(eventsPerSecond.scanBytes)],
    ["  ratio of rows made", shown(figures.ratioToBytes)],
    ["events, rows", `${figures.events}, ${figures.rows}`],
  ];
}
