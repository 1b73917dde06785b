/** How much worse than the quote a paper fill is. One file per model. */
import { minOf } from "../../primitives/amount.ts";
import type { Mint } from "../../primitives/ids.ts";
import type { Ratio } from "../../primitives/ratio.ts";
import { PPM, type Ppm, type Side } from "../paper-fill.ts";

/** What was known of the market when a trade was executed. It is recorded, so that another model can be asked later. */
export type MarketFacts = {
  /** Worth of what is spent, in millionths of a US dollar; undefined where no price leads to one. */
  readonly usdMicros: bigint | undefined;
  /** Volatility of the pair's price, parts per million per √second; undefined before two prices were seen. */
  readonly volatilityPpm: bigint | undefined;
};

export const NOTHING_KNOWN: MarketFacts = { usdMicros: undefined, volatilityPpm: undefined };

export type SlippageInput = {
  readonly side: Side;
  readonly baseMint: Mint;
  readonly quoteMint: Mint;
  /** Smallest units by the quote, before slippage. */
  readonly quotedIn: bigint;
  readonly quotedOut: bigint;
  /** The route's price impact as a fraction, where the quote was for this amount: its price has the impact in it already. */
  readonly routeImpact: Ratio | undefined;
  readonly market: MarketFacts;
  /** Decides every draw of chance: the order id. */
  readonly seed: string;
};

export type Slippage = {
  /** 0 to 999,999. */
  readonly ppm: Ppm;
  /** The figures that the answer came from, by name with their unit, for the record. */
  readonly terms: Readonly<Record<string, string>>;
  /** What the reader of the fill must know, as `CODE: sentence`; absent: nothing. */
  readonly warnings?: readonly string[];
};

export type SlippageModel = {
  readonly name: string;
  /** The model cannot do without the worth of the trade in dollars: the market is asked for it. */
  readonly needsUsd?: true;
  /** Total and pure: the same input always gives the same answer, and more size never gives less slippage. */
  readonly slippage: (input: SlippageInput) => Slippage;
};

/** The most that a model may answer: a fill of nothing is none. */
export const MOST_PPM: Ppm = PPM - 1n;

/** At most 999,999 ppm, whatever a formula comes to. */
export const capped = (ppm: Ppm): Ppm => minOf(ppm, MOST_PPM);

/** Where a model lacks what it needs: the configured fixed slippage, and the record says so. */
export const fallback = (model: SlippageModel, input: SlippageInput, lacks: string): Slippage => {
  const { ppm, terms } = model.slippage(input);
  return {
    ppm,
    terms: { ...terms, fallback: model.name, fallbackPpm: ppm.toString() },
    warnings: [`MARKET_UNKNOWN: ${lacks}; the slippage is that of the model ${model.name}`],
  };
};
