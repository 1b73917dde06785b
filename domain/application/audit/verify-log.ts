/**
 * Checks the log as it lies there: each stream is a chain from revision 0 without a gap, every
 * event's hash fits its bytes and its predecessor, and this program can read it. A changed,
 * inserted, swapped or removed event is found; a removed end of a stream is not.
 */
import type { Codec, PositionedEvent } from "../../codec/codec.ts";
import { isOrderEvent } from "../../codec/registry.ts";
import type { EventStore, Position, StoredEvent } from "../../ports/event-store.ts";
import {
  accountIdOfStream,
  type Hash,
  type LogId,
  orderIdOfStream,
  type StreamName,
} from "../../primitives/ids.ts";
import type { TimestampUs } from "../../primitives/time.ts";

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

/** Of an event that could not be read only the revision is known. */
type Tip = {
  readonly revision: number;
  readonly hash: Hash | undefined;
  readonly recordedAtUs: TimestampUs | undefined;
};

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
  const tips = new Map<StreamName, Tip>();
  const problems: LogProblem[] = [];
  let problemCount = 0;
  let events = 0;
  let logId: LogId | undefined;

  const end = await store.end();
  for await (const stored of eventsUntil(store, end, () => onProgress(events))) {
    const found = readStored(codec, stored);
    if (events === 0 && found.recorded?.event.type === "LogCreated") {
      logId = found.recorded.event.data.logId;
    }
    const { stream, revision, position } = stored;
    const { recorded } = found;
    const root = logId && codec.rootHash(logId, stream);
    const texts = [
      ...(events === 0 && logId === undefined ? ["the log does not begin with LogCreated"] : []),
      ...found.problems,
      ...linkProblems({ revision, recorded, tip: tips.get(stream), root }),
    ];
    events += 1;
    for (const problem of texts) {
      problemCount += 1;
      if (problems.length < MAX_PROBLEMS) problems.push({ position, stream, revision, problem });
    }
    const recordedAtUs = recorded?.metadata.recordedAtUs;
    tips.set(stream, { revision, hash: recorded?.hash, recordedAtUs });
  }
  return { events, streams: tips.size, logId, end, problemCount, problems };
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

function readStored(
  codec: Codec,
  stored: StoredEvent,
): { readonly recorded: PositionedEvent | undefined; readonly problems: readonly string[] } {
  try {
    const recorded = codec.decode(stored);
    const problems: string[] = [];
    if (!codec.verify(stored)) problems.push("its bytes do not fit its hash: it was changed");
    if (!isAtHome(recorded)) problems.push(`${recorded.event.type} does not belong in this stream`);
    return { recorded, problems };
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    return { recorded: undefined, problems: [`it cannot be read: ${problem}`] };
  }
}

const isAtHome = ({ stream, event }: PositionedEvent): boolean =>
  isOrderEvent(event) === (orderIdOfStream(stream) !== undefined) &&
  (stream === "system" || accountIdOfStream(stream) !== undefined || isOrderEvent(event));

type Link = {
  readonly revision: number;
  /** Undefined where it could not be read. */
  readonly recorded: PositionedEvent | undefined;
  readonly tip: Tip | undefined;
  /** The previous hash of a stream's first event; undefined where the log's id is not known. */
  readonly root: Hash | undefined;
};

function linkProblems({ revision, recorded, tip, root }: Link): readonly string[] {
  const expected = tip ? tip.revision + 1 : 0;
  if (revision !== expected) {
    return [`revision ${expected} should stand here, and ${revision} does`];
  }
  if (!recorded) return [];
  const problems: string[] = [];
  const { prevHash, recordedAtUs } = recorded.metadata;
  const previous = tip ? tip.hash : root;
  if (previous !== undefined && prevHash !== previous) {
    problems.push(
      tip
        ? "it does not follow the event before it: one of them was changed"
        : "its stream does not begin in this log",
    );
  }
  if (tip?.recordedAtUs !== undefined && recordedAtUs <= tip.recordedAtUs) {
    problems.push("it was recorded before its predecessor");
  }
  return problems;
}
