/**
 * The simulator's own random numbers: sfc32, seeded through splitmix32. The same seed gives the same numbers on every machine.
 */

export type Random = {
  /** 0 to 2^32 - 1. */
  readonly u32: () => number;
  /** A whole number from `min` to `max`, both included. */
  readonly between: (min: number, max: number) => number;
  readonly chance: (probability: number) => boolean;
  readonly pick: <T>(items: readonly T[]) => T;
  /** A generator of its own: how often one is asked never shifts the other. */
  readonly fork: () => Random;
};

const TWO_32 = 2 ** 32;

/** `seed`: a safe integer of at least 0. */
export function createRandom(seed: number): Random {
  const mix = splitmix32((seed ^ Math.floor(seed / TWO_32)) >>> 0);
  let a = mix();
  let b = mix();
  let c = mix();
  let counter = 1;

  const u32 = (): number => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return sum >>> 0;
  };
  for (let i = 0; i < 12; i++) u32();

  const between = (min: number, max: number): number =>
    min + Math.floor((u32() / TWO_32) * (max - min + 1));

  return {
    u32,
    between,
    chance: (probability) => u32() < probability * TWO_32,
    pick: <T>(items: readonly T[]): T => {
      if (items.length === 0) throw new Error("nothing to pick from");
      return items[between(0, items.length - 1)] as T;
    },
    fork: () => createRandom(u32()),
  };
}

function splitmix32(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return (mixed ^ (mixed >>> 15)) | 0;
  };
}
