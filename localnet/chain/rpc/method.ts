/** A method of the JSON-RPC interface: how its parameters look, and what it answers. */
import type { z } from "zod";
import { invalidParams } from "./answers.ts";
import type { NodeView } from "./view.ts";

export type Method = (params: unknown, view: NodeView) => unknown;
export type Methods = { readonly [name: string]: Method };

/** Missing parameters count as undefined, so that optional ones may be left out. */
export function method<S extends readonly z.ZodType[]>(
  shape: z.ZodTuple<S>,
  answer: (params: z.infer<z.ZodTuple<S>>, view: NodeView) => unknown,
): Method {
  const expected = shape.def.items.length;
  return (params, view) => {
    const given: readonly unknown[] = Array.isArray(params) ? params : [];
    const filled = Array.from({ length: expected }, (_, index) => given[index]);
    const parsed = shape.safeParse(filled);
    if (parsed.success) return answer(parsed.data, view);
    const issue = parsed.error.issues[0];
    const [at, ...rest] = issue?.path ?? [];
    const where = [`parameter ${Number(at ?? 0) + 1}`, ...rest].join(".");
    return invalidParams(`${where}: ${issue?.message ?? "wrong"}`);
  };
}
