/** Success with a value, or a sentence that says what is wrong: it never shows a secret. */
export type Outcome<T> =
  | { readonly kind: "ok"; readonly value: T }
  | { readonly kind: "wrong"; readonly sentence: string };

export const ok = <T>(value: T): Outcome<T> => ({ kind: "ok", value });
export const wrong = (sentence: string): Outcome<never> => ({ kind: "wrong", sentence });
