/**
 * The portfolio as history: one row for each change of a position, numbered per account and mint,
 * so that "as of a time" is the newest row not later than it. The rules of cost and profit stand in
 * portfolio.ts.
 *
 * Deposits come with a cost, without one, or in the cost mint itself. Withdrawals leave at cost and
 * realise nothing: the owner still has the units. Final fills move both legs, then the network fees,
 * then the rent (which leaves at cost like a withdrawal, as it can be had back). Of a live fill rent
 * that came back and other lamports that came in have no cost, and others that left are lost. An
 * attempt that failed on the chain has cost its fee. Closing an account changes nothing: it must hold
 * what it held.
 */
import type { AccountEvent, FundsLine } from "../domain/account/events.ts";
import { isAccountEvent } from "../domain/codec/registry.ts";
import { inputMintOf, outputMintOf } from "../domain/order/trade.ts";
import type { TableDefinition } from "../domain/ports/read-model.ts";
import { accountIdOfStream, type Mint, SOL_MINT } from "../domain/primitives/ids.ts";
import { tradeFeesOf } from "./orders.ts";
import {
  atOwnValue,
  buy,
  carryOver,
  EMPTY_POSITION,
  giveAway,
  type Position,
  payFees,
  receive,
  receiveUncosted,
  remove,
  sell,
} from "./portfolio.ts";
import {
  amountOf,
  fillOf,
  integerOf,
  type LatestRow,
  type Projection,
  type ProjectionInput,
  type Values,
} from "./projection.ts";

export const POSITIONS_TABLE: TableDefinition = {
  name: "positions",
  version: 4,
  columns: {
    account: "symbol",
    mint: "symbol",
    seq: "integer",
    stream: "text",
    revision: "integer",
    clock: "timestamp",
    quantity: "amount",
    costed_quantity: "amount",
    cost: "amount",
    realised: "amount",
    fees_paid_lamports: "amount",
    trades: "integer",
  },
  // The clock stands before the number, which grows with it: so rows lie in the order that "as of"
  // looks for.
  key: ["account", "mint", "clock", "seq"],
  timestamp: "clock",
  indexes: [],
};

/** `costMint`: the mint that costs and profits are counted in. */
export const positionsProjection = (costMint: Mint): Projection => ({
  table: POSITIONS_TABLE,
  shows: "each-event",
  groupBy: ["account", "mint"],
  apply: (input, latest) => {
    const { event, stream } = input.recorded;
    const account = input.after ? input.after.request.account : accountIdOfStream(stream);
    if (account === undefined) return [];
    const book = openBook(costMint, (mint) => latest(account, mint));
    const filled = fillOf(input);
    if (filled) settle(book, filled, costMint);
    else if (isAccountEvent(event)) moveFunds(book, event);
    else payInSol(book, failedFeesOf(input.after) - failedFeesOf(input.before));
    return book.rows(input, account);
  },
});

/** Lamports that failed attempts have cost so far, whoever found out that they failed. */
const failedFeesOf = (order: ProjectionInput["after"]): bigint =>
  BigInt(order?.feesOfFailedAttempts ?? 0);

type Book = {
  readonly get: (mint: Mint) => Position;
  readonly put: (mint: Mint, position: Position) => void;
  readonly isCost: (mint: Mint) => boolean;
  /** One row per mint that was put, in the order of the first put. */
  readonly rows: (input: ProjectionInput, account: string) => readonly Values[];
};

/** The positions that one event touches. */
function openBook(costMint: Mint, latest: (mint: Mint) => ReturnType<LatestRow>): Book {
  const touched = new Map<Mint, Position>();
  const isCost = (mint: Mint): boolean => mint === costMint;
  return {
    get: (mint) => touched.get(mint) ?? positionOf(latest(mint)),
    put: (mint, position) => touched.set(mint, isCost(mint) ? atOwnValue(position) : position),
    isCost,
    rows: ({ recorded, clockUs }, account) =>
      [...touched].map(([mint, position]) => {
        const before = latest(mint);
        return {
          account,
          mint,
          seq: before ? integerOf(before, "seq") + 1 : 0,
          stream: recorded.stream,
          revision: recorded.revision,
          clock: clockUs,
          quantity: position.quantity,
          costed_quantity: position.costedQuantity,
          cost: position.cost,
          realised: position.realised,
          fees_paid_lamports: position.feesPaidLamports,
          trades: position.trades,
        };
      }),
  };
}

/** The position that a row of the table holds. */
export const positionOf = (row: Values | undefined): Position =>
  row
    ? {
        quantity: amountOf(row, "quantity"),
        costedQuantity: amountOf(row, "costed_quantity"),
        cost: amountOf(row, "cost"),
        realised: amountOf(row, "realised"),
        feesPaidLamports: amountOf(row, "fees_paid_lamports"),
        trades: integerOf(row, "trades"),
      }
    : EMPTY_POSITION;

function moveFunds(book: Book, event: AccountEvent): void {
  if (event.type === "AccountOpened") {
    for (const funds of event.data.initialFunds) deposit(book, funds);
  } else if (event.type === "FundsDeposited") {
    deposit(book, event.data.funds);
  } else if (event.type === "FundsWithdrawn") {
    const { mint, amount } = event.data.funds;
    book.put(mint, remove(book.get(mint), BigInt(amount)).rest);
  }
}

function deposit(book: Book, { mint, amount, cost }: FundsLine): void {
  const quantity = BigInt(amount);
  const incoming =
    cost === undefined
      ? { quantity, costedQuantity: 0n, cost: 0n }
      : { quantity, costedQuantity: quantity, cost: BigInt(cost) };
  book.put(mint, receive(book.get(mint), incoming));
}

type Filled = NonNullable<ReturnType<typeof fillOf>>;

function settle(book: Book, { request, fill }: Filled, costMint: Mint): void {
  const spent = inputMintOf(request);
  const received = outputMintOf(request);
  const legs = { input: book.get(spent), output: book.get(received) };
  const trade = spent === costMint ? buy : received === costMint ? sell : carryOver;
  const { input, output } = trade(legs, {
    amountIn: BigInt(fill.amountIn),
    amountOut: BigInt(fill.amountOut),
  });
  book.put(spent, input);
  book.put(received, output);
  payInSol(book, tradeFeesOf(fill.fees));
  const { live } = fill;
  leave(book, BigInt(live?.rentLockedLamports ?? fill.fees.rentLamports));
  if (!live) return;
  comeBack(book, BigInt(live.rentRecoveredLamports));
  const others = BigInt(live.otherTransfersLamports);
  if (others > 0n) book.put(SOL_MINT, giveAway(book.get(SOL_MINT), others));
  else comeBack(book, -others);
}

/** Nothing is put where there is nothing to do: a row is a change. */
function payInSol(book: Book, lamports: bigint): void {
  if (lamports > 0n) book.put(SOL_MINT, payFees(book.get(SOL_MINT), lamports));
}

function leave(book: Book, lamports: bigint): void {
  if (lamports > 0n) book.put(SOL_MINT, remove(book.get(SOL_MINT), lamports).rest);
}

function comeBack(book: Book, lamports: bigint): void {
  if (lamports > 0n) book.put(SOL_MINT, receiveUncosted(book.get(SOL_MINT), lamports));
}
