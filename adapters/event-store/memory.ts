/**
 * The naive reference store: a map of streams and an array. What would be on disk is in a
 * `MemoryLog` of its own, so that a simulated crash is a new store over the same log.
 */
import type {
  AppendResult,
  EncodedEvent,
  EventStore,
  StoredEvent,
} from "../../domain/ports/event-store.ts";
import type { StreamName } from "../../domain/primitives/ids.ts";
import { assertAppend, assertRange } from "./append-request.ts";
import type { AppendRequest, Transport } from "./group-commit.ts";
import { createGroupCommit } from "./group-commit.ts";
import type { GroupCommitLimits } from "./group-commit-limits.ts";
import type { Cursor } from "./subscription.ts";
import { createWakeups, subscription } from "./subscription.ts";

/** The durable part. Positions count from 1 without holes: position n is at index n - 1. */
export type MemoryLog = {
  readonly events: StoredEvent[];
  readonly streams: Map<StreamName, StoredEvent[]>;
};

export const createMemoryLog = (): MemoryLog => ({ events: [], streams: new Map() });

export type MemoryStoreOptions = {
  readonly log?: MemoryLog | undefined;
  /** Runs the callback in a later macrotask. */
  readonly schedule?: ((drain: () => void) => void) | undefined;
  readonly limits?: Partial<GroupCommitLimits> | undefined;
  /** Wraps the way between queue and log: late, lost and coalesced answers come from here. */
  readonly transport?: ((inner: Transport) => Transport) | undefined;
  /** Events of one subscription message. */
  readonly pageSize?: number | undefined;
};

export function createMemoryEventStore(options: MemoryStoreOptions = {}): EventStore {
  const log = options.log ?? createMemoryLog();
  const pageSize = options.pageSize ?? 500;
  const wakeups = createWakeups();
  const closing = new AbortController();
  const inner: Transport = {
    send(batch) {
      const results = batch.map((request) => applyAppend(log, request));
      wakeups.wake();
      return Promise.resolve({ results });
    },
  };
  const queue = createGroupCommit({
    transport: options.transport?.(inner) ?? inner,
    schedule: options.schedule,
    limits: options.limits,
  });
  const page = (after: Cursor, limit: number): readonly StoredEvent[] =>
    log.events.slice(indexAfter(after), indexAfter(after) + limit);
  const end = async () => log.events.at(-1)?.position;

  return {
    append(stream, expected, events) {
      const request = { stream, expected, events };
      assertAppend(request);
      return queue.append(request);
    },
    async readStream(stream, fromRevision, limit) {
      assertRange(fromRevision, limit);
      return (log.streams.get(stream) ?? []).slice(fromRevision, fromRevision + limit);
    },
    async readAll(after, limit) {
      assertRange(0, limit);
      return page(after, limit);
    },
    end,
    subscribe(after, signal) {
      const source = {
        end,
        page: async (cursor: Cursor) => page(cursor, pageSize),
        more: (cursor: Cursor, until: AbortSignal) =>
          wakeups.wait(() => log.events.length > indexAfter(cursor), until),
      };
      return subscription(source, after, AbortSignal.any([signal, closing.signal]));
    },
    async close() {
      await queue.close();
      closing.abort();
    },
  };
}

const indexAfter = (after: Cursor): number => (after === "start" ? 0 : Number(after));

/** The meaning of an append, in a dozen lines: every other store must agree with it. */
function applyAppend(log: MemoryLog, request: AppendRequest): AppendResult {
  const { stream, expected, events } = request;
  const stored = log.streams.get(stream) ?? [];
  const first = expected === "no-stream" ? 0 : expected + 1;
  if (first < stored.length) {
    const there = stored.slice(first, first + events.length);
    const last = there.at(-1);
    const same = events.every((event, i) => sameBytes(event, there[i]));
    if (same && last) {
      return { kind: "already-appended", revision: last.revision, position: last.position };
    }
  }
  if (first !== stored.length) {
    return { kind: "conflict", actual: stored.length === 0 ? "no-stream" : stored.length - 1 };
  }
  events.forEach((event, i) => {
    const { type } = event;
    // Copies, as a disk would make them: whoever changes his bytes later does not change the log.
    const [data, metadata] = [event.data.slice(), event.metadata.slice()];
    const position = BigInt(log.events.length + 1);
    const entry = { stream, revision: first + i, position, type, data, metadata };
    stored.push(entry);
    log.events.push(entry);
  });
  log.streams.set(stream, stored);
  const position = BigInt(log.events.length);
  return { kind: "appended", revision: stored.length - 1, position };
}

function sameBytes(event: EncodedEvent, there: StoredEvent | undefined): boolean {
  return (
    there !== undefined &&
    event.type === there.type &&
    Buffer.compare(event.data, there.data) === 0 &&
    Buffer.compare(event.metadata, there.metadata) === 0
  );
}
