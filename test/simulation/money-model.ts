/**
 * A second ledger, simpler than the engine's and written apart from it: it folds the log in position order and says at which
 * event an account would be overdrawn.
 */
import type { DomainEvent } from "../../domain/codec/registry.ts";
import type { OrderRequest } from "../../domain/order/events.ts";
import { SOL_MINT } from "../../domain/primitives/ids.ts";

type Account = {
  readonly owner: string;
  open: boolean;
  readonly funds: Map<string, bigint>;
  /** By order: what it holds. */
  readonly reserved: Map<string, ReadonlyMap<string, bigint>>;
};

export type MoneyModel = {
  readonly account: (name: string) => Account | undefined;
  /** Folds an event of an account's stream. */
  readonly onAccount: (name: string, event: DomainEvent) => void;
  /** Folds an event of an order; says what is wrong with the account after it. */
  readonly onOrder: (stream: string, request: OrderRequest, event: DomainEvent) => void;
  /** What is overdrawn now. */
  readonly overdrawn: (name: string) => string | undefined;
  readonly names: () => readonly string[];
};

const ENDINGS = new Set([
  "OrderFilled",
  "OrderFailed",
  "OrderRejected",
  "OrderCancelled",
  "OrderExpired",
]);

export const isEnding = (type: string): boolean => ENDINGS.has(type);

export function createMoneyModel(): MoneyModel {
  const accounts = new Map<string, Account>();

  const move = (account: Account, mint: string, by: bigint): void => {
    account.funds.set(mint, (account.funds.get(mint) ?? 0n) + by);
  };

  function onAccount(name: string, event: DomainEvent): void {
    if (event.type === "AccountOpened") {
      const funds = new Map<string, bigint>();
      for (const { mint, amount } of event.data.initialFunds) funds.set(mint, BigInt(amount));
      accounts.set(name, { owner: event.data.owner, open: true, funds, reserved: new Map() });
      return;
    }
    const account = accounts.get(name);
    if (!account) return;
    if (event.type === "FundsDeposited") {
      move(account, event.data.funds.mint, BigInt(event.data.funds.amount));
    } else if (event.type === "FundsWithdrawn") {
      move(account, event.data.funds.mint, -BigInt(event.data.funds.amount));
    } else if (event.type === "AccountClosed") {
      account.open = false;
    }
  }

  function onOrder(stream: string, request: OrderRequest, event: DomainEvent): void {
    const account = accounts.get(request.account);
    if (!account) return;
    if (event.type === "FundsReserved") {
      const lines = new Map<string, bigint>();
      for (const line of event.data.lines) {
        lines.set(line.mint, (lines.get(line.mint) ?? 0n) + BigInt(line.amount));
      }
      account.reserved.set(stream, lines);
    }
    if (isEnding(event.type)) account.reserved.delete(stream);
    if (event.type === "OrderFilled") {
      const { amountIn, amountOut, fees } = event.data;
      const [from, to] =
        request.action === "BUY"
          ? [request.quoteMint, request.baseMint]
          : [request.baseMint, request.quoteMint];
      move(account, from, -BigInt(amountIn));
      move(account, to, BigInt(amountOut));
      for (const fee of [fees.baseFeeLamports, fees.priorityFeeLamports, fees.tipLamports]) {
        move(account, SOL_MINT, -BigInt(fee));
      }
    }
  }

  function overdrawn(name: string): string | undefined {
    const account = accounts.get(name);
    if (!account) return `there is no account ${name}`;
    const held = new Map<string, bigint>();
    for (const lines of account.reserved.values()) {
      for (const [mint, amount] of lines) held.set(mint, (held.get(mint) ?? 0n) + amount);
    }
    for (const mint of new Set([...account.funds.keys(), ...held.keys()])) {
      const has = account.funds.get(mint) ?? 0n;
      const reserved = held.get(mint) ?? 0n;
      if (has < 0n || reserved > has) return `${name} has ${has} of ${mint}, reserves ${reserved}`;
    }
    return undefined;
  }

  return {
    account: (name) => accounts.get(name),
    onAccount,
    onOrder,
    overdrawn,
    names: () => [...accounts.keys()],
  };
}
