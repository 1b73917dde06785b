/** The fill of a live order, from what its transaction moved: never from its quote. */
import type { LandedSwap } from "../chain/landed-swap.ts";
import type { TimestampUs } from "../primitives/time.ts";
import type { OrderEventData } from "./events.ts";
import type { OrderState } from "./state.ts";
import { required, sideOf, slippageOf } from "./trade.ts";

export function liveFillOf(
  order: OrderState,
  { landed, node, nowUs }: { landed: LandedSwap; node: string; nowUs: TimestampUs },
): OrderEventData<"OrderFilled"> {
  const { amountIn, amountOut } = landed;
  const signed = required(order.signed, "signature");
  const slippage = slippageOf(order, { amountIn, amountOut });
  const buys = sideOf(order.request) === "buy";
  const [spent, received] = [amountIn.toString(), amountOut.toString()];
  const { validated, quoted, reserved } = order.stepsUs;
  const between = (from: number | undefined, to: number | undefined): number =>
    from === undefined || to === undefined ? 0 : Math.max(0, to - from);
  return {
    attempt: order.attempt,
    amountIn: spent,
    amountOut: received,
    price: { numerator: buys ? spent : received, denominator: buys ? received : spent },
    fees: {
      baseFeeLamports: landed.baseFeeLamports.toString(),
      priorityFeeLamports: landed.priorityFeeLamports.toString(),
      tipLamports: landed.tipLamports.toString(),
      rentLamports: landed.rentLockedLamports.toString(),
      platformFee: landed.platformFee.toString(),
    },
    slippageVsExpectedCentiBps: slippage.expected,
    slippageVsQuotedCentiBps: slippage.quoted,
    txSignature: landed.signature,
    evidence: `balances of the transaction in slot ${landed.slot} as ${node} tells them`,
    timings: {
      validateUs: between(order.requestedAtUs, validated),
      quoteUs: between(validated, quoted),
      reserveUs: between(quoted, reserved),
      executeUs: between(reserved, nowUs),
      totalUs: between(order.requestedAtUs, nowUs),
    },
    live: {
      commitment: order.landing?.commitment ?? "confirmed",
      fillId: `${landed.signature}:${landed.slot}`,
      slot: landed.slot,
      blockTimeSeconds: landed.blockTimeSeconds,
      unitsConsumed: landed.unitsConsumed?.toString(),
      node,
      mevProtected: signed.route === "protected",
      rentLockedLamports: landed.rentLockedLamports.toString(),
      rentRecoveredLamports: landed.rentRecoveredLamports.toString(),
      unwrappedLamports: landed.unwrappedLamports.toString(),
      otherTransfersLamports: landed.otherTransfersLamports.toString(),
      walletLamportsChange: landed.walletLamportsChange.toString(),
    },
  };
}
