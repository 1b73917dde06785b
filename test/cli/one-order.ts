/** GetOrder and ReplayEvents of an engine that has one order, on real recorded events. */
import { timestampOf } from "../../adapters/cli/output.ts";
import type { PositionedEvent } from "../../domain/codec/codec.ts";
import { REGISTRY } from "../../domain/codec/registry.ts";
import { foldOrder, stateHash } from "../../domain/order/state.ts";
import {
  Order,
  type RecordedEvent as WireEvent,
} from "../../proto/generated/orderstream/v1/trade_execution.ts";
import { hasher } from "../support/given.ts";
import { createLogWriter } from "../support/log-writer.ts";
import { SOL } from "../support/order-samples.ts";
import type { OrderOptions } from "../support/written-order.ts";
import type { Answers } from "./fake-engine.ts";

const decoder = new TextDecoder();

/** As ReplayEvents sends them. */
const wire = (recorded: PositionedEvent, data: string): WireEvent => ({
  stream: recorded.stream,
  revision: BigInt(recorded.revision),
  position: "opaque",
  type: recorded.event.type,
  schemaVersion: REGISTRY[recorded.event.type].version,
  data: Buffer.from(data),
  eventId: recorded.eventId,
  correlationId: recorded.metadata.correlationId,
  causationId: recorded.metadata.causationId,
  actor: recorded.metadata.actor,
  recordedAt: timestampOf(recorded.metadata.recordedAtUs),
  prevHash: recorded.metadata.prevHash,
  hash: recorded.hash,
});

/** An engine that has one order, and perhaps lies about it. */
export function answersFor(
  options: OrderOptions = {},
  lie: { readonly data?: (text: string) => string; readonly hash?: string } = {},
): Answers {
  const log = createLogWriter();
  log.openAccount("main", [{ mint: SOL, amount: "100000000000" }]);
  const order = log.order(options);
  order.finish();
  const own = log.recorded
    .map((recorded, index) => ({ recorded, stored: log.stored[index] }))
    .filter(({ recorded }) => recorded.stream === `order-${order.orderId}`);
  return {
    getOrder: ({ moment }) => {
      const last = moment?.$case === "atRevision" ? Number(moment.value) : own.length - 1;
      const state = foldOrder(own.slice(0, last + 1).map(({ recorded }) => recorded));
      if (!state) throw new Error("no events");
      const result = { orderId: order.orderId, revision: BigInt(state.revision) };
      return Order.create({ result, stateHash: lie.hash ?? stateHash(state, hasher) });
    },
    replayEvents: () =>
      own.map(({ recorded, stored }) => {
        const text = decoder.decode(stored?.data);
        return wire(recorded, lie.data?.(text) ?? text);
      }),
  };
}
