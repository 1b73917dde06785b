/** Which rare states the calls of clients meet. */
import type { CancelResult, SubmitResult } from "../../domain/application/engine.types.ts";
import type { FailureReason } from "../../domain/order/failures.ts";
import type { TradeCommand } from "../../domain/order/request.ts";
import { type OrderId, orderStream } from "../../domain/primitives/ids.ts";
import { isSameTrade } from "./checks.ts";
import type { Sometimes } from "./coverage.ts";
import { isEnding } from "./money-model.ts";
import type { World } from "./world.ts";

export type SubmitMarks = {
  /** Before a call; the returned function takes its answer. */
  readonly submitting: (
    orderId: OrderId,
    command: TradeCommand,
    lostBefore: boolean,
  ) => (result: SubmitResult | "lost") => void;
  readonly cancelling: (orderId: OrderId) => (result: CancelResult | "lost") => void;
};

const REFUSALS: { readonly [R in FailureReason]?: Sometimes } = {
  REQUEST_ID_REUSED: "submit: another body under a recorded id is refused",
  TOO_MANY_OPEN_ORDERS: "submit: shed by the engine's limit",
  DRAINING: "submit: refused while draining",
  ACCOUNT_IS_CLOSED: "submit: refused while its account is being closed",
  LIVE_NOT_CONFIGURED: "submit: LIVE is refused",
  ACCOUNT_NOT_FOUND: "submit: no such account",
};

export function createSubmitMarks(world: World): SubmitMarks {
  const { coverage, model, plan } = world;
  /** Amounts of the calls under way, by order: bodies differ in their amount. */
  const underWay = new Map<OrderId, bigint[]>();
  const cancelling = new Set<OrderId>();
  const refusedByStore = new Set<OrderId>();

  const isShut = (): boolean => {
    const status = world.life()?.engine.status();
    if (!status) return false;
    return !status.accepting || status.openOrders >= plan.config.limits.maxOpenOrders;
  };

  function markRefusal(
    orderId: OrderId,
    { reason, message }: { readonly reason: FailureReason; readonly message: string },
  ): void {
    if (reason === "STORE_UNAVAILABLE") refusedByStore.add(orderId);
    const state =
      reason === "TOO_MANY_OPEN_ORDERS" && message.startsWith("account")
        ? "submit: shed by the account's limit"
        : REFUSALS[reason];
    if (state) coverage.mark(state);
  }

  function markAnswer(
    facts: {
      readonly orderId: OrderId;
      readonly ended: boolean;
      readonly lostBefore: boolean;
      readonly shut: boolean;
    },
    result: SubmitResult,
  ): void {
    if (result.kind === "unknown") coverage.mark("submit: the wait ends before the store answers");
    if (result.kind === "refused") markRefusal(facts.orderId, result.refusal);
    if (result.kind !== "order") return;
    if (facts.ended) coverage.mark("submit: the same request after its order has ended");
    if (facts.lostBefore) coverage.mark("submit: the same request after a crash");
    if (facts.shut) {
      coverage.mark("submit: an existing order is answered although none is admitted");
    }
    if (refusedByStore.has(facts.orderId)) {
      coverage.mark("store: refuses a new order, which is accepted later");
    }
    if (["requested", "validated", "executed"].includes(result.order.phase)) {
      coverage.mark("submit: the wait ends before the order");
    }
  }

  function markWonCancel(orderId: OrderId, last: string | undefined, queued: boolean): void {
    coverage.mark("cancel: won");
    if (last === "RetryScheduled") coverage.mark("cancel: won while a retry was scheduled");
    if (last === "OrderRequested" && queued) {
      coverage.mark("cancel: won while the order waited for a slot");
    }
    if (!model.order(orderStream(orderId))?.data("QuoteObtained")) {
      coverage.mark("cancel: won before anything was quoted");
    }
  }

  return {
    submitting: (orderId, command, lostBefore) => {
      const record = model.order(orderStream(orderId));
      const ended =
        record !== undefined && isEnding(record.last().type) && isSameTrade(record, command);
      const shut = isShut();
      const others = underWay.get(orderId) ?? [];
      underWay.set(orderId, others);
      if (!record && others.length > 0 && world.life()) {
        coverage.mark(
          others.includes(command.amount)
            ? "submit: the same request while its first append is under way"
            : "submit: another body while the first append is under way",
        );
      }
      others.push(command.amount);
      const facts = { orderId, ended, lostBefore, shut: record !== undefined && shut };
      return (result) => {
        others.splice(others.indexOf(command.amount), 1);
        if (result !== "lost") markAnswer(facts, result);
      };
    },
    cancelling: (orderId) => {
      const last = model.order(orderStream(orderId))?.last().type;
      const queued = (world.life()?.engine.status().queueLength ?? 0) > 0;
      if (cancelling.has(orderId) && last && !isEnding(last)) {
        coverage.mark("cancel: two at the same time");
      }
      cancelling.add(orderId);
      return (result) => {
        cancelling.delete(orderId);
        if (result === "lost") return;
        if (result.kind === "too-late") coverage.mark("cancel: too late");
        if (result.kind === "already-final") coverage.mark("cancel: after the end");
        if (result.kind === "cancelled") markWonCancel(orderId, last, queued);
      };
    },
  };
}
