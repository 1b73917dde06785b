/** A stored event with its metadata and hashes, as it is. */
import { z } from "zod";
import type { Codec } from "../../../domain/codec/codec.ts";
import type { StoredEvent } from "../../../domain/ports/event-store.ts";
import type { RecordedEvent } from "../../../proto/generated/orderstream/v1/trade_execution.ts";
import type { PositionTokens } from "./position-token.ts";
import { timestampOf } from "./time.ts";

/** The codec hands out events of the current version; the auditor sees the stored one. */
const versionSchema = z.object({ version: z.int().min(1) });

/** Throws UnreadableEventError for bytes that this program cannot read. */
export function recordedEventOf(
  stored: StoredEvent,
  codec: Codec,
  positions: PositionTokens,
): RecordedEvent {
  const { metadata, eventId, hash } = codec.decode(stored);
  const { version } = versionSchema.parse(
    JSON.parse(Buffer.from(stored.metadata).toString("utf8")),
  );
  return {
    stream: stored.stream,
    revision: BigInt(stored.revision),
    position: positions.encode(stored.position),
    type: stored.type,
    schemaVersion: version,
    data: Buffer.from(stored.data),
    eventId,
    correlationId: metadata.correlationId,
    causationId: metadata.causationId,
    actor: metadata.actor,
    recordedAt: timestampOf(metadata.recordedAtUs),
    prevHash: metadata.prevHash,
    hash,
  };
}
