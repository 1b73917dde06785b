/** Which way an attempt goes and what it offers for its place, as far as request and configuration decide it. */
import type { Route, SwapIntent } from "../../chain/intent.ts";
import type { OrderState } from "../../order/state.ts";
import { required } from "../../order/trade.ts";
import {
  MAX_UNIT_LIMIT,
  type PriorityFee,
  type PriorityFeeRefusal,
  priorityFee,
} from "../../pricing/priority-fee.ts";
import type { LiveConfig } from "./live.types.ts";
import type { Broadcaster } from "./send.ts";

/** Protected where it can be, unless the request declines it. */
export const routeOf = (
  { request }: OrderState,
  { hasProtected }: Pick<Broadcaster, "hasProtected">,
): Route => (hasProtected && request.mev.protect !== false ? "protected" : "public");

/** Fee and tip before the units that the swap consumes are known: what the caller named, or what the urgency is worth. */
export function wishOf(
  { request, defaulted }: OrderState,
  route: Route,
  config: LiveConfig,
): PriorityFee | PriorityFeeRefusal {
  const isNamed = !defaulted.includes("priorityFeeLamports");
  const tip = { lamports: BigInt(request.mev.tipLamports) };
  return priorityFee(
    {
      ...{ urgency: request.urgency, unitLimit: MAX_UNIT_LIMIT, prices: [] },
      explicitLamports: isNamed ? BigInt(request.priorityFeeLamports) : undefined,
      tip: route === "protected" ? tip : undefined,
    },
    config.priorityFee,
  );
}

export type AttemptFees = {
  readonly tip: SwapIntent["tip"];
  /** Priority fee that the caller named, without the tip; undefined: by the market and the urgency. */
  readonly explicitLamports: bigint | undefined;
};

/** Of an order whose wish was not refused. */
export function feesOf(order: OrderState, route: Route, config: LiveConfig): AttemptFees {
  const wish = wishOf(order, route, config);
  if (wish.kind === "refused") throw new Error(`${order.orderId}: ${wish.message}`);
  const { tipLamports: lamports, totalLamports, source } = wish;
  const explicitLamports = source === "explicit" ? totalLamports - lamports : undefined;
  if (route === "public") return { tip: undefined, explicitLamports };
  // Any of them; the same one whenever this attempt is built.
  const first = Number.parseInt(order.orderId.slice(0, 8), 16);
  const index = (first + order.attempt) % config.tipAccounts.length;
  const account = required(config.tipAccounts[index], "tip account");
  return { tip: { account, lamports }, explicitLamports };
}
