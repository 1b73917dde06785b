/**
 * Knobs for testing a strategy, the field's "mock executor": how often trades succeed, how much they slip on average and how
 * long they take, whatever the market does. Drawn from a seed and the order id: the same run twice is the same run.
 */
import { minOf } from "../primitives/amount.ts";
import { drawPpm } from "./chance.ts";
import { PPM, PPM_PER_BPS, type Ppm } from "./paper-fill.ts";

export type OutcomeKnobs = {
  /** Share of executions that succeed, basis points, 0 to 10,000. */
  readonly successRateBps: number;
  /** Takes the place of the slippage model's answer: the mean, basis points, 0 to 4,999. undefined: the model decides. */
  readonly averageSlippageBps: number | undefined;
  /** Takes the place of the configured delay, milliseconds. undefined: that one holds. */
  readonly delayMs: number | undefined;
  /** Another seed is another run. */
  readonly seed: string;
};

/** Changes nothing. */
export const NO_KNOBS: OutcomeKnobs = {
  successRateBps: 10_000,
  averageSlippageBps: undefined,
  delayMs: undefined,
  seed: "",
};

export type Outcome = {
  readonly fails: boolean;
  /** The draw against the rate, for the record: `234567 of 1000000, below 990000 succeeds`. */
  readonly draw: string;
  /** 0 to 999,999; undefined: as the slippage model says. */
  readonly slippagePpm: Ppm | undefined;
  /** How the slippage was drawn, for the record; empty where it was not. */
  readonly slippageTerms: Readonly<Record<string, string>>;
  readonly delayMs: number | undefined;
};

/**
 * success = draw < rate. Slippage is uniform over the whole numbers 0 to 2 × average, so that its mean is the average: with an
 * average of 4,999 bps it stays below the whole. Pure.
 */
export function drawOutcome(knobs: OutcomeKnobs, orderId: string): Outcome {
  const { successRateBps, averageSlippageBps, delayMs } = knobs;
  // The order id has a fixed form: no other pair of seed and id is the same text.
  const seed = `${orderId}\n${knobs.seed}`;
  const success = drawPpm(seed, "outcome");
  const rate = BigInt(successRateBps) * PPM_PER_BPS;
  return {
    fails: success >= rate,
    draw: `${success} of ${PPM}, below ${rate} succeeds`,
    ...slippageOf(averageSlippageBps, seed),
    delayMs,
  };
}

function slippageOf(
  averageSlippageBps: number | undefined,
  seed: string,
): Pick<Outcome, "slippagePpm" | "slippageTerms"> {
  if (averageSlippageBps === undefined) return { slippagePpm: undefined, slippageTerms: {} };
  const most = 2n * BigInt(averageSlippageBps) * PPM_PER_BPS;
  const draw = drawPpm(seed, "slippage");
  return {
    slippagePpm: minOf((draw * (most + 1n)) / PPM, PPM - 1n),
    slippageTerms: {
      averageSlippageBps: String(averageSlippageBps),
      slippageDraw: `${draw} of ${PPM}, spread evenly over 0 to ${most} ppm`,
    },
  };
}
