/** What a kill run went through, in figures. */
import type { OrderEventType } from "../../../domain/order/events.ts";
import type { BookedTransaction } from "../../support/chain-book.ts";
import { dataOf, type ExportedLog } from "../../support/exported-orders.ts";

export type KillSummary = {
  readonly kills: number;
  readonly killedBeforeReady: number;
  readonly orders: number;
  readonly filled: number;
  readonly failed: number;
  readonly cancelled: number;
  readonly rejected: number;
  readonly landed: number;
  readonly failedOnChain: number;
  readonly signed: number;
  readonly publicRoute: number;
  readonly expired: number;
  /** Signatures beyond the first one of an order. */
  readonly reSigned: number;
  readonly voided: number;
  readonly unknown: number;
  /** Open orders that starts found, by their last event. */
  readonly foundAt: ReadonlyMap<string, number>;
};

export function summaryOf(
  { orders, openAtStarts }: ExportedLog,
  transactions: readonly BookedTransaction[],
  lives: Pick<KillSummary, "kills" | "killedBeforeReady">,
): KillSummary {
  const all = [...orders.values()];
  const endedWith = (type: OrderEventType): number =>
    all.filter(({ events }) => events.at(-1)?.type === type).length;
  const count = (type: OrderEventType): number =>
    all.reduce((sum, order) => sum + dataOf(order, type).length, 0);
  const signed = all.flatMap((order) => dataOf(order, "AttemptSigned"));
  const own = transactions.filter(({ memo }) => memo !== undefined);
  const foundAt = new Map<string, number>();
  for (const type of openAtStarts) foundAt.set(type, (foundAt.get(type) ?? 0) + 1);
  return {
    ...lives,
    orders: all.length,
    filled: endedWith("FillFinalized"),
    failed: endedWith("OrderFailed"),
    cancelled: endedWith("OrderCancelled"),
    rejected: endedWith("OrderRejected"),
    landed: own.filter(({ error }) => error === undefined).length,
    failedOnChain: own.filter(({ error }) => error !== undefined).length,
    signed: signed.length,
    publicRoute: signed.filter(({ route }) => route === "public").length,
    expired: count("AttemptExpired"),
    reSigned: signed.length - all.filter((order) => dataOf(order, "AttemptSigned")[0]).length,
    voided: count("FillVoided"),
    unknown: count("OutcomeUnknown"),
    foundAt,
  };
}

/** Two lines. */
export function summaryText({ foundAt, ...figures }: KillSummary): string {
  const words = Object.entries(figures).map(([name, value]) => `${spaced(name)} ${value}`);
  const found = [...foundAt]
    .toSorted(([, a], [, b]) => b - a)
    .map(([type, count]) => `${type} ${count}`);
  return `${words.join(", ")}\nopen orders at a start, by their last event: ${found.join(", ")}`;
}

const spaced = (name: string): string =>
  name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
