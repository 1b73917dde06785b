/** Where live swaps come from: a quote for exactly this trade, and the instructions that make it. */
import type { Instruction } from "../chain/instruction.ts";
import type { Quote, QuoteFailureClass } from "./quotes.ts";

export type SwapQuoteRequest = {
  readonly inputMint: string;
  readonly outputMint: string;
  /** Smallest units of the input mint. */
  readonly amount: bigint;
  readonly slippageBps: number;
  /** 0: none. Of the output, basis points. */
  readonly platformFeeBps: number;
  /** Only venues that Jito's dontfront allows. */
  readonly isProtected: boolean;
};

export type SwapFailure = {
  readonly kind: "failed";
  readonly class: QuoteFailureClass;
  readonly message: string;
  readonly retryAfterMs: number | undefined;
};

export type SwapQuote = {
  readonly quote: Quote;
  /** Least output by this quote: ceil(out × (1 − slippage)), smallest units. */
  readonly minimumOut: bigint;
  readonly slippageBps: number;
  /** The whole answer as it came: what is handed back for the instructions, and kept as evidence. */
  readonly answer: string;
};

export type SwapQuoteOutcome = ({ readonly kind: "quoted" } & SwapQuote) | SwapFailure;

export type SwapInstructionsRequest = {
  /** `SwapQuote.answer`. */
  readonly quoteAnswer: string;
  readonly wallet: string;
  readonly feeAccount: string | undefined;
  readonly trackingAccount: string | undefined;
};

export type SwapInstructions = {
  readonly setup: readonly Instruction[];
  readonly swap: Instruction;
  readonly cleanup: Instruction | undefined;
  /** Instructions that the source adds beside; the gate refuses what it does not know. */
  readonly other: readonly Instruction[];
  readonly lookupTables: readonly string[];
  /** The whole answer as it came, kept as evidence. */
  readonly answer: string;
};

export type SwapInstructionsOutcome =
  | ({ readonly kind: "instructions" } & SwapInstructions)
  | SwapFailure;

/** Neither ever rejects; each ends by its own timeout. Asking twice does no harm. */
export interface Swaps {
  quote(request: SwapQuoteRequest): Promise<SwapQuoteOutcome>;
  instructions(request: SwapInstructionsRequest): Promise<SwapInstructionsOutcome>;
}
