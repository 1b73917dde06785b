/** What the tests of live orders share: a submitted order, its events by type, and what the chain says of the wallet. */
import { expect } from "vitest";
import type { OrderEvent, OrderEventData, OrderEventType } from "../../../domain/order/events.ts";
import type { TradeCommand } from "../../../domain/order/request.ts";
import { type OrderState, statusOf } from "../../../domain/order/state.ts";
import { LOCAL } from "../../support/engine-world.ts";
import { type LiveWorld, liveTrade } from "../../support/live-world.ts";

export const WAIT_MS = 20_000;

/** Submits and waits until it is final, or as far as it comes. */
export async function submit(
  { engine }: LiveWorld,
  requestId: string,
  changes: Partial<TradeCommand> = {},
  waitFor: "ACCEPTED" | "SUBMITTED" | "CONFIRMED" | "FINALIZED" = "FINALIZED",
): Promise<OrderState> {
  const context = { principal: LOCAL, waitFor, waitMs: WAIT_MS };
  const result = await engine.submit(liveTrade(requestId, changes), context);
  if (result.kind !== "order") throw new Error(JSON.stringify(result));
  return result.order;
}

export async function filled(
  world: LiveWorld,
  requestId: string,
  changes: Partial<TradeCommand> = {},
): Promise<{ order: OrderState; fill: OrderEventData<"OrderFilled"> }> {
  const order = await submit(world, requestId, changes);
  expect(statusOf(order), JSON.stringify(order.lastError)).toBe("FILLED");
  if (!order.fill) throw new Error("no fill");
  return { order, fill: order.fill };
}

export const typesOf = (events: readonly OrderEvent[]): string[] => events.map(({ type }) => type);

/** Data of the order's events of a type. */
export const eventsOf = <T extends OrderEventType>(
  world: LiveWorld,
  order: OrderState,
  type: T,
): OrderEventData<T>[] =>
  world
    .events(order.orderId)
    .flatMap((event) => (event.type === type ? [event.data as OrderEventData<T>] : []));

/** Lamports of the wallet as the chain has them. */
export const lamportsOf = ({ local, wallet }: LiveWorld): bigint =>
  local.chain.getAccount(wallet)?.lamports ?? 0n;

/** Transactions of the order on the chain, by its memo: those that succeeded, and those that failed. */
export function onChain({ local, wallet }: LiveWorld, { orderId }: OrderState) {
  const own = local.chain.history.ofAddress(wallet).filter(({ memo }) => memo?.includes(orderId));
  return {
    landed: own.filter(({ err }) => err === null).length,
    failed: own.filter(({ err }) => err !== null).length,
  };
}
