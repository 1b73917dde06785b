/** Which rare states an event of a live order reaches. */
import type { OrderEvent, OrderEventData } from "../../../domain/order/events.ts";
import type { Marks } from "../coverage.ts";
import type { LiveSometimes } from "./live-coverage.ts";
import type { LiveOrderRecord } from "./live-log.types.ts";

type Reached = LiveSometimes | undefined | false;
type Reading = {
  readonly [T in OrderEvent["type"]]?: (
    order: LiveOrderRecord,
    data: OrderEventData<T>,
  ) => readonly Reached[];
};

const hasDied = (order: LiveOrderRecord): boolean =>
  order.has("AttemptExpired") || order.has("AttemptFailed");

const provenAfterDoubt = ({ events }: LiveOrderRecord): Reached =>
  events.at(-2)?.type === "OutcomeUnknown" && "order: outcome unknown, then proven by the engine";

const READING: Reading = {
  FillFinalized: (order) => [
    order.attempts.length === 1
      ? "order: filled at the first attempt"
      : "order: filled at a later attempt",
    order.has("FillVoided") && "order: filled after a void fill",
    order.attempts.at(-1)?.route === "protected" && "order: filled on the protected route",
    order.fill?.fees.rentLamports !== "0" && "order: filled, opening a token account",
    order.has("OrderCancelRequested") && "order: filled although a cancel was requested",
  ],
  AttemptExpired: (order) => ["order: attempt expired", provenAfterDoubt(order)],
  AttemptFailed: (order) => ["order: attempt failed on chain", provenAfterDoubt(order)],
  AttemptConfirmed: (order) => [provenAfterDoubt(order)],
  OutcomeResolved: () => ["order: outcome unknown, then resolved by evidence"],
  OrderFailed: (order) => [hasDied(order) && "order: retries exhausted after a death"],
  OrderCancelled: (order, { by }) => [
    by === "safety"
      ? "order: cancelled by a halt"
      : hasDied(order)
        ? "order: cancelled after a death"
        : "order: cancelled before signing",
  ],
  OrderExpired: (order) => [
    hasDied(order) ? "order: expired after a death" : "order: expired before signing",
  ],
  SimulationFailed: (_, data) => [
    data.class === "SLIPPAGE_EXCEEDED" && "order: simulation failed for slippage",
  ],
  RetryScheduled: (_, { reason, message }) => [
    reason === "PREPARATION_LOST" && "order: preparation lost in a crash",
    message.includes("the quote guarantees") && "order: quote below the floor",
  ],
  OrderRejected: (_, { reason }) => [
    reason === "INSUFFICIENT_FUNDS" && "order: rejected for funds",
    reason === "TOO_MANY_ORDERS_PER_MINUTE" && "order: rejected for orders per minute",
  ],
  SigningRefused: () => ["order: signing refused"],
};

/** `order` is as it is after the event. */
export function markOrder(
  coverage: Marks<LiveSometimes>,
  order: LiveOrderRecord,
  event: OrderEvent,
): void {
  const read = READING[event.type] as ((...args: unknown[]) => readonly Reached[]) | undefined;
  for (const state of read?.(order, event.data) ?? []) if (state) coverage.mark(state);
}
