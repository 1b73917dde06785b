/** Plays checked events into a new store in their order: large batches, one written while the next is checked. */
import {
  type AppendResult,
  type EncodedEvent,
  type EventStore,
  MAX_EVENTS_PER_APPEND,
  type StoredEvent,
} from "../../../domain/ports/event-store.ts";
import type { StreamName } from "../../../domain/primitives/ids.ts";
import { CliError, EXIT } from "../exit-codes.ts";

export type ImportWriter = {
  /** Resolves when the next event may come. Rejects with a CliError when the store did not take an earlier one. */
  readonly add: (stored: StoredEvent, encoded: EncodedEvent) => Promise<void>;
  /** Resolves when everything is durable. */
  readonly finish: () => Promise<void>;
};

/** Within one group commit of the store: a batch is one transaction. */
const BATCH_EVENTS = 4_000;
const BATCH_BYTES = 6 * 1024 * 1024;

type Append = {
  readonly stream: StreamName;
  readonly first: number;
  readonly events: EncodedEvent[];
};

export function createImportWriter(store: Pick<EventStore, "append">): ImportWriter {
  let appends: Append[] = [];
  let events = 0;
  let bytes = 0;
  let writing: Promise<void> = Promise.resolve();

  async function flush(): Promise<void> {
    await writing;
    const batch = appends;
    [appends, events, bytes] = [[], 0, 0];
    writing = write(store, batch);
    // Whoever waits next hears of it.
    writing.catch(() => undefined);
  }

  return {
    async add({ stream, revision }, encoded) {
      const last = appends.at(-1);
      if (last?.stream === stream && last.events.length < MAX_EVENTS_PER_APPEND) {
        last.events.push(encoded);
      } else {
        appends.push({ stream, first: revision, events: [encoded] });
      }
      events += 1;
      bytes += encoded.data.byteLength + encoded.metadata.byteLength;
      if (events >= BATCH_EVENTS || bytes >= BATCH_BYTES) await flush();
    },
    async finish() {
      await flush();
      await writing;
    },
  };
}

/** The store keeps the order of the calls. */
async function write(store: Pick<EventStore, "append">, batch: readonly Append[]): Promise<void> {
  const results = await Promise.all(
    batch.map(({ stream, first, events }) =>
      store.append(stream, first === 0 ? "no-stream" : first - 1, events),
    ),
  );
  let before = 0n;
  for (const result of results) {
    if (result.kind !== "appended") throw notWritten(result);
    if (result.position <= before) throw new Error("the store changed the order of the events");
    before = result.position;
  }
}

function notWritten(result: Exclude<AppendResult, { readonly kind: "appended" }>): Error {
  switch (result.kind) {
    case "unavailable":
      return new CliError(EXIT.store, `the new log cannot be written: ${result.reason}`);
    case "unknown":
      return new CliError(EXIT.store, `the new log cannot be written: ${result.cause}`);
    default:
      return new Error(`a new log answered ${result.kind}`);
  }
}
