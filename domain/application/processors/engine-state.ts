/**
 * What an engine must know to start: the ledger and the open orders, folded from the log. As a processor it keeps a snapshot, so that
 * a start is snapshot + tail; without a usable one it is a full fold. Snapshot + tail = full fold is a law of the tests.
 */
import { z } from "zod";
import type { Codec, PositionedEvent } from "../../codec/codec.ts";
import { stateHash } from "../../order/state.ts";
import type { Checkpoint, Checkpoints } from "../../ports/checkpoints.ts";
import type { EventStore, Position } from "../../ports/event-store.ts";
import type { Hasher } from "../../ports/hasher.ts";
import type { EventId, Hash, LogId, OrderId } from "../../primitives/ids.ts";
import type { TimestampUs } from "../../primitives/time.ts";
import type { Recovered } from "../engine.ts";
import { createLedger, type Ledger } from "../ledger.ts";
import {
  createOrderFold,
  type OrderFold,
  orderFoldSnapshotSchema,
  restoreOrderFold,
} from "./order-fold.ts";
import type { Processor } from "./run-processor.ts";

/** Raised when the form of the snapshot or the meaning of a fold changes. */
const VERSION = 1;
const NAME = "engine-state";
const PAGE = 1_000;

const snapshotSchema = z.object({
  ledger: z.string(),
  openOrders: orderFoldSnapshotSchema,
  clockUs: z.int().min(0),
  /** Decimal digits; empty before the first event. */
  position: z.string().regex(/^\d*$/),
});

/** The engine's state at one position of the log, for comparison. */
export type StateReport = {
  readonly position: Position | undefined;
  readonly ledgerHash: Hash;
  readonly openOrders: readonly {
    readonly orderId: OrderId;
    readonly revision: number;
    readonly stateHash: Hash;
  }[];
};

export type EngineState = Processor & {
  readonly report: (hasher: Hasher) => StateReport;
  /** Folds what is in the log behind the last snapshot, saves a new one, and hands out what an engine starts with. */
  readonly recover: (options: RecoverOptions) => Promise<Recovered>;
};

export type RecoverOptions = {
  readonly checkpoints: Checkpoints;
  readonly logId: LogId;
  /** Called after each page with the number of events folded. */
  readonly onProgress?: (events: number) => void;
};

type Folded = { ledger: Ledger; orders: OrderFold; clockUs: TimestampUs };

export function createEngineState(ports: {
  readonly store: EventStore;
  readonly codec: Codec;
}): EngineState {
  const { store, codec } = ports;
  const empty = (): Folded => ({ ledger: createLedger(), orders: createOrderFold(), clockUs: 0 });
  let folded = empty();
  let position: Position | undefined;
  let last: EventId | undefined;

  function fold(batch: readonly PositionedEvent[]): void {
    for (const recorded of batch) {
      const { after } = folded.orders.apply(recorded);
      folded.ledger.apply(recorded, after);
      folded.clockUs = Math.max(folded.clockUs, recorded.metadata.recordedAtUs);
      position = recorded.position;
      last = recorded.eventId;
    }
  }

  const restore: Processor["restore"] = async (state) => {
    folded = empty();
    position = undefined;
    if (state === undefined) return "restored";
    const parsed = parse(state);
    if (!parsed) return "unreadable";
    const { ledger, clockUs, openOrders } = parsed;
    position = parsed.position === "" ? undefined : BigInt(parsed.position);
    folded = {
      ledger: createLedger(ledger),
      clockUs,
      orders: await restoreOrderFold(ports, openOrders),
    };
    return "restored";
  };

  const snapshot = (): string =>
    JSON.stringify({
      ledger: folded.ledger.snapshot(),
      openOrders: folded.orders.snapshot(),
      clockUs: folded.clockUs,
      position: position?.toString() ?? "",
    });

  /** Position to go on from. */
  async function fromSnapshot({ checkpoints, logId }: RecoverOptions): Promise<Position | "start"> {
    const found = await checkpoints.load(NAME);
    if (!found || found.version !== VERSION || found.logId !== logId) return "start";
    const [stored] = await store.readAll(found.position - 1n, 1);
    if (stored?.position !== found.position) return "start";
    if (codec.decode(stored).eventId !== found.eventId) return "start";
    if ((await restore(found.state)) !== "restored") return "start";
    last = found.eventId;
    return found.position;
  }

  return {
    name: NAME,
    version: VERSION,
    restore,
    apply: async (batch) => fold(batch),
    settle: async () => {},
    snapshot,
    report: (hasher) => ({
      position,
      ledgerHash: hasher.sha256(folded.ledger.snapshot()),
      openOrders: [...folded.orders.states()].map((order) => ({
        orderId: order.orderId,
        revision: order.revision,
        stateHash: stateHash(order, hasher),
      })),
    }),
    recover: async (options) => {
      const from = await fromSnapshot(options);
      if (from === "start") await restore(undefined);
      let events = 0;
      for (let after = from; ; ) {
        const page = await store.readAll(after, PAGE);
        fold(page.map((stored) => codec.decode(stored)));
        events += page.length;
        options.onProgress?.(events);
        const end = page.at(-1);
        if (!end) break;
        after = end.position;
      }
      if (events > 0 && position !== undefined && last !== undefined) {
        await options.checkpoints.save(checkpointAt(options.logId, { position, last, snapshot }));
      }
      return {
        logId: options.logId,
        ledger: createLedger(folded.ledger.snapshot()),
        openOrders: [...folded.orders.states()].map(({ orderId }) => orderId),
        clockUs: folded.clockUs,
        position,
      };
    },
  };
}

const checkpointAt = (
  logId: LogId,
  at: { readonly position: Position; readonly last: EventId; readonly snapshot: () => string },
): Checkpoint => ({
  processor: NAME,
  version: VERSION,
  logId,
  targetId: ENGINE_STATE_TARGET,
  position: at.position,
  eventId: at.last,
  state: at.snapshot(),
});

/** Its target is memory: nothing that could be exchanged for another. */
export const ENGINE_STATE_TARGET = "memory";

function parse(state: string): z.output<typeof snapshotSchema> | undefined {
  try {
    return snapshotSchema.parse(JSON.parse(state));
  } catch {
    return undefined;
  }
}
