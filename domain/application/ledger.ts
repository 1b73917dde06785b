/**
 * What each paper account holds per mint, and what its open orders reserve: a fold of account and order events. Live orders are
 * none of its business: their funds are on the chain.
 *
 * Debit early, credit late: `hold` reserves in one synchronous step before the append; `apply` credits and releases
 * only once the events are durable. Then the log in position order never overdraws, on any store.
 */

import { z } from "zod";
import type { AccountEvent } from "../account/events.ts";
import type { RecordedEvent } from "../codec/codec.ts";
import { isAccountEvent } from "../codec/registry.ts";
import type { FeeLines } from "../order/events.ts";
import type { OrderState } from "../order/state.ts";
import { inputMintOf, outputMintOf, totalsOf } from "../order/trade.ts";
import { assertNever } from "../primitives/assert-never.ts";
import { canonicalJson } from "../primitives/canonical-json.ts";
import {
  type AccountId,
  accountIdOfStream,
  type Mint,
  type Principal,
  SOL_MINT,
} from "../primitives/ids.ts";
import type { Balance } from "./engine.types.ts";

type Totals = ReadonlyMap<Mint, bigint>;

type Book = {
  readonly owner: Principal;
  open: boolean;
  readonly balances: Map<Mint, bigint>;
  /** What each open order (or withdrawal under way) holds. */
  readonly holds: Map<string, Totals>;
  /** Sum of the holds. */
  readonly held: Map<Mint, bigint>;
};

export type Ledger = {
  readonly ownerOf: (account: AccountId) => Principal | undefined;
  readonly isOpen: (account: AccountId) => boolean;
  /** Smallest units. 0 where there is no account. */
  readonly available: (account: AccountId, mint: Mint) => bigint;
  readonly total: (account: AccountId, mint: Mint) => bigint;
  /** Every mint that the account holds, in mint order; undefined if there is no account. */
  readonly balances: (account: AccountId) => readonly Balance[] | undefined;
  /** Replaces what `key` holds; false, and nothing changes, when it is not available. */
  readonly hold: (account: AccountId, key: string, totals: Totals) => boolean;
  readonly release: (account: AccountId, key: string) => void;
  /** Folds a durable event; `order` is the state after it, for order events. */
  readonly apply: (recorded: RecordedEvent, order: OrderState | undefined) => void;
  /** Canonical text of the whole ledger: equal texts are equal ledgers. */
  readonly snapshot: () => string;
};

const amountsSchema = z.array(z.tuple([z.string(), z.string()]));
const snapshotSchema = z.array(
  z.object({
    account: z.string(),
    owner: z.string(),
    open: z.boolean(),
    balances: amountsSchema,
    holds: z.array(z.object({ key: z.string(), totals: amountsSchema })),
  }),
);

export function createLedger(snapshot?: string): Ledger {
  const books = snapshot === undefined ? new Map<AccountId, Book>() : restore(snapshot);

  const available = (account: AccountId, mint: Mint): bigint => {
    const book = books.get(account);
    return book ? amountIn(book.balances, mint) - amountIn(book.held, mint) : 0n;
  };

  const hold: Ledger["hold"] = (account, key, totals) => {
    const book = books.get(account);
    if (!book) return false;
    const before = book.holds.get(key);
    for (const [mint, amount] of totals) {
      const own = before?.get(mint) ?? 0n;
      if (amount > available(account, mint) + own) return false;
    }
    setHold(book, key, totals);
    return true;
  };

  return {
    ownerOf: (account) => books.get(account)?.owner,
    isOpen: (account) => books.get(account)?.open ?? false,
    available,
    total: (account, mint) => amountIn(books.get(account)?.balances, mint),
    balances: (account) => {
      const book = books.get(account);
      return book && balancesOf(book);
    },
    hold,
    release: (account, key) => {
      const book = books.get(account);
      if (book) setHold(book, key, undefined);
    },
    apply: (recorded, order) => {
      if (isAccountEvent(recorded.event)) {
        applyAccount(books, recorded as RecordedEvent<AccountEvent>);
      } else if (order?.request.mode === "PAPER") {
        applyOrder(books.get(order.request.account), recorded, order);
      }
    },
    snapshot: () => snapshotOf(books),
  };
}

const amountIn = (amounts: Totals | undefined, mint: Mint): bigint => amounts?.get(mint) ?? 0n;

const add = (amounts: Map<Mint, bigint>, mint: Mint, amount: bigint): void => {
  amounts.set(mint, amountIn(amounts, mint) + amount);
};

function setHold(book: Book, key: string, totals: Totals | undefined): void {
  for (const [mint, amount] of book.holds.get(key) ?? []) add(book.held, mint, -amount);
  book.holds.delete(key);
  if (!totals || [...totals.values()].every((amount) => amount === 0n)) return;
  book.holds.set(key, totals);
  for (const [mint, amount] of totals) add(book.held, mint, amount);
}

function applyAccount(books: Map<AccountId, Book>, recorded: RecordedEvent<AccountEvent>): void {
  const { event, stream } = recorded;
  if (event.type === "AccountOpened") {
    const balances = new Map<Mint, bigint>();
    for (const { mint, amount } of event.data.initialFunds) add(balances, mint, BigInt(amount));
    books.set(event.data.account, {
      owner: event.data.owner,
      open: true,
      balances,
      holds: new Map(),
      held: new Map(),
    });
    return;
  }
  const account = accountIdOfStream(stream);
  const book = account && books.get(account);
  if (!book) throw new Error(`${stream}: ${event.type} before the account was opened`);
  switch (event.type) {
    case "FundsDeposited":
      add(book.balances, event.data.funds.mint, BigInt(event.data.funds.amount));
      break;
    case "FundsWithdrawn":
      setHold(book, withdrawalKey(event.data.requestId), undefined);
      add(book.balances, event.data.funds.mint, -BigInt(event.data.funds.amount));
      break;
    case "AccountClosed":
      book.open = false;
      break;
    default:
      assertNever(event);
  }
}

/** Key under which a withdrawal holds its funds until it is durable. */
export const withdrawalKey = (requestId: string): string => `withdrawal ${requestId}`;

function applyOrder(book: Book | undefined, { event }: RecordedEvent, order: OrderState): void {
  if (!book)
    throw new Error(`${order.orderId}: its account ${order.request.account} does not exist`);
  if (event.type === "FundsReserved") {
    setHold(book, order.orderId, totalsOf(event.data.lines));
  } else if (order.reservation === undefined && book.holds.has(order.orderId)) {
    setHold(book, order.orderId, undefined);
  }
  if (event.type === "OrderFilled") {
    const { amountIn: spent, amountOut: received, fees } = event.data;
    add(book.balances, inputMintOf(order.request), -BigInt(spent));
    add(book.balances, SOL_MINT, -feeLamports(fees));
    add(book.balances, outputMintOf(order.request), BigInt(received));
  }
}

/** Lamports that a fill costs beside the swap: base fee, priority fee, tip and rent. */
export const feeLamports = (fees: FeeLines): bigint =>
  BigInt(fees.baseFeeLamports) +
  BigInt(fees.priorityFeeLamports) +
  BigInt(fees.tipLamports) +
  BigInt(fees.rentLamports);

const balancesOf = (book: Book): Balance[] =>
  [...book.balances]
    .filter(([mint, total]) => total !== 0n || amountIn(book.held, mint) !== 0n)
    .sort(byKey)
    .map(([mint, total]) => {
      const reserved = amountIn(book.held, mint);
      return { mint, available: total - reserved, reserved };
    });

/** Sorted pairs, zeros left out: a list, so that no name (such as __proto__) is special. */
const pairsOf = (amounts: Totals): [string, string][] =>
  [...amounts]
    .filter(([, amount]) => amount !== 0n)
    .map(([mint, amount]): [string, string] => [mint, String(amount)])
    .sort(byKey);

const byKey = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number =>
  a < b ? -1 : a > b ? 1 : 0;

function snapshotOf(books: ReadonlyMap<AccountId, Book>): string {
  return canonicalJson(
    [...books].sort(byKey).map(([account, { owner, open, balances, holds }]) => ({
      account,
      owner,
      open,
      balances: pairsOf(balances),
      holds: [...holds].sort(byKey).map(([key, totals]) => ({ key, totals: pairsOf(totals) })),
    })),
  );
}

const totalsFrom = (pairs: readonly (readonly [string, string])[]): Map<Mint, bigint> =>
  new Map(pairs.map(([mint, amount]) => [mint as Mint, BigInt(amount)]));

function restore(snapshot: string): Map<AccountId, Book> {
  const parsed = snapshotSchema.parse(JSON.parse(snapshot));
  return new Map(
    parsed.map(({ account, owner, open, balances, holds }) => {
      const book: Book = {
        owner: owner as Principal,
        open,
        balances: totalsFrom(balances),
        holds: new Map(),
        held: new Map(),
      };
      for (const { key, totals } of holds) setHold(book, key, totalsFrom(totals));
      return [account as AccountId, book];
    }),
  );
}
