/** The ledger against a model that knows nothing of it, and by hand where the numbers are small. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { AccountEvent } from "../../domain/account/events.ts";
import { createLedger } from "../../domain/application/ledger.ts";
import { createOrderFold } from "../../domain/application/processors/order-fold.ts";
import type { RecordedEvent } from "../../domain/codec/codec.ts";
import {
  type AccountId,
  accountStream,
  type Hash,
  type Mint,
  SOL_MINT,
} from "../../domain/primitives/ids.ts";
import { LOCAL, USDC_MINT } from "../support/engine-world.ts";
import { createLogWriter } from "../support/log-writer.ts";

const A = "alpha" as AccountId;

const recorded = (account: AccountId, event: AccountEvent): RecordedEvent =>
  ({ stream: accountStream(account), revision: 0, event }) as RecordedEvent;

const body = (requestId: string) => ({ requestId: requestId as never, fingerprint: "" as Hash });

const opened = (account: AccountId, funds: [Mint, bigint][] = []): RecordedEvent =>
  recorded(account, {
    type: "AccountOpened",
    data: {
      ...body("open"),
      account,
      owner: LOCAL,
      initialFunds: funds.map(([mint, amount]) => ({ mint, amount: String(amount) })),
    },
  });

const moved = (
  type: "FundsDeposited" | "FundsWithdrawn",
  amount: bigint,
  id = "m",
): RecordedEvent =>
  recorded(A, { type, data: { ...body(id), funds: { mint: SOL_MINT, amount: String(amount) } } });

describe("ledger", () => {
  it("holds early and replaces what the same key held", () => {
    const ledger = createLedger();
    ledger.apply(opened(A, [[SOL_MINT, 10n]]), undefined);
    expect(ledger.hold(A, "o1", new Map([[SOL_MINT, 7n]]))).toBe(true);
    expect(ledger.hold(A, "o2", new Map([[SOL_MINT, 4n]]))).toBe(false);
    expect(ledger.available(A, SOL_MINT)).toBe(3n);
    expect(ledger.hold(A, "o1", new Map([[SOL_MINT, 10n]]))).toBe(true);
    expect(ledger.available(A, SOL_MINT)).toBe(0n);
    ledger.release(A, "o1");
    ledger.release(A, "o1");
    expect(ledger.balances(A)).toEqual([{ mint: SOL_MINT, available: 10n, reserved: 0n }]);
  });

  it("takes all lines of a hold or none", () => {
    const ledger = createLedger();
    ledger.apply(
      opened(A, [
        [SOL_MINT, 10n],
        [USDC_MINT, 1n],
      ]),
      undefined,
    );
    const lines = new Map([
      [SOL_MINT, 5n],
      [USDC_MINT, 2n],
    ]);
    expect(ledger.hold(A, "o1", lines)).toBe(false);
    expect(ledger.available(A, SOL_MINT)).toBe(10n);
  });

  it("knows nothing of an account that was not opened", () => {
    const ledger = createLedger();
    expect(ledger.balances(A)).toBeUndefined();
    expect(ledger.ownerOf(A)).toBeUndefined();
    expect(ledger.available(A, SOL_MINT)).toBe(0n);
    expect(ledger.hold(A, "o1", new Map([[SOL_MINT, 1n]]))).toBe(false);
    expect(() => ledger.apply(moved("FundsDeposited", 1n), undefined)).toThrow(
      /before the account/,
    );
  });

  it("ends a withdrawal's hold with its debit", () => {
    const ledger = createLedger();
    ledger.apply(opened(A, [[SOL_MINT, 10n]]), undefined);
    expect(ledger.hold(A, "withdrawal w", new Map([[SOL_MINT, 4n]]))).toBe(true);
    ledger.apply(moved("FundsWithdrawn", 4n, "w"), undefined);
    expect(ledger.balances(A)).toEqual([{ mint: SOL_MINT, available: 6n, reserved: 0n }]);
  });

  it("survives its own snapshot, whatever the names", () => {
    const names = fc.constantFrom("__proto__", "constructor", "a", "b.c", "1");
    const amounts = fc.bigInt({ min: 1n, max: 2n ** 64n - 1n });
    fc.assert(
      fc.property(fc.array(fc.tuple(names, amounts, fc.boolean()), { maxLength: 12 }), (steps) => {
        const ledger = createLedger();
        for (const [name, amount, held] of steps) {
          const account = name as AccountId;
          if (ledger.ownerOf(account) === undefined)
            ledger.apply(opened(account, [[SOL_MINT, amount]]), undefined);
          if (held) ledger.hold(account, `${name} order`, new Map([[SOL_MINT, amount / 2n]]));
        }
        const copy = createLedger(ledger.snapshot());
        expect(copy.snapshot()).toBe(ledger.snapshot());
        for (const [name] of steps) {
          expect(copy.balances(name as AccountId)).toEqual(ledger.balances(name as AccountId));
        }
      }),
    );
  });

  it("never gives out more than there is, in any order of holds and releases", () => {
    const step = fc.record({
      key: fc.constantFrom("a", "b", "c"),
      amount: fc.bigInt({ min: 0n, max: 120n }),
      release: fc.boolean(),
    });
    let refusals = 0;
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const ledger = createLedger();
        ledger.apply(opened(A, [[SOL_MINT, 100n]]), undefined);
        const model = new Map<string, bigint>();
        const heldBut = (key: string): bigint =>
          [...model].reduce((sum, [other, amount]) => (other === key ? sum : sum + amount), 0n);
        for (const { key, amount, release } of steps) {
          if (release) {
            ledger.release(A, key);
            model.delete(key);
          } else {
            const fits = heldBut(key) + amount <= 100n;
            expect(ledger.hold(A, key, new Map([[SOL_MINT, amount]]))).toBe(fits);
            if (fits) model.set(key, amount);
            else refusals += 1;
          }
          expect(ledger.available(A, SOL_MINT)).toBe(100n - heldBut(""));
        }
      }),
    );
    expect(refusals).toBeGreaterThan(10);
  });
});

describe("live orders", () => {
  it("are none of its business: no account is needed, nothing is held and nothing moves", () => {
    const log = createLogWriter();
    log.openAccount("main", [{ mint: SOL_MINT, amount: "5" }]);
    for (const life of ["final", "second-try", "void", "unknown", "failed"] as const) {
      log.live(life, "main").finish();
      log.live(life, "hot").finish();
    }
    const ledger = createLedger();
    const orders = createOrderFold();
    for (const one of log.recorded) ledger.apply(one, orders.apply(one).after);
    const main = "main" as AccountId;
    expect(ledger.balances(main)).toEqual([{ mint: SOL_MINT, available: 5n, reserved: 0n }]);
    expect(ledger.ownerOf("hot" as AccountId)).toBeUndefined();
  });
});

describe("an account that nobody opened", () => {
  it("is closed, holds nothing, and has nothing to give back", () => {
    const ledger = createLedger();
    expect(ledger.isOpen(A)).toBe(false);
    ledger.release(A, "o1");
    expect(ledger.total(A, SOL_MINT)).toBe(0n);
    expect(ledger.snapshot()).toBe("[]");
  });
});
