/**
 * Checks a log's file line by line, as `import` must before it trusts one: the header, every event's hash and place in its
 * chain, and the trailer's count and sha256. The first problem ends it.
 */
import type { Codec } from "../../codec/codec.ts";
import type { EncodedEvent, Position, StoredEvent } from "../../ports/event-store.ts";
import { createChainCheck } from "./chain-check.ts";
import {
  isComplete,
  type LogFilters,
  type LogHeader,
  type LogTrailer,
  lineOf,
  type ReadLine,
  readHeader,
  readLine,
} from "./log-file.ts";

export type CheckedLine =
  | { readonly kind: "header"; readonly header: LogHeader }
  | { readonly kind: "event"; readonly stored: StoredEvent; readonly encoded: EncodedEvent }
  | { readonly kind: "trailer" }
  /** A sentence without its subject, which is the line. */
  | { readonly kind: "wrong"; readonly problem: string };

export type LogFileCheck = {
  /** `sha256Before`: over all lines before this one, line ends included; asked for the trailer only. */
  readonly next: (line: string, sha256Before: () => string) => CheckedLine;
  /** After the last line: what is missing, as a sentence; undefined when nothing is. */
  readonly missing: () => string | undefined;
  readonly events: () => number;
  readonly streams: () => number;
};

const wrong = (problem: string): CheckedLine => ({ kind: "wrong", problem });

/** Keeps one tip for each stream of the file. */
export function createLogFileCheck(codec: Codec): LogFileCheck {
  const chain = createChainCheck(codec);
  let header: LogHeader | undefined;
  let position: Position = 0n;
  let ended = false;

  function event(read: Extract<ReadLine, { kind: "event" }>, line: string): CheckedLine {
    const { stored, version, data } = read;
    const { stream, revision, type } = stored;
    const where = `${stream}@${revision}`;
    if (stored.position <= position) {
      const moved = stored.position === position ? "stands here again" : `comes after ${position}`;
      return wrong(`${where}: position ${stored.position} ${moved}: lines were moved or repeated`);
    }
    if (header && revision > 0 && !chain.has(stream)) return wrong(beginsLate(header, stored));
    const isFirst = chain.events() === 0;
    const { recorded, problems } = chain.check(stored);
    if (isFirst && header && chain.logId() === undefined && recorded) {
      return wrong(lacksBeginning(header, type));
    }
    const [problem] = problems;
    if (problem !== undefined) return wrong(`${where}: ${problem}`);
    // `problems` is never empty for an event that cannot be read.
    if (!recorded) return wrong(`${where}: it cannot be read`);
    if (lineOf(recorded, { type, version, data }) !== line) {
      return wrong(`${where}: is not written as an export writes it: it was changed`);
    }
    if (header && header.logId !== chain.logId()) {
      return wrong(`${where}: begins log ${chain.logId()}; the header says ${header.logId}`);
    }
    position = stored.position;
    const { eventId, hash } = recorded;
    const bytes = { data: stored.data, metadata: stored.metadata };
    return { kind: "event", stored, encoded: { eventId, hash, type, ...bytes } };
  }

  function trailer({ events, sha256 }: LogTrailer, sha256Before: () => string): CheckedLine {
    if (events !== chain.events()) {
      return wrong(`counts ${events} events, and ${chain.events()} stand before it`);
    }
    if (sha256 !== sha256Before()) {
      return wrong("has another sha256 than the lines before it: one of them was changed");
    }
    ended = true;
    return { kind: "trailer" };
  }

  return {
    next(line, sha256Before) {
      if (ended) return wrong("stands after the last line, which is the trailer");
      const read = header ? readLine(line) : readHeader(line);
      switch (read.kind) {
        case "header":
          header = read.header;
          return read;
        case "event":
          return event(read, line);
        case "trailer":
          return trailer(read.trailer, sha256Before);
        case "wrong":
          return read;
      }
    },
    missing() {
      if (!header) return "it is empty";
      if (!ended) return "its last line, the trailer, is missing: the file was cut off";
      return chain.events() === 0 ? "it holds no events" : undefined;
    },
    events: chain.events,
    streams: chain.streams,
  };
}

const ADVICE = "import needs every stream from its beginning; only --to may have been given";

const beginsLate = (header: LogHeader, { stream, revision }: StoredEvent): string =>
  isComplete(header)
    ? `${stream} begins with revision ${revision}: events before it were taken out`
    : `${stream} begins with revision ${revision}, in its middle: ` +
      `the file is a part of a log (${filtersText(header.filters)}); ${ADVICE}`;

const lacksBeginning = (header: LogHeader, type: string): string =>
  isComplete(header)
    ? `the log does not begin with LogCreated, but with ${type}`
    : "the log does not begin with LogCreated: " +
      `the file is a part of a log (${filtersText(header.filters)}); ${ADVICE}`;

/** `--from 2026-11-21T00:00:00.000000Z --account desk`. */
export const filtersText = (filters: LogFilters): string =>
  Object.entries(filters)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `--${key} ${value}`)
    .join(" ");
