/** What is wrong with the form of a value from outside, in words that continue a sentence which begins with the field. */
import type { z } from "zod";

const KINDS: Readonly<Record<string, string>> = {
  string: "a text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  bigint: "a whole number",
  object: "an object",
  record: "an object",
  array: "a list",
};

/** For `safeParse(value, { error: formWords })`; messages that a schema has of its own come before it. */
export const formWords: z.core.$ZodErrorMap = (issue) => {
  if (issue.input === undefined) return "is missing";
  switch (issue.code) {
    case "invalid_type":
      return `is not ${KINDS[issue.expected] ?? "of the right kind"}`;
    case "unrecognized_keys":
      return `has unknown fields: ${issue.keys.slice(0, 3).join(", ")}`;
    case "too_small":
      return `is less than the smallest allowed, ${issue.minimum}`;
    case "too_big":
      return `is more than the largest allowed, ${issue.maximum}`;
    default:
      return "has the wrong form";
  }
};
