/**
 * Large answers of third parties, kept beside the order that they belong to: stream `evidence-<orderId>`. They are durable before the
 * event that cites their hash, and no projection reads them.
 */
import { z } from "zod";

/** Longest content that is kept, bytes of its gzip. */
export const MAX_EVIDENCE_BYTES = 256 * 1024;

export const EVIDENCE_EVENTS = {
  EvidenceRecorded: {
    version: 1,
    schema: z.object({
      /** What it is: `quote`, `swap-instructions`, or the JSON-RPC method that was asked. */
      kind: z.string(),
      source: z.string(),
      /** Of the whole text's UTF-8 bytes, lower-case hex. */
      sha256: z.string().regex(/^[0-9a-f]{64}$/),
      /** Characters of the whole text. */
      length: z.int().min(0),
      /** Only its beginning is kept. */
      truncated: z.boolean(),
      /** base64 of the gzip of the text. */
      gzip: z.string(),
    }),
  },
} as const;

export type EvidenceEvent = {
  readonly type: "EvidenceRecorded";
  readonly data: z.output<(typeof EVIDENCE_EVENTS)["EvidenceRecorded"]["schema"]>;
};
