/** The quote of a live order: for exactly this order, and guaranteeing its floor. Asking leaves no trace outside. */
import type { OrderState } from "../../order/state.ts";
import { anchorLimitOf, inputMintOf, outputMintOf } from "../../order/trade.ts";
import type { SwapFailure, SwapQuote } from "../../ports/swaps.ts";
import { BPS } from "../../primitives/amount.ts";
import { type Obstacle, obstacle, type Tools } from "./obstacle.ts";

/**
 * A quote for exactly this order. Where the order's anchor allows less slippage than its tolerance against this quote, it is asked for
 * again with what is left, so that the swap itself guarantees the floor.
 */
export async function quoteOf(
  { ports, config }: Tools,
  order: OrderState,
  isProtected: boolean,
): Promise<{ readonly kind: "quoted"; readonly quote: SwapQuote } | SwapFailure> {
  const { request } = order;
  const ask = (slippageBps: number) =>
    ports.swaps.quote({
      inputMint: inputMintOf(request),
      outputMint: outputMintOf(request),
      amount: BigInt(request.amount),
      slippageBps,
      platformFeeBps: request.feeAccount === undefined ? 0 : config.platformFeeBps,
      isProtected,
    });
  const first = await ask(request.slippageToleranceBps);
  if (first.kind === "failed") return first;
  const floor = anchorLimitOf(order)?.amountOut ?? 0n;
  const out = first.quote.outAmount;
  if (first.minimumOut >= floor || out < floor) return { kind: "quoted", quote: first };
  const second = await ask(Number(((out - floor) * BPS) / out));
  return second.kind === "failed" ? second : { kind: "quoted", quote: second };
}

/** Whether the swap guarantees the order's floor. */
export function aboveFloor(order: OrderState, { minimumOut }: SwapQuote): Obstacle | undefined {
  const floor = anchorLimitOf(order)?.amountOut ?? 0n;
  if (minimumOut >= floor) return undefined;
  return obstacle(
    "SLIPPAGE_EXCEEDED",
    `the quote guarantees ${minimumOut} smallest units, at least ${floor} are required`,
  );
}
