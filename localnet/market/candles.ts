/**
 * Recorded one-minute candles as a price over time. The file is a CSV with the header
 * `timestamp_ms,open,high,low,close,volume_base`; prices are US dollars per whole token.
 */
import { readFile, stat } from "node:fs/promises";
import { parseFixed } from "./fixed-point.ts";

export const CANDLE_HEADER = "timestamp_ms,open,high,low,close,volume_base";
const CANDLE_MS = 60_000;
const MAX_FILE_BYTES = 256 * 1024 * 1024;
const MAX_ROWS = 2_000_000;

export type Candle = {
  readonly startMs: number;
  readonly open: bigint;
  readonly high: bigint;
  readonly low: bigint;
  readonly close: bigint;
};

export type Recording = {
  /** From the start of the first candle to the end of the last one. */
  readonly durationMs: number;
  /** 10^-12 US dollars per whole token, `offsetMs` after the start; begins again after the end. */
  priceAt(offsetMs: number): bigint;
};

/**
 * Throws an Error with a sentence for people when the file is missing, too large or no such CSV.
 */
export async function readRecording(file: string): Promise<Recording> {
  const { size } = await stat(file).catch(() => {
    throw new Error(`market file ${file} cannot be read`);
  });
  if (size > MAX_FILE_BYTES) throw new Error(`market file ${file} is over ${MAX_FILE_BYTES} bytes`);
  return recording(parseCandles(await readFile(file, "utf8")));
}

/**
 * Rows in order of time, each with low <= open, close <= high. Throws with the number of the wrong
 * line.
 */
export function parseCandles(text: string): Candle[] {
  const lines = text.replace(/\r/g, "").replace(/\n+$/, "").split("\n");
  if (lines[0] !== CANDLE_HEADER) throw new Error(`line 1: expected ${CANDLE_HEADER}`);
  if (lines.length < 2) throw new Error("line 2: no candle");
  if (lines.length > MAX_ROWS) throw new Error(`more than ${MAX_ROWS} lines`);
  const candles: Candle[] = [];
  for (const [index, line] of lines.entries()) {
    if (index === 0) continue;
    const candle = parseCandle(line);
    const last = candles.at(-1);
    if (!candle) throw new Error(`line ${index + 1}: not a candle`);
    if (last && candle.startMs < last.startMs + CANDLE_MS) {
      throw new Error(`line ${index + 1}: not a minute after the line before`);
    }
    candles.push(candle);
  }
  return candles;
}

function parseCandle(line: string): Candle | undefined {
  const cells = line.split(",");
  const startMs = Number(cells[0]);
  const [open, high, low, close] = cells.slice(1, 5).map(parseFixed);
  if (cells.length !== 6 || !/^\d{1,15}$/.test(cells[0] ?? "")) return undefined;
  if (open === undefined || high === undefined || !low || close === undefined) return undefined;
  if (low > open || low > close || high < open || high < close) return undefined;
  return { startMs, open, high, low, close };
}

/** At least one candle. */
export function recording(candles: readonly Candle[]): Recording {
  const first = candles[0];
  const last = candles.at(-1);
  if (!first || !last) throw new Error("a recording needs at least one candle");
  const durationMs = last.startMs + CANDLE_MS - first.startMs;
  return {
    durationMs,
    priceAt(offsetMs) {
      const timeMs = first.startMs + (Math.max(0, Math.floor(offsetMs)) % durationMs);
      const candle = candles[lastStarted(candles, timeMs)] ?? first;
      return priceWithin(candle, timeMs - candle.startMs);
    },
  };
}

/** Index of the last candle that started at or before `timeMs`. */
function lastStarted(candles: readonly Candle[], timeMs: number): number {
  let low = 0;
  let high = candles.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((candles[middle]?.startMs ?? 0) <= timeMs) low = middle;
    else high = middle - 1;
  }
  return low;
}

/**
 * Straight lines from open over the two extremes to close; in a gap of the record the close stands.
 */
function priceWithin(candle: Candle, elapsedMs: number): bigint {
  if (elapsedMs >= CANDLE_MS) return candle.close;
  const { open, high, low, close } = candle;
  const path = close >= open ? [open, low, high, close] : [open, high, low, close];
  const legMs = CANDLE_MS / 3;
  const leg = Math.floor(elapsedMs / legMs);
  const from = path[leg] ?? open;
  const to = path[leg + 1] ?? close;
  return from + ((to - from) * BigInt(elapsedMs - leg * legMs)) / BigInt(legMs);
}
