/** How much worse than the quote a paper fill is. One file per model. */
import type { Ratio } from "../../primitives/ratio.ts";
import type { Ppm, Side } from "../paper-fill.ts";

export type SlippageInput = {
  readonly side: Side;
  /** Smallest units of the input mint by the quote. */
  readonly quotedIn: bigint;
  /** The route's own price impact as a fraction, if the quote was for this amount. */
  readonly priceImpact: Ratio | undefined;
  /** Decides every draw of chance: the order id. */
  readonly seed: string;
};

export type SlippageModel = {
  readonly name: string;
  /** Parts per million, 0 to 999,999; the same input always gives the same answer. */
  readonly slippagePpm: (input: SlippageInput) => Ppm;
};
