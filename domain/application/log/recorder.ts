/**
 * Appends with an end to every doubt: an append of unknown outcome is sent again, the same bytes, until the store says what
 * became of it. Only then does anybody decide anything else on that stream.
 */

import type { Timers } from "../../ports/clock.ts";
import type {
  EncodedEvent,
  EventStore,
  ExpectedRevision,
  Position,
} from "../../ports/event-store.ts";
import type { StreamName } from "../../primitives/ids.ts";

export type Batch = {
  readonly stream: StreamName;
  readonly expected: ExpectedRevision;
  readonly events: readonly EncodedEvent[];
};

export type RecordOutcome =
  | { readonly kind: "stored"; readonly position: Position }
  | { readonly kind: "conflict"; readonly actual: ExpectedRevision }
  /** Nothing of it is in the log, and nothing will be. */
  | { readonly kind: "unavailable"; readonly reason: string };

export type Recorder = {
  /**
   * `accepted`: the stream belongs to an order that was acknowledged: what it has to write is never given up, so
   * `unavailable` is tried again too.
   */
  readonly record: (batch: Batch, accepted: boolean) => Promise<RecordOutcome>;
};

/** First and longest pause between tries, milliseconds. */
const FIRST_PAUSE_MS = 20;
const LONGEST_PAUSE_MS = 2_000;

export function createRecorder(store: EventStore, timers: Timers): Recorder {
  const pause = (delayMs: number): Promise<void> =>
    new Promise((resolve) => {
      timers.schedule(delayMs, resolve);
    });

  return {
    record: async ({ stream, expected, events }, accepted) => {
      let doubtful = false;
      for (let delayMs = FIRST_PAUSE_MS; ; delayMs = Math.min(delayMs * 2, LONGEST_PAUSE_MS)) {
        const result = await store.append(stream, expected, events);
        switch (result.kind) {
          case "appended":
          case "already-appended":
            return { kind: "stored", position: result.position };
          case "conflict":
            return result;
          case "unavailable":
            // After a doubtful try "not stored" speaks of this try only.
            if (!accepted && !doubtful) return result;
            break;
          case "unknown":
            doubtful = true;
            break;
        }
        await pause(delayMs);
      }
    },
  };
}
