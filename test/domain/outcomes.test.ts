/** Outcome knobs: rates, means, and the same run twice. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { drawOutcome, NO_KNOBS, type OutcomeKnobs } from "../../domain/pricing/outcomes.ts";
import { ORDER_ID } from "../support/given.ts";

const RUNS = 10_000;
const knobs = (changes: Partial<OutcomeKnobs>): OutcomeKnobs => ({ ...NO_KNOBS, ...changes });
const outcomes = (changes: Partial<OutcomeKnobs>) =>
  Array.from({ length: RUNS }, (_, n) => drawOutcome(knobs(changes), `order-${n}`));
const failures = (changes: Partial<OutcomeKnobs>) =>
  outcomes(changes).filter(({ fails }) => fails).length;

describe("drawOutcome", () => {
  it("changes nothing without knobs", () => {
    expect(drawOutcome(NO_KNOBS, ORDER_ID)).toEqual({
      fails: false,
      draw: expect.stringMatching(/^\d+ of 1000000, below 1000000 succeeds$/),
      slippagePpm: undefined,
      slippageTerms: {},
      delayMs: undefined,
    });
  });

  it("says how it drew the slippage, so that anybody can draw it again", () => {
    for (const { slippagePpm, slippageTerms } of outcomes({ averageSlippageBps: 50 }).slice(
      0,
      50,
    )) {
      expect(slippageTerms.averageSlippageBps).toBe("50");
      const [draw = "", of] = (slippageTerms.slippageDraw ?? "").split(" of ");
      expect(of).toBe("1000000, spread evenly over 0 to 10000 ppm");
      expect((BigInt(draw) * 10_001n) / 1_000_000n).toBe(slippagePpm);
    }
  });

  it("never fails at 10,000 bps and always at 0", () => {
    expect(failures({ successRateBps: 10_000 })).toBe(0);
    expect(failures({ successRateBps: 0 })).toBe(RUNS);
  });

  it("fails as often as the rate says", () => {
    // 10 % of 10,000 with a deviation of 30: five of them on each side.
    const failed = failures({ successRateBps: 9_000 });
    expect(failed).toBeGreaterThan(850);
    expect(failed).toBeLessThan(1_150);
  });

  it("succeeds below the rate, not at it", () => {
    const drawOf = (n: number) =>
      Number(drawOutcome(NO_KNOBS, `order-${n}`).draw.split(" ")[0] ?? Number.NaN);
    const order = Array.from({ length: RUNS }, (_, n) => n).find((n) => drawOf(n) % 100 === 0);
    if (order === undefined) throw new Error("no draw is a whole number of basis points");
    const fails = (successRateBps: number) =>
      drawOutcome(knobs({ successRateBps }), `order-${order}`).fails;
    expect(fails(drawOf(order) / 100)).toBe(true);
    expect(fails(drawOf(order) / 100 + 1)).toBe(false);
  });

  it("slips by the average on average, and by twice the average at most", () => {
    const drawn = outcomes({ averageSlippageBps: 50 }).map(({ slippagePpm }) => slippagePpm ?? -1n);
    const sum = drawn.reduce((total, ppm) => total + ppm, 0n);
    // Uniform over 0 to 10,000: mean 5,000, its deviation over 10,000 draws is 29.
    expect(sum / BigInt(RUNS)).toBeGreaterThan(4_850n);
    expect(sum / BigInt(RUNS)).toBeLessThan(5_150n);
    expect(drawn.every((ppm) => ppm >= 0n && ppm <= 10_000n)).toBe(true);
    expect(drawn.some((ppm) => ppm > 9_900n)).toBe(true);
    expect(drawn.some((ppm) => ppm < 100n)).toBe(true);
  });

  it("does not slip at an average of 0", () => {
    expect(outcomes({ averageSlippageBps: 0 }).every(({ slippagePpm }) => slippagePpm === 0n)).toBe(
      true,
    );
  });

  it("hands the delay on", () => {
    expect(drawOutcome(knobs({ delayMs: 250 }), ORDER_ID).delayMs).toBe(250);
  });

  it("is another run under another seed, and the same under the same", () => {
    const run = (seed: string) =>
      outcomes({ successRateBps: 5_000, seed }).map(({ fails }) => fails);
    const [a, b] = [run("a"), run("b")];
    expect(run("a")).toEqual(a);
    const same = a.filter((fails, n) => fails === b[n]).length;
    // Half of 10,000 with a deviation of 50.
    expect(same).toBeGreaterThan(4_750);
    expect(same).toBeLessThan(5_250);
  });

  it("draws success and slippage apart", () => {
    const drawn = outcomes({ successRateBps: 5_000, averageSlippageBps: 50 });
    const failed = drawn.filter(({ fails }) => fails);
    const sum = failed.reduce((total, { slippagePpm }) => total + (slippagePpm ?? 0n), 0n);
    expect(sum / BigInt(failed.length)).toBeGreaterThan(4_750n);
    expect(sum / BigInt(failed.length)).toBeLessThan(5_250n);
  });

  it("is total: slippage stays below the whole", () => {
    fc.assert(
      fc.property(
        fc.nat(10_000),
        fc.nat(10_000),
        fc.string(),
        fc.uuid(),
        (rate, average, seed, id) => {
          const drawn = drawOutcome(
            { successRateBps: rate, averageSlippageBps: average, delayMs: 0, seed },
            id,
          );
          expect(drawn.slippagePpm).toBeGreaterThanOrEqual(0n);
          expect(drawn.slippagePpm).toBeLessThan(1_000_000n);
        },
      ),
    );
  });
});
