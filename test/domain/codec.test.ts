import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { UPCASTERS, upcast } from "../../domain/codec/upcasters.ts";
import type { StoredEvent } from "../../domain/ports/event-store.ts";
import type { StreamName } from "../../domain/primitives/ids.ts";
import { readFixtures, storedFixture } from "../fixtures/fixture-files.ts";
import { codec, hasher, LOG_ID, STREAM } from "../support/given.ts";

const FIXTURES = readFixtures();
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const bytes = (value: string): Uint8Array => new TextEncoder().encode(value);

const sample = storedFixture(
  FIXTURES.find(({ type }) => type === "OrderCancelled") ?? FIXTURES[0] ?? raise("no fixtures"),
);
function raise(message: string): never {
  throw new Error(message);
}
const withMetadata = (changes: Record<string, unknown>): StoredEvent => ({
  ...sample,
  metadata: bytes(JSON.stringify({ ...JSON.parse(text(sample.metadata)), ...changes })),
});
const withData = (data: string): StoredEvent => ({ ...sample, data: bytes(data) });
const PLACE = `event OrderCancelled at ${sample.stream}@${sample.revision}`;

describe("bytes that this program cannot read", () => {
  it.each<[string, StoredEvent, string]>([
    [
      "an unknown type",
      { ...sample, type: "OrderTeleported" },
      `event OrderTeleported at ${sample.stream}@${sample.revision}: this program does not know that type; a newer one wrote it`,
    ],
    [
      "a name of every object",
      { ...sample, type: "toString" },
      `event toString at ${sample.stream}@${sample.revision}: this program does not know that type; a newer one wrote it`,
    ],
    [
      "a newer version",
      withMetadata({ version: 2 }),
      `${PLACE} has version 2; this program knows up to 1: use the newer program`,
    ],
    ["data cut short", withData('{"by":"local"'), `${PLACE}: its bytes are no JSON`],
    ["no data", withData(""), `${PLACE}: its bytes are no JSON`],
    [
      "data that is no UTF-8",
      { ...sample, data: new Uint8Array([0x22, 0xff, 0x22]) },
      `${PLACE}: its bytes are no JSON`,
    ],
    [
      "metadata cut short",
      { ...sample, metadata: sample.metadata.subarray(0, 20) },
      `${PLACE}: its metadata has not the form of metadata`,
    ],
    [
      "metadata without a version",
      withMetadata({ version: undefined }),
      `${PLACE}: its metadata has not the form of metadata`,
    ],
    [
      "version 0",
      withMetadata({ version: 0 }),
      `${PLACE}: its metadata has not the form of metadata`,
    ],
    [
      "a time between two microseconds",
      withMetadata({ recordedAt: 1.5 }),
      `${PLACE}: its metadata has not the form of metadata`,
    ],
  ])("%s gives a sentence", (_, stored, sentence) => {
    expect(() => codec.decode(stored)).toThrow(
      expect.objectContaining({ name: "UnreadableEventError", message: sentence }),
    );
  });

  it.each([
    ['{"by":"local"}', `${PLACE}: message: `],
    ['{"by":7,"message":""}', `${PLACE}: by: `],
    ["[]", `${PLACE}: `],
  ])("data %s names the field", (data, beginning) => {
    expect(() => codec.decode(withData(data))).toThrow(
      expect.objectContaining({
        name: "UnreadableEventError",
        message: expect.stringMatching(new RegExp(`^${beginning.replaceAll(/[.@]/g, "\\$&")}.+`)),
      }),
    );
  });
});

describe("old versions", () => {
  it("are brought up step by step", () => {
    const steps = {
      1: (data: unknown) => ({ was: data, step: 1 }),
      2: (data: unknown) => ({ was: data, step: 2 }),
    };
    Object.assign(UPCASTERS, { LogCreated: steps });
    try {
      expect(upcast("LogCreated", "v1", { from: 1, current: 3 })).toEqual({
        was: { was: "v1", step: 1 },
        step: 2,
      });
      expect(upcast("LogCreated", "v2", { from: 2, current: 3 })).toEqual({ was: "v2", step: 2 });
      expect(() => upcast("LogCreated", "v1", { from: 1, current: 4 })).toThrow(
        "no upcaster for LogCreated version 3",
      );
    } finally {
      Reflect.deleteProperty(UPCASTERS, "LogCreated");
    }
  });

  it("without a step are refused, the current one passes as it is", () => {
    expect(() => upcast("OrderFilled", {}, { from: 2, current: 3 })).toThrow(
      "no upcaster for OrderFilled version 2",
    );
    expect(upcast("OrderFilled", "as it is", { from: 1, current: 1 })).toBe("as it is");
  });
});

describe("the hash", () => {
  it("roots each stream in its log", () => {
    expect(codec.rootHash(LOG_ID, STREAM)).toBe(
      hasher.sha256(`{"logId":"${LOG_ID}","stream":"${STREAM}"}`),
    );
  });

  const anyFixture = fc.constantFrom(...FIXTURES);
  const damage = fc.record({
    part: fc.constantFrom("data", "metadata"),
    at: fc.nat(),
    by: fc.integer({ min: 1, max: 255 }),
  });
  const damaged = (
    stored: StoredEvent,
    { part, at, by }: { part: string; at: number; by: number },
  ): StoredEvent => {
    const change = (source: Uint8Array): Uint8Array => {
      const copy = Uint8Array.from(source);
      const place = at % copy.length;
      copy[place] = (copy[place] ?? 0) ^ by;
      return copy;
    };
    return part === "data"
      ? { ...stored, data: change(stored.data) }
      : { ...stored, metadata: change(stored.metadata) };
  };
  const isGenuine = (stored: StoredEvent): boolean => {
    try {
      return codec.decodeAndVerify(stored).isIntact;
    } catch (error) {
      expect(error).toMatchObject({ name: "UnreadableEventError" });
      return false;
    }
  };

  it("never takes changed bytes for genuine", () => {
    const seen = { data: 0, metadata: 0, readable: 0 };
    fc.assert(
      fc.property(anyFixture, damage, (fixture, where) => {
        const changed = damaged(storedFixture(fixture), where);
        if (where.part === "data") seen.data++;
        else seen.metadata++;
        expect(isGenuine(changed)).toBe(false);
        try {
          codec.decode(changed);
          seen.readable++;
        } catch (error) {
          expect(error).toMatchObject({ name: "UnreadableEventError" });
        }
      }),
      { numRuns: 2_000 },
    );
    expect(seen.data).toBeGreaterThan(500);
    expect(seen.metadata).toBeGreaterThan(500);
    // Many changes leave bytes that can be read: the hash alone finds them.
    expect(seen.readable).toBeGreaterThan(200);
  });

  it("decodes and verifies at once as it does one after the other", () => {
    const attempt = <T>(job: () => T): T | string => {
      try {
        return job();
      } catch (error) {
        return String(error);
      }
    };
    fc.assert(
      fc.property(anyFixture, fc.option(damage), (fixture, where) => {
        const whole = storedFixture(fixture);
        const stored = where ? damaged(whole, where) : whole;
        const recorded = attempt(() => codec.decode(stored));
        const both = attempt(() => codec.decodeAndVerify(stored));
        if (typeof recorded === "string") expect(both).toBe(recorded);
        else expect(both).toEqual({ recorded, isIntact: !where });
      }),
      { numRuns: 1_000 },
    );
  });

  it.each<[string, StoredEvent]>([
    ["another stream", { ...sample, stream: "order-other" as StreamName }],
    ["another revision", { ...sample, revision: sample.revision + 1 }],
    ["another type", { ...sample, type: "OrderCancelRequested" }],
    ["a space in the data", withData(text(sample.data).replace(",", ", "))],
    ["a byte order mark", withData(`\ufeff${text(sample.data)}`)],
    ["an added field", withData(text(sample.data).replace("}", ',"z":1}'))],
    ["a field added to the metadata", withMetadata({ zone: "UTC" })],
    ["another version", withMetadata({ version: 2 })],
    ["another time", withMetadata({ recordedAt: 1 })],
    ["another actor", withMetadata({ actor: "root" })],
    ["another predecessor", withMetadata({ prevHash: "0".repeat(64) })],
    ["another cause", withMetadata({ causationId: "x" })],
    ["another correlation", withMetadata({ correlationId: "x" })],
    ["another hash", withMetadata({ hash: "0".repeat(64) })],
    [
      "metadata in another order",
      {
        ...sample,
        metadata: bytes(
          JSON.stringify(
            Object.fromEntries(Object.entries(JSON.parse(text(sample.metadata))).reverse()),
          ),
        ),
      },
    ],
  ])("finds %s", (_, changed) => {
    expect(isGenuine(sample)).toBe(true);
    expect(isGenuine(changed)).toBe(false);
  });

  it("does not depend on the place in the log", () => {
    expect(isGenuine({ ...sample, position: 99n })).toBe(true);
    expect(codec.decode({ ...sample, position: 99n }).position).toBe(99n);
  });
});

describe("metadata", () => {
  it("holds any text: quotes, backslashes and other scripts come back as they were", () => {
    const text = fc.string({ unit: "binary" }).filter((value) => value.isWellFormed());
    const texts = fc.oneof(fc.constantFrom('"', "\\", '\\"},{', "\n\u2028", "ł🚀"), text);
    fc.assert(
      fc.property(texts, texts, texts, (actor, causationId, correlationId) => {
        const { event, metadata } = codec.decode(sample);
        const changed = { ...metadata, actor, causationId, correlationId };
        const entry = { event, metadata: changed };
        const { encoded } = codec.encode(sample.stream, sample.revision, entry);
        // As from a disk: these bytes are not remembered.
        const bytesOnly = { data: encoded.data.slice(), metadata: encoded.metadata.slice() };
        const found = codec.decodeAndVerify({ ...sample, ...bytesOnly });
        expect(found).toMatchObject({ isIntact: true, recorded: { metadata: changed } });
      }),
    );
  });
});

describe("bytes that this codec made itself", () => {
  const place = { stream: sample.stream, revision: sample.revision };
  const made = () => {
    const { event, metadata } = codec.decode(sample);
    return codec.encode(place.stream, place.revision, { event, metadata });
  };

  it("need not be read again where they were made", () => {
    const { encoded, recorded } = made();
    const stored = { ...place, position: 7n, ...encoded };
    expect(codec.decode(stored)).toEqual({ ...recorded, position: 7n });
    expect(codec.decode(stored).event).toBe(recorded.event);
  });

  it("are read in any other place", () => {
    const { encoded, recorded } = made();
    const elsewhere = { ...place, revision: place.revision + 1, position: 7n, ...encoded };
    expect(codec.decode(elsewhere).event).not.toBe(recorded.event);
    const stream = "order-elsewhere" as StreamName;
    expect(codec.decode({ ...elsewhere, ...place, stream }).event).not.toBe(recorded.event);
  });
});
