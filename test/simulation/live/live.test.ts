/**
 * Live trading under seeded chaos, against a modelled chain. A failing seed is replayed by
 * `npm run simulate -- --live --seed N --trace`.
 */
import { describe, expect, it } from "vitest";
import { createMarks } from "../coverage.ts";
import { LIVE_SOMETIMES } from "./live-coverage.ts";
import { crashLiveEverywhere } from "./live-everywhere.ts";
import { simulateLive } from "./live-simulate.ts";

const SEEDS = 500;
const PATIENCE_MS = 180_000;

describe("live simulation", () => {
  it(
    "executes at most once, books what the chain says, and ends what was accepted",
    async () => {
      const coverage = createMarks(LIVE_SOMETIMES);
      for (let seed = 1; seed <= SEEDS; seed++) {
        const result = await simulateLive({ seed });
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
      const first = await simulateLive({ seed });
      const again = await simulateLive({ seed });
      expect(again.traceHash).toBe(first.traceHash);
      expect(again.picks).toBe(first.picks);
      hashes.add(first.traceHash);
    }
    expect(hashes.size).toBe(10);
  });

  it(
    "executes once wherever the process is killed",
    async () => {
      let runs = 0;
      let lives = 0;
      for await (const result of crashLiveEverywhere(1)) {
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
