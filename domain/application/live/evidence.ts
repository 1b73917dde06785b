/**
 * Keeps third parties' answers in the stream `evidence-<orderId>`. Whoever cites a hash waits until its text is durable.
 */
import type { RecordedEvent } from "../../codec/codec.ts";
import { type EvidenceEvent, MAX_EVIDENCE_BYTES } from "../../evidence/events.ts";
import type { Hasher } from "../../ports/hasher.ts";
import { evidenceStream, type Hash, type OrderId } from "../../primitives/ids.ts";
import type { Recorder } from "../log/recorder.ts";
import { type Sealer, type Tip, tipOf } from "../log/sealer.ts";
import { readEvents } from "../orders/load-order.ts";

export type EvidenceItem = {
  readonly kind: string;
  readonly source: string;
  readonly text: string;
};

export type Evidence = {
  /** Hash under which an item is kept. */
  readonly hashOf: (text: string) => Hash;
  /** Fulfilled once the items are durable; items of one order are stored one after the other. Rejects when somebody else wrote there. */
  readonly keep: (orderId: OrderId, items: readonly EvidenceItem[]) => Promise<void>;
  /** What was given to be kept so far is durable; undefined: nothing is under way. */
  readonly kept: (orderId: OrderId) => Promise<unknown> | undefined;
  /** The order has ended: nothing of it is remembered any more. */
  readonly forget: (orderId: OrderId) => void;
};

export type EvidencePorts = Parameters<typeof readEvents>[0] & {
  readonly hasher: Hasher;
  readonly sealer: Sealer;
  readonly recorder: Recorder;
  /** gzip of a text's UTF-8 bytes, as base64. */
  readonly gzip: (text: string) => string;
};

export function createEvidence(ports: EvidencePorts): Evidence {
  const { hasher, sealer, recorder } = ports;
  /** By order: the stream's end, as a promise, which is also the queue. */
  const tips = new Map<OrderId, Promise<Tip>>();

  async function store(orderId: OrderId, tip: Tip, items: readonly EvidenceItem[]): Promise<Tip> {
    const stream = evidenceStream(orderId);
    let last = tip;
    const events = items.map((item) => {
      const sealed = sealer.seal({ stream, tip: last }, eventOf(item), {
        actor: "engine",
        correlationId: orderId,
      });
      last = tipOf(sealed.recorded);
      return sealed.encoded;
    });
    const expected = tip?.revision ?? "no-stream";
    const outcome = await recorder.record({ stream, expected, events }, true);
    if (outcome.kind === "stored") return last;
    throw new Error(`${stream} cannot be written: ${outcome.kind}`);
  }

  function eventOf({ kind, source, text }: EvidenceItem): EvidenceEvent {
    const { gzip, truncated } = packed(text, ports.gzip);
    const data = { kind, source, sha256: hasher.sha256(text), length: text.length };
    return { type: "EvidenceRecorded", data: { ...data, truncated, gzip } };
  }

  async function endOf(orderId: OrderId): Promise<Tip> {
    let tip: Tip;
    for await (const recorded of readEvents(ports, evidenceStream(orderId))) {
      tip = tipOf(recorded as RecordedEvent);
    }
    return tip;
  }

  return {
    hashOf: (text) => hasher.sha256(text),
    keep: async (orderId, items) => {
      if (items.length === 0) return;
      const before = tips.get(orderId) ?? endOf(orderId);
      const after = before.then((tip) => store(orderId, tip, items));
      tips.set(orderId, after);
      await after;
    },
    kept: (orderId) => tips.get(orderId),
    forget: (orderId) => {
      tips.delete(orderId);
    },
  };
}

const BASE64_RATIO = 4 / 3;

/** The longest beginning whose gzip is within the limit, by halving. */
function packed(text: string, gzip: (text: string) => string) {
  let [kept, length] = [gzip(text), text.length];
  while (kept.length > MAX_EVIDENCE_BYTES * BASE64_RATIO) {
    length = Math.floor(length / 2);
    kept = gzip(text.slice(0, length).toWellFormed());
  }
  return { gzip: kept, truncated: length < text.length };
}
