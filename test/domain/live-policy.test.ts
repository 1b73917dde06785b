/** Each check of a live order at its boundary, with the limit and the value that it records. */
import { describe, expect, it } from "vitest";
import { both, checkLive, type LiveFacts } from "../../domain/order/live-policy.ts";
import type { PolicyResult } from "../../domain/order/policy.ts";
import { priorityFee } from "../../domain/pricing/priority-fee.ts";
import { given } from "../support/given.ts";
import { liveRequested, WALLET } from "../support/live-order-events.ts";
import { CHECKS, check } from "../support/order-events.ts";
import { BONK, requestOf, SOL, USDC, validate } from "../support/order-samples.ts";

const GENESIS = "5eykt4UsFv8P8NJdTREpY1vzqKqZKvdpKuc147dw2N9d";
const fee = (explicitLamports: bigint | undefined) =>
  priorityFee({
    ...{ urgency: "NORMAL", unitLimit: 1_400_000, prices: [], explicitLamports },
    tip: undefined,
  });

const FACTS: LiveFacts = {
  ...{ wallet: WALLET, genesisHash: GENESIS, isClusterKnown: true, hasProtectedRoute: false },
  ...{ fee: fee(undefined), feeCapLamports: 10_000n, slippageToleranceBps: 1_000 },
  ...{ platformFeeBps: 0, exposure: 0n, maxExposure: undefined },
  ...{ ordersInMinute: 1, maxOrdersPerMinute: 60 },
  extensions: new Map([
    [SOL, []],
    [USDC, []],
  ]),
};

const PASSED = [
  check("wallet", "a signer for it", WALLET),
  check("genesis_hash", GENESIS, GENESIS),
  check("protected_route", "not configured", "as configured"),
  check("fee_account", "no platform fee", "none"),
  check("live_slippage_tolerance_bps", "1000", "200"),
  check("fee_cap_lamports", "10000", "2500"),
  check("orders_per_minute", "60", "1"),
  check(`exposure ${SOL}`, "none", "1500000000"),
  check(`token_extensions ${SOL}`, "none but the allowed ones", "none"),
  check(`token_extensions ${USDC}`, "none but the allowed ones", "none"),
];

type Case = {
  readonly name: string;
  readonly request?: Record<string, unknown>;
  readonly facts: Partial<LiveFacts>;
  /** The line of this check; with a reason it is the last one. */
  readonly line: { readonly check: string; readonly limit: string; readonly value: string };
  readonly reason?: string;
  readonly message?: string;
};

const mev = (protect: boolean | undefined, tipLamports = 0n) => ({
  mev: { simulate: false, tipLamports, ...(protect === undefined ? {} : { protect }) },
});
const FEE_ACCOUNT = "7XSzhRMkmKmXe2LVTnC1X3Qd3hMPDkZkYT4wC1pR5rXk";
const NO_ROUTE = {
  reason: "PROTECTION_NOT_AVAILABLE",
  message:
    "mev.protect asks for a protected route, and neither Jito nor a private sender is configured",
};
const exposed = (text: string) =>
  `open live orders of account main would hold ${text} smallest units of ${SOL}, ` +
  "at most 2000000000 are allowed";

const CASES: readonly Case[] = [
  {
    name: "no signer for the account's wallet",
    facts: { wallet: undefined },
    line: check("wallet", "a signer for it", "none"),
    reason: "WALLET_NOT_AVAILABLE",
    message: "no signer holds the key of account main",
  },
  {
    name: "no node on the configured cluster",
    facts: { isClusterKnown: false },
    line: check("genesis_hash", GENESIS, "not confirmed by any node"),
    reason: "CLUSTER_NOT_CONFIRMED",
    message: `no node has shown that it is on the cluster with genesis hash ${GENESIS}`,
  },
  {
    name: "protection that is not there",
    request: mev(true),
    facts: {},
    line: check("protected_route", "not configured", "demanded"),
    ...NO_ROUTE,
  },
  {
    name: "a tip where nobody takes one",
    request: mev(undefined, 1_000n),
    facts: {},
    line: check("protected_route", "not configured", "as configured"),
    ...NO_ROUTE,
  },
  {
    name: "protection that is there",
    request: mev(true, 1_000n),
    facts: { hasProtectedRoute: true },
    line: check("protected_route", "configured", "demanded"),
  },
  {
    name: "protection that is declined",
    request: mev(false),
    facts: {},
    line: check("protected_route", "not configured", "declined"),
  },
  {
    name: "a fee account without a platform fee",
    request: { feeAccount: FEE_ACCOUNT },
    facts: {},
    line: check("fee_account", "no platform fee", FEE_ACCOUNT),
    reason: "FEE_ACCOUNT_NOT_ALLOWED",
    message: "fee_account needs jupiter.platformFeeBps above 0 in the configuration",
  },
  {
    name: "a fee account with a platform fee",
    request: { feeAccount: FEE_ACCOUNT },
    facts: { platformFeeBps: 20 },
    line: check("fee_account", "platform fee 20 bps", FEE_ACCOUNT),
  },
  {
    name: "a tolerance over what live orders may have",
    request: { slippageToleranceBps: 1_001 },
    facts: {},
    line: check("live_slippage_tolerance_bps", "1000", "1001"),
    reason: "SLIPPAGE_TOLERANCE_TOO_HIGH",
    message: "slippage_tolerance_bps 1001 is above the 1000 that live orders may have",
  },
  {
    name: "the highest tolerance that live orders may have",
    request: { slippageToleranceBps: 1_000 },
    facts: {},
    line: check("live_slippage_tolerance_bps", "1000", "1000"),
  },
  {
    name: "a fee over the cap",
    facts: { fee: fee(10_001n) },
    line: check("fee_cap_lamports", "10000", "10001"),
    reason: "FEE_ABOVE_CAP",
    message: "the priority fee of 10001 lamports: over the cap of 10000",
  },
  {
    name: "a fee at the cap",
    facts: { fee: fee(10_000n) },
    line: check("fee_cap_lamports", "10000", "10000"),
  },
  {
    name: "one order too many in a minute",
    facts: { ordersInMinute: 61 },
    line: check("orders_per_minute", "60", "61"),
    reason: "TOO_MANY_ORDERS_PER_MINUTE",
    message: "account main has sent 61 live orders in a minute, at most 60 allowed",
  },
  {
    name: "as many orders in a minute as are allowed",
    facts: { ordersInMinute: 60 },
    line: check("orders_per_minute", "60", "60"),
  },
  {
    name: "one unit over the exposure, open orders counted",
    facts: { exposure: 500_000_001n, maxExposure: 2_000_000_000n },
    line: check(`exposure ${SOL}`, "2000000000", "2000000001"),
    reason: "EXPOSURE_TOO_HIGH",
    message: exposed("2000000001"),
  },
  {
    name: "exactly the exposure",
    facts: { exposure: 500_000_000n, maxExposure: 2_000_000_000n },
    line: check(`exposure ${SOL}`, "2000000000", "2000000000"),
  },
  {
    name: "extensions that are not allowed",
    facts: {
      extensions: new Map([
        [SOL, []],
        [USDC, ["TransferHook", "PermanentDelegate"]],
      ]),
    },
    line: check(
      ...([`token_extensions ${USDC}`, "none but the allowed ones"] as const),
      "TransferHook, PermanentDelegate",
    ),
    reason: "TOKEN_EXTENSION_NOT_ALLOWED",
    message: `the mint ${USDC} has extensions that are not allowed: TransferHook, PermanentDelegate`,
  },
  {
    name: "a mint that could not be read",
    facts: { extensions: new Map([[USDC, []]]) },
    line: check(`token_extensions ${SOL}`, "none but the allowed ones", "not read"),
    reason: "MINT_NOT_READABLE",
    message: `the mint ${SOL} could not be read from the chain`,
  },
  {
    name: "no mint that could be read",
    facts: { extensions: undefined },
    line: check(`token_extensions ${SOL}`, "none but the allowed ones", "not read"),
    reason: "MINT_NOT_READABLE",
    message: `the mint ${SOL} could not be read from the chain`,
  },
];

describe("the checks of a live order", () => {
  it("are recorded one by one, in their order", () => {
    expect(checkLive(requestOf(), FACTS)).toEqual({ checks: PASSED, refusal: undefined });
  });

  it.each(CASES)("$name", ({ request = {}, facts, line, reason, message }) => {
    const { checks, refusal } = checkLive(requestOf(request), { ...FACTS, ...facts });
    expect(checks).toContainEqual(line);
    expect(refusal).toEqual(reason === undefined ? undefined : { reason, message });
    // A list stops at the first failure.
    const at = checks.findIndex((one) => one.check === line.check);
    expect(checks).toHaveLength(reason === undefined ? PASSED.length : at + 1);
    expect(checks.map((one) => one.check)).toEqual(
      PASSED.slice(0, checks.length).map((one) => one.check),
    );
  });

  it("measure the exposure by the mint that is spent", () => {
    const { checks } = checkLive(requestOf({ action: "BUY", amount: 7n }), FACTS);
    expect(checks).toContainEqual(check(`exposure ${USDC}`, "none", "7"));
    const bonk = {
      ...FACTS,
      extensions: new Map([
        [BONK, []],
        [USDC, []],
      ]),
    };
    const swap = requestOf({ action: "SWAP", baseMint: BONK, amount: 8n });
    expect(checkLive(swap, bonk).checks).toContainEqual(check(`exposure ${BONK}`, "none", "8"));
  });
});

describe("the validation of a live order", () => {
  it("records the checks of every order and then its own", () => {
    const { events } = given([liveRequested()]).when({ ...validate(), live: FACTS });
    expect(events).toMatchObject([
      { type: "OrderValidated", data: { baseDecimals: 9, quoteDecimals: 6 } },
    ]);
    const [validated] = events;
    if (validated?.type !== "OrderValidated") throw new Error("refused");
    const names = validated.data.checks.map((one) => one.check);
    expect(names).toEqual([...CHECKS, ...PASSED].map((one) => one.check));
  });

  it("does not ask the second list where the first one refuses", () => {
    const refused: PolicyResult = {
      checks: [check("account", "open", "closed")],
      refusal: { reason: "ACCOUNT_CLOSED", message: "m" },
    };
    const never = (): PolicyResult => {
      throw new Error("asked");
    };
    expect(both(refused, never)).toBe(refused);
  });

  it("is refused with all checks, the failed one last", () => {
    const live = { ...FACTS, isClusterKnown: false };
    const { events } = given([liveRequested()]).when({ ...validate(), live });
    const [rejected] = events;
    if (rejected?.type !== "OrderRejected") throw new Error("not refused");
    expect(rejected.data).toMatchObject({ stage: "validate", reason: "CLUSTER_NOT_CONFIRMED" });
    expect(rejected.data.checks).toHaveLength(CHECKS.length + 2);
    expect(rejected.data.checks.at(-1)?.check).toBe("genesis_hash");
  });
});
