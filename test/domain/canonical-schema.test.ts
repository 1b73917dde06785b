/** Writing by schema gives the same characters as canonical JSON: for every event there is, and for any value of a schema. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { canonicalWriter } from "../../domain/codec/canonical-schema.ts";
import { type DomainEventType, REGISTRY } from "../../domain/codec/registry.ts";
import { type Canonical, canonicalJson } from "../../domain/primitives/canonical-json.ts";
import { SAMPLES } from "../fixtures/event-samples.ts";

const TYPES = Object.keys(REGISTRY) as DomainEventType[];

const schema = z.object({
  zed: z.string(),
  "10": z.int(),
  "9": z.boolean().optional(),
  ö: z.array(z.object({ b: z.string().optional(), a: z.int() })),
  inner: z.object({ x: z.enum(["A", "B"]) }).optional(),
  words: z.record(z.string(), z.string()),
});

const text = fc.string({ unit: "binary" }).filter((value) => value.isWellFormed());
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const value = fc.record({
  zed: text,
  "10": fc.maxSafeInteger(),
  "9": maybe(fc.boolean()),
  ö: fc.array(fc.record({ b: maybe(text), a: fc.integer() }), { maxLength: 3 }),
  inner: maybe(fc.record({ x: fc.constantFrom("A", "B") })),
  words: fc.dictionary(text, text, { maxKeys: 4 }),
});

describe("the canonical writer of a schema", () => {
  it.each(TYPES)("writes %s as canonical JSON does", (type) => {
    const data = SAMPLES[type] as Canonical;
    expect(canonicalWriter(REGISTRY[type].schema)(data)).toBe(canonicalJson(data));
  });

  it("agrees with canonical JSON on every value, absent fields and strange names too", () => {
    const write = canonicalWriter(schema);
    fc.assert(
      fc.property(value, (any) => {
        expect(write(any)).toBe(canonicalJson(any));
      }),
    );
  });

  it("leaves out what the schema does not have", () => {
    expect(canonicalWriter(z.object({ a: z.int() }))({ b: 2, a: 1 })).toBe('{"a":1}');
  });

  it.each([[{ a: 1.5 }], [{ a: null }]])("refuses what is no canonical data: %j", (wrong) => {
    expect(() => canonicalWriter(z.object({ a: z.int() }))(wrong)).toThrow();
  });
});
