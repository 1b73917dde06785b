/** Transactions on their way: dropped, prompt, late, withheld until their last valid block, and what a fork makes of them. */
import type { Random } from "../random.ts";
import type { Fates, Transaction } from "./chain-model.types.ts";

export type Mempool = {
  readonly isEmpty: () => boolean;
  /** From here on everything lands at once. */
  readonly calm: () => void;
  /** A copy has come, the newest block being of `height`. */
  readonly offer: (transaction: Transaction, height: number) => void;
  /** What a block of `height` takes, if it is valid. */
  readonly take: (height: number) => readonly Transaction[];
  /** Its block is not on the chain any more. */
  readonly orphan: (transaction: Transaction, height: number) => void;
};

/** After so many blocks beyond the last valid one no fork brings it back. */
const FORGET_BLOCKS = 40;

export function createMempool(fates: Fates, random: Random): Mempool {
  const waiting = new Map<Transaction, number>();
  const luck = new Map<Transaction, number>();
  let isCalm = false;

  /** Height of the block that will take it. */
  function drawHeight({ lastValid = 0 }: Transaction, height: number): number {
    if (isCalm) return height + 1;
    if (random.chance(fates.withheld)) return Math.max(lastValid, height + 1);
    if (random.chance(fates.late))
      return random.between(height + 1, Math.max(height + 1, lastValid));
    return height + random.between(1, 6);
  }

  return {
    isEmpty: () => waiting.size === 0,
    calm: () => {
      isCalm = true;
    },
    offer: (transaction, height) => {
      const { lastValid } = transaction;
      if (lastValid === undefined || height > lastValid || waiting.has(transaction)) return;
      const drop =
        luck.get(transaction) ??
        (!isCalm && random.chance(fates.unlucky) ? random.pick([fates.dropRate, 1, 1]) : 0);
      luck.set(transaction, drop);
      if (random.chance(drop)) return;
      waiting.set(transaction, drawHeight(transaction, height));
    },
    take: (height) => {
      const due: Transaction[] = [];
      for (const [transaction, at] of waiting) {
        if (at <= height) due.push(transaction);
        const isOver = height > (transaction.lastValid ?? 0) + FORGET_BLOCKS;
        if (at <= height || isOver) waiting.delete(transaction);
      }
      return due;
    },
    orphan: (transaction, height) => {
      if (random.chance(fates.lost)) {
        luck.set(transaction, random.pick([0, 0.5, 1]));
        return;
      }
      waiting.set(transaction, drawHeight(transaction, height));
    },
  };
}
