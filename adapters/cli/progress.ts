/**
 * Progress of whatever takes longer than a second, on stderr: at a terminal one line drawn again and again with a bar,
 * in a log plain lines with the same figures.
 */
import type { Io, OptionSpec } from "./command.ts";

export type Progress = {
  /** `done` units so far; `total` where it became known, or changed. Cheap: may be called for every page. */
  step(done: number, total?: number): void;
  /** Finishes the line. More than once does no harm. */
  end(): void;
};

export type ProgressOptions = {
  /** What happens, such as `checked`. */
  readonly what: string;
  /** Of what, such as `events`. */
  readonly unit: string;
  readonly total?: number;
  /** A clock in milliseconds that never goes back. */
  readonly nowMs?: () => number;
};

/** Nothing is shown for what takes less. */
const QUIET_MS = 1_000;
const REDRAW_MS = 200;
const LINE_MS = 5_000;

export const PROGRESS_OPTION: OptionSpec = {
  flags: "--progress",
  description: "show progress also where stderr is not a terminal",
};

/** Progress at a terminal always, elsewhere where it was asked for: `Io` as main.ts makes it, and `--progress`. */
export const progressWhere = (
  isAsked: boolean,
  io: Pick<Io, "err" | "isTerminal">,
  options: ProgressOptions,
): Progress => (io.isTerminal || isAsked ? createProgress(io, options) : SILENT);

const SILENT: Progress = { step: () => undefined, end: () => undefined };

/** A bar at a terminal, a line every 5 s elsewhere. */
export function createProgress(
  io: Pick<Io, "err" | "isTerminal">,
  { what, unit, total: firstTotal, nowMs = () => performance.now() }: ProgressOptions,
): Progress {
  const begunMs = nowMs();
  let total = firstTotal;
  let lastDone = 0;
  /** The next time that something is shown. */
  let dueMs = begunMs + (io.isTerminal ? QUIET_MS : LINE_MS);
  let shownWidth = 0;

  const show = (done: number, elapsedMs: number): void => {
    const line = progressLine({ what, unit, done, total, elapsedMs, isTerminal: io.isTerminal });
    // A shorter line must not leave the end of the longer one before it.
    io.err(io.isTerminal ? `\r${line.padEnd(shownWidth)}` : `${line}\n`);
    shownWidth = line.length;
  };

  return {
    step(done, newTotal) {
      lastDone = done;
      total = newTotal ?? total;
      const now = nowMs();
      if (now < dueMs) return;
      dueMs = now + (io.isTerminal ? REDRAW_MS : LINE_MS);
      show(done, now - begunMs);
    },
    end() {
      if (shownWidth === 0) return;
      show(lastDone, nowMs() - begunMs);
      if (io.isTerminal) io.err("\n");
      shownWidth = 0;
    },
  };
}

export type ProgressFigures = {
  readonly what: string;
  readonly unit: string;
  readonly done: number;
  readonly total: number | undefined;
  readonly elapsedMs: number;
  readonly isTerminal: boolean;
};

const BAR_WIDTH = 16;
const LEAST_BAR_WIDTH = 4;
/** A line that wraps cannot be drawn over. */
const MAX_WIDTH = 79;

/**
 * `checked [########--------]  50 % 500,000/1,000,000 events, 50,000/s, 10 s left`. Without a total: no bar and no time
 * left. In a log: no bar.
 */
export function progressLine(figures: ProgressFigures): string {
  const { what, unit, done, total, elapsedMs, isTerminal } = figures;
  const perSecond = (done * 1_000) / Math.max(1, elapsedMs);
  const rate = `${grouped(Math.round(perSecond))}/s`;
  if (total === undefined) return cut(`${what} ${grouped(done)} ${unit}, ${rate}`, isTerminal);
  const share = total > 0 ? Math.min(1, done / total) : 1;
  const percent = `${Math.floor(share * 100)} %`.padStart(isTerminal ? 5 : 0);
  const of = `${grouped(done)}/${grouped(total)} ${unit}`;
  const left = leftText(total - done, perSecond);
  const figuresText = `${percent} ${of}, ${rate}${left}`;
  if (!isTerminal) return `${what} ${figuresText}`;
  const room = MAX_WIDTH - `${what} [] ${figuresText}`.length;
  return cut(`${what} ${barText(share, room)} ${figuresText}`, isTerminal);
}

/** Narrower where the figures need the room. */
function barText(share: number, room: number): string {
  const width = Math.min(BAR_WIDTH, Math.max(LEAST_BAR_WIDTH, room));
  const filled = Math.floor(share * width);
  return `[${"#".repeat(filled)}${"-".repeat(width - filled)}]`;
}

const cut = (line: string, isTerminal: boolean): string =>
  isTerminal ? line.slice(0, MAX_WIDTH) : line;

/** `1,234,567`. */
export const grouped = (count: number): string =>
  String(count).replace(/\B(?=(\d{3})+(?!\d))/g, ",");

function leftText(units: number, perSecond: number): string {
  if (units <= 0 || perSecond <= 0) return "";
  return `, ${durationText(Math.ceil(units / perSecond))} left`;
}

/** `45 s`, `2 m 05 s` or `3 h 07 m`. */
export function durationText(seconds: number): string {
  const two = (count: number): string => String(count).padStart(2, "0");
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} m ${two(seconds % 60)} s`;
  return `${Math.floor(minutes / 60)} h ${two(minutes % 60)} m`;
}
