/** Counts what a property met, so that a law that saw nothing does not pass. */
import { expect } from "vitest";

export type Counter = {
  readonly add: (...names: readonly (string | undefined)[]) => void;
  /** Fails unless each of these was met at least so often. */
  readonly expectAll: (names: readonly string[], least?: number) => void;
  /** Fails if any of these was met. */
  readonly expectNone: (names: readonly string[]) => void;
};

export function createCounter(): Counter {
  const seen = new Map<string, number>();
  return {
    add: (...names) => {
      for (const name of names) {
        if (name !== undefined) seen.set(name, (seen.get(name) ?? 0) + 1);
      }
    },
    expectAll: (names, least = 3) => {
      const rare = names.filter((name) => (seen.get(name) ?? 0) < least);
      expect(rare, `met too rarely: ${JSON.stringify([...seen])}`).toEqual([]);
    },
    expectNone: (names) => {
      expect(names.filter((name) => seen.has(name))).toEqual([]);
    },
  };
}
