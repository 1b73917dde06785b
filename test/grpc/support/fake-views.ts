/** Views in memory: the history is made from the fake engine's orders, positions and trades are what a test puts in. */
import type { GrpcDependencies, Views } from "../../../adapters/grpc/context.ts";
import { createMemoryReadModel } from "../../../adapters/read-model/memory.ts";
import type { Rebuild } from "../../../domain/application/processors/views-rebuild.ts";
import { type OrderState, statusOf } from "../../../domain/order/state.ts";
import type { Position } from "../../../domain/ports/event-store.ts";
import type { HistoryFilter, Row } from "../../../domain/ports/read-model.ts";
import { VIEW_TABLES } from "../../../projections/registry.ts";
import type { FakeEngine } from "./fake-engine.ts";

type Values = Row["values"];

export function createFakeViews(fake: FakeEngine) {
  let stored = createMemoryReadModel({ tables: VIEW_TABLES, targetId: "fake-views" });
  /** The newest row of each position. */
  const newest = new Map<string, Values>();
  let afterMint = async (): Promise<void> => {};
  let stuckAt: Position | undefined;
  let isWhole = true;
  let rebuild: Rebuild = async () => ({ kind: "running" });
  const readModel: GrpcDependencies["readModel"] = {
    history: async (filter) => {
      const found = fake
        .orders()
        .filter((order) => matches(order, filter))
        .sort((a, b) => b.requestedAtUs - a.requestedAtUs || (a.orderId < b.orderId ? 1 : -1));
      const shown = found.slice(0, filter.limit);
      const last = shown.at(-1);
      const next = found.length > shown.length ? last : undefined;
      return { rows: shown.map(orderRow), next };
    },
    positions: (account, asOfUs) => stored.positions(account, asOfUs),
    positionsAt: async (query) => {
      const rows = await stored.positionsAt(query);
      await afterMint();
      return rows;
    },
    firstPositionUs: (account) => stored.firstPositionUs(account),
    lastTrades: (query) => stored.lastTrades(query),
  };
  const views: Views = {
    position: () => stuckAt ?? fake.position(),
    waitFor: async (position) => {
      const at = stuckAt ?? fake.position();
      if (!isWhole) return false;
      return position === undefined || (at !== undefined && at >= position);
    },
    lag: () => ({ orders: 0, positions: 3 }),
    positions: (account) => [...newest.values()].filter((row) => row.account === account),
    rebuild: (names, options) => rebuild(names, options),
  };
  return {
    readModel,
    views,
    /** Adds rows, older ones first. */
    put: async (...rows: readonly Row[]) => {
      await stored.write(rows);
      for (const { table, values } of rows) {
        if (table === "positions") newest.set(`${values.account}/${values.mint}`, values);
      }
    },
    /** What happens right after the rows of one mint were read. */
    afterMint: (next: () => Promise<void>) => {
      afterMint = next;
    },
    clear: () => {
      stored = createMemoryReadModel({ tables: VIEW_TABLES, targetId: "fake-views" });
      newest.clear();
    },
    /** The views are being filled. */
    fillAgain: () => {
      isWhole = false;
    },
    setRebuild: (next: Rebuild) => {
      rebuild = next;
    },
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
  hash: order.hash,
  attempts: order.attempt,
  provisional: order.phase === "provisional",
  slot: order.fill?.live?.slot ?? null,
  wallet: order.wallet ?? "",
});
