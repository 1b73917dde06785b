/** Draws that a replay repeats: known values, an even spread, and no purpose that tells of another. */
import { describe, expect, it } from "vitest";
import { drawPpm } from "../../domain/pricing/chance.ts";
import { ORDER_ID } from "../support/given.ts";

const DRAWS = 20_000;
const BINS = 100;

/** How far the counts are from even ones: about BINS for fair draws, with a deviation of √(2 × BINS). */
function chiSquare(counts: readonly number[], draws: number): number {
  const expected = draws / counts.length;
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}

const bin = (draw: bigint, bins: number): number => Number((draw * BigInt(bins)) / 1_000_000n);

function counted(bins: number, at: (n: number) => number): number[] {
  const counts = new Array<number>(bins).fill(0);
  for (let n = 0; n < DRAWS; n++) {
    const place = at(n);
    counts[place] = (counts[place] ?? 0) + 1;
  }
  return counts;
}

describe("drawPpm", () => {
  // Worked out by a program in another language from the published constants.
  it.each([
    [ORDER_ID, "mev", 780_234n],
    [ORDER_ID, "outcome", 778_202n],
    ["", "", 444_216n],
    ["ab", "c", 381_803n],
    ["a", "bc", 648_104n],
    ["ł🚀", "mev", 435_719n],
  ])("of seed %j for %j is %d for ever", (seed, purpose, expected) => {
    expect(drawPpm(seed, purpose)).toBe(expected);
  });

  it.each(["mev", "outcome", "slippage"])("is even over the whole range for %s", (purpose) => {
    const counts = counted(BINS, (n) => bin(drawPpm(`order-${n}`, purpose), BINS));
    expect(counts).toHaveLength(BINS);
    // Mean 99, deviation 14: five deviations above.
    expect(chiSquare(counts, DRAWS)).toBeLessThan(170);
  });

  it("tells nothing of another purpose of the same seed", () => {
    const counts = counted(BINS, (n) => {
      const [a, b] = [drawPpm(`order-${n}`, "mev"), drawPpm(`order-${n}`, "outcome")];
      return bin(a, 10) * 10 + bin(b, 10);
    });
    expect(chiSquare(counts, DRAWS)).toBeLessThan(170);
  });

  it("keeps seed and purpose apart", () => {
    expect(drawPpm("bc", "a")).not.toBe(drawPpm("c", "ab"));
  });
});
