/**
 * What every store asks of an append before it looks at the log. Breaking these is a fault of the
 * caller's code, not an outcome: it throws.
 */

import type { EncodedEvent } from "../../domain/ports/event-store.ts";
import { MAX_EVENT_BYTES, MAX_EVENTS_PER_APPEND } from "../../domain/ports/event-store.ts";
import type { AppendRequest } from "./group-commit.ts";

const MAX_NAME_LENGTH = 256;

/** Throws unless the request can be stored as it is. */
export function assertAppend({ stream, expected, events }: AppendRequest): void {
  if (!isName(stream)) throw new Error(`not a stream name: ${JSON.stringify(stream)}`);
  if (expected !== "no-stream" && !isRevision(expected)) {
    throw new Error(`not an expected revision: ${String(expected)}`);
  }
  if (events.length < 1 || events.length > MAX_EVENTS_PER_APPEND) {
    throw new Error(
      `an append holds 1 to ${MAX_EVENTS_PER_APPEND} events, this one has ${events.length}`,
    );
  }
  for (const event of events) assertEvent(event);
}

function assertEvent(event: EncodedEvent): void {
  if (!isName(event.type)) throw new Error(`not an event type: ${JSON.stringify(event.type)}`);
  const size = event.data.byteLength + event.metadata.byteLength;
  if (size > MAX_EVENT_BYTES) {
    throw new Error(`event ${event.type} has ${size} bytes, the limit is ${MAX_EVENT_BYTES}`);
  }
}

/** Throws unless both are whole numbers, `from` at least 0 and `limit` at least 1. */
export function assertRange(from: number, limit: number): void {
  if (!isRevision(from)) throw new Error(`not a revision: ${from}`);
  if (!isRevision(limit) || limit === 0) throw new Error(`not a limit: ${limit}`);
}

const isRevision = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;

/** A lone surrogate would be stored as another character, and two streams would become one. */
function isName(text: string): boolean {
  return (
    text.length > 0 && text.length <= MAX_NAME_LENGTH && text.isWellFormed() && !text.includes("\0")
  );
}
