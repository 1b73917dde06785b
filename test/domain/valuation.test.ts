/** What holdings are worth: hand-computed cases, and the laws. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type Holding,
  type Mark,
  mintsToMark,
  valuationOf,
} from "../../domain/pricing/valuation.ts";
import { I64_MAX, I64_MIN, U64_MAX } from "../../domain/primitives/amount.ts";
import type { Mint } from "../../domain/primitives/ids.ts";

const [COST, A, B] = ["cost", "a", "b"] as [Mint, Mint, Mint];

const mark = (numerator: bigint, denominator: bigint): Mark => ({
  price: { numerator, denominator },
  timeUs: 1,
});
const holding = (mint: Mint, quantity: bigint, costedQuantity = 0n, cost = 0n): Holding => ({
  mint,
  quantity,
  costedQuantity,
  cost,
});

describe("a valuation", () => {
  it("rounds worth down and exposure up", () => {
    const valued = valuationOf([holding(A, 10n, 7n, 2n), holding(COST, 1_000n, 1_000n, 1_000n)], {
      costMint: COST,
      valueMint: COST,
      marks: new Map([[A, mark(1n, 3n)]]),
    });
    expect(valued).toEqual({
      holdings: [
        // ⌊7/3⌋ − 2; ⌊10/3⌋; 3 of 1,003 are 29.9 bps.
        { unrealised: 0n, value: 3n, exposureBps: 30 },
        { unrealised: 0n, value: 1_000n, exposureBps: 9_971 },
      ],
      totalValue: 1_003n,
      unrealised: 0n,
      unvalued: [],
    });
  });

  it("shows a loss as it is", () => {
    const marks = new Map([[A, mark(1n, 3n)]]);
    const options = { costMint: COST, valueMint: COST, marks };
    expect(valuationOf([holding(A, 10n, 10n, 5n)], options).unrealised).toBe(-2n);
  });

  it("counts values in another mint by the two marks, and profits in the cost mint", () => {
    const marks = new Map([
      [A, mark(3n, 1n)],
      [B, mark(7n, 2n)],
    ]);
    const options = { costMint: COST, valueMint: B, marks };
    const held = [holding(A, 10n, 10n, 4n), holding(B, 5n), holding(COST, 8n, 8n, 8n)];
    const { holdings, totalValue, unrealised } = valuationOf(held, options);
    // 30 / 3.5; itself; 8 / 3.5.
    expect(holdings.map(({ value }) => value)).toEqual([8n, 5n, 2n]);
    expect([totalValue, unrealised]).toEqual([15n, 26n]);
  });

  it("leaves out of the sums what has no mark, and says so", () => {
    const options = { costMint: COST, valueMint: COST, marks: new Map([[B, mark(0n, 1n)]]) };
    const held = [holding(A, 10n, 10n, 4n), holding(B, 1n), holding(COST, 8n, 8n, 8n)];
    const valued = valuationOf(held, options);
    expect(valued.holdings[0]).toEqual({
      unrealised: undefined,
      value: undefined,
      exposureBps: undefined,
    });
    expect([valued.totalValue, valued.unvalued]).toEqual([8n, [A, B]]);
  });

  it("cannot count in a mint without a mark, but for that mint itself", () => {
    const options = { costMint: COST, valueMint: B, marks: new Map([[A, mark(1n, 1n)]]) };
    const valued = valuationOf([holding(A, 10n), holding(B, 5n), holding(COST, 1n)], options);
    expect([valued.totalValue, valued.unvalued]).toEqual([5n, [A, COST]]);
  });

  it("needs no mark for what is all gone", () => {
    const options = { costMint: COST, valueMint: COST, marks: new Map() };
    const valued = valuationOf([holding(A, 0n)], options);
    expect(valued.holdings).toEqual([{ unrealised: 0n, value: 0n, exposureBps: 0 }]);
    expect(valued.unvalued).toEqual([]);
    expect(mintsToMark([holding(A, 0n), holding(B, 1n), holding(COST, 1n)], options)).toEqual([B]);
    expect(mintsToMark([holding(B, 1n)], { ...options, valueMint: A })).toEqual([A, B]);
  });

  it("leaves out what 64 bits cannot hold, alone or added to what came before", () => {
    const options = { costMint: COST, valueMint: COST, marks: new Map([[A, mark(2n, 1n)]]) };
    const [full, half] = [U64_MAX, U64_MAX / 2n + 1n];
    const alone = valuationOf([holding(A, half), holding(COST, 7n)], options);
    expect(alone).toMatchObject({ totalValue: 7n, unvalued: [A] });
    expect(alone.holdings[0]).toEqual({
      ...{ unrealised: undefined, value: undefined, exposureBps: undefined },
    });
    const fits = valuationOf([holding(A, half - 1n), holding(COST, 1n)], options);
    expect(fits).toMatchObject({ totalValue: full, unvalued: [] });
    const together = valuationOf([holding(A, half - 1n), holding(COST, 2n)], options);
    expect(together).toMatchObject({ totalValue: full - 1n, unvalued: [COST] });
    const profit = (cost: bigint) => valuationOf([holding(A, half - 1n, half - 1n, cost)], options);
    expect(profit(full - 1n - I64_MAX)).toMatchObject({ unrealised: I64_MAX, unvalued: [] });
    expect(profit(full - 2n - I64_MAX)).toMatchObject({ unrealised: 0n, unvalued: [A] });
  });

  it("never flatters, and its parts make up the whole", () => {
    const units = fc.bigInt({ min: 0n, max: 10n ** 19n });
    const positive = fc.bigInt({ min: 1n, max: 10n ** 12n });
    const drawn = fc.record({
      quantity: units,
      part: fc.nat(1_000),
      cost: units,
      n: positive,
      d: positive,
    });
    fc.assert(
      fc.property(fc.array(drawn, { maxLength: 5 }), positive, positive, (all, vn, vd) => {
        const held = all.map(({ quantity, part, cost }, i) =>
          holding(`m${i}` as Mint, quantity, (quantity * BigInt(part)) / 1_000n, cost),
        );
        const marks = new Map(all.map(({ n, d }, i) => [`m${i}` as Mint, mark(n, d)]));
        marks.set(B, mark(vn, vd));
        const valued = valuationOf(held, { costMint: COST, valueMint: B, marks });
        for (const [i, { value, unrealised, exposureBps }] of valued.holdings.entries()) {
          const one = all[i];
          const it = held[i];
          if (!one || !it) throw new Error();
          if (value === undefined || unrealised === undefined) {
            expect([value, unrealised]).toEqual([undefined, undefined]);
            expect(valued.unvalued).toContain(it.mint);
            continue;
          }
          expect(valued.unvalued).not.toContain(it.mint);
          // value <= quantity * P / V < value + 1, and the same for the costed part.
          const exact = it.quantity * one.n * vd;
          expect(value * one.d * vn <= exact && exact < (value + 1n) * one.d * vn).toBe(true);
          if (it.costedQuantity > 0n) {
            const worth = unrealised + it.cost;
            expect(worth * one.d <= it.costedQuantity * one.n).toBe(true);
            expect((worth + 1n) * one.d > it.costedQuantity * one.n).toBe(true);
          }
          expect(BigInt(exposureBps ?? -1) * valued.totalValue >= value * 10_000n).toBe(true);
          expect(exposureBps).toBeLessThanOrEqual(10_000);
        }
        expect(valued.totalValue).toBe(
          valued.holdings.reduce((sum, { value }) => sum + (value ?? 0n), 0n),
        );
        expect(valued.totalValue).toBeLessThanOrEqual(U64_MAX);
        expect(valued.unrealised).toBe(
          valued.holdings.reduce((sum, { unrealised }) => sum + (unrealised ?? 0n), 0n),
        );
        expect(valued.unrealised).toBeLessThanOrEqual(I64_MAX);
        expect(valued.unrealised).toBeGreaterThanOrEqual(I64_MIN);
      }),
    );
  });
});
