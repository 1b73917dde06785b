/**
 * What if, over a log: finds the execution decisions of recorded paper orders, has each decided again, and sums up. Memory is
 * bounded by the orders that stand between their request and their execution, and by the pairs that were traded.
 */
import type { Codec, PositionedEvent, RecordedEvent } from "../../codec/codec.ts";
import { isOrderEvent } from "../../codec/registry.ts";
import type { OrderEvent } from "../../order/events.ts";
import { evolve, isTerminal, type OrderState } from "../../order/state.ts";
import type { EventStore, Position } from "../../ports/event-store.ts";
import type { AccountId, Mint, StreamName } from "../../primitives/ids.ts";
import type { TimestampUs } from "../../primitives/time.ts";
import { eventsUntil } from "./verify-log.ts";
import {
  type Change,
  type Difference,
  isExecution,
  type NotRedecided,
  redecide,
  type WhatIfOrder,
  type WhatIfPolicy,
} from "./whatif.ts";

export type WhatIfOptions = {
  readonly policy: WhatIfPolicy;
  /** Orders requested from `fromUs` to before `toUs` by the log's clock: the latest time recorded so far. */
  readonly fromUs?: TimestampUs | undefined;
  readonly toUs?: TimestampUs | undefined;
  readonly account?: AccountId | undefined;
  /** The last position that is read. */
  readonly until: Position | undefined;
  /** In the order of their decisions; the next one waits until this is done. False ends it. */
  readonly onOrder: (compared: WhatIfOrder) => Promise<boolean>;
  /** Events read so far. */
  readonly onProgress?: (events: number) => void;
};

/** Over the fills of one pair that count the same mint, where both decisions filled. */
export type PairSum = Difference & {
  readonly baseMint: Mint;
  readonly quoteMint: Mint;
  readonly fills: number;
};

export type WhatIfSummary = {
  /** Orders in the range, decided again or not. */
  readonly orders: number;
  readonly changes: Readonly<Record<Change, number>>;
  readonly pairs: readonly PairSum[];
  /** Decided again by another model than the one that was asked, because the record lacks what that one needs. */
  readonly fallbacks: number;
  readonly notRedecided: Readonly<Record<NotRedecided | "live" | "no-execution", number>>;
};

/** Throws where an event cannot be read or cannot follow. */
export async function whatIfLog(
  ports: { readonly store: Pick<EventStore, "readAll">; readonly codec: Codec },
  options: WhatIfOptions,
): Promise<WhatIfSummary> {
  const { policy, toUs = Number.MAX_SAFE_INTEGER, onOrder, onProgress } = options;
  const open = new Map<StreamName, OrderState>();
  const sums = createSums();
  const begins = beginningsOf(options);
  let events = 0;
  let clockUs = 0;

  async function follow(recorded: RecordedEvent<OrderEvent>): Promise<boolean> {
    const { stream, event } = recorded;
    const before = open.get(stream);
    if (event.type === "OrderRequested") {
      if (!begins(event.data.request.account, clockUs)) return true;
      sums.begun();
      if (event.data.request.mode === "LIVE") {
        sums.live();
        return true;
      }
    } else if (!before) return true;
    if (!before || !isExecution(event)) {
      const after = evolve(before, recorded);
      if (isTerminal(after)) open.delete(stream);
      else open.set(stream, after);
      return true;
    }
    // Each order is executed once: what follows changes nothing in what was decided.
    open.delete(stream);
    const compared = redecide(before, event, policy);
    sums.add(compared);
    return typeof compared === "string" || onOrder(compared);
  }

  for await (const stored of eventsUntil(ports.store, options.until, () => onProgress?.(events))) {
    events += 1;
    const recorded = ports.codec.decode(stored);
    clockUs = Math.max(clockUs, recorded.metadata.recordedAtUs);
    // Nothing that matters can come any more.
    if (clockUs >= toUs && open.size === 0) break;
    if (isOrderRecord(recorded) && !(await follow(recorded))) break;
  }
  return sums.result();
}

const isOrderRecord = (
  recorded: PositionedEvent,
): recorded is RecordedEvent<OrderEvent> & PositionedEvent => isOrderEvent(recorded.event);

const beginningsOf =
  ({ fromUs = 0, toUs = Number.MAX_SAFE_INTEGER, account }: WhatIfOptions) =>
  (ofAccount: AccountId, clockUs: TimestampUs): boolean =>
    clockUs >= fromUs && clockUs < toUs && (account === undefined || account === ofAccount);

function createSums() {
  let orders = 0;
  let fallbacks = 0;
  const changes = { ...NO_CHANGES };
  const left = { simulated: 0, "unknown-model": 0, live: 0 };
  const pairs = new Map<string, PairSum>();

  function addDifference({ order, difference }: WhatIfOrder): void {
    if (!difference) return;
    const { baseMint, quoteMint } = order.request;
    const { mint, gain, of } = difference;
    const key = `${baseMint}/${quoteMint} ${mint}`;
    const sum = pairs.get(key) ?? { baseMint, quoteMint, mint, gain: 0n, of: 0n, fills: 0 };
    pairs.set(key, { ...sum, gain: sum.gain + gain, of: sum.of + of, fills: sum.fills + 1 });
  }

  return {
    begun: (): void => {
      orders += 1;
    },
    /** The chain decided it, no model. */
    live: (): void => {
      left.live += 1;
    },
    add: (compared: WhatIfOrder | NotRedecided): void => {
      if (typeof compared === "string") {
        left[compared] += 1;
        return;
      }
      changes[compared.change] += 1;
      if (compared.whatIf.fallback !== undefined) fallbacks += 1;
      addDifference(compared);
    },
    result: (): WhatIfSummary => {
      const decided = Object.values(changes).reduce((sum, count) => sum + count, 0);
      const without = Object.values(left).reduce((rest, count) => rest - count, orders - decided);
      return {
        ...{ orders, changes, fallbacks },
        pairs: [...pairs.values()],
        notRedecided: { ...left, "no-execution": without },
      };
    },
  };
}

const NO_CHANGES: Readonly<Record<Change, number>> = {
  same: 0,
  better: 0,
  worse: 0,
  "filled-to-failed": 0,
  "failed-to-filled": 0,
};
