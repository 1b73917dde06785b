/** Runs one open order in memory: drives it, and tells those who still wait what came of it. */
import type { Codec } from "../../codec/codec.ts";
import { isSameRequest, type RequestDefaults, type TradeCommand } from "../../order/request.ts";
import type { OrderState } from "../../order/state.ts";
import type { EventStore } from "../../ports/event-store.ts";
import type { Hasher } from "../../ports/hasher.ts";
import type { OrderId } from "../../primitives/ids.ts";
import type { Refused, SubmitResult } from "../engine.types.ts";
import type { Ledger } from "../ledger.ts";
import type { Admission } from "./admission.ts";
import type { DriveEnd } from "./driver.types.ts";
import { loadOrder } from "./load-order.ts";
import type { OpenOrders } from "./open-orders.ts";
import type { Driver } from "./order-driver.ts";
import { type OrderEntry, settleAll } from "./order-entry.ts";
import { refused } from "./refusals.ts";
import { asFarAsKnown } from "./wait-on-order.ts";

export type RunParts = {
  readonly store: EventStore;
  readonly codec: Codec;
  readonly hasher: Hasher;
  readonly driver: Driver;
  readonly ledger: Ledger;
  readonly open: OpenOrders;
  readonly admission: Admission;
  readonly defaults: RequestDefaults;
  /** A broken invariant: the order stays as it is in the log. */
  readonly onFault: (orderId: OrderId, error: unknown) => void;
};

export const FENCED = "another engine writes to this log: let one of them run only";
const BROKEN = "a rule of this program was broken; the order stays as it is in the log";

/** Takes the order in and drives it to its end; never rejects. */
export async function runOrder(parts: RunParts, entry: OrderEntry): Promise<void> {
  parts.open.add(entry);
  let answer: SubmitResult | undefined;
  try {
    answer = await conclude(parts, entry, await parts.driver.drive(entry));
  } catch (error) {
    parts.onFault(entry.orderId, error);
    settleAll(entry, asFarAsKnown(entry, BROKEN));
    if (entry.committed) {
      // It stays open as it is in the log, with what it holds, until a program that can go on is started.
      entry.parked = true;
      return;
    }
    forget(parts, entry);
  }
  // Removed first: whoever is answered may come back at once with the same request id.
  parts.open.remove(entry);
  if (answer) settleAll(entry, answer);
}

/** What those who still wait are told; undefined when all were told on the way. */
async function conclude(
  parts: RunParts,
  entry: OrderEntry,
  end: DriveEnd,
): Promise<SubmitResult | undefined> {
  switch (end.kind) {
    case "finished":
      return undefined;
    case "unavailable":
      return refused("STORE_UNAVAILABLE", end.reason);
    case "exists":
      return answerExisting(parts, entry.orderId, entry.command);
    case "fenced":
      parts.admission.fail(FENCED);
      return asFarAsKnown(entry, FENCED);
  }
}

/** A fault before the first append was answered: what the entry held is free again. Refused appends are the driver's part. */
function forget({ ledger }: RunParts, { draft, orderId }: OrderEntry): void {
  if (draft) ledger.release(draft.request.account, orderId);
}

/** Answers a request whose order is in the log: the order, or that its id was used for another request. */
export async function answerExisting(
  parts: RunParts,
  orderId: OrderId,
  command: TradeCommand | undefined,
): Promise<SubmitResult> {
  const { order } = await loadOrder(parts, orderId);
  if (!order || !command) {
    return { kind: "unknown", orderId, cause: "the order's stream changed while it was read" };
  }
  return isSame(parts, order, command) ? { kind: "order", order } : reused(command);
}

export const isSame = (
  { defaults, hasher }: Pick<RunParts, "defaults" | "hasher">,
  order: OrderState,
  command: TradeCommand,
): boolean => isSameRequest(order, command, { defaults, hasher });

export const reused = ({ requestId }: TradeCommand): Refused =>
  refused("REQUEST_ID_REUSED", `request_id ${requestId} was used for another trade request`);
