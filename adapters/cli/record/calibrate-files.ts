/** Files that `calibrate` reads: recorded transactions, one answer a file, and recorded candles. One bad file is one sentence. */
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { type ChainTransaction, readTransaction } from "../../../domain/chain/transaction.ts";
import type { PricePoint } from "../../../domain/pricing/realised-volatility.ts";
import { isDecimalPrice, ratioFromPrice } from "../../../domain/primitives/ratio.ts";
import { usageError } from "../exit-codes.ts";

const MAX_FILES = 10_000;
const MAX_ANSWER_BYTES = 4 * 1024 * 1024;
const MAX_CANDLE_BYTES = 256 * 1024 * 1024;
const MAX_CANDLES = 2_000_000;

export type Recorded = { readonly file: string; readonly transaction: ChainTransaction };
export type BadFile = { readonly file: string; readonly problem: string };

export type Recordings = {
  readonly files: number;
  readonly transactions: readonly Recorded[];
  readonly badFiles: readonly BadFile[];
};

/** Every `*.json` of the folder, by name, not of folders within. Throws a usage error where the folder cannot be read. */
export async function readRecordings(
  folder: string,
  onFile: (done: number, total: number) => void,
): Promise<Recordings> {
  const names = await readdir(folder).catch(() => {
    throw usageError(`--transactions ${folder}: there is no such folder, or it cannot be read`);
  });
  const files = names.filter((name) => name.endsWith(".json")).sort();
  if (files.length === 0) throw usageError(`--transactions ${folder}: holds no .json file`);
  if (files.length > MAX_FILES) {
    throw usageError(`--transactions ${folder}: ${files.length} files, at most ${MAX_FILES}`);
  }
  const transactions: Recorded[] = [];
  const badFiles: BadFile[] = [];
  for (const [index, file] of files.entries()) {
    const read = await readRecording(join(folder, file));
    if (read.kind === "problem") badFiles.push({ file, problem: read.problem });
    else transactions.push({ file, transaction: read.transaction });
    onFile(index + 1, files.length);
  }
  return { files: files.length, transactions, badFiles };
}

async function readRecording(path: string): Promise<ReturnType<typeof readTransaction>> {
  const text = await readLimited(path, MAX_ANSWER_BYTES);
  if (typeof text !== "string") return { kind: "problem", problem: text.problem };
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { kind: "problem", problem: "is not JSON" };
  }
  return readTransaction(json);
}

const CANDLE_HEADER = "timestamp_ms,open,high,low,close,volume_base";

/** Closing prices of a CSV with the header above. Prices are decimal numbers; only their changes matter. */
export async function readCloses(file: string): Promise<readonly PricePoint[] | BadFile> {
  const text = await readLimited(file, MAX_CANDLE_BYTES);
  if (typeof text !== "string") return { file, problem: text.problem };
  const lines = text.replace(/\r/g, "").replace(/\n+$/, "").split("\n");
  if (lines[0] !== CANDLE_HEADER) return { file, problem: `line 1: must be ${CANDLE_HEADER}` };
  if (lines.length > MAX_CANDLES) return { file, problem: `over ${MAX_CANDLES} lines` };
  const points: PricePoint[] = [];
  for (const [index, line] of lines.slice(1).entries()) {
    const point = closeOf(line);
    const last = points.at(-1);
    const where = `line ${index + 2}`;
    if (!point) return { file, problem: `${where}: is no candle of ${CANDLE_HEADER}` };
    if (last && point.atMs <= last.atMs) return { file, problem: `${where}: goes back in time` };
    points.push(point);
  }
  return points.length < 2 ? { file, problem: "holds fewer than two candles" } : points;
}

function closeOf(line: string): PricePoint | undefined {
  const cells = line.split(",");
  const [time = ""] = cells;
  const close = cells[4] ?? "";
  if (cells.length !== 6 || !/^\d{1,15}$/.test(time) || !isDecimalPrice(close)) return undefined;
  return { atMs: Number(time), price: ratioFromPrice(close, 0, 0) };
}

async function readLimited(
  path: string,
  limitBytes: number,
): Promise<string | { readonly problem: string }> {
  try {
    const { size } = await stat(path);
    if (size > limitBytes) return { problem: `${size} bytes, at most ${limitBytes}` };
    return await readFile(path, "utf8");
  } catch {
    return { problem: "cannot be read" };
  }
}
