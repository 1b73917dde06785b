/**
 * Each event of a live order against the chain's own truth: what may be signed, booked, voided and ended is decided here from the model
 * alone, one handler for each type of event.
 */
import { decodeBase64 } from "../../../domain/chain/bytes.ts";
import type { OrderEvent, OrderEventData } from "../../../domain/order/events.ts";
import type { Report } from "../log-model.ts";
import type { ChainModel, Placement } from "./chain-model.types.ts";
import type { LiveOrderRecord, SignedRecord } from "./live-log.types.ts";
import type { LivePlan } from "./live-plan.ts";
import { floorOf } from "./order-floor.ts";
import { readSwap } from "./wire.ts";

type Data<T extends OrderEvent["type"]> = OrderEventData<T>;
type Handlers = {
  readonly [T in OrderEvent["type"]]?: (order: LiveOrderRecord, data: Data<T>) => void;
};

export type TruthParts = {
  readonly plan: LivePlan;
  readonly chain: ChainModel;
  readonly report: Report;
  /** Attempts of all orders, by signature; this file adds to it. */
  readonly attempts: Map<string, SignedRecord>;
  /** The order's evidence of that hash is durable. */
  readonly isKept: (orderId: string, hash: string) => boolean;
  readonly onSigned: (attempt: SignedRecord) => void;
};

export function createTruthCheck(
  parts: TruthParts,
): (order: LiveOrderRecord, event: OrderEvent) => void {
  const { plan, chain, report, attempts, isKept, onSigned } = parts;

  function cited(order: LiveOrderRecord, hash: string | undefined): void {
    if (hash === undefined || isKept(order.orderId, hash)) return;
    report("evidence is durable before it is cited", `${order.orderId}: ${order.last().type}`);
  }

  function dead(order: LiveOrderRecord, invariant: string): void {
    const alive = order.attempts.find((attempt) => !chain.isDead(attempt));
    if (alive)
      report(invariant, `${order.orderId}#${alive.attempt} ${alive.signature.slice(0, 8)}`);
  }

  function onAttempt(order: LiveOrderRecord, data: Data<"AttemptSigned">): void {
    const { orderId, request } = order;
    const where = `${orderId}#${data.attempt}`;
    dead(order, "a second signature only after proven death");
    if (order.has("OrderCancelRequested") || order.has("OutcomeResolved")) {
      report("nothing is signed after a cancel or a resolution", where);
    }
    const bytes = decodeBase64(data.transaction) ?? new Uint8Array();
    const attempt = { ...data, order, bytes };
    const other = attempts.get(data.signature);
    if (other)
      report("a signature is one attempt of one order", `${where}, ${other.order.orderId}`);
    const swap = readSwap(bytes);
    const told = [swap.signature, swap.wallet, swap.inputMint, swap.outputMint, swap.amount];
    const wanted = [data.signature, order.wallet, order.inputMint, order.outputMint];
    if (told.join() !== [...wanted, request.amount].join()) {
      report("signed is what was asked for", `${where}: ${told}`);
    }
    checkLimits(order, data, swap);
    order.attempts.push(attempt);
    attempts.set(data.signature, attempt);
    onSigned(attempt);
  }

  function checkLimits(
    order: LiveOrderRecord,
    data: Data<"AttemptSigned">,
    swap: ReturnType<typeof readSwap>,
  ): void {
    const where = `${order.orderId}#${data.attempt}`;
    const floor = floorOf(order);
    if (swap.minimumOut < floor || swap.minimumOut < BigInt(data.minimumOut)) {
      report("no attempt goes below the order's floor", `${where}: ${swap.minimumOut} < ${floor}`);
    }
    if (swap.priorityFee + swap.tip > plan.config.live.priorityFee.capLamports) {
      report("fee and tip stay under the cap", `${where}: ${swap.priorityFee} + ${swap.tip}`);
    }
    if (data.attempt > plan.config.retry.attempts) {
      report("attempts are counted", `${where} of ${plan.config.retry.attempts}`);
    }
  }

  /** Where the last attempt was executed in that slot, on whichever fork. */
  function placementIn(order: LiveOrderRecord, slot: number): Placement | undefined {
    const signature = order.attempts.at(-1)?.signature ?? "";
    return chain.transaction(signature)?.placements.find(({ block }) => block.slot === slot);
  }

  function landed(order: LiveOrderRecord, slot: number): Placement | undefined {
    const found = placementIn(order, slot);
    if (found && found.error === undefined) return found;
    report("no landing without the chain's evidence", `${order.orderId} in slot ${slot}`);
    return undefined;
  }

  function onFill(order: LiveOrderRecord, data: Data<"OrderFilled">): void {
    order.fill = data;
    const placement = landed(order, data.live?.slot ?? -1);
    if (!placement) return;
    const { transaction, amountOut, rentLocked, fee } = placement;
    const told = [
      ...[data.amountIn, data.amountOut, data.fees.baseFeeLamports],
      ...[data.fees.priorityFeeLamports, data.fees.tipLamports, data.fees.rentLamports],
    ];
    const true_ = [
      ...[transaction.amount, amountOut, transaction.baseFee],
      ...[fee - transaction.baseFee, transaction.tip, rentLocked],
    ];
    if (told.join() !== true_.join() || data.txSignature !== transaction.signature) {
      report("fills are the chain's own balances", `${order.orderId}: ${told}; chain ${true_}`);
    }
    if (BigInt(data.amountOut) < floorOf(order)) {
      report("no fill below the order's floor", `${order.orderId}: ${data.amountOut}`);
    }
  }

  function finalized(order: LiveOrderRecord, slot: number, invariant: string): void {
    const placement = landed(order, slot);
    const { root } = chain.now();
    const isFinal =
      placement?.block.deadUs === Number.POSITIVE_INFINITY && placement.block.height <= root.height;
    if (!isFinal) report(invariant, `${order.orderId} in slot ${slot}`);
  }

  function onVoid(order: LiveOrderRecord, { slot }: Data<"FillVoided">): void {
    order.fill = undefined;
    const placement = placementIn(order, slot);
    if (placement?.block.deadUs === Number.POSITIVE_INFINITY) {
      report("a fill is voided by a fork only", `${order.orderId} in slot ${slot}`);
    }
  }

  function onFailure(order: LiveOrderRecord, data: Data<"AttemptFailed">): void {
    const placement = placementIn(order, data.slot);
    const fee = BigInt(data.feeLamports);
    if (!placement || placement.error === undefined || placement.fee !== fee) {
      report("a failure is the chain's own", `${order.orderId}: ${data.feeLamports} lamports`);
    }
    dead(order, "an attempt is given up only when it is dead");
  }

  function onResolution(order: LiveOrderRecord, data: Data<"OutcomeResolved">): void {
    for (const { sha256 } of data.evidence) cited(order, sha256);
    const invariant = "evidence says what the chain says";
    if (data.outcome === "landed") finalized(order, data.slot ?? -1, invariant);
    else dead(order, invariant);
  }

  const ended = (order: LiveOrderRecord): void =>
    dead(order, "no order ends while its bytes may land");
  const handlers: Handlers = {
    QuoteObtained: (order, { evidence }) => cited(order, evidence),
    SimulationPassed: (order, { evidence }) => cited(order, evidence),
    AttemptSigned: onAttempt,
    AttemptConfirmed: (order, { slot }) => {
      landed(order, slot);
    },
    OrderFilled: onFill,
    FillFinalized: (order, { slot }) => finalized(order, slot, "FILLED means finalized"),
    FillVoided: onVoid,
    AttemptFailed: onFailure,
    AttemptExpired: (order) => dead(order, "an attempt is given up only when it is dead"),
    OutcomeResolved: onResolution,
    OrderFailed: ended,
    OrderCancelled: ended,
    OrderExpired: ended,
    OrderRejected: ended,
  };
  return (order, event) => {
    const handle = handlers[event.type] as ((...args: unknown[]) => void) | undefined;
    handle?.(order, event.data);
  };
}
