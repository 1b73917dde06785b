/** The least that an order may ever be filled for, computed apart from the engine. */
import type { LiveOrderRecord } from "./live-log.types.ts";

/** ⌈anchor × (1 − tolerance)⌉ of what the input comes to at the expected price, else at the first quote's; smallest units. */
export function floorOf({ request, events, inputMint }: LiveOrderRecord): bigint {
  const first = events.find((event) => event.type === "QuoteObtained");
  const validated = events.find((event) => event.type === "OrderValidated");
  if (first?.type !== "QuoteObtained" || validated?.type !== "OrderValidated") return 0n;
  const bps = BigInt(10_000 - request.slippageToleranceBps);
  const amount = BigInt(request.amount);
  let [up, down] = [BigInt(first.data.outAmount), BigInt(first.data.inAmount)];
  if (request.expectedPrice !== undefined) {
    const [whole = "0", fraction = ""] = request.expectedPrice.split(".");
    const { baseDecimals, quoteDecimals } = validated.data;
    // Quote tokens per base token, in smallest units of both.
    up = BigInt(whole + fraction) * 10n ** BigInt(quoteDecimals);
    down = 10n ** BigInt(baseDecimals + fraction.length);
    if (inputMint !== request.baseMint) [up, down] = [down, up];
  }
  // What the input comes to is rounded down; one unit is left to the engine's way of rounding.
  const promised = (amount * up) / down;
  return (promised * bps) / 10_000n - 1n;
}
