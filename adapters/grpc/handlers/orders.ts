/** One order: its state at a moment, and its life as a stream. */
import { type OrderState, stateHash } from "../../../domain/order/state.ts";
import type { OrderId } from "../../../domain/primitives/ids.ts";
import { formatTimestamp } from "../../../domain/primitives/time.ts";
import type {
  ExecutionStatus,
  GetOrderRequest,
  Order,
  StreamExecutionStatusRequest,
} from "../../../proto/generated/orderstream/v1/trade_execution.ts";
import type { Context } from "../context.ts";
import { type Failed, invalid, refused } from "../errors.ts";
import { type Parsed, valid, wrong } from "../mapping/parsed.ts";
import { tradeRequestOf } from "../mapping/request.ts";
import { executionStatusOf } from "../mapping/status-stream.ts";
import { timeUsOf } from "../mapping/time.ts";
import type { Caller, Sink, StreamHandler, UnaryHandler } from "../methods.ts";
import {
  orderNotFound,
  ownOrder,
  referredOrder,
  resultWithLedger,
  viewsReached,
} from "./shared.ts";

type Moment = { readonly revision: number } | { readonly timeUs: number } | undefined;

/** OK for every order that exists, also for one that failed: asking is no failure. */
export const getOrder =
  (context: Context): UnaryHandler<GetOrderRequest, Order> =>
  async (request, caller) => {
    const orderId = referredOrder(request.order, caller.principal, context);
    const moment = momentOf(request.moment);
    if (!orderId.ok || !moment.ok) {
      return invalid([orderId, moment].flatMap((part) => (part.ok ? [] : part.violations)));
    }
    const behind =
      request.minPosition && (await viewsReached(request.minPosition, caller, context));
    if (behind) return behind;
    const found = await context.engine.get(orderId.value, moment.value);
    const order = ownOrder(found, caller.principal);
    if (!order) return notThen({ orderId: orderId.value, moment: moment.value, caller }, context);
    return beyondEnd(order, moment.value) ?? { kind: "ok", message: orderMessage(order, context) };
  };

/** An order that is there now, but was not at the time that was asked about. */
async function notThen(
  { orderId, moment, caller }: { orderId: OrderId; moment: Moment; caller: Caller },
  { engine }: Context,
): Promise<Failed> {
  if (!moment || !("timeUs" in moment)) return orderNotFound(orderId);
  const order = ownOrder(await engine.get(orderId), caller.principal);
  if (!order) return orderNotFound(orderId);
  const [begun, asked] = [order.requestedAtUs, moment.timeUs].map(formatTimestamp);
  const message = `order ${orderId} was requested at ${begun}, after at_time ${asked}`;
  return refused({ reason: "ORDER_NOT_FOUND", message }, orderId);
}

/** The last state is no answer to a question about a later one. */
function beyondEnd({ orderId, revision }: OrderState, moment: Moment): Failed | undefined {
  if (!moment || !("revision" in moment) || moment.revision <= revision) return undefined;
  const message =
    `at_revision: order ${orderId} has no revision ${moment.revision}; ` +
    `its last one is ${revision}`;
  return refused({ reason: "REVISION_OUT_OF_RANGE", message }, orderId);
}

const orderMessage = (order: OrderState, context: Context): Order => ({
  request: tradeRequestOf(order.request),
  result: resultWithLedger(order, context),
  principal: order.principal,
  stateHash: stateHash(order, context.hasher),
});

function momentOf(moment: GetOrderRequest["moment"]): Parsed<Moment> {
  if (!moment) return valid(undefined);
  if (moment.$case === "atRevision") {
    const revision = revisionOf("at_revision", moment.value);
    return revision.ok ? valid({ revision: revision.value }) : revision;
  }
  const timeUs = timeUsOf("at_time", moment.value);
  if (!timeUs.ok) return timeUs;
  return timeUs.value === undefined ? valid(undefined) : valid({ timeUs: timeUs.value });
}

export const revisionOf = (name: string, revision: bigint): Parsed<number> =>
  revision <= BigInt(Number.MAX_SAFE_INTEGER)
    ? valid(Number(revision))
    : wrong(name, `must be at most ${Number.MAX_SAFE_INTEGER}`);

/** What happened, then what happens. Ends after the terminal status; NOT_FOUND if the order never comes into being. */
export const streamExecutionStatus =
  (context: Context): StreamHandler<StreamExecutionStatusRequest, ExecutionStatus> =>
  async (request, caller, sink) => {
    const orderId = referredOrder(request.order, caller.principal, context);
    const after =
      request.afterRevision === undefined
        ? valid(-1)
        : revisionOf("after_revision", request.afterRevision);
    if (!orderId.ok || !after.ok) {
      return invalid([orderId, after].flatMap((part) => (part.ok ? [] : part.violations)));
    }
    return follow({ orderId: orderId.value, after: after.value, caller }, sink, context);
  };

type Watch = { readonly orderId: OrderId; readonly after: number; readonly caller: Caller };

async function follow(
  { orderId, after, caller }: Watch,
  sink: Sink<ExecutionStatus>,
  { engine, tokens }: Context,
): Promise<Failed | undefined> {
  // The engine waits for an order that does not exist yet; this call does so only until its deadline.
  const missing = new AbortController();
  const stop = AbortSignal.any([sink.signal, missing.signal]);
  const timer = setTimeout(() => {
    engine.get(orderId).then(
      (order) => {
        if (!ownOrder(order, caller.principal)) missing.abort();
      },
      () => missing.abort(),
    );
  }, caller.waitMs);
  try {
    for await (const step of engine.watch(orderId, after, stop)) {
      clearTimeout(timer);
      if (!ownOrder(step.order, caller.principal)) return orderNotFound(orderId);
      if (!(await sink.send(executionStatusOf(step, tokens)))) return undefined;
    }
  } finally {
    clearTimeout(timer);
  }
  return missing.signal.aborted ? orderNotFound(orderId) : undefined;
}
