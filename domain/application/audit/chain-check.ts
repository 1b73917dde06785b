/**
 * What every event of a log must satisfy where it stands: readable, unchanged, in its own stream, and the next link of that
 * stream's chain.
 */
import type { Codec, PositionedEvent } from "../../codec/codec.ts";
import { isOrderEvent, isSafetyEvent } from "../../codec/registry.ts";
import type { StoredEvent } from "../../ports/event-store.ts";
import {
  accountIdOfStream,
  type Hash,
  type LogId,
  orderIdOfEvidence,
  orderIdOfStream,
  SAFETY_STREAM,
  type StreamName,
} from "../../primitives/ids.ts";
import type { TimestampUs } from "../../primitives/time.ts";

export type CheckedEvent = {
  /** Undefined where it could not be read. */
  readonly recorded: PositionedEvent | undefined;
  /** Sentences; empty where all is well. */
  readonly problems: readonly string[];
};

export type ChainCheck = {
  /** The log's next event, in the log's order. */
  readonly check: (stored: StoredEvent) => CheckedEvent;
  /** Undefined where the log does not begin with LogCreated. */
  readonly logId: () => LogId | undefined;
  readonly events: () => number;
  readonly streams: () => number;
  /** Whether an event of the stream was seen. */
  readonly has: (stream: StreamName) => boolean;
};

/** Of an event that could not be read only the revision is known. */
type Tip = {
  readonly revision: number;
  readonly hash: Hash | undefined;
  readonly recordedAtUs: TimestampUs | undefined;
};

/** Keeps one tip for each stream of the log. */
export function createChainCheck(codec: Codec): ChainCheck {
  const tips = new Map<StreamName, Tip>();
  let events = 0;
  let logId: LogId | undefined;
  return {
    check(stored) {
      const { stream, revision } = stored;
      const { recorded, problems } = readStored(codec, stored);
      if (events === 0 && recorded?.event.type === "LogCreated") {
        logId = recorded.event.data.logId;
      }
      const tip = tips.get(stream);
      const root = tip || !logId ? undefined : codec.rootHash(logId, stream);
      const found = [
        ...(events === 0 && logId === undefined ? ["the log does not begin with LogCreated"] : []),
        ...problems,
        ...linkProblems({ revision, recorded, tip, root }),
      ];
      events += 1;
      const recordedAtUs = recorded?.metadata.recordedAtUs;
      tips.set(stream, { revision, hash: recorded?.hash, recordedAtUs });
      return { recorded, problems: found };
    },
    logId: () => logId,
    events: () => events,
    streams: () => tips.size,
    has: (stream) => tips.has(stream),
  };
}

function readStored(codec: Codec, stored: StoredEvent): CheckedEvent {
  try {
    const { recorded, isIntact } = codec.decodeAndVerify(stored);
    const problems: string[] = [];
    if (!isIntact) problems.push("its bytes do not fit its hash: it was changed");
    if (!isAtHome(recorded)) problems.push(`${recorded.event.type} does not belong in this stream`);
    return { recorded, problems };
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    return { recorded: undefined, problems: [`it cannot be read: ${problem}`] };
  }
}

const isAtHome = ({ stream, event }: PositionedEvent): boolean =>
  isOrderEvent(event) === (orderIdOfStream(stream) !== undefined) &&
  isEvidence(event) === (orderIdOfEvidence(stream) !== undefined) &&
  isSafetyEvent(event) === (stream === SAFETY_STREAM) &&
  (stream === "system" ||
    stream === SAFETY_STREAM ||
    accountIdOfStream(stream) !== undefined ||
    isEvidence(event) ||
    isOrderEvent(event));

const isEvidence = (event: PositionedEvent["event"]): boolean => event.type === "EvidenceRecorded";

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
