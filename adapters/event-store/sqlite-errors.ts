/**
 * SQLite's error codes as sentences that tell a person what is wrong and what to do.
 * Codes: https://www.sqlite.org/rescode.html (the low byte is the primary code).
 */

/** Why a log could not be opened. */
export type OpenProblem =
  | "locked"
  | "damaged"
  | "newer-version"
  | "foreign"
  | "no-access"
  | "disk-full"
  | "io";

/** The log cannot be opened; nothing in it was changed. The message says what to do. */
export class StoreOpenError extends Error {
  readonly problem: OpenProblem;

  constructor(problem: OpenProblem, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "StoreOpenError";
    this.problem = problem;
  }
}

export type SqliteFailure = {
  /** Extended code; 0 when the error did not come from SQLite. */
  readonly code: number;
  readonly problem: OpenProblem;
  readonly sentence: string;
};

const BUSY = 5;
const FULL = 13;

const TABLE: { readonly [primary: number]: readonly [OpenProblem, string] } = {
  1: ["damaged", "The file is not as this program made it. Put a backup copy in its place."],
  3: ["no-access", "There is no permission to use it. Give this user the right to write there."],
  [BUSY]: ["locked", "Another program is writing to it. Stop that program, then start again."],
  8: ["no-access", "It cannot be written. Give this user the right to write the file and folder."],
  10: [
    "io",
    "The disk reported an error. Check the disk and the system log, then start the engine again.",
  ],
  11: ["damaged", "The file is damaged. Move it away and put a backup copy in its place."],
  [FULL]: [
    "disk-full",
    "The disk is full, or the log has reached its size limit. Free some space.",
  ],
  14: ["no-access", "It cannot be opened. Give this user the right to write the file and folder."],
  23: ["no-access", "Access was refused. Give this user the right to write the file and folder."],
  26: ["damaged", "This is no SQLite file. Move it away, or start with another data folder."],
};

/** Explains an error that SQLite threw while it worked on `file`. */
export function explain(error: unknown, file: string): SqliteFailure {
  const code = sqliteCode(error);
  const detail = error instanceof Error ? error.message : String(error);
  const [problem, advice] = TABLE[code & 0xff] ?? (["io", "Start the engine again."] as const);
  return { code, problem, sentence: `${file}: ${detail}. ${advice}` };
}

export function openError(error: unknown, file: string): StoreOpenError {
  if (error instanceof StoreOpenError) return error;
  const { problem, sentence } = explain(error, file);
  return new StoreOpenError(problem, sentence, { cause: error });
}

export const isDiskFull = (failure: SqliteFailure): boolean => (failure.code & 0xff) === FULL;
export const isBusy = (failure: SqliteFailure): boolean => (failure.code & 0xff) === BUSY;

function sqliteCode(error: unknown): number {
  if (!(error instanceof Error)) return 0;
  if ("errcode" in error && typeof error.errcode === "number") return error.errcode;
  // The same troubles, met by a file operation of our own.
  const code = "code" in error ? String(error.code) : "";
  if (code === "ENOSPC" || code === "EDQUOT") return FULL;
  return /^(EACCES|EPERM|EROFS|ENOTDIR|EISDIR)$/.test(code) ? 3 : 0;
}
