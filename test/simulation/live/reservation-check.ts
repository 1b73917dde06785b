/**
 * What open orders hold of a wallet, from the log alone: never more than the chain had at the newest slot that one of the holders was read
 * at. An order holds until its landing is in that reading, until its attempt is dead, or until it ends.
 */
import type { OrderEvent, OrderEventData } from "../../../domain/order/events.ts";
import { type Mint, SOL_MINT } from "../../../domain/primitives/ids.ts";
import type { Marks } from "../coverage.ts";
import type { Report } from "../log-model.ts";
import type { ChainModel } from "./chain-model.types.ts";
import { WALLET_RENT } from "./execute.ts";
import type { LiveSometimes } from "./live-coverage.ts";
import type { LiveOrderRecord } from "./live-log.types.ts";
import { balanceIn } from "./node-view.ts";
import { isLiveEnding } from "./order-life.ts";

type Hold = {
  readonly order: LiveOrderRecord;
  readonly wallet: string;
  readonly totals: ReadonlyMap<Mint, bigint>;
  readonly slot: number;
  landedSlot: number;
};

const NOT_LANDED = Number.POSITIVE_INFINITY;
const ENDS_HOLD: ReadonlySet<OrderEvent["type"]> = new Set<OrderEvent["type"]>([
  ...(["RetryScheduled", "AttemptFailed", "AttemptExpired", "FillFinalized"] as const),
]);

export function createReservationCheck(
  chain: ChainModel,
  report: Report,
  coverage: Marks<LiveSometimes>,
): { readonly take: (order: LiveOrderRecord, event: OrderEvent) => void } {
  const holds = new Map<string, Hold>();

  function check({ wallet }: Hold, orderId: string): void {
    const own = [...holds.values()].filter((hold) => hold.wallet === wallet);
    if (own.length > 1) coverage.mark("funds: two orders of a wallet held at the same time");
    // A fork takes back what was read: then only the chain itself can say no.
    if (chain.forks() > 0) return;
    const newest = Math.max(...own.map(({ slot }) => slot));
    // What is in that reading is not held beside it, whether the engine knows of the landing or not.
    const isRead = (hold: Hold): boolean =>
      hold.landedSlot <= newest || landedBy(hold.order, newest);
    const waiting = own.filter((hold) => !isRead(hold));
    let block = chain.now().tip;
    while (block.slot > newest && block.parent) block = block.parent;
    for (const mint of new Set(waiting.flatMap(({ totals }) => [...totals.keys()]))) {
      const held = waiting.reduce((sum, { totals }) => sum + (totals.get(mint) ?? 0n), 0n);
      const has = balanceIn(block.state, wallet, mint) - (mint === SOL_MINT ? WALLET_RENT : 0n);
      if (held > has) {
        const read = own.map((hold) => `${hold.order.orderId.slice(0, 8)} at ${hold.slot}`);
        const words = `${held} of ${has} ${mint}, read by ${read}`;
        report("never more reserved than there is", `${orderId}: ${words}`);
      }
    }
  }

  const landedBy = ({ attempts }: LiveOrderRecord, slot: number): boolean => {
    const { signature = "" } = attempts.at(-1) ?? {};
    return (chain.transaction(signature)?.placements ?? []).some(
      ({ block, error }) => error === undefined && block.slot <= slot,
    );
  };

  function hold(order: LiveOrderRecord, data: OrderEventData<"FundsReserved">): void {
    const totals = new Map<Mint, bigint>();
    for (const { mint, amount } of data.lines) {
      totals.set(mint, (totals.get(mint) ?? 0n) + BigInt(amount));
    }
    const { orderId, wallet } = order;
    const slot = data.contextSlot ?? 0;
    const made = { order, wallet, totals, slot, landedSlot: NOT_LANDED };
    holds.set(orderId, made);
    check(made, orderId);
  }

  function resolve(held: Hold, orderId: string, data: OrderEventData<"OutcomeResolved">): void {
    if (data.outcome === "landed") held.landedSlot = data.slot ?? 0;
    else holds.delete(orderId);
  }

  return {
    take: (order, event) => {
      const { orderId } = order;
      const held = holds.get(orderId);
      if (event.type === "FundsReserved") return hold(order, event.data);
      if (!held) return;
      if (event.type === "AttemptConfirmed") held.landedSlot = event.data.slot;
      else if (event.type === "FillVoided") held.landedSlot = NOT_LANDED;
      else if (event.type === "OutcomeResolved") resolve(held, orderId, event.data);
      else if (ENDS_HOLD.has(event.type) || isLiveEnding(event.type)) holds.delete(orderId);
    },
  };
}
