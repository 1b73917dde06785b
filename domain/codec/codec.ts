/**
 * The only place where stored bytes meet the domain.
 *
 * hash = sha256 over the canonical JSON of {data, metadata without the hash, revision, stream, type, version}; metadata
 * holds prevHash, so each stream is a chain. eventId = uuid5(namespace, "<stream>@<revision>:<hash>"): the id names
 * these bytes at this place. The id is not stored, it follows from the rest.
 */
import type { EncodedEvent, Position, StoredEvent } from "../ports/event-store.ts";
import type { Hasher } from "../ports/hasher.ts";
import { canonicalJson } from "../primitives/canonical-json.ts";
import type { EventId, Hash, LogId, StreamName } from "../primitives/ids.ts";
import { canonicalWriter } from "./canonical-schema.ts";
import { formWords } from "./form-words.ts";
import { type EventMetadata, metadataJson, readMetadata, type StoredMetadata } from "./metadata.ts";
import { type DomainEvent, type DomainEventType, isKnownType, REGISTRY } from "./registry.ts";
import { upcast } from "./upcasters.ts";

/** Namespace of event ids (a fixed random UUID). */
const EVENT_NAMESPACE = "5b0c1f6e-3d0e-4c0b-9f59-6d1a6f3a7c21";

export type { EventMetadata } from "./metadata.ts";

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

export type Codec = {
  /** Hash that the first event of a stream has as its previous one. */
  readonly rootHash: (logId: LogId, stream: StreamName) => Hash;
  readonly encode: <E extends DomainEvent>(
    stream: StreamName,
    revision: number,
    entry: { readonly event: E; readonly metadata: EventMetadata },
  ) => { readonly encoded: EncodedEvent; readonly recorded: RecordedEvent<E> };
  /** Throws UnreadableEventError. Checks form, not the hash. */
  readonly decode: (stored: StoredEvent) => PositionedEvent;
  /** Also recomputes the hash over the stored bytes: intact when nothing was changed. Throws UnreadableEventError. */
  readonly decodeAndVerify: (stored: StoredEvent) => {
    readonly recorded: PositionedEvent;
    readonly isIntact: boolean;
  };
};

/** One per event type. */
const WRITERS: Readonly<Record<string, (data: unknown) => string>> = Object.fromEntries(
  Object.entries(REGISTRY).map(([type, { schema }]) => [type, canonicalWriter(schema)]),
);

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
    const data = WRITERS[event.type]?.(event.data) ?? unknownType(event.type);
    const body = metadataJson(metadata);
    const hash = hasher.sha256(
      hashInput({ stream, revision, type: event.type, version, data, body }),
    );
    const stored = metadataJson(metadata, { hash, version });
    const id = eventId(stream, revision, hash);
    const recorded = { stream, revision, event, metadata, hash, eventId: id };
    const bytes = hasher.utf8(data);
    encodedHere.set(bytes, recorded);
    return {
      encoded: {
        eventId: id,
        type: event.type,
        data: bytes,
        metadata: hasher.utf8(stored),
        hash,
      },
      recorded,
    };
  };

  const placed = (
    stored: StoredEvent,
    { metadata, hash }: StoredMetadata,
    event: DomainEvent,
  ): PositionedEvent => new DecodedEvent(stored, { metadata, hash, event, idOf: eventId });

  const decode: Codec["decode"] = (stored) => {
    const { stream, revision, position } = stored;
    const known = encodedHere.get(stored.data);
    if (known && known.stream === stream && known.revision === revision) {
      return { ...known, position };
    }
    const metadata = metadataOf(stored);
    return placed(stored, metadata, readEvent(stored, metadata.version, textOf(stored)));
  };

  const fits = (
    stored: StoredEvent,
    { body, hash, version }: StoredMetadata,
    data: string,
  ): boolean => {
    const { stream, revision, type } = stored;
    return hasher.sha256(hashInput({ stream, revision, type, version, data, body })) === hash;
  };

  const decodeAndVerify: Codec["decodeAndVerify"] = (stored) => {
    const metadata = metadataOf(stored);
    const data = textOf(stored);
    const event = readEvent(stored, metadata.version, data);
    return {
      recorded: placed(stored, metadata, event),
      isIntact: fits(stored, metadata, data),
    };
  };

  return {
    rootHash: (logId, stream) => hasher.sha256(canonicalJson({ logId, stream })),
    encode,
    decode,
    decodeAndVerify,
  };
}

type IdOf = (stream: StreamName, revision: number, hash: Hash) => EventId;

/**
 * An event behind stored bytes. A class, because its id costs a hash that most readers never ask for, and a getter in each object
 * would cost more than the rest of the decoding.
 */
class DecodedEvent implements PositionedEvent {
  readonly stream: StreamName;
  readonly revision: number;
  readonly position: Position;
  readonly event: DomainEvent;
  readonly metadata: EventMetadata;
  readonly hash: Hash;
  readonly #idOf: IdOf;

  constructor(
    { stream, revision, position }: StoredEvent,
    read: {
      readonly event: DomainEvent;
      readonly metadata: EventMetadata;
      readonly hash: Hash;
      readonly idOf: IdOf;
    },
  ) {
    this.stream = stream;
    this.revision = revision;
    this.position = position;
    this.event = read.event;
    this.metadata = read.metadata;
    this.hash = read.hash;
    this.#idOf = read.idOf;
  }

  get eventId(): EventId {
    return this.#idOf(this.stream, this.revision, this.hash);
  }
}

function unknownType(type: string): never {
  throw new Error(`${type} is no type of event`);
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

const placeOf = ({ type, stream, revision }: StoredEvent): string =>
  `event ${type} at ${stream}@${revision}`;

/** Looked at before all else: whoever knows more types may write other metadata too. */
function knownType(stored: StoredEvent): DomainEventType {
  const { type } = stored;
  if (isKnownType(type)) return type;
  throw new UnreadableEventError(
    `${placeOf(stored)}: this program does not know that type; a newer one wrote it`,
  );
}

function metadataOf(stored: StoredEvent): StoredMetadata {
  knownType(stored);
  const metadata = readMetadata(decoded(stored.metadata) ?? "");
  if (metadata) return metadata;
  throw new UnreadableEventError(`${placeOf(stored)}: its metadata has not the form of metadata`);
}

/** Undefined where the bytes are no UTF-8. */
function decoded(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

function textOf(stored: StoredEvent): string {
  const text = decoded(stored.data);
  if (text === undefined)
    throw new UnreadableEventError(`${placeOf(stored)}: its bytes are no JSON`);
  return text;
}

function readEvent(stored: StoredEvent, version: number, json: string): DomainEvent {
  const type = knownType(stored);
  const { version: current, schema } = REGISTRY[type];
  if (version > current) {
    throw new UnreadableEventError(
      `${placeOf(stored)} has version ${version}; this program knows up to ${current}: use the newer program`,
    );
  }
  const data = upcast(type, parseJson(json, stored), { from: version, current });
  const parsed = schema.safeParse(data);
  if (!parsed.success) {
    // Again, for words: the first time is made for speed.
    const issues = schema.safeParse(data, { error: formWords }).error?.issues ?? [];
    const problems = issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
    throw new UnreadableEventError(`${placeOf(stored)}: ${problems.slice(0, 3).join("; ")}`);
  }
  // The registry pairs each type with its own schema, which the compiler cannot follow through the lookup.
  return { type, data: parsed.data } as DomainEvent;
}

function parseJson(text: string, stored: StoredEvent): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new UnreadableEventError(`${placeOf(stored)}: its bytes are no JSON`);
  }
}
