/** `paper.mev` and `paper.outcomes`: what a configuration turns into, and what is said about a wrong one. */
import { describe, expect, it } from "vitest";
import { loadConfig } from "../../adapters/config.ts";
import { mevModel } from "../../domain/pricing/mev.ts";

const load = (...set: readonly string[]) => loadConfig({ set }, {});

function paper(...set: readonly string[]) {
  const result = load(...set);
  if (result.kind === "wrong") throw new Error(result.problems.join("\n"));
  return result.config.paper;
}

const problems = (...set: readonly string[]): readonly string[] => {
  const result = load(...set);
  return result.kind === "wrong" ? result.problems : [];
};

describe("paper.mev", () => {
  it("takes single figures", () => {
    const { mev } = paper(
      "paper.mev.classes.HIGH.fromUsd=20000",
      "paper.mev.protection.tip.halfLamports=50000",
    );
    expect(mev.classes.HIGH).toMatchObject({ fromUsd: 20_000, probabilityPpm: 80_000 });
    expect(mev.classes.LOW.fromUsd).toBe(0);
    expect(mev.protection.tip).toEqual({ maximumPpm: 600_000, halfLamports: 50_000n });
    expect(() => mevModel(mev)).not.toThrow();
  });

  it.each([
    ["paper.mev.classes.HIGH.fromUsd=1000", "must be above that of MEDIUM, 1000"],
    ["paper.mev.classes.MEDIUM.probabilityPpm=4999", "must not be below that of LOW, 5000"],
    ["paper.mev.classes.CRITICAL.impactPpm=9999", "must not be below that of HIGH, 10000"],
    ["paper.mev.classes.HIGH.impactPpm=1000000", "must be a whole number from 0 to 999999"],
    ["paper.mev.protection.tip.halfLamports=0", "must be at least 1 lamport"],
    ["paper.mev.protection.routePpm=-1", "must be a whole number from 0 to 999999"],
  ])("refuses %s", (setting, message) => {
    const [key = ""] = setting.split("=");
    expect(problems(setting)).toContainEqual(expect.stringContaining(`\`${key}\` ${message}`));
  });

  it("compares classes only where every figure is one", () => {
    expect(problems("paper.mev.classes.LOW.probabilityPpm=1000001")).toEqual([
      "--set paper.mev.classes.LOW.probabilityPpm: `paper.mev.classes.LOW.probabilityPpm` " +
        "must be a whole number from 0 to 1000000, not 1000001",
    ]);
  });

  it("knows no beginning of the lowest class", () => {
    const result = loadConfig({ set: ["paper.mev.classes.LOW.fromUsd=5"] }, {});
    expect(result).toMatchObject({ kind: "wrong" });
  });
});

describe("paper.outcomes", () => {
  it("is off until a knob is turned", () => {
    const knobs = (...set: readonly string[]) => paper(...set).outcomes;
    expect(knobs()).toBeUndefined();
    expect(knobs("paper.outcomes.seed=other")).toBeUndefined();
    expect(knobs("paper.outcomes.successRateBps=9000")).toEqual({
      ...{ successRateBps: 9_000, averageSlippageBps: undefined, delayMs: undefined, seed: "" },
    });
    expect(knobs("paper.outcomes.averageSlippageBps=0")?.averageSlippageBps).toBe(0);
    expect(knobs("paper.outcomes.delayMs=0")?.delayMs).toBe(0);
  });

  it.each([
    ["paper.outcomes.successRateBps=10001", "must be a whole number from 0 to 10000"],
    ["paper.outcomes.averageSlippageBps=5000", "must be a whole number from 0 to 4999"],
    ["paper.outcomes.delayMs=600001", "must be a whole number from 0 to 600000"],
    [`paper.outcomes.seed=${"x".repeat(101)}`, "must be at most 100 printable characters"],
  ])("refuses %s", (setting, message) => {
    const [key = ""] = setting.split("=");
    expect(problems(setting)).toEqual([expect.stringContaining(`\`${key}\` ${message}`)]);
  });
});
