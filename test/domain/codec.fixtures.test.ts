/** Stored bytes for ever: a frozen fixture of every event, and frozen schemas. */
import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { RecordedEvent } from "../../domain/codec/codec.ts";
import {
  type DomainEventType,
  isAccountEvent,
  isOrderEvent,
  isSafetyEvent,
  REGISTRY,
} from "../../domain/codec/registry.ts";
import type { StoredEvent } from "../../domain/ports/event-store.ts";
import {
  fixtureName,
  jsonSchemaOf,
  readFixtures,
  readSchemas,
  storedFixture,
} from "../fixtures/fixture-files.ts";
import { codec } from "../support/given.ts";

const FIXTURES = readFixtures();
const TYPES = Object.keys(REGISTRY) as DomainEventType[];
const named = FIXTURES.map((fixture) => ({
  ...fixture,
  name: fixtureName(fixture.type, fixture.version),
}));
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

const encodeAgain = ({ stream, revision, event, metadata }: RecordedEvent) =>
  codec.encode(stream, revision, { event, metadata }).encoded;

/** The design's words in other code: JSON with sorted keys over the whole, hashed. */
function hashByTheBook({ stream, revision, type, data, metadata }: StoredEvent): string {
  const { hash: _, version, ...rest } = JSON.parse(text(metadata));
  const sorted = (value: unknown): unknown =>
    Array.isArray(value)
      ? value.map(sorted)
      : typeof value === "object" && value !== null
        ? Object.fromEntries(
            Object.entries(value)
              .sort(([a], [b]) => (a < b ? -1 : 1))
              .map(([key, inner]) => [key, sorted(inner)]),
          )
        : value;
  const whole = { data: JSON.parse(text(data)), metadata: rest, revision, stream, type, version };
  return createHash("sha256")
    .update(JSON.stringify(sorted(whole)))
    .digest("hex");
}

type Schema = {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly additionalProperties?: unknown;
};

/** Paths of the schema that a value does not have. */
function missing(schema: Schema, value: unknown, path = ""): string[] {
  if (schema.items) {
    const list = Array.isArray(value) ? value : [];
    return list.length > 0
      ? list.flatMap((item) => missing(schema.items ?? {}, item, `${path}[]`))
      : [`${path}[]`];
  }
  if (!schema.properties) return value === undefined ? [path] : [];
  const fields = typeof value === "object" && value !== null ? Object.entries(value) : [];
  const given = new Map<string, unknown>(fields);
  return Object.entries(schema.properties).flatMap(([key, inner]) =>
    missing(inner, given.get(key), path === "" ? key : `${path}.${key}`),
  );
}

describe("fixtures", () => {
  it("cover every type in its current version", () => {
    const there = new Set(named.map(({ name }) => name));
    const wanted = TYPES.map((type) => fixtureName(type, REGISTRY[type].version));
    expect(
      wanted.filter((name) => !there.has(name)),
      "run node test/fixtures/make-fixtures.ts",
    ).toEqual([]);
  });

  it.each(named)("$name has all its fields", ({ type, version, data }) => {
    const schema = readSchemas()[type]?.[String(version)];
    expect(schema, "no frozen schema").toBeDefined();
    expect(missing(schema as Schema, JSON.parse(data))).toEqual([]);
  });

  it.each(named)("$name is decoded, genuine, and known by its hash and id", (fixture) => {
    const stored = storedFixture(fixture);
    const decoded = codec.decode(stored);
    expect(decoded.hash).toBe(fixture.hash);
    expect(decoded.eventId).toBe(fixture.eventId);
    expect(decoded.event.type).toBe(fixture.type);
    expect(decoded).toMatchObject({
      stream: fixture.stream,
      revision: fixture.revision,
      position: 0n,
    });
    expect(codec.decodeAndVerify(stored)).toEqual({ recorded: decoded, isIntact: true });
    expect(hashByTheBook(stored)).toBe(fixture.hash);
  });

  it.each(
    named.filter(({ type, version }) => REGISTRY[type as DomainEventType].version === version),
  )("$name is encoded again to the same bytes", (fixture) => {
    const decoded = codec.decode(storedFixture(fixture));
    const again = encodeAgain(decoded);
    expect(text(again.data)).toBe(fixture.data);
    expect(text(again.metadata)).toBe(fixture.metadata);
    expect(again.hash).toBe(fixture.hash);
    expect(again.eventId).toBe(fixture.eventId);
  });

  it("are told apart by what they belong to", () => {
    const decoded = named.map((fixture) => codec.decode(storedFixture(fixture)).event);
    const oneOfEach = [...new Map(decoded.map((event) => [event.type, event])).values()];
    const kinds = oneOfEach.map((event) => {
      if (isSafetyEvent(event)) return "safety";
      if (event.type === "EvidenceRecorded") return "evidence";
      return isOrderEvent(event) ? "order" : isAccountEvent(event) ? "account" : "system";
    });
    expect(kinds.filter((kind) => kind === "order")).toHaveLength(28);
    expect(kinds.filter((kind) => kind === "account")).toHaveLength(4);
    expect(kinds.filter((kind) => kind === "evidence")).toHaveLength(1);
    expect(kinds.filter((kind) => kind === "safety")).toHaveLength(4);
    expect(kinds.filter((kind) => kind === "system")).toHaveLength(2);
  });
});

describe("schemas", () => {
  const RULE = "a released event is never changed: add a version and an upcaster";

  it.each(TYPES)("of %s is the frozen one", (type) => {
    const frozen = readSchemas()[type]?.[String(REGISTRY[type].version)];
    expect(frozen, "run node test/fixtures/make-fixtures.ts").toBeDefined();
    expect(jsonSchemaOf(type), RULE).toEqual(frozen);
  });

  it("of released events are all still known", () => {
    for (const [type, versions] of Object.entries(readSchemas())) {
      expect(TYPES, RULE).toContain(type);
      for (const version of Object.keys(versions)) {
        expect(named.map(({ name }) => name)).toContain(fixtureName(type, Number(version)));
      }
    }
  });
});
