/**
 * The engine under seeded chaos: many short runs, each of them its own world. A failing seed is replayed by
 * `npm run simulate -- --seed N --trace`.
 */
import { describe, expect, it } from "vitest";
import { createCoverage } from "./coverage.ts";
import { crashEverywhere } from "./everywhere.ts";
import { simulate } from "./simulate.ts";

const FIRST_SEED = 1;
const SEEDS = 200;
const PATIENCE_MS = 120_000;

describe("simulation", () => {
  it(
    "keeps every promise under faults, and reaches every rare state",
    async () => {
      const coverage = createCoverage();
      for (let seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed++) {
        const result = await simulate({ seed });
        expect(result.violations, `seed ${seed}`).toEqual([]);
        coverage.add(result.coverage);
      }
      expect(coverage.missing()).toEqual([]);
    },
    PATIENCE_MS,
  );

  it("does the same for the same seed, and something else for another", async () => {
    const hashes = new Set<string>();
    for (let seed = 1; seed <= 10; seed++) {
      const first = await simulate({ seed });
      const again = await simulate({ seed });
      expect(again.traceHash).toBe(first.traceHash);
      expect(again.picks).toBe(first.picks);
      hashes.add(first.traceHash);
    }
    expect(hashes.size).toBe(10);
  });

  it(
    "loses nothing wherever the process is killed",
    async () => {
      let runs = 0;
      let lives = 0;
      for await (const result of crashEverywhere(1)) {
        expect(result.violations, `run ${runs}`).toEqual([]);
        runs += 1;
        lives += result.lives;
      }
      expect(runs).toBeGreaterThan(100);
      // The start, the last look, and at least one crash in each run but the first.
      expect(lives).toBeGreaterThanOrEqual(3 * runs - 1);
    },
    PATIENCE_MS,
  );
});
