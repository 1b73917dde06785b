/** What an answer promises, checked against the log at the instant when it arrives, and once more at the end. */
import type { CancelResult, SubmitResult } from "../../../domain/application/engine.types.ts";
import type { RecordedEvent } from "../../../domain/codec/codec.ts";
import type { OrderEvent } from "../../../domain/order/events.ts";
import { FAILURES } from "../../../domain/order/failures.ts";
import type { TradeCommand } from "../../../domain/order/request.ts";
import { evolve, isTerminal, type OrderState, stateHash } from "../../../domain/order/state.ts";
import { type OrderId, orderStream } from "../../../domain/primitives/ids.ts";
import { codec, hasher } from "../world.ts";
import type { LiveSometimes } from "./live-coverage.ts";
import type { LiveWorld } from "./live-world.ts";

export type LiveAsked = { readonly orderId: OrderId; readonly command: TradeCommand };

export type LiveAnswers = {
  readonly onSubmit: (asked: LiveAsked, result: SubmitResult | "lost") => void;
  readonly onCancel: (orderId: OrderId, result: CancelResult | "lost") => void;
  /** When nothing moves any more. */
  readonly atEnd: () => void;
};

const REFUSALS: Readonly<Record<string, LiveSometimes>> = {
  REQUEST_ID_REUSED: "submit: another body is refused",
  TRADING_HALTED: "submit: refused by a halt",
  BREAKER_OPEN: "submit: refused by the breaker",
  DRAINING: "submit: refused while draining",
};

export function createLiveAnswers(world: LiveWorld): LiveAnswers {
  const { report, model, log, coverage } = world;
  const acknowledged = new Set<string>();
  const calls = new Map<string, { all: number; refused: number }>();
  const folds = new Map<OrderId, OrderState[]>();

  function foldedTo({ orderId, revision }: OrderState): OrderState | undefined {
    const states = folds.get(orderId) ?? [];
    folds.set(orderId, states);
    const stored = log.streams.get(orderStream(orderId)) ?? [];
    for (const one of stored.slice(states.length, revision + 1)) {
      states.push(
        evolve(states.at(-1), codec.decode(one) as RecordedEvent as RecordedEvent<OrderEvent>),
      );
    }
    return states[revision];
  }

  function shown(order: OrderState): void {
    const where = `${order.orderId}@${order.revision}`;
    if (model.order(order.orderId)?.hashes[order.revision] !== order.hash) {
      report("acknowledged is in the log", where);
      return;
    }
    const folded = foldedTo(order);
    if (!folded || stateHash(folded, hasher) !== stateHash(order, hasher)) {
      report("live equals replay", where);
    }
    acknowledged.add(order.orderId);
  }

  return {
    onSubmit: ({ orderId, command }, result) => {
      const tally = calls.get(orderId) ?? { all: 0, refused: 0 };
      calls.set(orderId, tally);
      tally.all += 1;
      if (result === "lost" || result.kind === "unknown") return;
      if (result.kind === "refused") {
        tally.refused += 1;
        const { reason } = result.refusal;
        if (FAILURES[reason].recorded) report("refusals are unrecorded", `${orderId}: ${reason}`);
        const state = REFUSALS[reason];
        if (state) coverage.mark(state);
        const recorded = model.order(orderId)?.request;
        if (reason === "REQUEST_ID_REUSED" && recorded?.amount === String(command.amount)) {
          report("ALREADY_EXISTS names a recorded order with another body", orderId);
        }
        return;
      }
      shown(result.order);
      if (!isTerminal(result.order)) coverage.mark("submit: the wait ends before the order");
      if (result.order.request.amount !== String(command.amount)) {
        report("another body is never executed", orderId);
      }
    },
    onCancel: (orderId, result) => {
      if (result === "lost" || result.kind === "unknown" || result.kind === "refused") return;
      shown(result.order);
      const record = model.order(orderId);
      const isTrue =
        result.kind === "cancelled"
          ? record?.last().type === "OrderCancelled"
          : result.kind === "too-late"
            ? record?.has("OrderCancelRequested")
            : isTerminal(result.order);
      if (!isTrue) report("what a cancel answers is in the log", `${orderId}: ${result.kind}`);
    },
    atEnd: () => {
      for (const orderId of acknowledged) {
        if (!model.order(orderId)) report("acknowledged is in the log", orderId);
      }
      for (const [orderId, { all, refused }] of calls) {
        if (all === refused && model.order(orderId)) {
          report("refused is not in the log", `${orderId}: all ${all} calls were refused`);
        }
      }
    },
  };
}
