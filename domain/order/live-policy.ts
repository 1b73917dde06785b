/**
 * Checks on a live order before anything is asked of a market: each with the limit and the value that it used. They stand beside the
 * checks of every order, and a list stops at the first failure.
 */
import type { PriorityFee, PriorityFeeRefusal } from "../pricing/priority-fee.ts";
import type { Mint } from "../primitives/ids.ts";
import type { OrderRequest, PolicyCheck } from "./events.ts";
import { type Check, firstRefusal, line, type PolicyResult } from "./policy.ts";
import { inputMintOf } from "./trade.ts";

/** What the checks of a live order need to know, at the moment of the check. */
export type LiveFacts = {
  /** Undefined: no live account of that name, or no signer for its wallet. */
  readonly wallet: string | undefined;
  readonly genesisHash: string;
  /** The nodes have reported the configured genesis hash. */
  readonly isClusterKnown: boolean;
  readonly hasProtectedRoute: boolean;
  /** What fee and tip come to as far as the request decides it, or why they may not. */
  readonly fee: PriorityFee | PriorityFeeRefusal;
  /** Most that priority fee and tip may come to together, lamports. */
  readonly feeCapLamports: bigint;
  readonly slippageToleranceBps: number;
  /** 0: a fee account may not be named. */
  readonly platformFeeBps: number;
  /** Smallest units that open live orders of the account hold of the input mint; the most that they may. */
  readonly exposure: bigint;
  readonly maxExposure: bigint | undefined;
  /** Orders of the account in the last minute, this one included; the most allowed. */
  readonly ordersInMinute: number;
  readonly maxOrdersPerMinute: number;
  /** Names of Token-2022 extensions of either mint that are not allowed; undefined: the mint could not be read. */
  readonly extensions: ReadonlyMap<Mint, readonly string[]> | undefined;
};

export function checkLive(request: OrderRequest, facts: LiveFacts): PolicyResult {
  return firstRefusal([
    () =>
      line(
        { check: "wallet", limit: "a signer for it", value: facts.wallet ?? "none" },
        facts.wallet !== undefined,
        "WALLET_NOT_AVAILABLE",
        () => `no signer holds the key of account ${request.account}`,
      ),
    () =>
      line(
        {
          check: "genesis_hash",
          limit: facts.genesisHash,
          value: facts.isClusterKnown ? facts.genesisHash : "not confirmed by any node",
        },
        facts.isClusterKnown,
        "CLUSTER_NOT_CONFIRMED",
        () => `no node has shown that it is on the cluster with genesis hash ${facts.genesisHash}`,
      ),
    () => protection(request, facts),
    () => feeAccount(request, facts),
    () => tolerance(request, facts),
    () => feeCap(facts),
    () => ordersPerMinute(request, facts),
    () => exposure(request, facts),
    ...[request.baseMint, request.quoteMint].map((mint) => () => extensions(mint, facts)),
  ]);
}

function protection({ mev }: OrderRequest, { hasProtectedRoute }: LiveFacts): Check {
  const wants = mev.protect === true || mev.tipLamports !== "0";
  return line(
    {
      check: "protected_route",
      limit: hasProtectedRoute ? "configured" : "not configured",
      value: mev.protect === undefined ? "as configured" : mev.protect ? "demanded" : "declined",
    },
    hasProtectedRoute || !wants,
    "PROTECTION_NOT_AVAILABLE",
    () =>
      "mev.protect asks for a protected route, and neither Jito nor a private sender is configured",
  );
}

function feeAccount({ feeAccount: account }: OrderRequest, { platformFeeBps }: LiveFacts): Check {
  return line(
    {
      check: "fee_account",
      limit: platformFeeBps > 0 ? `platform fee ${platformFeeBps} bps` : "no platform fee",
      value: account ?? "none",
    },
    account === undefined || platformFeeBps > 0,
    "FEE_ACCOUNT_NOT_ALLOWED",
    () => "fee_account needs jupiter.platformFeeBps above 0 in the configuration",
  );
}

function tolerance({ slippageToleranceBps: bps }: OrderRequest, facts: LiveFacts): Check {
  const limit = facts.slippageToleranceBps;
  return line(
    { check: "live_slippage_tolerance_bps", limit: String(limit), value: String(bps) },
    bps <= limit,
    "SLIPPAGE_TOLERANCE_TOO_HIGH",
    () => `slippage_tolerance_bps ${bps} is above the ${limit} that live orders may have`,
  );
}

/** Before the simulation has shown the units, what counts is what the caller named; the rest stays under the cap by itself. */
function feeCap({ fee, feeCapLamports }: LiveFacts): Check {
  const refused = fee.kind === "refused" ? fee : undefined;
  const value = fee.kind === "refused" ? fee.valueLamports : fee.totalLamports;
  return line(
    { check: "fee_cap_lamports", limit: feeCapLamports.toString(), value: value.toString() },
    refused === undefined,
    "FEE_ABOVE_CAP",
    () => refused?.message ?? "",
  );
}

function ordersPerMinute({ account }: OrderRequest, facts: LiveFacts): Check {
  const { ordersInMinute: value, maxOrdersPerMinute: limit } = facts;
  return line(
    { check: "orders_per_minute", limit: String(limit), value: String(value) },
    value <= limit,
    "TOO_MANY_ORDERS_PER_MINUTE",
    () => `account ${account} has sent ${value} live orders in a minute, at most ${limit} allowed`,
  );
}

function exposure(request: OrderRequest, { exposure: open, maxExposure }: LiveFacts): Check {
  const value = open + BigInt(request.amount);
  return line(
    {
      check: `exposure ${inputMintOf(request)}`,
      limit: maxExposure?.toString() ?? "none",
      value: value.toString(),
    },
    maxExposure === undefined || value <= maxExposure,
    "EXPOSURE_TOO_HIGH",
    () =>
      `open live orders of account ${request.account} would hold ${value} smallest units of ` +
      `${inputMintOf(request)}, at most ${maxExposure} are allowed`,
  );
}

function extensions(mint: Mint, facts: LiveFacts): Check {
  const found = facts.extensions?.get(mint);
  const value = found === undefined ? "not read" : found.length === 0 ? "none" : found.join(", ");
  return line(
    { check: `token_extensions ${mint}`, limit: "none but the allowed ones", value },
    found?.length === 0,
    found === undefined ? "MINT_NOT_READABLE" : "TOKEN_EXTENSION_NOT_ALLOWED",
    () =>
      found === undefined
        ? `the mint ${mint} could not be read from the chain`
        : `the mint ${mint} has extensions that are not allowed: ${value}`,
  );
}

/** Checks of both lists as one record. */
export const both = (first: PolicyResult, second: () => PolicyResult): PolicyResult => {
  if (first.refusal) return first;
  const { checks, refusal } = second();
  const made: readonly PolicyCheck[] = [...first.checks, ...checks];
  return { checks: made, refusal };
};
