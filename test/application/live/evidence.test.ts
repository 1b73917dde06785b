/** Evidence beside an order: stored once, in order, whole or marked as cut, and durable before anybody may cite it. */
import { gunzipSync, gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { createMemoryEventStore, createMemoryLog } from "../../../adapters/event-store/memory.ts";
import { createEvidence, type Evidence } from "../../../domain/application/live/evidence.ts";
import { createRecorder } from "../../../domain/application/log/recorder.ts";
import { createSealer } from "../../../domain/application/log/sealer.ts";
import { type EvidenceEvent, MAX_EVIDENCE_BYTES } from "../../../domain/evidence/events.ts";
import type { EventStore } from "../../../domain/ports/event-store.ts";
import { evidenceStream } from "../../../domain/primitives/ids.ts";
import { codec, hasher, LOG_ID, ORDER_ID } from "../../support/given.ts";
import { createManualTime } from "../../support/manual-time.ts";
import { settled } from "../../support/monitor-world.ts";

const STREAM = evidenceStream(ORDER_ID);
const item = (text: string) => ({ kind: "quote", source: "http://127.0.0.1:7700", text });
const gzip = (text: string): string => gzipSync(text).toString("base64");
const unpacked = ({ data }: EvidenceEvent): string =>
  gunzipSync(Buffer.from(data.gzip, "base64")).toString("utf8");

function world(log = createMemoryLog(), around: (store: EventStore) => EventStore = (it) => it) {
  const time = createManualTime();
  const store = around(createMemoryEventStore({ log }));
  const { clock, timers } = time;
  const evidence: Evidence = createEvidence({
    ...{ store, codec, hasher, gzip },
    sealer: createSealer({ codec, clock, logId: LOG_ID, lastUs: 0 }),
    recorder: createRecorder(store, timers),
  });
  const events = (): EvidenceEvent[] =>
    (log.streams.get(STREAM) ?? []).map((stored) => codec.decode(stored).event as EvidenceEvent);
  return { evidence, log, time, events };
}

/** Hard to compress, and the same for everybody. */
function noise(characters: number): string {
  let text = "";
  for (let round = 0; text.length < characters; round += 1) text += hasher.sha256(`noise ${round}`);
  return text.slice(0, characters);
}

describe("evidence", () => {
  it("is kept whole, under the hash of its text", async () => {
    const { evidence, events } = world();
    const text = '{"outAmount":"150250000","label":"Ünïcode"}';
    await evidence.keep(ORDER_ID, [item(text)]);
    const [kept] = events();
    expect(kept?.data).toMatchObject({
      ...{ kind: "quote", source: "http://127.0.0.1:7700", length: text.length },
      ...{ sha256: evidence.hashOf(text), truncated: false },
    });
    expect(kept && unpacked(kept)).toBe(text);
    expect(evidence.hashOf(text)).toBe(hasher.sha256(text));
  });

  it("over the limit is its beginning, marked, with length and hash of the whole", async () => {
    const { evidence, events } = world();
    const long = noise(900_000);
    const fits = noise(400_000);
    expect(Buffer.from(gzip(long), "base64").length).toBeGreaterThan(MAX_EVIDENCE_BYTES);
    await evidence.keep(ORDER_ID, [item(long), item(fits)]);
    const [cut, whole] = events();
    expect(cut?.data).toMatchObject({
      ...{ truncated: true, length: 900_000, sha256: hasher.sha256(long) },
    });
    expect(Buffer.from(cut?.data.gzip ?? "", "base64").length).toBeLessThanOrEqual(
      MAX_EVIDENCE_BYTES,
    );
    const beginning = cut ? unpacked(cut) : "";
    expect(beginning.length).toBeGreaterThan(100_000);
    expect(long.startsWith(beginning)).toBe(true);
    expect(whole?.data.truncated).toBe(false);
  });

  it("is stored once and in the order in which it was given, whoever waits for it", async () => {
    const { evidence, events, log } = world();
    const given = ["one", "two", "three", "four"];
    await Promise.all([
      evidence.keep(ORDER_ID, [item("one"), item("two")]),
      evidence.keep(ORDER_ID, [item("three")]),
      evidence.keep(ORDER_ID, []),
      evidence.keep(ORDER_ID, [item("four")]),
    ]);
    expect(events().map(unpacked)).toEqual(given);
    expect(log.streams.get(STREAM)?.map(({ revision }) => revision)).toEqual([0, 1, 2, 3]);
    for (const stored of log.streams.get(STREAM) ?? []) {
      expect(codec.decodeAndVerify(stored).isIntact).toBe(true);
    }
  });

  it("goes on behind what an earlier life of the process has stored", async () => {
    const first = world();
    await first.evidence.keep(ORDER_ID, [item("before"), item("the restart")]);
    const second = world(first.log);
    await second.evidence.keep(ORDER_ID, [item("after it")]);
    expect(second.events().map(unpacked)).toEqual(["before", "the restart", "after it"]);
    // Whatever is forgotten is read again.
    second.evidence.forget(ORDER_ID);
    await second.evidence.keep(ORDER_ID, [item("and on")]);
    expect(second.events().map(unpacked).at(-1)).toBe("and on");
    expect(first.log.streams.get(STREAM)?.map(({ revision }) => revision)).toEqual([0, 1, 2, 3]);
  });

  it("is not called kept before it is durable", async () => {
    let letGo = (): void => {};
    const held = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    const { evidence, events } = world(createMemoryLog(), (store) => ({
      ...store,
      append: (...append) => held.then(() => store.append(...append)),
    }));
    const keeping = evidence.keep(ORDER_ID, [item("slow")]).then(() => "kept");
    expect(await settled(keeping)).toBeUndefined();
    letGo();
    expect(await keeping).toBe("kept");
    expect(events()).toHaveLength(1);
  });

  it("is stored once where the store does not say what became of it", async () => {
    let isFirst = true;
    const { evidence, events, time } = world(createMemoryLog(), (store) => ({
      ...store,
      append: async (...append) => {
        const result = await store.append(...append);
        const unknown = { kind: "unknown", cause: "no answer" } as const;
        const said = isFirst ? unknown : result;
        isFirst = false;
        return said;
      },
    }));
    const keeping = evidence.keep(ORDER_ID, [item("once")]);
    await time.advanceMs(100);
    await keeping;
    expect(events().map(unpacked)).toEqual(["once"]);
  });

  it("is refused where somebody else writes to its stream", async () => {
    const first = world();
    const second = world(first.log);
    await first.evidence.keep(ORDER_ID, [item("mine")]);
    await second.evidence.keep(ORDER_ID, [item("theirs")]);
    await expect(first.evidence.keep(ORDER_ID, [item("mine again")])).rejects.toThrow(
      `${STREAM} cannot be written: conflict`,
    );
  });
});
