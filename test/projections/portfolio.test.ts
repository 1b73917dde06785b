/**
 * The rules of cost and profit: literal cases at the seams, and a whole portfolio against a model
 * of its own.
 */
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import type { PositionedEvent } from "../../domain/codec/codec.ts";
import type { AccountId, Mint } from "../../domain/primitives/ids.ts";
import {
  atOwnValue,
  carryOver,
  EMPTY_POSITION,
  receive,
  remove,
  sell,
} from "../../projections/portfolio.ts";
import { USDC } from "../support/order-samples.ts";
import { viewsOf } from "../support/views.ts";
import { type Books, costOf, portfolioModel } from "./portfolio.model.ts";
import { ledgerOf, play, steps } from "./portfolio.steps.ts";

const position = (quantity: bigint, costedQuantity: bigint, cost: bigint) => ({
  ...EMPTY_POSITION,
  quantity,
  costedQuantity,
  cost,
});

describe("one position", () => {
  it("loses costed units and cost in proportion, rounded down", () => {
    const { rest, costedQuantity, cost } = remove(position(10n, 3n, 100n), 5n);
    expect([costedQuantity, cost]).toEqual([1n, 33n]);
    expect(rest).toEqual(position(5n, 2n, 67n));
  });

  it("keeps nothing behind when all leaves, or more than was known", () => {
    expect(remove(position(10n, 3n, 100n), 10n).rest).toEqual(position(0n, 0n, 0n));
    expect(remove(position(10n, 3n, 100n), 12n).rest).toEqual(position(-2n, 0n, 0n));
  });

  it("fills a hole before it counts a cost", () => {
    const incoming = { quantity: 10n, costedQuantity: 10n, cost: 100n };
    expect(receive(position(-4n, 0n, 0n), incoming)).toEqual(position(6n, 6n, 60n));
    expect(receive(position(-12n, 0n, 0n), incoming)).toEqual(position(-2n, 0n, 0n));
  });

  it("leaves no cost on nothing when a hole swallows the costed units", () => {
    const incoming = { quantity: 10n, costedQuantity: 1n, cost: 100n };
    expect(receive(position(-5n, 0n, 0n), incoming)).toEqual(position(5n, 0n, 0n));
    expect(receive(position(-1n, 0n, 0n), { ...incoming, costedQuantity: 2n })).toEqual(
      position(9n, 1n, 90n),
    );
  });

  it("of the cost mint has no cost below nothing", () => {
    expect(atOwnValue(position(-5n, 0n, 0n))).toEqual(position(-5n, 0n, 0n));
    expect(atOwnValue(position(5n, 0n, 0n))).toEqual(position(5n, 5n, 5n));
  });

  it("realises on the costed part only", () => {
    const legs = { input: position(10n, 5n, 50n), output: EMPTY_POSITION };
    const { input } = sell(legs, { amountIn: 4n, amountOut: 100n });
    // 2 of 4 are costed: 50 of the proceeds less a cost of 20.
    expect(input).toEqual({ ...position(6n, 3n, 30n), realised: 30n, trades: 1 });
  });

  it("never leaves a cost on nothing when a swap gives fewer units", () => {
    const legs = { input: position(100n, 50n, 40n), output: EMPTY_POSITION };
    const { output } = carryOver(legs, { amountIn: 10n, amountOut: 1n });
    expect(output).toEqual({ ...position(1n, 1n, 4n), trades: 1 });
  });
});

const seen = { buy: 0, sell: 0, carry: 0, partlyCosted: 0, loss: 0, profit: 0 };

/** The newest row of each position by `account/mint`. */
async function portfolio(events: readonly PositionedEvent[]): Promise<Books> {
  const { positions = [] } = await viewsOf(events, 17);
  return new Map(
    positions.map((row) => [
      `${String(row.account)}/${String(row.mint)}`,
      {
        q: BigInt(String(row.quantity)),
        k: BigInt(String(row.costed_quantity)),
        c: BigInt(String(row.cost)),
        r: BigInt(String(row.realised)),
        f: BigInt(String(row.fees_paid_lamports)),
        n: Number(row.trades),
      },
    ]),
  );
}

function count(events: readonly PositionedEvent[], books: Books): void {
  for (const { event } of events) {
    if (event.type !== "OrderRequested") continue;
    const { action } = event.data.request;
    seen[action === "BUY" ? "buy" : action === "SELL" ? "sell" : "carry"] += 1;
  }
  for (const { q, k, r } of books.values()) {
    if (k > 0n && k < q) seen.partlyCosted += 1;
    if (r > 0n) seen.profit += 1;
    if (r < 0n) seen.loss += 1;
  }
}

/** What all deposits with a known cost cost. */
const putIn = (events: readonly PositionedEvent[]): bigint =>
  events
    .flatMap(({ event }) => {
      if (event.type === "AccountOpened") return event.data.initialFunds;
      return event.type === "FundsDeposited" ? [event.data.funds] : [];
    })
    .reduce((sum, funds) => sum + BigInt(costOf(funds) ?? "0"), 0n);

describe("a portfolio", () => {
  it("equals the model and the engine's ledger after any events", async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (all) => {
        const events = play(all);
        const books = await portfolio(events);
        expect(books).toEqual(portfolioModel(events));
        const ledger = ledgerOf(events);
        for (const [key, { q, k, c }] of books) {
          const [account, mint] = key.split("/") as [AccountId, Mint];
          expect(q).toBe(ledger.total(account, mint));
          expect(k >= 0n && k <= q && c >= 0n && (k > 0n || c === 0n), key).toBe(true);
          if (mint === USDC) expect([k, c]).toEqual([q, q]);
        }
        count(events, books);
      }),
      { numRuns: 150 },
    );
  });

  it("conserves value where every cost is known: cost − profit = what was put in", async () => {
    const known = steps.map((all) =>
      all.filter(({ kind }) => kind !== "withdraw").map((one) => ({ ...one, hasCost: true })),
    );
    await fc.assert(
      fc.asyncProperty(known, async (all) => {
        const events = play(all);
        const books = [...(await portfolio(events)).values()];
        expect(books.reduce((sum, { c, r }) => sum + c - r, 0n)).toBe(putIn(events));
      }),
      { numRuns: 100 },
    );
  });

  afterAll(() => {
    for (const [what, times] of Object.entries(seen)) expect(times, what).toBeGreaterThan(20);
  });
});
