/** Rules about the compute budget, and what the transaction pays with its tip. */
import { COMPUTE_BUDGET_PROGRAM, LAMPORTS_PER_SIGNATURE } from "./addresses.ts";
import { readUint } from "./bytes.ts";
import { isDontFront } from "./gate-accounts.ts";
import type { GateContext } from "./gate-context.ts";
import { type FeeFacts, type Refusal, refused } from "./gate-verdict.ts";
import {
  UNIT_LIMIT_BYTES,
  UNIT_LIMIT_TAG,
  UNIT_PRICE_BYTES,
  UNIT_PRICE_TAG,
} from "./message-edit.ts";

/** Most that a transaction can get: solana.com/docs/core/fees. */
export const MAX_UNIT_LIMIT = 1_400_000n;
const MICRO = 1_000_000n;

type Budget = { readonly unitLimit: bigint; readonly price: bigint };

/** What is paid; a refusal where the budget is not exactly one limit and one price, or comes to more than the cap. */
export function checkFees(context: GateContext): FeeFacts | Refusal {
  const { intent, requiredSignatures } = context;
  const budget = budgetOf(context);
  if ("kind" in budget) return budget;
  const { unitLimit, price } = budget;
  if (unitLimit < 1n || unitLimit > MAX_UNIT_LIMIT) {
    return refused("unit-limit", `${unitLimit} units`, `1 to ${MAX_UNIT_LIMIT}`);
  }
  const priorityFeeLamports = (price * unitLimit + MICRO - 1n) / MICRO;
  const tipLamports = intent.tip?.lamports ?? 0n;
  if (priorityFeeLamports + tipLamports > intent.feeCapLamports) {
    const found = `priority fee ${priorityFeeLamports} and tip ${tipLamports} lamports`;
    return refused("fee-cap", found, `${intent.feeCapLamports} together`);
  }
  return {
    unitLimit: Number(unitLimit),
    unitPriceMicroLamports: price,
    priorityFeeLamports,
    baseFeeLamports: LAMPORTS_PER_SIGNATURE * BigInt(requiredSignatures),
    tipLamports,
  };
}

function budgetOf({ instructions }: GateContext): Budget | Refusal {
  const say = (found: string) => refused("compute-budget", found, "one unit limit, one unit price");
  const limits: bigint[] = [];
  const prices: bigint[] = [];
  for (const { programId, data, accounts } of instructions) {
    if (programId !== COMPUTE_BUDGET_PROGRAM) continue;
    if (accounts.some((meta) => !isDontFront(meta))) return say("accounts of the compute budget");
    const [tag] = data;
    if (tag === UNIT_LIMIT_TAG && data.length === UNIT_LIMIT_BYTES) {
      limits.push(readUint(data, 1, 4) ?? 0n);
    } else if (tag === UNIT_PRICE_TAG && data.length === UNIT_PRICE_BYTES) {
      prices.push(readUint(data, 1, 8) ?? 0n);
    } else return say(`instruction ${tag} of ${data.length} bytes`);
  }
  const [unitLimit] = limits;
  const [price] = prices;
  return unitLimit !== undefined && price !== undefined && limits.length + prices.length === 2
    ? { unitLimit, price }
    : say(`${limits.length} unit limits, ${prices.length} unit prices`);
}
