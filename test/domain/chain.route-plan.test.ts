/** Route plans with venues of every kind: each argument has to be read exactly, or the amounts behind it are others. */
import { describe, expect, test } from "vitest";
import { readRoutePlan } from "../../domain/chain/route-plan.ts";
import { uint } from "../support/chain-answers.ts";

/** A plan of one step over a venue with its arguments, and two bytes behind it. */
const read = (tag: number, fields: readonly number[]) => {
  const data = Uint8Array.from([...uint(1, 4), tag, ...fields, 100, 0, 1, 9, 9]);
  const plan = readRoutePlan(data, 0);
  if (plan.kind === "problem") return plan.problem;
  return `${plan.steps[0]?.venue}, ${data.length - plan.end} left`;
};
const zeros = (count: number): number[] => new Array<number>(count).fill(0);
const slices = (count: number): number[] => [...uint(count, 4), ...zeros(2 * count)];

describe("venues", () => {
  // Tags by the IDL: counted there, not here.
  test.each<[string, number, readonly number[]]>([
    ["Saber", 0, []],
    ["Crema", 8, [1]],
    ["Whirlpool", 17, [0]],
    ["Symmetry", 29, zeros(16)],
    ["MeteoraDlmm", 38, []],
    ["SanctumS", 43, zeros(10)],
    ["SanctumSRemoveLiquidity", 45, zeros(5)],
    ["RaydiumCP", 46, []],
    ["WhirlpoolSwapV2", 47, [1, 0]],
    ["WhirlpoolSwapV2", 47, [1, 1, ...slices(2)]],
    ["Obric", 58, [1]],
    ["MeteoraDlmmSwapV2", 75, slices(3)],
    ["RaydiumLaunchlabSell", 82, zeros(8)],
    ["HumidiFi", 87, [...zeros(8), 1]],
    ["TesseraV", 89, [1]],
    ["Aquifer", 96, []],
    ["DefiTuna", 103, [1, 1, ...slices(1)]],
    ["AlphaQ", 104, [1]],
    ["RaydiumV2", 105, []],
    ["DynamicV1", 111, [...uint(2, 4), 0, ...zeros(9), 3, 0]],
    ["DynamicV1", 111, [...uint(1, 4), 10, 1, 1, ...slices(1), 1, 7]],
    ["Manifest", 116, [1]],
    ["HumidiFiV2", 118, [...zeros(8), 1]],
    ["GoonFiV2", 121, [1]],
    ["Scorch", 122, zeros(16)],
    ["VaultLiquidUnstake", 123, zeros(48)],
    ["Quantum", 125, [0]],
    ["WhaleStreetV2", 126, zeros(17)],
    ["Hylo", 132, [7]],
    ["DynamicV2", 146, [...uint(1, 4), 4, ...uint(5_000, 4), 1, 1]],
    ["Deriverse", 161, zeros(5)],
    ["PerenaStarV2WithdrawFromExternal", 170, [3]],
    ["SanctumSols", 171, [2]],
    ["PerenaStarV2TrancheWithdrawFromExternal", 183, [1, 1, 5]],
    ["HumidiFiRouter", 185, zeros(57)],
    ["HumidiFiRouterV2", 186, zeros(65)],
    ["PumpWrappedBuyV6", 187, [1, 0]],
    ["HyloRouter", 188, []],
  ])("%s", (name, tag, fields) => {
    expect(read(tag, fields)).toBe(`${name}, 2 left`);
  });

  test.each<[string, number, readonly number[], RegExp]>([
    ["a boolean of 2", 17, [2], /2 where 2 choices/],
    ["an option of 2", 47, [0, 2], /2 where 2 choices/],
    ["a kind that is none", 132, [8], /8 where 8 choices/],
    ["opaque data of a maker", 120, [0], /JupiterRfqV2 .*cannot be read/],
    ["a candidate that is none", 111, [...uint(1, 4), 17, 0], /candidate 17/],
    ["too many candidates", 111, uint(65, 4), /a list of 65/],
    ["a venue behind the last", 189, [], /venue 189 is not known/],
    ["arguments that end early", 185, zeros(20), /end within/],
  ])("%s is refused", (_, tag, fields, problem) => {
    expect(read(tag, fields)).toMatch(problem);
  });
});

describe("steps", () => {
  const step = (percent: number, from: number, to: number) =>
    readRoutePlan(Uint8Array.from([...uint(1, 4), 46, percent, from, to]), 0);

  test("have a percentage and two ends", () => {
    expect(step(1, 0, 1)).toMatchObject({ kind: "plan", end: 8 });
    expect(step(100, 2, 0)).toMatchObject({
      steps: [{ venue: "RaydiumCP", percent: 100, inputIndex: 2, outputIndex: 0 }],
    });
    for (const bad of [step(0, 0, 1), step(101, 0, 1), step(100, 1, 1)]) {
      expect(bad.kind).toBe("problem");
    }
  });

  test("a plan has one at least, and 32 at most", () => {
    const plan = (count: number) =>
      readRoutePlan(
        Uint8Array.from([
          ...uint(count, 4),
          ...Array.from({ length: count }, () => [46, 1, 0, 1]).flat(),
        ]),
        0,
      ).kind;
    expect([0, 1, 32, 33].map(plan)).toEqual(["problem", "plan", "plan", "problem"]);
    expect(readRoutePlan(new Uint8Array(3), 0).kind).toBe("problem");
    expect(readRoutePlan(new Uint8Array(3), 9).kind).toBe("problem");
  });
});
