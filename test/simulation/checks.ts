/**
 * What an answer promises, checked against the log at the instant when the answer arrives, and once more at the end.
 */
import type {
  AccountResult,
  CancelResult,
  SubmitResult,
  WaitFor,
} from "../../domain/application/engine.types.ts";
import type { RecordedEvent } from "../../domain/codec/codec.ts";
import type { OrderEvent } from "../../domain/order/events.ts";
import { FAILURES, type FailureReason } from "../../domain/order/failures.ts";
import type { TradeCommand } from "../../domain/order/request.ts";
import { evolve, type OrderState, stateHash } from "../../domain/order/state.ts";
import { type OrderId, orderStream } from "../../domain/primitives/ids.ts";
import type { OrderRecord } from "./log-model.ts";
import { isEnding } from "./money-model.ts";
import { codec, hasher, type World } from "./world.ts";

export type Submitted = {
  readonly orderId: OrderId;
  readonly command: TradeCommand;
  readonly waitFor: WaitFor;
  readonly waitMs: number;
  /** Monotonic time of the call. */
  readonly atUs: number;
};

export type Checks = {
  readonly onSubmit: (asked: Submitted, result: SubmitResult | "lost") => void;
  readonly onCancel: (orderId: OrderId, asked: Asked, result: CancelResult | "lost") => void;
  readonly onAccount: (asked: AccountAsked, result: AccountResult | "lost") => void;
  /** `events`: how many of the order were there when the read began. */
  readonly onGet: (order: OrderState, events: number) => void;
  /** When nothing moves any more. */
  readonly atEnd: () => void;
};

/** `existed`: the order was in the log when the cancel was asked for. */
export type Asked = { readonly principal: string; readonly existed: boolean };
export type AccountAsked = { readonly account: string; readonly requestId: string };

/** How the calls for one id were answered: if all were refused, nothing of it may be in the log. */
type Tally = { calls: number; refused: number };

export function createChecks(world: World): Checks {
  const { report, model, scheduler, log } = world;
  const submits = new Map<string, Tally>();
  const commands = new Map<string, Tally>();
  const folds = new Map<OrderId, OrderState[]>();
  const acknowledged = new Set<string>();
  const tooLate = new Set<string>();

  const count = (tallies: Map<string, Tally>, id: string, refused: boolean): void => {
    const tally = tallies.get(id) ?? { calls: 0, refused: 0 };
    tallies.set(id, tally);
    tally.calls += 1;
    if (refused) tally.refused += 1;
  };

  /** The order at the answered revision, folded from the log; each event is folded once. */
  function foldedTo({ orderId, revision }: OrderState): OrderState | undefined {
    const stream = orderStream(orderId);
    const states = folds.get(orderId) ?? [];
    folds.set(orderId, states);
    for (const stored of (log.streams.get(stream) ?? []).slice(states.length, revision + 1)) {
      const recorded = codec.decode(stored) as RecordedEvent as RecordedEvent<OrderEvent>;
      states.push(evolve(states.at(-1), recorded));
    }
    return states[revision];
  }

  /** An order that an answer shows is durable, and folding the log gives the same. */
  function shown(order: OrderState): OrderRecord | undefined {
    const stream = orderStream(order.orderId);
    const record = model.order(stream);
    if (record?.hashes[order.revision] !== order.hash) {
      report("acknowledged is in the log", `${stream}@${order.revision} was answered`);
      return undefined;
    }
    const folded = foldedTo(order);
    if (!folded || hashOf(folded) !== hashOf(order)) {
      report("live equals replay", `${stream}@${order.revision}`);
    }
    acknowledged.add(stream);
    return record;
  }

  function onRefused({ orderId, command }: Submitted, reason: FailureReason): void {
    const stream = orderStream(orderId);
    if (FAILURES[reason].recorded) report("refusals are unrecorded", `${stream}: ${reason}`);
    if (reason !== "REQUEST_ID_REUSED") return;
    const record = model.order(stream);
    if (!record || isSameTrade(record, command)) {
      report("ALREADY_EXISTS names a recorded order with another body", stream);
    }
  }

  const onSubmit: Checks["onSubmit"] = (asked, result) => {
    const { command, orderId } = asked;
    const stream = orderStream(orderId);
    count(submits, stream, result !== "lost" && result.kind === "refused");
    if (result === "lost") return;
    if (result.kind === "refused") return onRefused(asked, result.refusal.reason);
    const waited = scheduler.nowUs() - asked.atUs >= asked.waitMs * 1_000;
    if (result.kind === "unknown") {
      if (!waited) report("unknown only after the wait", `${stream}: ${result.cause}`);
      return;
    }
    const record = shown(result.order);
    if (result.order.orderId !== orderId || (record && !isSameTrade(record, command))) {
      report("another body is never executed", stream);
    }
    if (!waited && !isReached(result.order, asked.waitFor)) {
      report("the answer waits for its point", `${stream}: ${asked.waitFor}`);
    }
  };

  const onCancel: Checks["onCancel"] = (orderId, { principal, existed }, result) => {
    if (result === "lost" || result.kind === "unknown") return;
    const stream = orderStream(orderId);
    const record = model.order(stream);
    const owned = record?.principal === principal;
    if (result.kind === "refused") {
      const { reason } = result.refusal;
      const hidden = reason === "ORDER_NOT_FOUND" && !(existed && owned);
      if (!hidden && reason !== "STORE_UNAVAILABLE") {
        report("cancels are refused for their own reasons", `${stream}: ${reason}`);
      }
      return;
    }
    shown(result.order);
    if (!owned) return report("only the owner cancels", stream);
    const last = record.last().type;
    if (result.kind === "too-late") tooLate.add(stream);
    else if (result.kind === "cancelled" ? last !== "OrderCancelled" : !isEnding(last)) {
      report("what a cancel answers is in the log", `${stream}: ${result.kind} at ${last}`);
    }
  };

  const onAccount: Checks["onAccount"] = ({ account, requestId }, result) => {
    const id = `${account} ${requestId}`;
    if (result === "lost") return count(commands, id, false);
    const reused = result.kind === "refused" && result.refusal.reason === "REQUEST_ID_REUSED";
    count(commands, id, result.kind === "refused" && !reused);
    if (result.kind === "account" && !model.commands(account).has(requestId)) {
      report("an obeyed command is in the log", id);
    }
  };

  const onGet: Checks["onGet"] = (order, events) => {
    if (order.revision < events - 1) {
      report("reads see what was written", `${order.orderId}: ${events} events were there`);
    }
    shown(order);
  };

  /** `isStored` by the id under which the calls were counted. */
  function noneRefused(tallies: Map<string, Tally>, isStored: (id: string) => boolean): void {
    for (const [id, { calls, refused }] of tallies) {
      if (calls === refused && isStored(id)) {
        report("refused is not in the log", `${id}: all ${calls} calls were refused`);
      }
    }
  }

  function atEnd(): void {
    noneRefused(submits, (stream) => model.order(stream) !== undefined);
    noneRefused(commands, (id) => {
      const [account = "", requestId = ""] = id.split(" ");
      return model.commands(account).has(requestId);
    });
    for (const record of model.orders()) {
      if (!isEnding(record.last().type)) {
        report("every order ends", `${record.stream} stays at ${record.last().type}`);
      }
    }
    for (const stream of tooLate) {
      const last = model.order(stream)?.last().type;
      if (last !== "OrderFilled") report("too late to cancel means executed", `${stream}: ${last}`);
    }
    for (const stream of acknowledged) {
      if (!model.order(stream)) report("acknowledged is in the log", stream);
    }
  }

  return { onSubmit, onCancel, onAccount, onGet, atEnd };
}

/** States are never changed, and the same one is shown to many. */
const hashes = new WeakMap<OrderState, string>();
function hashOf(order: OrderState): string {
  const known = hashes.get(order) ?? stateHash(order, hasher);
  hashes.set(order, known);
  return known;
}

/** The fields that make the trade, compared one by one. */
export function isSameTrade({ request }: OrderRecord, command: TradeCommand): boolean {
  return (
    request.requestId === command.requestId &&
    request.account === command.account &&
    request.mode === command.mode &&
    request.action === command.action &&
    request.baseMint === command.baseMint &&
    request.quoteMint === command.quoteMint &&
    request.amount === String(command.amount) &&
    request.expiresAtUs === command.expiresAtUs &&
    samePrice(request.expectedPrice, command.expectedPrice)
  );
}

/** However it is written. */
const samePrice = (a: string | undefined, b: string | undefined): boolean =>
  a === undefined || b === undefined ? a === b : units(a) === units(b);

function units(price: string): bigint {
  const [whole = "0", fraction = ""] = price.split(".");
  return BigInt(whole + fraction.padEnd(18, "0"));
}

function isReached(order: OrderState, waitFor: WaitFor): boolean {
  const ended = ["filled", "failed", "rejected", "cancelled", "expired"].includes(order.phase);
  if (waitFor === "ACCEPTED" || ended) return true;
  if (waitFor === "FINALIZED") return false;
  return order.phase === "executed";
}
