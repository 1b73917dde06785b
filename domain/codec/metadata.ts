/** An event's metadata as text: canonical JSON, of which there is one way to write it. */
import { canonicalJson } from "../primitives/canonical-json.ts";
import type { Hash } from "../primitives/ids.ts";
import type { TimestampUs } from "../primitives/time.ts";

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

export type StoredMetadata = {
  readonly metadata: EventMetadata;
  readonly hash: Hash;
  readonly version: number;
  /** Canonical JSON without hash and version: what the hash is about. */
  readonly body: string;
};

/** Written out by hand because it is made twice for every event. */
export function metadataJson(
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

/** A JSON string with its quotes. */
const STRING = '("(?:[^"\\\\]|\\\\.)*")';
/** Checks and reads at once, in a fraction of a parser's time. */
const METADATA = new RegExp(
  `^\\{"actor":${STRING},"causationId":${STRING},"correlationId":${STRING},"hash":"([0-9a-f]{64})",` +
    '"prevHash":"([0-9a-f]{64})","recordedAt":(0|[1-9][0-9]{0,15}),"version":([1-9][0-9]{0,8})\\}$',
);

/** Undefined where the text is not what `metadataJson` writes of stored metadata. */
export function readMetadata(text: string): StoredMetadata | undefined {
  const match = METADATA.exec(text);
  if (!match || !Number.isSafeInteger(Number(match[6]))) return undefined;
  const [, actor = "", causationId = "", correlationId = "", hash, prevHash, recordedAt, version] =
    match;
  try {
    return {
      hash: hash as Hash,
      version: Number(version),
      metadata: {
        actor: unquoted(actor),
        causationId: unquoted(causationId),
        correlationId: unquoted(correlationId),
        prevHash: prevHash as Hash,
        recordedAtUs: Number(recordedAt),
      },
      body:
        `{"actor":${actor},"causationId":${causationId},"correlationId":${correlationId},` +
        `"prevHash":"${prevHash}","recordedAt":${recordedAt}}`,
    };
  } catch {
    return undefined;
  }
}

/** A JSON string's text; most have nothing to unescape. Throws on an escape that JSON does not have. */
const unquoted = (json: string): string =>
  json.includes("\\") ? String(JSON.parse(json)) : json.slice(1, -1);
