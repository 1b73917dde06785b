/** Lives of two accounts: deposits, withdrawals and trades between three mints, as a log. */
import fc from "fast-check";
import { createLedger } from "../../domain/application/ledger.ts";
import { createOrderFold } from "../../domain/application/processors/order-fold.ts";
import type { PositionedEvent } from "../../domain/codec/codec.ts";
import type { AccountId } from "../../domain/primitives/ids.ts";
import { createLogWriter, type LogWriter } from "../support/log-writer.ts";
import { BONK, SOL, USDC } from "../support/order-samples.ts";

const MINTS = [SOL, USDC, BONK] as const;
const step = fc.record({
  kind: fc.constantFrom("deposit", "withdraw", "trade", "trade", "trade"),
  account: fc.constantFrom("a", "b"),
  from: fc.integer({ min: 0, max: 2 }),
  to: fc.integer({ min: 1, max: 2 }),
  /** Thousandths of what is there. */
  share: fc.integer({ min: 1, max: 1_000 }),
  amount: fc.bigInt({ min: 1n, max: 10n ** 12n }),
  cost: fc.bigInt({ min: 0n, max: 10n ** 11n }),
  hasCost: fc.boolean(),
  price: fc.record({
    base: fc.bigInt({ min: 1n, max: 10n ** 10n }),
    quote: fc.bigInt({ min: 1n, max: 10n ** 10n }),
  }),
  tip: fc.constantFrom(0n, 1n, 12_345n),
});
export const steps = fc.array(step, { minLength: 3, maxLength: 40 });
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

const START = [
  { mint: SOL, amount: "1000000000000", cost: "150000000000" },
  { mint: USDC, amount: "1000000000000" },
];

/** Plays the steps with what the accounts really hold, by the engine's own ledger. */
export function play(all: readonly Step[]): readonly PositionedEvent[] {
  const writer = createLogWriter();
  for (const account of ["a", "b"]) writer.openAccount(account, START);
  for (const one of all) {
    const { kind, account, from, share, amount, cost, hasCost } = one;
    const mint = MINTS[from] ?? SOL;
    const held = ledgerOf(writer.recorded).total(account as AccountId, mint);
    // Enough is left for fees.
    const part = ((held - 100_000n) * BigInt(share)) / 1_000n;
    if (kind === "deposit") {
      const line = { mint, amount: String(amount) };
      writer.deposit(account, hasCost ? { ...line, cost: String(cost) } : line);
    } else if (part > 0n && kind === "withdraw") {
      writer.withdraw(account, { mint, amount: String(part) });
    } else if (part > 0n) {
      trade(writer, one, part);
    }
  }
  return writer.recorded;
}

function trade(writer: LogWriter, { account, from, to, price, tip }: Step, amount: bigint): void {
  const spent = MINTS[from] ?? SOL;
  const got = MINTS[(from + to) % 3] ?? SOL;
  const action = got === USDC ? "SELL" : spent === USDC ? "BUY" : "SWAP";
  const [baseMint, quoteMint] = action === "BUY" ? [got, spent] : [spent, got];
  const mev = { simulate: false, tipLamports: tip };
  const request = { account, action, baseMint, quoteMint, amount, mev };
  writer.order({ request, price }).finish();
}

export function ledgerOf(events: readonly PositionedEvent[]) {
  const ledger = createLedger();
  const orders = createOrderFold();
  for (const recorded of events) ledger.apply(recorded, orders.apply(recorded).after);
  return ledger;
}
