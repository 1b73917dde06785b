/** What a wallet has free: holds until they land, and reads that are too old to count. */
import { describe, expect, it } from "vitest";
import {
  createWalletFunds,
  type WalletFunds,
} from "../../../domain/application/live/wallet-funds.ts";
import type { OrderId } from "../../../domain/primitives/ids.ts";
import { SOL, USDC } from "../../support/order-samples.ts";

const W = "wallet";
const [A, B, C] = ["a", "b", "c"] as [OrderId, OrderId, OrderId];
const sol = (amount: bigint) => new Map([[SOL, amount]]);

/** What others hold of SOL beside C, for a balance that was read at a slot. */
const heldAt = (funds: WalletFunds, slot: number): bigint =>
  funds.heldAt(W, SOL, { slot, except: C });

describe("holds", () => {
  it("of all other orders count against a balance, mint by mint", () => {
    const funds = createWalletFunds();
    funds.hold(
      W,
      A,
      new Map([
        [SOL, 5n],
        [USDC, 7n],
      ]),
    );
    funds.hold(W, B, sol(11n));
    funds.hold(W, C, sol(100n));
    funds.hold("another wallet", "d" as OrderId, sol(1_000n));
    expect(heldAt(funds, 10)).toBe(16n);
    expect(funds.heldAt(W, USDC, { slot: 10, except: C })).toBe(7n);
    expect(funds.held(W, SOL)).toBe(116n);
    expect([funds.holds(W, A), funds.holds("another wallet", A)]).toEqual([true, false]);
  });

  it("are replaced by a later hold of the same order, not added to it", () => {
    const funds = createWalletFunds();
    funds.hold(W, A, sol(5n));
    funds.hold(W, A, sol(3n));
    expect(heldAt(funds, 1)).toBe(3n);
  });

  it("are released once, however often that is said", () => {
    const funds = createWalletFunds();
    funds.hold(W, A, sol(5n));
    funds.hold(W, B, sol(2n));
    for (let times = 0; times < 3; times += 1) funds.release(W, A);
    expect(heldAt(funds, 1)).toBe(2n);
    expect(funds.held(W, SOL)).toBe(2n);
    funds.release(W, B);
    expect([funds.held(W, SOL), funds.holds(W, B)]).toEqual([0n, false]);
  });
});

describe("a landing", () => {
  it("is in the balances of its slot and of later ones: its hold is not counted twice", () => {
    const funds = createWalletFunds();
    funds.hold(W, A, sol(5n));
    funds.landed(W, A, 20);
    expect([heldAt(funds, 19), heldAt(funds, 20), heldAt(funds, 21)]).toEqual([5n, 0n, 0n]);
    // It stays part of what open orders hold until the order is over.
    expect(funds.held(W, SOL)).toBe(5n);
  });

  it("makes older balances useless, also after its order is over; the newest counts", () => {
    const funds = createWalletFunds();
    expect(funds.minContextSlot(W)).toBe(0);
    funds.hold(W, A, sol(5n));
    funds.landed(W, A, 20);
    funds.release(W, A);
    expect(funds.minContextSlot(W)).toBe(20);
    // Of an order that holds nothing here.
    funds.landed(W, B, 15);
    expect(funds.minContextSlot(W)).toBe(20);
    // A failed transaction has paid its fee.
    funds.seen(W, 25);
    funds.seen(W, 22);
    expect(funds.minContextSlot(W)).toBe(25);
    expect(funds.minContextSlot("another wallet")).toBe(0);
  });

  it("that a fork has undone holds again", () => {
    const funds = createWalletFunds();
    funds.hold(W, A, sol(5n));
    funds.landed(W, A, 20);
    funds.unlanded(W, A);
    expect(heldAt(funds, 30)).toBe(5n);
    funds.landed(W, A, 33);
    expect([heldAt(funds, 32), heldAt(funds, 33)]).toEqual([5n, 0n]);
    // An order that holds nothing has nothing to hold again.
    funds.unlanded(W, B);
    expect(funds.holds(W, B)).toBe(false);
  });
});
