/**
 * The only place where stored bytes meet the domain.
 *
 * hash = sha256 over the canonical JSON of {data, metadata without the hash, revision, stream, type, version}; metadata
 * holds prevHash, so each stream is a chain. eventId = uuid5(namespace, "<stream>@<revision>:<hash>"): the id names
 * these bytes at this place. The id is not stored, it follows from the rest.
 */
import { z } from "zod";
import type { EncodedEvent, Position, StoredEvent } from "../ports/event-store.ts";
import type { Hasher } from "../ports/hasher.ts";
import { type Canonical, canonicalJson } from "../primitives/canonical-json.ts";
import type { EventId, Hash, LogId, StreamName } from "../primitives/ids.ts";
import type { TimestampUs } from "../primitives/time.ts";
import { type DomainEvent, isKnownType, REGISTRY } from "./registry.ts";
import { upcast } from "./upcasters.ts";

/** Namespace of event ids (a fixed random UUID). */
const EVENT_NAMESPACE = "5b0c1f6e-3d0e-4c0b-9f59-6d1a6f3a7c21";

export type EventMetadata = {
  /** Ties together everything that one request caused: the order id or the account. */
  readonly correlationId: string;
  /** Id of the event that led to this one; the correlation id for a first event. */
  readonly causationId: string;
  /** Who did it: a principal, or `engine`. */
  readonly actor: string;
  /** Microseconds since the epoch; strictly growing in each stream. */
  readonly recordedAtUs: TimestampUs;
  /** Hash of the stream's previous event; of the log id and the stream's name at revision 0. */
  readonly prevHash: Hash;
};

export type RecordedEvent<E extends DomainEvent = DomainEvent> = {
  readonly stream: StreamName;
  readonly revision: number;
  readonly event: E;
  readonly metadata: EventMetadata;
  readonly hash: Hash;
  readonly eventId: EventId;
};

export type PositionedEvent = RecordedEvent & { readonly position: Position };

/** Bytes that this program cannot read: a newer program wrote them, or somebody changed them. */
export class UnreadableEventError extends Error {
  override readonly name = "UnreadableEventError";
}

const metadataSchema = z.object({
  actor: z.string(),
  causationId: z.string(),
  correlationId: z.string(),
  hash: z.string().transform((value) => value as Hash),
  prevHash: z.string().transform((value) => value as Hash),
  recordedAt: z.int(),
  version: z.int().min(1),
});

export type Codec = {
  /** Hash that the first event of a stream has as its previous one. */
  readonly rootHash: (logId: LogId, stream: StreamName) => Hash;
  readonly encode: <E extends DomainEvent>(
    stream: StreamName,
    revision: number,
    entry: { readonly event: E; readonly metadata: EventMetadata },
  ) => { readonly encoded: EncodedEvent; readonly recorded: RecordedEvent<E> };
  /** Throws UnreadableEventError. Checks form, not the hash: that is `verify`. */
  readonly decode: (stored: StoredEvent) => PositionedEvent;
  /** Recomputes the hash over the stored bytes; true when nothing was changed. */
  readonly verify: (stored: StoredEvent) => boolean;
};

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export function createCodec(hasher: Hasher): Codec {
  /**
   * What this codec encoded itself, by the bytes' identity: a store that hands the very same array back to a live subscriber need not
   * have it parsed again. Goes with the array.
   */
  const encodedHere = new WeakMap<Uint8Array, RecordedEvent>();
  const eventId = (stream: StreamName, revision: number, hash: Hash): EventId =>
    hasher.uuid5(EVENT_NAMESPACE, `${stream}@${revision}:${hash}`) as EventId;

  const encode: Codec["encode"] = (stream, revision, { event, metadata }) => {
    const { version } = REGISTRY[event.type];
    const data = canonicalJson(event.data as Canonical);
    const body = metadataJson(metadata);
    const hash = hasher.sha256(
      hashInput({ stream, revision, type: event.type, version, data, body }),
    );
    const stored = metadataJson(metadata, { hash, version });
    const id = eventId(stream, revision, hash);
    const recorded = { stream, revision, event, metadata, hash, eventId: id };
    const bytes = encoder.encode(data);
    encodedHere.set(bytes, recorded);
    return {
      encoded: {
        eventId: id,
        type: event.type,
        data: bytes,
        metadata: encoder.encode(stored),
        hash,
      },
      recorded,
    };
  };

  const decode: Codec["decode"] = (stored) => {
    const { stream, revision, type, position } = stored;
    const known = encodedHere.get(stored.data);
    if (known && known.stream === stream && known.revision === revision) {
      return { ...known, position };
    }
    const where = `event ${type} at ${stream}@${revision}`;
    const { hash, version, metadata } = readMetadata(stored, where);
    const event = readEvent(stored, { where, version });
    return {
      stream,
      revision,
      position,
      event,
      metadata,
      hash,
      eventId: eventId(stream, revision, hash),
    };
  };

  const hashOfBytes = (stored: StoredEvent): Hash | undefined => {
    const { stream, revision, type } = stored;
    const { hash, version, metadata } = readMetadata(stored, `${stream}@${revision}`);
    const data = decoder.decode(stored.data);
    const canonical = metadataJson(metadata, { hash, version });
    if (canonical !== decoder.decode(stored.metadata)) return undefined;
    const body = metadataJson(metadata);
    const found = hasher.sha256(hashInput({ stream, revision, type, version, data, body }));
    return found === hash ? hash : undefined;
  };

  const verify: Codec["verify"] = (stored) => {
    try {
      return hashOfBytes(stored) !== undefined;
    } catch {
      // Bytes that are no metadata, no UTF-8 or no well-formed text were changed too.
      return false;
    }
  };

  return {
    rootHash: (logId, stream) => hasher.sha256(canonicalJson({ logId, stream })),
    encode,
    decode,
    verify,
  };
}

/** Canonical JSON, written out by hand because it is made twice for every event. */
function metadataJson(
  metadata: EventMetadata,
  stored?: { readonly hash: Hash; readonly version: number },
): string {
  const { actor, causationId, correlationId, prevHash, recordedAtUs } = metadata;
  const hash = stored ? `"hash":${canonicalJson(stored.hash)},` : "";
  const version = stored ? `,"version":${canonicalJson(stored.version)}` : "";
  return (
    `{"actor":${canonicalJson(actor)},"causationId":${canonicalJson(causationId)},` +
    `"correlationId":${canonicalJson(correlationId)},${hash}` +
    `"prevHash":${canonicalJson(prevHash)},"recordedAt":${canonicalJson(recordedAtUs)}${version}}`
  );
}

type HashInput = {
  readonly stream: StreamName;
  readonly revision: number;
  readonly type: string;
  readonly version: number;
  /** Canonical JSON. */
  readonly data: string;
  /** Canonical JSON of the metadata without hash and version. */
  readonly body: string;
};

const hashInput = (input: HashInput): string =>
  `{"data":${input.data},"metadata":${input.body},"revision":${input.revision},` +
  `"stream":${canonicalJson(input.stream)},"type":${canonicalJson(input.type)},` +
  `"version":${input.version}}`;

function readMetadata(
  stored: StoredEvent,
  where: string,
): { hash: Hash; version: number; metadata: EventMetadata } {
  const parsed = metadataSchema.safeParse(parseJson(stored.metadata, where));
  if (!parsed.success)
    throw new UnreadableEventError(`${where}: its metadata has not the form of metadata`);
  const { hash, version, recordedAt, actor, causationId, correlationId, prevHash } = parsed.data;
  return {
    hash,
    version,
    metadata: { actor, causationId, correlationId, prevHash, recordedAtUs: recordedAt },
  };
}

function readEvent(
  stored: StoredEvent,
  { where, version }: { readonly where: string; readonly version: number },
): DomainEvent {
  const { type } = stored;
  if (!isKnownType(type)) {
    throw new UnreadableEventError(
      `${where}: this program does not know that type; a newer one wrote it`,
    );
  }
  const { version: current, schema } = REGISTRY[type];
  if (version > current) {
    throw new UnreadableEventError(
      `${where} has version ${version}; this program knows up to ${current}: use the newer program`,
    );
  }
  const data = upcast(type, parseJson(stored.data, where), { from: version, current });
  const parsed = schema.safeParse(data);
  if (!parsed.success) {
    const problems = parsed.error.issues.map(
      ({ path, message }) => `${path.join(".")}: ${message}`,
    );
    throw new UnreadableEventError(`${where}: ${problems.slice(0, 3).join("; ")}`);
  }
  // The registry pairs each type with its own schema, which the compiler cannot follow through the lookup.
  return { type, data: parsed.data } as DomainEvent;
}

function parseJson(bytes: Uint8Array, where: string): unknown {
  try {
    return JSON.parse(decoder.decode(bytes));
  } catch {
    throw new UnreadableEventError(`${where}: its bytes are no JSON`);
  }
}
