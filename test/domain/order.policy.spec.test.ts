/** Each policy check at its boundary, with the limit and the value that it records. */
import { describe, expect, it } from "vitest";
import type { Policy, Token } from "../../domain/order/policy.ts";
import type { Mint } from "../../domain/primitives/ids.ts";
import { given, timeOf } from "../support/given.ts";
import { CHECKS, check, requested } from "../support/order-events.ts";
import { BONK, POLICY, SOL, TICKET, USDC, validate } from "../support/order-samples.ts";

type Case = {
  readonly name: string;
  readonly request?: Record<string, unknown>;
  readonly policy?: Partial<Policy>;
  readonly accountOpen?: boolean;
  /** The last check that is recorded; with reason and message the order is rejected for it. */
  readonly line: { readonly check: string; readonly limit: string; readonly value: string };
  readonly reason?: string;
  readonly message?: string;
};

const limits = (mint: Mint, sizes: Partial<Token>): Partial<Policy> => {
  const tokens = new Map(POLICY.tokens);
  const known = tokens.get(mint);
  if (known) tokens.set(mint, { ...known, ...sizes });
  return { tokens };
};
const without = (mint: Mint): Partial<Policy> => ({
  tokens: new Map([...POLICY.tokens].filter(([known]) => known !== mint)),
});
const sized = limits(SOL, { minAmount: 1_000_000n, maxAmount: 2_000_000_000n });
const pair = `${SOL}/${USDC}`;
const NOW = "2026-01-01T00:00:00.001000Z";

const CASES: readonly Case[] = [
  {
    name: "a closed account",
    accountOpen: false,
    line: check("account", "open", "closed"),
    reason: "ACCOUNT_CLOSED",
    message: "account main is closed",
  },
  {
    name: "an unknown base mint",
    policy: without(SOL),
    line: check("base_mint", "supported mints", SOL),
    reason: "MINT_NOT_SUPPORTED",
    message: `base_mint ${SOL} is not among the 3 configured tokens`,
  },
  {
    name: "an unknown quote mint",
    policy: without(USDC),
    line: check("quote_mint", "supported mints", USDC),
    reason: "MINT_NOT_SUPPORTED",
    message: `quote_mint ${USDC} is not among the 3 configured tokens`,
  },
  ...[pair, `${USDC}/${SOL}`].map((blocked) => ({
    name: `a blocked pair, named ${blocked === pair ? "base first" : "quote first"}`,
    policy: { blockedPairs: new Set([blocked]) },
    line: check("pair", "not blocked", pair),
    reason: "PAIR_NOT_SUPPORTED",
    message: `the pair ${pair} is blocked by configuration`,
  })),
  {
    name: "one unit under the minimum size",
    request: { amount: 999_999n },
    policy: sized,
    line: check("minimum_size", "1000000", "999999"),
    reason: "AMOUNT_TOO_SMALL",
    message: "amount 0.000999999 SOL is below the minimum of 0.001 SOL",
  },
  {
    name: "one unit over the maximum size",
    request: { amount: 2_000_000_001n },
    policy: sized,
    line: check("maximum_size", "2000000000", "2000000001"),
    reason: "AMOUNT_TOO_LARGE",
    message: "amount 2.000000001 SOL is above the maximum of 2 SOL",
  },
  {
    name: "an output amount, measured by the mint that it counts",
    request: { isBaseInput: false, amount: 5_000_001n },
    policy: limits(USDC, { maxAmount: 5_000_000n }),
    line: check("maximum_size", "5000000", "5000001"),
    reason: "AMOUNT_TOO_LARGE",
    message: "amount 5.000001 USDC is above the maximum of 5 USDC",
  },
  {
    name: "a tolerance of 5000 bps",
    request: { slippageToleranceBps: 5_000 },
    line: check("slippage_tolerance_bps", "< 5000", "5000"),
    reason: "SLIPPAGE_TOLERANCE_TOO_HIGH",
    message: "slippage_tolerance_bps 5000 must be below 5000",
  },
  {
    name: "a priority fee of 1000000 lamports",
    request: { priorityFeeLamports: 1_000_000n },
    line: check("priority_fee_lamports", "< 1000000", "1000000"),
    reason: "PRIORITY_FEE_TOO_HIGH",
    message: "priority_fee_lamports 1000000 must be below 1000000",
  },
  {
    name: "a tip without protection",
    request: { mev: { simulate: false, protect: false, tipLamports: 1n } },
    line: check("mev", "a tip only with protection", "protect false, tip 1"),
    reason: "MEV_PARAMETERS_INCONSISTENT",
    message: "mev.tip_lamports 1 buys protection that mev.protect = false declines",
  },
  {
    name: "an unknown slippage model",
    request: { slippageModel: "vola" },
    policy: { slippageModels: new Set(["fixed", "impact"]) },
    line: check("slippage_model", "fixed, impact", "vola"),
    reason: "SLIPPAGE_MODEL_UNKNOWN",
    message: 'slippage_model "vola" is not one of: fixed, impact',
  },
  {
    name: "an expiry at this very microsecond",
    request: { expiresAtUs: timeOf(1) },
    line: check("expires_at", `after ${NOW}`, NOW),
    reason: "EXPIRES_IN_THE_PAST",
    message: `expires_at ${NOW} is not after ${NOW}`,
  },
  // The other side of each boundary: validated, with this line on record.
  {
    name: "the minimum size exactly",
    request: { amount: 1_000_000n },
    policy: sized,
    line: check("minimum_size", "1000000", "1000000"),
  },
  {
    name: "the maximum size exactly",
    request: { amount: 2_000_000_000n },
    policy: sized,
    line: check("maximum_size", "2000000000", "2000000000"),
  },
  {
    name: "a tolerance of 4999 bps",
    request: { slippageToleranceBps: 4_999 },
    line: check("slippage_tolerance_bps", "< 5000", "4999"),
  },
  {
    name: "a tolerance of 0",
    request: { slippageToleranceBps: 0 },
    line: check("slippage_tolerance_bps", "< 5000", "0"),
  },
  {
    name: "a priority fee of 999999 lamports",
    request: { priorityFeeLamports: 999_999n },
    line: check("priority_fee_lamports", "< 1000000", "999999"),
  },
  {
    name: "a tip with protection",
    request: { mev: { simulate: false, protect: true, tipLamports: 1n } },
    line: check("mev", "a tip only with protection", "protect true, tip 1"),
  },
  {
    name: "a tip with the configured protection",
    request: { mev: { simulate: false, tipLamports: 1n } },
    line: check("mev", "a tip only with protection", "protect configured, tip 1"),
  },
  {
    name: "no tip and no protection",
    request: { mev: { simulate: false, protect: false } },
    line: check("mev", "a tip only with protection", "protect false, tip 0"),
  },
  {
    name: "an expiry one microsecond ahead",
    request: { expiresAtUs: timeOf(1) + 1 },
    line: check("expires_at", `after ${NOW}`, "2026-01-01T00:00:00.001001Z"),
  },
  {
    name: "no expiry",
    request: { expiresAtUs: undefined },
    line: check("expires_at", `after ${NOW}`, "never"),
  },
  {
    name: "a blocked pair that is another",
    policy: { blockedPairs: new Set([`${SOL}/${BONK}`, `${BONK}/${USDC}`]) },
    line: check("pair", "not blocked", pair),
  },
];

describe("validation", () => {
  it.each(CASES)("of $name", ({ request, policy, accountOpen, line, reason, message }) => {
    const { then, events } = given([requested(request)]).when(validate(policy, accountOpen));
    const [event] = events;
    const checks = event && "checks" in event.data ? event.data.checks : [];
    if (reason === undefined) {
      expect(event?.type).toBe("OrderValidated");
      expect(checks).toContainEqual(line);
      expect(checks).toHaveLength(CHECKS.length);
      return;
    }
    expect(checks.at(-1)).toEqual(line);
    // What was checked before is on record too, in the order of the checks.
    const names = CHECKS.map(({ check: name }) => name);
    expect(checks.map(({ check: name }) => name)).toEqual(names.slice(0, checks.length));
    then({
      type: "OrderRejected",
      data: { stage: "validate", reason, message: message ?? "", checks },
    });
  });

  it("tries every check at least once from both sides", () => {
    const refused = CASES.filter(({ reason }) => reason !== undefined);
    expect(new Set(refused.map(({ line }) => line.check))).toEqual(
      new Set(CHECKS.map(({ check: name }) => name)),
    );
  });

  it("keeps the decimals that it knew", () => {
    const { events } = given([requested({ baseMint: TICKET, quoteMint: BONK })]).when(validate());
    expect(events).toMatchObject([
      { type: "OrderValidated", data: { baseDecimals: 0, quoteDecimals: 5 } },
    ]);
  });
});
