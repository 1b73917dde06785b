/**
 * What a sandwich might do to a trade: risk class by its worth, chance of an attack, protection by priority fee, tip and route,
 * and what an attack costs. Integers in parts per million; the draw comes from the order id, so that a replay tells the same.
 */
import { divCeil, formatAmount, maxOf, minOf } from "../primitives/amount.ts";
import { drawPpm } from "./chance.ts";
import { assertMevOptions, type MevOptions, RISK_CLASSES, type RiskClass } from "./mev-options.ts";
import { type Protection, protectionAdvice, protectionPpm } from "./mev-protection.ts";
import { PPM, PPM_PER_BPS, type Ppm } from "./paper-fill.ts";

export type MevInput = Protection & {
  /** Worth of what is spent, millionths of a US dollar; undefined where no price leads to one. */
  readonly usdMicros: bigint | undefined;
  readonly slippageToleranceBps: number;
  /** What the slippage model says, 0 to 999,999. */
  readonly modelSlippagePpm: Ppm;
  /**
   * Whether the order's own limit still holds at this slippage in all; where it holds for more it holds for less. The tolerance
   * alone does not say: amounts are rounded, and the limit may hang on an older price.
   */
  readonly fits: (slippagePpm: Ppm) => boolean;
  /** The order id. */
  readonly seed: string;
};

export type MevAssessment = {
  readonly riskClass: RiskClass;
  /** Chance of a sandwich without protection. */
  readonly sandwichProbabilityPpm: number;
  /** Share of that chance that priority fee, tip and route take away; below 1,000,000. */
  readonly protectionPpm: number;
  /** The draw by the seed, against what is left of the chance. */
  readonly attacked: boolean;
  /** What the attack costs on top of the model's slippage; 0 unless attacked and under-protected. */
  readonly impactPpm: number;
};

export type MevResult = {
  /** undefined: nothing could be said. */
  readonly assessment: MevAssessment | undefined;
  /** `NAME: a sentence with the numbers and what would help`. */
  readonly warnings: readonly string[];
};

/** Total and pure. An attack worsens a fill within the order's limit; it never fails one that the limit would let pass. */
export type MevModel = { readonly assess: (input: MevInput) => MevResult };

/**
 * chance left = ⌈probability(class) × (1 − protection)⌉; attacked = draw < chance left; and where the protection is also below
 * what the class wants, impact = min(impact(class), tolerance − model's slippage), reduced to the most that fits the order's
 * limit. A sandwich moves the price up to its victim's limit at most: beyond it the victim's transaction fails, and the
 * attacker has traded with himself. Throws on figures that are out of range.
 */
export function mevModel(options: MevOptions): MevModel {
  assertMevOptions(options);
  return {
    assess: (input) => {
      if (input.usdMicros === undefined) return { assessment: undefined, warnings: [UNKNOWN] };
      const riskClass = riskClassOf(input.usdMicros, options);
      const figures = options.classes[riskClass];
      const protection = protectionPpm(input, options);
      const left = divCeil(BigInt(figures.probabilityPpm) * (PPM - protection), PPM);
      const attacked = drawPpm(input.seed, "mev") < left;
      const isProtected = protection >= BigInt(figures.wantedProtectionPpm);
      const impact = attacked && !isProtected ? impactWithin(input, BigInt(figures.impactPpm)) : 0n;
      const assessment: MevAssessment = {
        riskClass,
        sandwichProbabilityPpm: figures.probabilityPpm,
        protectionPpm: Number(protection),
        attacked,
        impactPpm: Number(impact),
      };
      const warnings = warningsOf(assessment, { input, usdMicros: input.usdMicros, options });
      return { assessment, warnings };
    },
  };
}

const UNKNOWN =
  "MEV_VALUE_UNKNOWN: no price leads from what is spent to US dollars: the risk of an attack is not known";

const USD_MICROS = 1_000_000n;

function riskClassOf(usdMicros: bigint, { classes }: MevOptions): RiskClass {
  const isReached = (name: RiskClass): boolean =>
    usdMicros >= BigInt(classes[name].fromUsd) * USD_MICROS;
  return RISK_CLASSES.findLast(isReached) ?? "LOW";
}

/** The most of `wanted` that tolerance and limit leave above the model's slippage. */
function impactWithin(input: MevInput, wanted: Ppm): Ppm {
  const { modelSlippagePpm, fits, slippageToleranceBps } = input;
  const most = minOf(BigInt(slippageToleranceBps) * PPM_PER_BPS, PPM - 1n);
  let high = minOf(wanted, maxOf(0n, most - modelSlippagePpm));
  if (fits(modelSlippagePpm + high)) return high;
  let low = 0n;
  while (low < high) {
    const middle = (low + high + 1n) / 2n;
    if (fits(modelSlippagePpm + middle)) low = middle;
    else high = middle - 1n;
  }
  return low;
}

type Facts = {
  readonly input: MevInput;
  readonly usdMicros: bigint;
  readonly options: MevOptions;
};

function warningsOf(assessment: MevAssessment, { input, usdMicros, options }: Facts): string[] {
  const { attacked, impactPpm, protectionPpm: protection, riskClass } = assessment;
  const wanted = options.classes[riskClass].wantedProtectionPpm;
  const chance = percent(assessment.sandwichProbabilityPpm);
  const warnings: string[] = [];
  if (riskClass === "HIGH" || riskClass === "CRITICAL") {
    const usd = formatAmount(usdMicros / 10_000n, 2);
    const room = `its tolerance leaves an attacker up to ${input.slippageToleranceBps} bps`;
    warnings.push(
      `MEV_RISK_${riskClass}: a trade of ${usd} US dollars is sandwiched with a chance of ${chance} ` +
        `when nothing protects it, and ${room}: smaller trades and a tighter tolerance help`,
    );
  }
  if (protection < wanted) {
    warnings.push(
      `MEV_UNDER_PROTECTED: ${percent(protection)} of the risk is taken away, ` +
        `${percent(wanted)} is wanted for ${riskClass}: ` +
        protectionAdvice(input, BigInt(wanted), options),
    );
  }
  if (attacked) {
    warnings.push(
      protection < wanted
        ? `MEV_ATTACKED: a sandwich worsened the trade by ${percent(impactPpm)}`
        : "MEV_ATTACKED: a sandwich was tried; the protection kept the price",
    );
  }
  return warnings;
}

/** 12,500 ppm is "1.25 %". */
const percent = (ppm: number): string => `${formatAmount(BigInt(ppm), 4)} %`;
