/**
 * What the main thread and the writer's thread say to each other. A batch travels as a few flat
 * lists and one buffer that is transferred: cloning thousands of small arrays costs more than the
 * copy.
 */
import type { AppendResult } from "../../domain/ports/event-store.ts";
import type { AppendRequest } from "./group-commit.ts";
import type { OpenProblem } from "./sqlite-errors.ts";

export type PackedBatch = {
  readonly kind: "batch";
  readonly id: number;
  readonly streams: readonly string[];
  /** Revision that each append builds on; -1 for a stream that must not exist. */
  readonly expected: readonly number[];
  /** Number of events of each append. */
  readonly counts: readonly number[];
  readonly types: readonly string[];
  /** Length of data and of metadata, two numbers per event. */
  readonly lengths: readonly number[];
  readonly bytes: Uint8Array<ArrayBuffer>;
};

export type ToWriter = PackedBatch | { readonly kind: "close" };

export type FromWriter =
  | { readonly kind: "ready" }
  | { readonly kind: "refused"; readonly problem: OpenProblem; readonly message: string }
  | { readonly kind: "answers"; readonly answers: readonly PackedAnswer[] };

export type PackedAnswer = {
  readonly id: number;
  readonly results: readonly AppendResult[];
  readonly dead?: string | undefined;
};

export type WriterData = {
  readonly file: string;
  readonly maxPages: number | undefined;
  readonly walPages: number;
};

export type PackedEvent = {
  readonly type: string;
  readonly data: Uint8Array;
  readonly metadata: Uint8Array;
};

/** An append as the writer sees it: views into the batch's buffer. */
export type PackedAppend = {
  readonly stream: string;
  readonly expected: number;
  readonly events: readonly PackedEvent[];
};

export function packBatch(id: number, batch: readonly AppendRequest[]): PackedBatch {
  const streams: string[] = [];
  const expected: number[] = [];
  const counts: number[] = [];
  const types: string[] = [];
  const lengths: number[] = [];
  let size = 0;
  for (const request of batch) {
    streams.push(request.stream);
    expected.push(request.expected === "no-stream" ? -1 : request.expected);
    counts.push(request.events.length);
    for (const { type, data, metadata } of request.events) {
      types.push(type);
      lengths.push(data.byteLength, metadata.byteLength);
      size += data.byteLength + metadata.byteLength;
    }
  }
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const request of batch) {
    for (const { data, metadata } of request.events) {
      bytes.set(data, at);
      bytes.set(metadata, at + data.byteLength);
      at += data.byteLength + metadata.byteLength;
    }
  }
  return { kind: "batch", id, streams, expected, counts, types, lengths, bytes };
}

export function unpackBatch(batch: PackedBatch): readonly PackedAppend[] {
  let event = 0;
  let at = 0;
  const take = (length: number): Uint8Array => {
    at += length;
    return batch.bytes.subarray(at - length, at);
  };
  return batch.streams.map((stream, index) => {
    const events: PackedEvent[] = [];
    for (let n = batch.counts[index] ?? 0; n > 0; n--, event++) {
      const data = take(batch.lengths[2 * event] ?? 0);
      const metadata = take(batch.lengths[2 * event + 1] ?? 0);
      events.push({ type: batch.types[event] ?? "", data, metadata });
    }
    return { stream, expected: batch.expected[index] ?? -1, events };
  });
}
