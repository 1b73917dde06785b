/** `paper.mev` and `paper.outcomes`: the figures of the MEV model, and the knobs that draw outcomes for tests of strategies. */
import { z } from "zod";
import { mevProblems } from "../../domain/pricing/mev-options.ts";
import { NO_KNOBS, type OutcomeKnobs } from "../../domain/pricing/outcomes.ts";
import { lamports, whole } from "./values.ts";

const figures = {
  probabilityPpm: whole(0, 1_000_000),
  impactPpm: whole(0, 999_999),
  wantedProtectionPpm: whole(0, 1_000_000),
};
const riskClass = z.strictObject({ fromUsd: whole(1, 1_000_000_000_000), ...figures });

const saturation = z.strictObject({
  maximumPpm: whole(0, 999_999),
  halfLamports: lamports.refine((value) => value > 0n, "must be at least 1 lamport"),
});

const mevFigures = z.strictObject({
  classes: z.strictObject({
    LOW: z.strictObject(figures).transform((low) => ({ fromUsd: 0, ...low })),
    MEDIUM: riskClass,
    HIGH: riskClass,
    CRITICAL: riskClass,
  }),
  protection: z.strictObject({
    priorityFee: saturation,
    tip: saturation,
    routePpm: whole(0, 999_999),
  }),
});

/** Classes are compared where every figure is one: a pipe ends at the first part that finds something wrong. */
export const mevSchema = mevFigures.pipe(
  z.custom<z.output<typeof mevFigures>>().superRefine((mev, context) => {
    for (const { path, message } of mevProblems(mev)) {
      context.issues.push({ code: "custom", path: [...path], message, input: mev });
    }
  }),
);

const SEED = "must be at most 100 printable characters";

/** undefined where no knob is turned: nothing is drawn then. */
export const outcomesSchema = z
  .strictObject({
    successRateBps: whole(0, 10_000),
    averageSlippageBps: whole(0, 4_999).optional(),
    delayMs: whole(0, 600_000).optional(),
    seed: z.string(SEED).regex(/^[\x20-\x7e]{0,100}$/, SEED),
  })
  .transform(({ successRateBps, averageSlippageBps, delayMs, seed }): OutcomeKnobs | undefined => {
    const isTurned =
      successRateBps !== NO_KNOBS.successRateBps ||
      averageSlippageBps !== undefined ||
      delayMs !== undefined;
    return isTurned ? { successRateBps, averageSlippageBps, delayMs, seed } : undefined;
  });
