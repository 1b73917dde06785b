/** Square roots of integers, exact: no float touches what they become part of. */

/** The largest integer whose square is not above `value`, by Newton's method. `value` is at least 0. */
export function sqrtFloor(value: bigint): bigint {
  if (value < 0n) throw new Error(`no square root of ${value}`);
  if (value < 2n) return value;
  // A power of two that is not below the root: from above, each step comes closer until it would rise again.
  let root = 1n << BigInt(Math.ceil(value.toString(2).length / 2));
  for (;;) {
    const next = (root + value / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}

/** The smallest integer whose square is not below `value`. */
export function sqrtCeil(value: bigint): bigint {
  const root = sqrtFloor(value);
  return root * root === value ? root : root + 1n;
}
