/** Why a transaction failed, as far as an engine has to know: over its slippage tolerance, or for another reason. */
import { z } from "zod";
import { JUPITER_PROGRAM } from "./addresses.ts";
import { jupiterRouteOf } from "./jupiter-route.ts";
import type { ChainTransaction } from "./transaction.ts";

export type ChainFailure = "slippage" | "other";

/** Jupiter's SlippageToleranceExceeded, 0x1771. */
const SLIPPAGE_EXCEEDED = 6_001;

const customError = z.object({
  InstructionError: z.tuple([z.int().min(0), z.object({ Custom: z.int().min(0) })]),
});

/**
 * Undefined where the transaction succeeded. A custom code means something only together with its program: it is slippage when the
 * outer instruction that failed is a swap of Jupiter or called one.
 */
export function failureOf({ error, instructions }: ChainTransaction): ChainFailure | undefined {
  if (error === undefined) return undefined;
  const parsed = customError.safeParse(error);
  if (!parsed.success) return "other";
  const [outer, { Custom: code }] = parsed.data.InstructionError;
  const isSwap = instructions.some(
    (instruction) =>
      instruction.outer === outer &&
      instruction.programId === JUPITER_PROGRAM &&
      jupiterRouteOf(instruction) !== undefined,
  );
  return isSwap && code === SLIPPAGE_EXCEEDED ? "slippage" : "other";
}
