/**
 * Folds the whole log from nothing and stops at given positions, where what others claim about the
 * log can be compared: the running engine, its snapshot, the views.
 */
import type { Codec, PositionedEvent } from "../../codec/codec.ts";
import { type OrderState, stateHash } from "../../order/state.ts";
import type { EventStore, Position } from "../../ports/event-store.ts";
import type { Hasher } from "../../ports/hasher.ts";
import { type Hash, type LogId, streamCategory } from "../../primitives/ids.ts";
import type { TimestampUs } from "../../primitives/time.ts";
import { createLedger, type Ledger } from "../ledger.ts";
import { createOrderFold } from "../processors/order-fold.ts";
import { eventsUntil } from "./verify-log.ts";

const EVIDENCE = "evidence";

/** The log up to a position. */
export type LogFold = {
  readonly logId: LogId | undefined;
  readonly position: Position | undefined;
  readonly events: number;
  /** Orders begun, ended or not. */
  readonly orders: number;
  readonly openOrders: () => Iterable<OrderState>;
  readonly ledger: Ledger;
  /** The log's clock, as processors see it. */
  readonly clockUs: TimestampUs;
};

export type Folded = {
  readonly recorded: PositionedEvent;
  readonly clockUs: TimestampUs;
  /** The order before and after the event; undefined for other streams. */
  readonly before: OrderState | undefined;
  readonly after: OrderState | undefined;
};

export type FoldOptions = {
  /** The last position to fold. */
  readonly until: Position | undefined;
  /**
   * Called with the fold of everything up to the position, once each, also where the log is
   * shorter.
   */
  readonly stops?: readonly { readonly at: Position; readonly look: (fold: LogFold) => void }[];
  readonly onEvent?: (folded: Folded) => void;
  readonly onProgress?: (events: number) => void;
};

export type FoldPorts = {
  readonly store: Pick<EventStore, "readAll">;
  readonly codec: Codec;
};

/** Throws where an event cannot be read or cannot follow, with its place in the message. */
export async function foldLog(
  { store, codec }: FoldPorts,
  { until, stops = [], onEvent, onProgress }: FoldOptions,
): Promise<LogFold> {
  const ledger = createLedger();
  const fold = createOrderFold();
  const waiting = stops.toSorted((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
  let logId: LogId | undefined;
  let position: Position | undefined;
  let events = 0;
  let orders = 0;
  let clockUs = 0;

  const result = (): LogFold => ({
    ...{ logId, position, events, orders, ledger, clockUs },
    openOrders: fold.states,
  });
  const stopBefore = (next: Position | undefined): void => {
    while (waiting[0] && (next === undefined || waiting[0].at < next))
      waiting.shift()?.look(result());
  };

  function apply(recorded: PositionedEvent): void {
    const { before, after } = fold.apply(recorded);
    ledger.apply(recorded, after);
    if (after && !before) orders += 1;
    if (recorded.event.type === "LogCreated") logId = recorded.event.data.logId;
    // Processors are not given evidence: no row has the time of such an event.
    if (streamCategory(recorded.stream) !== EVIDENCE) {
      clockUs = Math.max(clockUs, recorded.metadata.recordedAtUs);
    }
    onEvent?.({ recorded, clockUs, before, after });
  }

  for await (const stored of eventsUntil(store, until, () => onProgress?.(events))) {
    stopBefore(stored.position);
    apply(codec.decode(stored));
    position = stored.position;
    events += 1;
  }
  stopBefore(undefined);
  return result();
}

/** What an engine, or its snapshot, says about the log at one position. */
export type EngineClaim = {
  readonly position: Position;
  readonly ledgerHash: string;
  readonly openOrders: readonly {
    readonly orderId: string;
    readonly revision: number;
    /** Undefined where only the revision is known. */
    readonly stateHash?: string;
  }[];
};

/** sha256 over the canonical ledger: equal hashes are equal ledgers. */
export const ledgerHash = (ledger: Ledger, hasher: Hasher): Hash =>
  hasher.sha256(ledger.snapshot());

/**
 * What differs, in sentences; empty when the claim is right. `fold` ends at the claim's position.
 */
export function compareEngine(fold: LogFold, claim: EngineClaim, hasher: Hasher): string[] {
  if (fold.position !== claim.position) {
    return [
      `it stands at position ${claim.position}, the log ends at ${fold.position ?? "nothing"}`,
    ];
  }
  const differences: string[] = [];
  const ours = ledgerHash(fold.ledger, hasher);
  if (ours !== claim.ledgerHash) {
    differences.push(`its ledger has the hash ${claim.ledgerHash}, the log's is ${ours}`);
  }
  const claimed = new Map(claim.openOrders.map((order) => [order.orderId, order]));
  for (const order of fold.openOrders()) {
    const { orderId, revision } = order;
    const other = claimed.get(orderId);
    claimed.delete(orderId);
    if (!other) differences.push(`it does not have the open order ${orderId}`);
    else if (other.revision !== revision) {
      const theirs = `it has order ${orderId} at revision ${other.revision}`;
      differences.push(`${theirs}, the log at ${revision}`);
    } else if (other.stateHash !== undefined && other.stateHash !== stateHash(order, hasher)) {
      differences.push(`its state of order ${orderId} differs`);
    }
  }
  for (const orderId of claimed.keys()) {
    differences.push(`it has an open order ${orderId} that the log has not`);
  }
  return differences;
}
