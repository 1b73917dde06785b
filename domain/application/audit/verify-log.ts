/**
 * Checks the log as it lies there: each stream is a chain from revision 0 without a gap, every
 * event's hash fits its bytes and its predecessor, and this program can read it. A changed,
 * inserted, swapped or removed event is found; a removed end of a stream is not.
 */
import type { Codec } from "../../codec/codec.ts";
import type { EventStore, Position, StoredEvent } from "../../ports/event-store.ts";
import type { LogId, StreamName } from "../../primitives/ids.ts";
import { createChainCheck } from "./chain-check.ts";

export type LogProblem = {
  readonly position: Position;
  readonly stream: StreamName;
  readonly revision: number;
  readonly problem: string;
};

export type LogReport = {
  readonly events: number;
  readonly streams: number;
  /** Undefined where the log does not begin with LogCreated. */
  readonly logId: LogId | undefined;
  /** The last position that was checked. */
  readonly end: Position | undefined;
  readonly problemCount: number;
  /** The first ones, at most MAX_PROBLEMS. */
  readonly problems: readonly LogProblem[];
};

export const MAX_PROBLEMS = 100;
const PAGE = 1_000;

export type VerifyPorts = {
  readonly store: Pick<EventStore, "readAll" | "end">;
  readonly codec: Codec;
};

/**
 * Checks what is in the log now; what comes meanwhile is left to the next time. Rejects when the
 * store cannot be read.
 */
export async function verifyLog(
  { store, codec }: VerifyPorts,
  onProgress: (events: number) => void = () => undefined,
): Promise<LogReport> {
  const chain = createChainCheck(codec);
  const problems: LogProblem[] = [];
  let problemCount = 0;

  const end = await store.end();
  for await (const stored of eventsUntil(store, end, () => onProgress(chain.events()))) {
    const { stream, revision, position } = stored;
    for (const problem of chain.check(stored).problems) {
      problemCount += 1;
      if (problems.length < MAX_PROBLEMS) problems.push({ position, stream, revision, problem });
    }
  }
  const [events, streams, logId] = [chain.events(), chain.streams(), chain.logId()];
  return { events, streams, logId, end, problemCount, problems };
}

/** All events up to a position, page by page; `onPage` is called after each page. */
export async function* eventsUntil(
  store: Pick<EventStore, "readAll">,
  end: Position | undefined,
  onPage: () => void,
): AsyncGenerator<StoredEvent> {
  if (end === undefined) return;
  let after: Position | "start" = "start";
  for (;;) {
    const page: readonly StoredEvent[] = await store.readAll(after, PAGE);
    for (const stored of page) {
      if (stored.position > end) return;
      yield stored;
      after = stored.position;
    }
    onPage();
    if (page.length < PAGE) return;
  }
}
