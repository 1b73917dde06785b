/**
 * What the market would give. ExactIn quotes only, in smallest units.
 */
import type { Mint } from "../primitives/ids.ts";
import type { TimestampUs } from "../primitives/time.ts";

export type QuoteRequest = {
  readonly inputMint: Mint;
  readonly outputMint: Mint;
  /** Smallest units of the input mint. */
  readonly amount: bigint;
};

export type RouteLeg = {
  readonly ammKey: string;
  readonly label: string;
  readonly inputMint: Mint;
  readonly outputMint: Mint;
  readonly inAmount: bigint;
  readonly outAmount: bigint;
};

export type Quote = {
  /** Where it came from, a URL without credentials. */
  readonly source: string;
  readonly inputMint: Mint;
  readonly outputMint: Mint;
  readonly inAmount: bigint;
  readonly outAmount: bigint;
  /** Fraction as a decimal string: "0.0012" is 12 bps. */
  readonly priceImpact: string;
  readonly route: readonly RouteLeg[];
  /** Slot that the quote was made at, as decimal digits; undefined where the source does not say. */
  readonly contextSlot: string | undefined;
  /** When the answer arrived. */
  readonly obtainedAtUs: TimestampUs;
};

export type QuoteFailureClass =
  /** The pair cannot be traded: trying again is no use. */
  | "no-route"
  /** The source refused the request as wrong. */
  | "refused"
  | "rate-limited"
  | "timeout"
  | "unreachable"
  /** The source answered something that is no quote. */
  | "malformed"
  | "upstream-error";

export type QuoteOutcome =
  | {
      readonly kind: "quoted";
      readonly quote: Quote;
      readonly cacheHit: boolean;
      /** The source could not be asked; the quote is older than the cache's time to live. */
      readonly stale: boolean;
    }
  | {
      readonly kind: "failed";
      readonly class: QuoteFailureClass;
      readonly message: string;
      /** Earliest sensible retry in milliseconds, if the source said so. */
      readonly retryAfterMs: number | undefined;
    };

export interface Quotes {
  /** A quote not older than the cache's time to live, if one is at hand. Never waits. */
  cached(request: QuoteRequest): Quote | undefined;
  /** Asks the source (or shares a request under way). Never rejects. */
  quote(request: QuoteRequest): Promise<QuoteOutcome>;
}
