/**
 * Reads every event the moment it is durable, from its raw bytes, and holds it against the chain's own truth. It shares no rule with the
 * engine: what may be signed, booked and ended is decided here from the model alone.
 */
import type { MemoryLog } from "../../../adapters/event-store/memory.ts";
import type { OrderEvent } from "../../../domain/order/events.ts";
import { createChainLinks } from "../chain-links.ts";
import type { Marks } from "../coverage.ts";
import type { Report } from "../log-model.ts";
import { walletOf } from "./addresses.ts";
import type { ChainModel } from "./chain-model.types.ts";
import type { LiveSometimes } from "./live-coverage.ts";
import type { LiveLog, LiveOrderRecord, SignedRecord } from "./live-log.types.ts";
import { markOrder } from "./live-marks.ts";
import type { LivePlan } from "./live-plan.ts";
import { isLiveEnding, mayFollow } from "./order-life.ts";
import { createReservationCheck } from "./reservation-check.ts";
import { createTruthCheck } from "./truth-check.ts";

const MOMENTS: ReadonlySet<string> = new Set<OrderEvent["type"]>([
  ...(["AttemptSigned", "AttemptSubmitted", "AttemptConfirmed", "OrderFilled"] as const),
  ...(["OutcomeUnknown", "OutcomeResolved", "AttemptFailed", "AttemptExpired"] as const),
]);

export type LiveLogParts = {
  readonly log: MemoryLog;
  readonly logId: string;
  readonly plan: LivePlan;
  readonly chain: ChainModel;
  readonly report: Report;
  readonly coverage: Marks<LiveSometimes>;
  readonly note: (text: string) => void;
  /** An attempt has become durable. */
  readonly onSigned: (attempt: SignedRecord) => void;
};

const decoder = new TextDecoder();

export function createLiveLog(parts: LiveLogParts): LiveLog {
  const { log, logId, plan, chain, report, coverage, note, onSigned } = parts;
  const links = createChainLinks(logId, report);
  const orders = new Map<string, LiveOrderRecord>();
  const attempts = new Map<string, SignedRecord>();
  const evidence = new Set<string>();
  const truth = createTruthCheck({
    ...{ plan, chain, report, attempts, onSigned },
    isKept: (orderId, hash) => evidence.has(`${orderId} ${hash}`),
  });
  const reservations = createReservationCheck(chain, report, coverage);
  let seen = 0;
  let moments = 0;
  let doubts = 0;

  function absorb(): void {
    for (; seen < log.events.length; seen++) {
      const stored = log.events[seen];
      if (!stored) return;
      const text = decoder.decode(stored.data);
      const hash = links.take(stored, text);
      const { stream, type } = stored;
      if (stream.startsWith("evidence-")) {
        const { sha256 } = JSON.parse(text) as { readonly sha256: string };
        evidence.add(`${stream.slice("evidence-".length)} ${sha256}`);
      } else if (stream.startsWith("order-")) {
        const event = { type, data: JSON.parse(text) } as OrderEvent;
        onOrder(stream.slice("order-".length), event, hash);
      }
    }
  }

  function onOrder(orderId: string, event: OrderEvent, hash: string): void {
    const order = orders.get(orderId) ?? begin(orderId, event);
    if (!order) return;
    note(`durable ${orderId.slice(0, 8)} ${event.type}`);
    if (MOMENTS.has(event.type)) moments += 1;
    if (event.type === "OutcomeUnknown") doubts += 1;
    const before = order.events.length > 0 ? order.last() : undefined;
    order.events.push(event);
    order.hashes.push(hash);
    if (before && event.type !== "OrderCancelRequested" && !mayFollow(before.type, event.type)) {
      report("life of an order", `${orderId}: ${event.type} after ${before.type}`);
    }
    if (before && isLiveEnding(before.type))
      report("terminal absorbs", `${orderId}: ${event.type}`);
    truth(order, event);
    reservations.take(order, event);
    markOrder(coverage, order, event);
  }

  function begin(orderId: string, event: OrderEvent): LiveOrderRecord | undefined {
    if (event.type !== "OrderRequested") {
      report("life of an order", `${orderId} begins with ${event.type}`);
      return undefined;
    }
    const { request, principal } = event.data;
    const buys = request.action === "BUY";
    const events: OrderEvent[] = [];
    const order: LiveOrderRecord = {
      ...{ orderId, request, principal, events, hashes: [], attempts: [], fill: undefined },
      wallet: walletOf(request.account),
      inputMint: buys ? request.quoteMint : request.baseMint,
      outputMint: buys ? request.baseMint : request.quoteMint,
      has: (type) => events.some((other) => other.type === type),
      last: () => events.findLast(({ type }) => type !== "OrderCancelRequested") ?? event,
    };
    orders.set(orderId, order);
    return order;
  }

  return {
    absorb,
    order: (orderId) => orders.get(orderId),
    orders: () => orders.values(),
    attempt: (signature) => attempts.get(signature),
    clockUs: links.clockUs,
    moments: () => moments,
    doubts: () => doubts,
  };
}
