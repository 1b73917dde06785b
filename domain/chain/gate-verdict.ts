/** What the gate says of a transaction, and the form in which each of its rules refuses. */

export type SwapFacts = {
  readonly name: "route" | "shared_accounts_route";
  /** Venues of the route plan, in its order, by the names of the program's interface. */
  readonly venues: readonly string[];
  readonly inAmount: bigint;
  readonly quotedOutAmount: bigint;
  /** ceil(quoted × (10,000 − slippage bps) / 10,000). */
  readonly minimumOutAmount: bigint;
  readonly slippageBps: number;
  readonly platformFeeBps: number;
};

export type FeeFacts = {
  /** Compute units. */
  readonly unitLimit: number;
  readonly unitPriceMicroLamports: bigint;
  /** ceil(price × limit / 1e6). */
  readonly priorityFeeLamports: bigint;
  readonly baseFeeLamports: bigint;
  /** 0: none. */
  readonly tipLamports: bigint;
};

export type GateFacts = FeeFacts & {
  readonly feePayer: string;
  readonly blockhash: string;
  readonly swap: SwapFacts;
  /** In order of their first use. */
  readonly programs: readonly string[];
  /** Everything that the transaction can write, the wallet first: what a simulation must watch. */
  readonly writable: readonly string[];
  /** Those of them that are known to be ours: the wallet and its associated accounts of the intent's mints and wrapped SOL. */
  readonly ownWritable: readonly string[];
};

/** `rule`: stable short name. `found`, `allowed`: short texts. */
export type Refusal = {
  readonly kind: "refused";
  readonly rule: string;
  readonly found: string;
  readonly allowed: string;
};

export type GateVerdict = { readonly kind: "passed"; readonly facts: GateFacts } | Refusal;

export const refused = (rule: string, found: string, allowed: string): Refusal => ({
  kind: "refused",
  rule,
  found: found.slice(0, 200),
  allowed,
});

/** The first refusal; undefined where nothing is to be refused. */
export function firstOf(...checks: readonly (() => Refusal | undefined)[]): Refusal | undefined {
  for (const check of checks) {
    const refusal = check();
    if (refusal) return refusal;
  }
  return undefined;
}
