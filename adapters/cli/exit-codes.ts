/** How commands end: exit codes, and the error that carries one with a sentence for people. */

export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  unreachable: 3,
  notFound: 4,
  refused: 5,
  unknown: 6,
  store: 7,
  fault: 70,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export const EXIT_MEANINGS: readonly (readonly [ExitCode, string])[] = [
  [EXIT.ok, "done"],
  [EXIT.failed, "the trade ended without a fill, or verify, replay or import found a difference"],
  [EXIT.usage, "wrong command line or configuration; nothing was sent"],
  [EXIT.unreachable, "no engine answers at --grpc, or the connection broke off while it was read"],
  [EXIT.notFound, "no such order, revision or account"],
  [EXIT.refused, "the engine refused the request; nothing was recorded"],
  [EXIT.unknown, "not known yet: it may be recorded, or has not ended; repeat with the same id"],
  [EXIT.store, "the engine cannot start, or the store cannot be read or written"],
  [EXIT.fault, "a fault of this program"],
];

export const exitCodesText = (): string =>
  ["Exit codes:", ...EXIT_MEANINGS.map(([code, meaning]) => `  ${code}`.padEnd(6) + meaning)].join(
    "\n",
  );

/**
 * An expected end that is not a success. The message is a sentence for people, the facts are for
 * programs.
 */
export class CliError extends Error {
  override readonly name = "CliError";
  readonly code: ExitCode;
  readonly facts: Readonly<Record<string, unknown>>;

  constructor(code: ExitCode, message: string, facts: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.code = code;
    this.facts = facts;
  }
}

export const usageError = (message: string): CliError => new CliError(EXIT.usage, message);
