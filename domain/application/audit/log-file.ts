/**
 * A log as a text file, one JSON object a line: a header, the events in the log's order, a trailer with the sha256 over
 * all lines before it. A line is written in exactly one way, and the stored bytes can be made of it again: its data is the
 * canonical JSON that is stored, the stored metadata is the canonical JSON of its other fields.
 */
import { z } from "zod";
import { type Codec, type PositionedEvent, UnreadableEventError } from "../../codec/codec.ts";
import { formWords } from "../../codec/form-words.ts";
import { MAX_EVENT_BYTES, type StoredEvent } from "../../ports/event-store.ts";
import { type Canonical, canonicalJson } from "../../primitives/canonical-json.ts";
import type { LogId, StreamName } from "../../primitives/ids.ts";
import { formatTimestamp, parseTimestamp, type TimestampUs } from "../../primitives/time.ts";

export const LOG_FILE_FORMAT = "orderstream-log";
export const LOG_FILE_VERSION = 1;
/** Bytes of a line: an event, and what its names, ids and times take around it. */
export const MAX_LINE_BYTES = MAX_EVENT_BYTES + 16 * 1024;

/** What was chosen of the log. Times are RFC 3339, on the log's clock, from `from` to before `to`. */
export type LogFilters = {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly order?: string | undefined;
  readonly account?: string | undefined;
};

export type LogHeader = {
  readonly logId: LogId;
  readonly filters: LogFilters;
};

export type LogTrailer = {
  readonly events: number;
  /** Over every byte of the lines before it, line ends included; 64 lower-case hex digits. */
  readonly sha256: string;
};

/** Nothing was left out: the file holds the whole log as it was. */
export const isComplete = ({ filters }: LogHeader): boolean =>
  Object.values(filters).every((filter) => filter === undefined);

export function headerLine(header: LogHeader): string {
  const { from, to, order, account } = header.filters;
  return JSON.stringify({
    format: LOG_FILE_FORMAT,
    version: LOG_FILE_VERSION,
    logId: header.logId,
    filters: { from, to, order, account },
    complete: isComplete(header),
  });
}

export const trailerLine = ({ events, sha256 }: LogTrailer): string =>
  JSON.stringify({ events, sha256 });

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();
const versionSchema = z.object({ version: z.int().min(1) });

/**
 * The line of a stored event. Throws UnreadableEventError for bytes that do not fit their hash, are not canonical, or that
 * this program cannot read: a damaged log is not copied.
 */
export function eventLine(stored: StoredEvent, codec: Codec): string {
  const { stream, revision } = stored;
  const { recorded, isIntact } = codec.decodeAndVerify(stored);
  if (!isIntact) {
    throw new UnreadableEventError(`${stream}@${revision}: its bytes do not fit its hash`);
  }
  const data = decoder.decode(stored.data);
  if (canonicalJson(JSON.parse(data) as Canonical) !== data) {
    throw new UnreadableEventError(`${stream}@${revision}: its data is not canonical JSON`);
  }
  const { version } = versionSchema.parse(JSON.parse(decoder.decode(stored.metadata)));
  return lineOf(recorded, { type: stored.type, version, data });
}

/** The only way in which an event's line is written. `data` is canonical JSON, of the stored version. */
export function lineOf(
  { position, stream, revision, eventId, hash, metadata }: PositionedEvent,
  {
    type,
    version,
    data,
  }: { readonly type: string; readonly version: number; readonly data: string },
): string {
  const { prevHash, recordedAtUs, actor, correlationId, causationId } = metadata;
  const head = JSON.stringify({
    ...{ position: position.toString(), stream, revision, type, version, eventId, hash, prevHash },
    ...{ recordedAt: formatTimestamp(recordedAtUs), actor, correlationId, causationId },
  });
  return `${head.slice(0, -1)},"data":${data}}`;
}

export type ReadHeader = { readonly kind: "header"; readonly header: LogHeader } | Wrong;

export type ReadLine =
  /** `version` and `data` as `lineOf` takes them. */
  | {
      readonly kind: "event";
      readonly stored: StoredEvent;
      readonly version: number;
      readonly data: string;
    }
  | { readonly kind: "trailer"; readonly trailer: LogTrailer }
  /** A sentence without its subject, which is the line. */
  | Wrong;

type Wrong = { readonly kind: "wrong"; readonly problem: string };

const wrong = (problem: string): Wrong => ({ kind: "wrong", problem });

const formatSchema = z.object({ format: z.literal(LOG_FILE_FORMAT), version: z.int().min(1) });
const time = z.string().refine((text) => timeOf(text) !== undefined, "is no time");
const headerSchema = z.strictObject({
  format: z.literal(LOG_FILE_FORMAT),
  version: z.literal(LOG_FILE_VERSION),
  logId: z
    .string()
    .min(1)
    .transform((text) => text as LogId),
  filters: z.strictObject({
    from: time.optional(),
    to: time.optional(),
    order: z.string().optional(),
    account: z.string().optional(),
  }),
  complete: z.boolean(),
});

/** The first line. */
export function readHeader(line: string): ReadHeader {
  const value = parsed(line);
  const format = formatSchema.safeParse(value);
  if (!format.success) return wrong("is not the header of an exported log");
  const { version } = format.data;
  if (version > LOG_FILE_VERSION) {
    const known = `this program reads up to ${LOG_FILE_VERSION}: use the newer program`;
    return wrong(`says format version ${version}, and ${known}`);
  }
  const header = headerSchema.safeParse(value, { error: formWords });
  if (!header.success) return wrong(formProblem(header.error));
  const { logId, filters } = header.data;
  // One way to write it: what differs was changed.
  return headerLine({ logId, filters }) === line
    ? { kind: "header", header: { logId, filters } }
    : wrong("is not written as an export writes its header: it was changed");
}

const name = z
  .string()
  .min(1)
  .max(256)
  .refine((text) => text.isWellFormed() && !text.includes("\0"), "is no name");
const digest = z.string().regex(/^[0-9a-f]{64}$/, "is no sha256");
const eventSchema = z.strictObject({
  position: z.string().regex(/^[1-9]\d{0,18}$/, "is no position"),
  stream: name.transform((text) => text as StreamName),
  revision: z.int().min(0),
  type: name,
  version: z.int().min(1),
  eventId: z.string(),
  hash: digest,
  prevHash: digest,
  recordedAt: time,
  actor: z.string(),
  correlationId: z.string(),
  causationId: z.string(),
  data: z.record(z.string(), z.unknown()),
});
const trailerSchema = z.strictObject({ events: z.int().min(0), sha256: digest });

/** Any line after the first. Checks the form; hashes and chains are for `createLogFileCheck`. */
export function readLine(line: string): ReadLine {
  const value = parsed(line);
  if (value === undefined) return wrong("is not JSON");
  if (typeof value === "object" && value !== null && Object.hasOwn(value, "sha256")) {
    const trailer = trailerSchema.safeParse(value, { error: formWords });
    if (!trailer.success) return wrong(formProblem(trailer.error));
    return trailerLine(trailer.data) === line
      ? { kind: "trailer", trailer: trailer.data }
      : wrong("is not written as an export writes its last line: it was changed");
  }
  const event = eventSchema.safeParse(value, { error: formWords });
  if (!event.success) return wrong(formProblem(event.error));
  const { position, stream, revision, type, version, recordedAt, ...rest } = event.data;
  try {
    const data = canonicalJson(rest.data as Canonical);
    const metadata = canonicalJson({
      ...{ actor: rest.actor, correlationId: rest.correlationId, causationId: rest.causationId },
      ...{ hash: rest.hash, prevHash: rest.prevHash, recordedAt: timeOf(recordedAt), version },
    });
    const bytes = { data: encoder.encode(data), metadata: encoder.encode(metadata) };
    const stored = { stream, revision, position: BigInt(position), type, ...bytes };
    return { kind: "event", stored, version, data };
  } catch (error) {
    // Nulls, fractions, lone surrogates, or nesting without an end: the engine writes none of them.
    return wrong(`holds data that the engine does not write: ${messageOf(error)}`);
  }
}

/** Only as `formatTimestamp` writes it. */
function timeOf(text: string): TimestampUs | undefined {
  const timeUs = parseTimestamp(text);
  return timeUs !== undefined && timeUs >= 0 && formatTimestamp(timeUs) === text
    ? timeUs
    : undefined;
}

/** Undefined is no JSON value. */
function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function formProblem(error: z.ZodError): string {
  const [first] = error.issues;
  const field = first?.path.join(".") ?? "";
  const problem = first?.message ?? "";
  return `is no line of an exported log: ${field === "" ? "it" : field} ${problem}`;
}

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);
