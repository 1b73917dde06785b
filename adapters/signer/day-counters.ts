/**
 * What was signed on the running UTC day, in a small file that is exchanged whole, so that a restart does not forget it. A day that
 * the file has is never left for an earlier one: a clock that was set back gives no second allowance.
 */
import {
  closeSync,
  constants,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  writeSync,
} from "node:fs";
import { NOTHING_SPENT, plus, type Spending, type Spent } from "./limits.ts";
import { type Outcome, ok, wrong } from "./outcome.ts";
import { reasonOf } from "./secret-files.ts";

const VERSION = 1;
const MAX_FILE_BYTES = 16 * 1024 * 1024;
const DAY = /^\d{4}-\d{2}-\d{2}$/;
const AMOUNT = /^\d{1,40}$/;

export type DayCounters = {
  /** What the wallet spent on the day of `nowMs`, or on a later one that was seen already. */
  readonly spentOf: (
    wallet: string,
    nowMs: number,
  ) => { readonly day: string; readonly spent: Spent };
  /** Counts and writes it down; nothing is counted where it cannot be written. */
  readonly count: (wallet: string, spending: Spending) => Outcome<void>;
};

/** `2025-11-21` of milliseconds since 1970, UTC. */
export const dayOf = (timeMs: number): string => new Date(timeMs).toISOString().slice(0, 10);

/** The draft that takes the file's place; the signer must be allowed to write both. */
export const draftOf = (file: string): string => `${file}.tmp`;

/** Reads the file, or begins one. Wrong where it is damaged: counters are never guessed. */
export function openDayCounters(file: string, nowMs: number): Outcome<DayCounters> {
  const read = readCounters(file);
  if (read.kind === "wrong") return read;
  let { day, spent } = read.value ?? { day: dayOf(nowMs), spent: new Map<string, Spent>() };
  const counters: DayCounters = {
    spentOf: (wallet, timeMs) => {
      const today = dayOf(timeMs);
      if (today > day) {
        day = today;
        spent = new Map();
      }
      return { day, spent: spent.get(wallet) ?? NOTHING_SPENT };
    },
    count: (wallet, spending) => {
      const next = new Map(spent);
      next.set(wallet, plus(next.get(wallet) ?? NOTHING_SPENT, spending));
      const written = writeCounters(file, { day, spent: next });
      if (written.kind === "ok") spent = next;
      return written;
    },
  };
  // A folder that cannot be written is found at the start, not at the first signature.
  const written = writeCounters(file, { day, spent });
  return written.kind === "ok" ? ok(counters) : written;
}

type Counted = { readonly day: string; readonly spent: ReadonlyMap<string, Spent> };

function writeCounters(file: string, { day, spent }: Counted): Outcome<void> {
  const wallets = Object.fromEntries(
    [...spent].map(([wallet, { lamports, tokens }]) => [
      wallet,
      {
        lamports: lamports.toString(),
        tokens: Object.fromEntries([...tokens].map(([mint, units]) => [mint, units.toString()])),
      },
    ]),
  );
  try {
    const { O_WRONLY, O_CREAT, O_TRUNC } = constants;
    const handle = openSync(draftOf(file), O_WRONLY | O_CREAT | O_TRUNC, 0o600);
    try {
      writeSync(handle, `${JSON.stringify({ version: VERSION, day, wallets })}\n`);
    } finally {
      closeSync(handle);
    }
    renameSync(draftOf(file), file);
    return ok(undefined);
  } catch (error) {
    return wrong(`the signer's day counters ${file} cannot be written: ${reasonOf(error)}`);
  }
}

function readCounters(file: string): Outcome<Counted | undefined> {
  let text: string;
  try {
    if (statSync(file).size > MAX_FILE_BYTES) return damaged(file);
    text = readFileSync(file, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return ok(undefined);
    return wrong(`the signer's day counters ${file} cannot be read: ${reasonOf(error)}`);
  }
  try {
    const counted = countedOf(JSON.parse(text));
    return counted ? ok(counted) : damaged(file);
  } catch {
    return damaged(file);
  }
}

const damaged = (file: string): Outcome<never> =>
  wrong(
    `the signer's day counters ${file} are damaged, so that what was signed today is not known; ` +
      "delete the file to begin the day's limits anew",
  );

function countedOf(value: unknown): Counted | undefined {
  const { version, day, wallets } = recordOf(value);
  if (version !== VERSION || typeof day !== "string" || !DAY.test(day)) return undefined;
  const spent = new Map<string, Spent>();
  for (const [wallet, entry] of Object.entries(recordOf(wallets))) {
    const { lamports, tokens } = recordOf(entry);
    const units = Object.entries(recordOf(tokens));
    if (!isAmount(lamports) || !units.every(([, amount]) => isAmount(amount))) return undefined;
    spent.set(wallet, {
      lamports: BigInt(lamports),
      tokens: new Map(units.map(([mint, amount]) => [mint, BigInt(String(amount))])),
    });
  }
  return { day, spent };
}

const isAmount = (value: unknown): value is string =>
  typeof value === "string" && AMOUNT.test(value);

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new Error("damaged");
  return { ...value };
}
