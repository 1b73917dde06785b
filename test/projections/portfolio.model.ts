/**
 * The rules of a portfolio once more, from their words: mutable books, and no code of the
 * projection.
 */
import type { PositionedEvent } from "../../domain/codec/codec.ts";
import type { OrderEventData } from "../../domain/order/events.ts";
import { SOL, USDC } from "../support/order-samples.ts";

/** Quantity, costed quantity, cost, realised profit, fees, trades. */
export type Book = { q: bigint; k: bigint; c: bigint; r: bigint; f: bigint; n: number };
/** By `account/mint`. */
export type Books = Map<string, Book>;

/** One account at one time: what it holds is worth, counted in `unit`, at the prices last paid. */
export type Worth = {
  readonly value: bigint;
  readonly realised: bigint;
  readonly unrealised: bigint;
  readonly fees: bigint;
  readonly unvalued: readonly string[];
  /** By mint; undefined without a price. */
  readonly each: ReadonlyMap<string, { readonly value?: bigint; readonly bps?: bigint }>;
};

type Funds = { readonly mint: string; readonly amount: string; readonly cost?: string | undefined };
type Route = { readonly account: string; readonly spent: string; readonly got: string };

export function portfolioModel(events: readonly PositionedEvent[]): Books {
  return modelOf(events).books;
}

/** Cost units paid for so many units, by mint: the newest trade against USDC. */
type Prices = Map<string, readonly [paid: bigint, units: bigint]>;

function modelOf(events: readonly PositionedEvent[]): { books: Books; prices: Prices } {
  const books: Books = new Map();
  const prices: Prices = new Map();
  const routes = new Map<string, Route>();
  for (const { event, stream } of events) {
    const id = stream.slice(stream.indexOf("-") + 1);
    switch (event.type) {
      case "AccountOpened":
        for (const funds of event.data.initialFunds) deposit(books, id, funds);
        break;
      case "FundsDeposited":
        deposit(books, id, event.data.funds);
        break;
      case "FundsWithdrawn":
        take(at(books, id, event.data.funds.mint), BigInt(event.data.funds.amount));
        break;
      case "OrderRequested": {
        const { account, action, baseMint, quoteMint } = event.data.request;
        const [spent, got] = action === "BUY" ? [quoteMint, baseMint] : [baseMint, quoteMint];
        routes.set(id, { account, spent, got });
        break;
      }
      case "OrderFilled": {
        const route = routes.get(id);
        if (!route) throw new Error(`${id} was not requested`);
        fill(books, route, event.data);
        const [paid, received] = [BigInt(event.data.amountIn), BigInt(event.data.amountOut)];
        if (route.got === USDC) prices.set(route.spent, [received, paid]);
        if (route.spent === USDC) prices.set(route.got, [paid, received]);
        break;
      }
    }
  }
  return { books, prices };
}

/** The events that the log's clock has reached: the clock is the latest time seen so far. */
function upTo(events: readonly PositionedEvent[], timeUs: number): readonly PositionedEvent[] {
  let clock = 0;
  return events.filter(({ metadata }) => {
    clock = Math.max(clock, metadata.recordedAtUs);
    return clock <= timeUs;
  });
}

const fits = (value: bigint, profit: bigint): boolean =>
  value < 2n ** 64n && profit < 2n ** 63n && profit >= -(2n ** 63n);

export function worthModel(
  events: readonly PositionedEvent[],
  at: { readonly account: string; readonly timeUs: number; readonly unit: string },
): Worth {
  const { books, prices } = modelOf(upTo(events, at.timeUs));
  prices.set(USDC, [1n, 1n]);
  const worth = { value: 0n, realised: 0n, unrealised: 0n, fees: 0n };
  const unvalued: string[] = [];
  const values = new Map<string, bigint>();
  // In the order of mints: what no longer fits on the wire is not valued, alone or added to those before it.
  for (const [key, book] of [...books].sort(([one], [other]) => (one < other ? -1 : 1))) {
    const [account, mint = ""] = key.split("/");
    if (account !== at.account) continue;
    worth.realised += book.r;
    worth.fees += book.f;
    const price = prices.get(mint);
    // Floor by hand: what remains of a division is dropped.
    const inCost = (units: bigint, [paid, per]: readonly [bigint, bigint]): bigint =>
      (units * paid - ((units * paid) % per)) / per;
    const profit = price ? inCost(book.k, price) - book.c : 0n;
    const unit = prices.get(at.unit);
    const rate = price && unit && ([price[0] * unit[1], price[1] * unit[0]] as const);
    const value = mint === at.unit ? book.q : rate && inCost(book.q, rate);
    const sums = [worth.value + (value ?? 0n), worth.unrealised + profit] as const;
    if (!fits(value ?? 0n, profit) || !fits(...sums)) {
      unvalued.push(mint);
      continue;
    }
    [worth.value, worth.unrealised] = sums;
    if (value !== undefined) values.set(mint, value);
    else if (book.q === 0n) values.set(mint, 0n);
    else unvalued.push(mint);
  }
  const each = [...values].map(([mint, value]) => {
    const whole = value * 10_000n;
    const down = worth.value === 0n ? 0n : whole / worth.value;
    const bps = down * worth.value < whole ? down + 1n : down;
    return [mint, { value, bps }] as const;
  });
  return { ...worth, unvalued: unvalued.sort(), each: new Map(each) };
}

function at(books: Books, account: string, mint: string): Book {
  const key = `${account}/${mint}`;
  const book = books.get(key) ?? { q: 0n, k: 0n, c: 0n, r: 0n, f: 0n, n: 0 };
  books.set(key, book);
  return book;
}

/** What is put in with a known cost: what it cost, or itself for the cost mint. */
export const costOf = ({ mint, amount, cost }: Funds): string | undefined =>
  mint === USDC ? amount : cost;

function deposit(books: Books, account: string, funds: Funds): void {
  const book = at(books, account, funds.mint);
  const cost = costOf(funds);
  book.q += BigInt(funds.amount);
  if (cost === undefined) return;
  book.k += BigInt(funds.amount);
  book.c += BigInt(cost);
}

function take(book: Book, n: bigint): { readonly k: bigint; readonly c: bigint } {
  const k = book.q === 0n ? 0n : (n * book.k) / book.q;
  const c = book.k === 0n ? 0n : (book.c * k) / book.k;
  book.q -= n;
  book.k -= k;
  book.c -= c;
  return { k, c };
}

function fill(books: Books, route: Route, data: OrderEventData<"OrderFilled">): void {
  const { account, spent, got } = route;
  const input = at(books, account, spent);
  const output = at(books, account, got);
  const paid = BigInt(data.amountIn);
  const received = BigInt(data.amountOut);
  const { k, c } = take(input, paid);
  output.q += received;
  if (got === USDC) {
    output.k += received;
    output.c += received;
    input.r += (received * k) / paid - c;
  } else if (spent === USDC) {
    output.k += received;
    output.c += paid;
  } else {
    const carried = (received * k) / paid;
    output.k += carried === 0n && c > 0n ? 1n : carried;
    output.c += c;
  }
  input.n += 1;
  output.n += 1;
  const { baseFeeLamports, priorityFeeLamports, tipLamports } = data.fees;
  const fee = BigInt(baseFeeLamports) + BigInt(priorityFeeLamports) + BigInt(tipLamports);
  const sol = at(books, account, SOL);
  sol.r -= take(sol, fee).c;
  sol.f += fee;
}
