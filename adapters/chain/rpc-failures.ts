/**
 * What a node's refusal means: by HTTP status and by JSON-RPC code. Codes: agave `rpc_custom_error.rs` and the JSON-RPC 2.0
 * specification; those of providers by their documentation.
 */
import type { ChainFailure } from "../../domain/ports/chain.ts";

export type RpcErrorBody = {
  readonly code: number;
  readonly message: string;
  readonly data?: unknown;
};

/** A failure with what only those who send transactions look at. */
export type RpcFailure = ChainFailure & {
  /** Nothing of the request can have reached anybody. */
  readonly isUnsent?: boolean;
  /** As the node gave it. */
  readonly error?: RpcErrorBody;
};

/** Longer waits than a minute are not the rate limit of a node. */
const MAX_RETRY_AFTER_MS = 60_000;

/**
 * Block not available (yet), node unhealthy (behind), block status not available yet, minimum context slot not reached.
 */
const BEHIND: ReadonlySet<number> = new Set([-32_004, -32_005, -32_014, -32_016]);
/** Of the public nodes, of Helius, of Jito. */
const RATE_LIMITED: ReadonlySet<number> = new Set([429, -32_429, -32_097]);
const RATE_LIMIT_WORDS = /too many requests|rate.?limit|request limit/i;

export function classOfError({ code, message }: RpcErrorBody): ChainFailure["class"] {
  if (RATE_LIMITED.has(code) || RATE_LIMIT_WORDS.test(message)) return "rate-limited";
  return BEHIND.has(code) ? "behind" : "refused";
}

/** Undefined for 200, which is judged by its body. A gateway's 5xx tells nothing of the node behind it. */
export function classOfStatus(status: number): ChainFailure["class"] | undefined {
  if (status === 200) return undefined;
  if (status === 429) return "rate-limited";
  if (status === 408 || status === 504) return "timeout";
  return status >= 500 ? "unreachable" : "refused";
}

/** Of the header `retry-after`: seconds or a date; at most a minute. `nowMs`: Unix milliseconds. */
export function retryAfterMs(header: string | undefined, nowMs: number): number | undefined {
  if (header === undefined) return undefined;
  const waitMs = /^\d{1,10}$/.test(header) ? Number(header) * 1_000 : Date.parse(header) - nowMs;
  if (Number.isNaN(waitMs)) return undefined;
  return Math.min(Math.max(Math.ceil(waitMs), 0), MAX_RETRY_AFTER_MS);
}
