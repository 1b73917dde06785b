/** What comes of reading a request: a value of the domain, or the fields that are wrong. */
import type { z } from "zod";
import type { Violation } from "../errors.ts";
import { snakeCase } from "../strict-decode.ts";

export type Invalid = { readonly ok: false; readonly violations: readonly Violation[] };
export type Parsed<T> = { readonly ok: true; readonly value: T } | Invalid;

export const valid = <T>(value: T): Parsed<T> => ({ ok: true, value });

export const wrong = (field: string, description: string): Invalid => ({
  ok: false,
  violations: [{ field, description }],
});

/** Reads one field with its schema. */
export function field<Output>(
  name: string,
  schema: z.ZodType<Output>,
  value: unknown,
): Parsed<Output> {
  const result = schema.safeParse(value);
  if (result.success) return valid(result.data);
  return { ok: false, violations: violationsOf(result.error.issues, name) };
}

/** Issues under their proto names; `prefix` is the name of the value that was read. */
export function violationsOf(issues: readonly z.core.$ZodIssue[], prefix = ""): Violation[] {
  return issues.map((issue) => ({
    field: fieldPath(prefix, issue.path),
    description: describe(issue),
  }));
}

/** Issues of a record's key hide what is wrong with the key one level deeper. */
function describe(issue: z.core.$ZodIssue): string {
  const inner = issue.code === "invalid_key" ? issue.issues[0]?.message : undefined;
  return inner ?? issue.message;
}

function fieldPath(prefix: string, path: readonly PropertyKey[]): string {
  let out = prefix;
  for (const part of path) {
    if (typeof part === "number") out += `[${part}]`;
    else if (out === "metadata") out += `[${JSON.stringify(String(part))}]`;
    else out += (out ? "." : "") + snakeCase(String(part)).replace(/_us$/, "");
  }
  return out;
}
