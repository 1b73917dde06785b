/**
 * What the wallets of live accounts have free: their balances on the chain at a slot, less what open orders hold that have not landed
 * by then. A balance read at a slot before the wallet's newest landing is of no use.
 */
import type { Mint, OrderId } from "../../primitives/ids.ts";

type Totals = ReadonlyMap<Mint, bigint>;

type Hold = { readonly totals: Totals; landedSlot: number | undefined };

export type WalletFunds = {
  /** Slot that a balance must be read at, or later. */
  readonly minContextSlot: (wallet: string) => number;
  /** Smallest units of a mint that orders hold which had not landed at `slot`, without `except`'s own. */
  readonly heldAt: (wallet: string, mint: Mint, at: { slot: number; except: OrderId }) => bigint;
  /** All that open orders hold of a mint. */
  readonly held: (wallet: string, mint: Mint) => bigint;
  readonly holds: (wallet: string, orderId: OrderId) => boolean;
  /** Replaces what the order holds. */
  readonly hold: (wallet: string, orderId: OrderId, totals: Totals) => void;
  /** The order's transaction was executed in that slot: balances read then or later have it in them. */
  readonly landed: (wallet: string, orderId: OrderId, slot: number) => void;
  /** The wallet paid something in that slot: older balances are of no use. */
  readonly seen: (wallet: string, slot: number) => void;
  /** A fork undid it. */
  readonly unlanded: (wallet: string, orderId: OrderId) => void;
  readonly release: (wallet: string, orderId: OrderId) => void;
};

export function createWalletFunds(): WalletFunds {
  const wallets = new Map<string, { newestSlot: number; readonly holds: Map<OrderId, Hold> }>();
  const bookOf = (wallet: string) => {
    const book = wallets.get(wallet) ?? { newestSlot: 0, holds: new Map<OrderId, Hold>() };
    wallets.set(wallet, book);
    return book;
  };
  const sum = (wallet: string, mint: Mint, counts: (hold: Hold, orderId: OrderId) => boolean) => {
    let total = 0n;
    for (const [orderId, hold] of bookOf(wallet).holds) {
      if (counts(hold, orderId)) total += hold.totals.get(mint) ?? 0n;
    }
    return total;
  };
  return {
    minContextSlot: (wallet) => bookOf(wallet).newestSlot,
    heldAt: (wallet, mint, { slot, except }) =>
      sum(
        wallet,
        mint,
        ({ landedSlot }, orderId) =>
          orderId !== except && (landedSlot === undefined || landedSlot > slot),
      ),
    held: (wallet, mint) => sum(wallet, mint, () => true),
    holds: (wallet, orderId) => bookOf(wallet).holds.has(orderId),
    hold: (wallet, orderId, totals) => {
      bookOf(wallet).holds.set(orderId, { totals, landedSlot: undefined });
    },
    landed: (wallet, orderId, slot) => {
      const book = bookOf(wallet);
      book.newestSlot = Math.max(book.newestSlot, slot);
      const hold = book.holds.get(orderId);
      if (hold) hold.landedSlot = slot;
    },
    seen: (wallet, slot) => {
      const book = bookOf(wallet);
      book.newestSlot = Math.max(book.newestSlot, slot);
    },
    unlanded: (wallet, orderId) => {
      const hold = bookOf(wallet).holds.get(orderId);
      if (hold) hold.landedSlot = undefined;
    },
    release: (wallet, orderId) => {
      bookOf(wallet).holds.delete(orderId);
    },
  };
}
