/** A live order of a written log: literal events, one append each, and evidence before what cites it. */
import type { PositionedEvent } from "../../domain/codec/codec.ts";
import type { DomainEvent } from "../../domain/codec/registry.ts";
import { orderIdOf } from "../../domain/order/request.ts";
import {
  evidenceStream,
  type OrderId,
  orderStream,
  type RequestId,
  type StreamName,
} from "../../domain/primitives/ids.ts";
import { hasher } from "./given.ts";
import {
  FINAL_LIFE,
  liveRequested,
  outcomeUnknown,
  PROVISIONAL_LIFE,
  SECOND_TRY_LIFE,
  SIGNED_LIFE,
  voided,
} from "./live-order-events.ts";
import { FAILED, VALIDATED } from "./order-events.ts";
import { PRINCIPAL } from "./written-order.ts";

const LIVES = {
  final: FINAL_LIFE,
  "second-try": SECOND_TRY_LIFE,
  void: [...PROVISIONAL_LIFE, voided()],
  unknown: [...SIGNED_LIFE, outcomeUnknown()],
  failed: [liveRequested(), VALIDATED, FAILED],
} as const;
export type LiveLife = keyof typeof LIVES;

export type WrittenLiveOrder = {
  readonly orderId: OrderId;
  /** Appends the next event; false when its life is told. */
  readonly step: () => boolean;
  readonly finish: () => OrderId;
};

const CITING: ReadonlySet<string> = new Set(["QuoteObtained", "SimulationPassed", "OrderFilled"]);

const evidence = (text: string): DomainEvent => ({
  type: "EvidenceRecorded",
  data: {
    kind: "quote",
    source: "http://127.0.0.1:7700",
    sha256: hasher.sha256(text),
    length: text.length,
    truncated: false,
    gzip: "H4sIAAAAAAAAA6uuBQBDv6ajAgAAAA==",
  },
});

export function writeLiveOrder(
  { life, account }: { readonly life: LiveLife; readonly account: string },
  world: {
    readonly requestId: RequestId;
    readonly append: (
      stream: StreamName,
      events: readonly DomainEvent[],
      correlationId: string,
    ) => readonly PositionedEvent[];
  },
): WrittenLiveOrder {
  const { requestId, append } = world;
  const orderId = orderIdOf(PRINCIPAL, requestId, hasher);
  const [, ...later] = LIVES[life];
  const events = [liveRequested({ requestId, account }), ...later];
  let next = 0;
  const step = (): boolean => {
    const event = events[next];
    if (!event) return false;
    next += 1;
    if (CITING.has(event.type)) {
      append(evidenceStream(orderId), [evidence(`${orderId} ${next}`)], orderId);
    }
    append(orderStream(orderId), [event], orderId);
    return true;
  };
  step();
  const finish = (): OrderId => {
    while (step());
    return orderId;
  };
  return { orderId, step, finish };
}
