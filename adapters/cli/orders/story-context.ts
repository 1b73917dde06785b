/** What the tellers of an order's story share. */
import type { OrderRequest } from "../../../domain/order/events.ts";
import type { TokenTable } from "../tokens.ts";

export type StoryContext = {
  readonly request: OrderRequest;
  readonly tokens: TokenTable;
  /** As the log has them, once it does. */
  readonly decimals: { readonly base: number; readonly quote: number } | undefined;
};

/** `Model square-root: depthUsd 5000000, impactPpm 151.` */
export const modelLines = (
  model: string,
  terms: Readonly<Record<string, string>>,
): readonly string[] => {
  const figures = Object.entries(terms).map(([name, value]) => `${name} ${value}`);
  return figures.length === 0 ? [] : [`Model ${model}: ${figures.join(", ")}.`];
};
