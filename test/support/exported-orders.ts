/** The log of a data folder as the export shows it: orders with their events, and what was open at each start. */
import type { OrderEvent, OrderEventData, OrderEventType } from "../../domain/order/events.ts";
import { run } from "../cli/harness.ts";

export type ExportedOrder = {
  readonly orderId: string;
  readonly events: readonly OrderEvent[];
};

export type ExportedLog = {
  readonly orders: ReadonlyMap<string, ExportedOrder>;
  /** Type of the last event of each order that was open as an engine started. */
  readonly openAtStarts: readonly string[];
};

type Line = { stream?: string; type?: string; data?: unknown };

const ENDS: ReadonlySet<string> = new Set<OrderEventType>([
  ...(["FillFinalized", "OrderFailed", "OrderRejected", "OrderCancelled", "OrderExpired"] as const),
]);

export const hasEnded = ({ events }: ExportedOrder): boolean => {
  const last = events.at(-1);
  return last !== undefined && ENDS.has(last.type);
};

/** Data of the order's events of a type, oldest first. */
export const dataOf = <T extends OrderEventType>(
  { events }: ExportedOrder,
  type: T,
): OrderEventData<T>[] =>
  events.flatMap((event) => (event.type === type ? [event.data as OrderEventData<T>] : []));

/** Rejects with what the export said where it did not succeed. */
export async function exportedLog(data: string): Promise<ExportedLog> {
  const exported = await run(["export", "--data", data]);
  if (exported.code !== 0) throw new Error(`export: ${exported.err}`);
  const orders = new Map<string, { orderId: string; events: OrderEvent[] }>();
  const openAtStarts: string[] = [];
  for (const line of exported.json() as Line[]) {
    if (line.type === "EngineStarted") {
      for (const order of orders.values()) {
        if (!hasEnded(order)) openAtStarts.push(order.events.at(-1)?.type ?? "");
      }
    }
    const orderId = /^order-(.+)$/.exec(line.stream ?? "")?.[1];
    if (orderId === undefined) continue;
    const order = orders.get(orderId) ?? { orderId, events: [] };
    orders.set(orderId, order);
    order.events.push({ type: line.type, data: line.data } as OrderEvent);
  }
  return { orders, openAtStarts };
}
