/**
 * Chance that can be told again: a draw is a pure function of a seed (the order id) and a purpose, so that a replay draws the
 * same, and one purpose says nothing about another.
 */

/** FNV-1a, 64 bit: offset basis and prime (Fowler, Noll and Vo; RFC 9923). */
const FNV_OFFSET = 0xcbf29ce484222325n;
const FNV_PRIME = 0x100000001b3n;

/** SplitMix64: increment and multipliers (Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators", 2014). */
const SPLITMIX_GAMMA = 0x9e3779b97f4a7c15n;
const SPLITMIX_1 = 0xbf58476d1ce4e5b9n;
const SPLITMIX_2 = 0x94d049bb133111ebn;

const encoder = new TextEncoder();

/**
 * A draw in parts per million: uniform over 0 to 999,999, the same for ever for the same arguments. `purpose` names what is
 * drawn for; draws of one seed for two purposes are independent. No secret: whoever knows the seed knows the draw.
 *
 * The bytes of both are hashed by FNV-1a, whose upper bits are poor, and mixed by one step of SplitMix64.
 */
export function drawPpm(seed: string, purpose: string): bigint {
  // Separated by what no purpose holds: ("ab", "c") is not ("a", "bc").
  const mixed = splitMix64(fnv1a64(encoder.encode(`${purpose}\u0000${seed}`)));
  // The upper bits of a product instead of a remainder: bias below 1 in 10^13.
  return (mixed * 1_000_000n) >> 64n;
}

function fnv1a64(bytes: Uint8Array): bigint {
  let hash = FNV_OFFSET;
  for (const byte of bytes) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * FNV_PRIME);
  return hash;
}

/** First output of the generator at this state. */
function splitMix64(state: bigint): bigint {
  let z = BigInt.asUintN(64, state + SPLITMIX_GAMMA);
  z = BigInt.asUintN(64, (z ^ (z >> 30n)) * SPLITMIX_1);
  z = BigInt.asUintN(64, (z ^ (z >> 27n)) * SPLITMIX_2);
  return z ^ (z >> 31n);
}
