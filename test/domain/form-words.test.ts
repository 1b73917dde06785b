/** What is wrong with a value from outside, in words that continue a sentence. */
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { formWords } from "../../domain/codec/form-words.ts";

const told = (schema: z.ZodType, value: unknown): string | undefined =>
  schema.safeParse(value, { error: formWords }).error?.issues[0]?.message;

describe("the words for a wrong form", () => {
  it.each<[string, z.ZodType, unknown, string]>([
    ["nothing", z.string(), undefined, "is missing"],
    ["another kind", z.string(), 5, "is not a text"],
    ["a fraction", z.int(), 0.5, "is not a whole number"],
    ["a text for a list", z.array(z.string()), "x", "is not a list"],
    ["a kind without a word", z.date(), 5, "is not of the right kind"],
    ["too little", z.int().min(3), 2, "is less than the smallest allowed, 3"],
    ["too much", z.int().max(3), 4, "is more than the largest allowed, 3"],
    [
      "strange fields",
      z.strictObject({}),
      { a: 1, b: 2, c: 3, d: 4 },
      "has unknown fields: a, b, c",
    ],
    ["another pattern", z.string().regex(/^a$/), "b", "has the wrong form"],
    ["a sentence of the schema's own", z.string("must be a name"), 5, "must be a name"],
  ])("%s", (_, schema, value, words) => {
    expect(told(schema, value)).toBe(words);
  });
});
