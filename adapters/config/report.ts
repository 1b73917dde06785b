/** What checks between keys share: how a problem is reported, how a token is named. */
import type { Token } from "../../domain/order/policy.ts";

/** `message` continues a sentence that begins with the key. */
export type ConfigProblem = { readonly path: readonly PropertyKey[]; readonly message: string };

export type Report = (path: readonly PropertyKey[], message: string) => void;

/** By symbol in any case, or by mint. */
export const findToken = (tokens: readonly Token[], name: string): Token | undefined =>
  tokens.find(({ symbol, mint }) => mint === name || symbol.toUpperCase() === name.toUpperCase());
