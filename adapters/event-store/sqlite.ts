/**
 * The embedded event store: one file, one writing thread with group commit, reads on the main
 * thread through a read-only connection, live subscribers fed from memory.
 */
import type { AppendResult, EventStore, StoredEvent } from "../../domain/ports/event-store.ts";
import { assertAppend } from "./append-request.ts";
import type { AppendRequest, Transport } from "./group-commit.ts";
import { createGroupCommit, nextMacrotask } from "./group-commit.ts";
import type { GroupCommitLimits } from "./group-commit-limits.ts";
import type { SqliteReader } from "./sqlite-reader.ts";
import { openSqliteReader } from "./sqlite-reader.ts";
import { prepareFolder } from "./sqlite-schema.ts";
import { startLogThreads } from "./sqlite-threads.ts";
import { WAL_PAGES } from "./sqlite-wal.ts";
import type { Cursor } from "./subscription.ts";
import { createWakeups, subscription } from "./subscription.ts";
import type { Tail, TailLimits } from "./tail.ts";
import { createTail } from "./tail.ts";

export type SqliteStoreOptions = {
  /** Path of the log; it and its folder are made if they are missing. */
  readonly file: string;
  /**
   * Called once, with a sentence, when the store can take no more appends until the process
   * restarts.
   */
  readonly onFatal?: ((reason: string) => void) | undefined;
  /** Pages of 4 KiB that the file may grow to; appends beyond are answered as on a full disk. */
  readonly maxPages?: number | undefined;
  /** Pages of 4 KiB after which the write-ahead log is started over. */
  readonly walPages?: number | undefined;
  readonly limits?: Partial<GroupCommitLimits> | undefined;
  readonly tail?: TailLimits | undefined;
  /** Wraps the way between queue and writer: late, lost and coalesced answers come from here. */
  readonly transport?: ((inner: Transport) => Transport) | undefined;
  /** Events of one subscription message. */
  readonly pageSize?: number | undefined;
};

/** Opens the log, or makes it. Rejects with `StoreOpenError`; nothing has been changed then. */
export async function openSqliteEventStore(options: SqliteStoreOptions): Promise<EventStore> {
  const { file, pageSize = 500 } = options;
  prepareFolder(file);
  const data = { file, maxPages: options.maxPages, walPages: options.walPages ?? WAL_PAGES };
  // A thread can fail before the queue is there; the queue then learns it from its first batch.
  const failure: { report: (reason: string) => void } = { report: () => undefined };
  const threads = await startLogThreads(data, { onFail: (reason) => failure.report(reason) });
  const reader = await openReaderOr(threads.close, file);
  const tail = createTail((await reader.end()) ?? 0n, options.tail);
  const wakeups = createWakeups();
  const closing = new AbortController();
  const inner = feedTail(threads.transport, (events) => {
    tail.push(events);
    // Those who wait for their append are answered before the subscribers begin to work.
    nextMacrotask(() => wakeups.wake());
  });
  const queue = createGroupCommit({
    transport: options.transport?.(inner) ?? inner,
    limits: options.limits,
    onDead: options.onFatal,
  });
  failure.report = queue.fail;

  return {
    append(stream, expected, events) {
      const request = { stream, expected, events };
      assertAppend(request);
      return queue.append(request);
    },
    readStream: reader.readStream,
    readAll: reader.readAll,
    end: reader.end,
    subscribe(after, signal) {
      const source = {
        end: reader.end,
        page: (cursor: Cursor) =>
          pageOf(tail, cursor, pageSize) ??
          pageFromFile(() => reader.subscriptionPage(cursor, pageSize)),
        more: (cursor: Cursor, until: AbortSignal) =>
          wakeups.wait(() => tail.last() > positionOf(cursor), until),
      };
      return subscription(source, after, AbortSignal.any([signal, closing.signal]));
    },
    async close() {
      await queue.close();
      closing.abort();
      await reader.close();
      await threads.close();
    },
  };
}

/** Threads that nobody owns would keep the process alive. */
async function openReaderOr(close: () => Promise<void>, file: string): Promise<SqliteReader> {
  try {
    return openSqliteReader(file);
  } catch (error) {
    await close();
    throw error;
  }
}

const positionOf = (cursor: Cursor): bigint => (cursor === "start" ? 0n : cursor);

function pageOf(
  tail: Tail,
  cursor: Cursor,
  limit: number,
): Promise<readonly StoredEvent[]> | undefined {
  const events = tail.after(positionOf(cursor), limit);
  return events && Promise.resolve(events);
}

/**
 * A long catch-up must not keep the event loop from everybody else: each page begins a new
 * macrotask.
 */
function pageFromFile(read: () => readonly StoredEvent[]): Promise<readonly StoredEvent[]> {
  return new Promise((resolve, reject) => {
    nextMacrotask(() => {
      try {
        resolve(read());
      } catch (error) {
        reject(error);
      }
    });
  });
}

/**
 * Stands next to the writer, before any wrapper: what is stored is live even if its answer is lost.
 */
function feedTail(inner: Transport, push: (events: readonly StoredEvent[]) => void): Transport {
  return {
    send: (batch) =>
      inner.send(batch).then((answer) => {
        push(batch.flatMap((request, i) => storedEvents(request, answer.results[i])));
        return answer;
      }),
  };
}

function storedEvents(
  { stream, events }: AppendRequest,
  result: AppendResult | undefined,
): readonly StoredEvent[] {
  if (result?.kind !== "appended") return [];
  const firstRevision = result.revision - events.length + 1;
  const firstPosition = result.position - BigInt(events.length) + 1n;
  return events.map(({ type, data, metadata }, i) => {
    const position = firstPosition + BigInt(i);
    return { stream, revision: firstRevision + i, position, type, data, metadata };
  });
}
