/** Views in memory: the history is made from the fake engine's orders, positions are what a test puts in. */
import type { Views } from "../../../adapters/grpc/context.ts";
import { type OrderState, statusOf } from "../../../domain/order/state.ts";
import type { Position } from "../../../domain/ports/event-store.ts";
import type { HistoryFilter, ReadModel, Row } from "../../../domain/ports/read-model.ts";
import type { FakeEngine } from "./fake-engine.ts";

type Values = Row["values"];

export function createFakeViews(fake: FakeEngine) {
  const positions: Values[] = [];
  let stuckAt: Position | undefined;
  const readModel: Pick<ReadModel, "history" | "positions"> = {
    history: async (filter) =>
      fake
        .orders()
        .filter((order) => matches(order, filter))
        .sort((a, b) => b.requestedAtUs - a.requestedAtUs || (a.orderId < b.orderId ? 1 : -1))
        .slice(0, filter.limit)
        .map(orderRow),
    positions: async (account, asOfUs) =>
      positions.filter(
        (row) => row.account === account && (asOfUs === undefined || Number(row.clock) <= asOfUs),
      ),
  };
  const views: Views = {
    position: () => stuckAt ?? fake.position(),
    waitFor: async (position) => {
      const at = stuckAt ?? fake.position();
      return at !== undefined && at >= position;
    },
    lag: () => ({ orders: 0, positions: 3 }),
  };
  return {
    readModel,
    views,
    positions,
    /** The views go no further than this. */
    stickAt: (position: Position | undefined) => {
      stuckAt = position;
    },
  };
}

function matches(order: OrderState, filter: HistoryFilter): boolean {
  const { request, requestedAtUs, orderId } = order;
  const behind =
    !filter.after ||
    requestedAtUs < filter.after.requestedAtUs ||
    (requestedAtUs === filter.after.requestedAtUs && orderId < filter.after.orderId);
  return (
    behind &&
    (filter.account === undefined || request.account === filter.account) &&
    (filter.mint === undefined || [request.baseMint, request.quoteMint].includes(filter.mint)) &&
    (filter.mode === undefined || request.mode === filter.mode) &&
    (filter.status === undefined || statusOf(order) === filter.status) &&
    (filter.fromUs === undefined || requestedAtUs >= filter.fromUs) &&
    (filter.toUs === undefined || requestedAtUs < filter.toUs)
  );
}

const orderRow = (order: OrderState): Values => ({
  order_id: order.orderId,
  request_id: order.request.requestId,
  account: order.request.account,
  mode: order.request.mode,
  action: order.request.action,
  base_mint: order.request.baseMint,
  quote_mint: order.request.quoteMint,
  status: statusOf(order),
  amount_in: BigInt(order.fill?.amountIn ?? 0),
  amount_out: BigInt(order.fill?.amountOut ?? 0),
  price: null,
  fees_lamports: BigInt(order.fill?.fees.baseFeeLamports ?? 0),
  error_reason: order.lastError?.reason ?? null,
  error_message: order.lastError?.message ?? null,
  tx_signature: order.fill?.txSignature ?? null,
  source_service: order.request.sourceService,
  requested_at: order.requestedAtUs,
  updated_at: order.updatedAtUs,
  revision: order.revision,
  state_hash: order.hash,
});
