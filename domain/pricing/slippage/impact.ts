/** A route's price impact as the models count it. */
import { divCeil, minOf } from "../../primitives/amount.ts";
import type { Ratio } from "../../primitives/ratio.ts";
import { PPM, type Ppm } from "../paper-fill.ts";

/** Parts per million, rounded up, 0 to 1,000,000; an impact in the trader's favour is none. Undefined stays undefined. */
export function impactPpm(fraction: Ratio | undefined): Ppm | undefined {
  if (fraction === undefined) return undefined;
  if (fraction.numerator <= 0n) return 0n;
  return minOf(divCeil(fraction.numerator * PPM, fraction.denominator), PPM);
}
