/** What stands in the way of an attempt before anything is signed, and what the looking needs. */
import type { AttemptFailure } from "../../order/live-commands.ts";
import type { Policy } from "../../order/policy.ts";
import type { ChainFailure } from "../../ports/chain.ts";
import type { ChainFacts } from "./chain-facts.ts";
import type { LiveConfig, LivePorts } from "./live.types.ts";

export type Obstacle = { readonly kind: "obstacle"; readonly failure: AttemptFailure };

export const obstacle = (
  reason: AttemptFailure["reason"],
  message: string,
  retryAfterMs?: number,
): Obstacle => ({
  kind: "obstacle",
  failure: { reason, message, isRetryable: reason !== "TRANSACTION_TOO_LARGE", retryAfterMs },
});

export const noChain = ({ message, retryAfterMs }: ChainFailure): Obstacle =>
  obstacle("CHAIN_UNAVAILABLE", message, retryAfterMs);

export type Tools = {
  /** Configured ones. */
  readonly tokens: Policy["tokens"];
  readonly policy: Pick<Policy, "livePriceBandBps">;
  readonly ports: LivePorts;
  readonly config: LiveConfig;
  readonly facts: ChainFacts;
};
