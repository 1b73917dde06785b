/** Paper accounts in memory: what is free, what open orders hold. */
import type {
  AccountCommand,
  AccountResult,
  Balance,
  Funds,
} from "../../../domain/application/engine.types.ts";
import type { OrderEvent } from "../../../domain/order/events.ts";
import { isTerminal, type OrderState } from "../../../domain/order/state.ts";
import { inputMintOf, outputMintOf, totalsOf } from "../../../domain/order/trade.ts";
import {
  type AccountId,
  type Mint,
  type OrderId,
  type Principal,
  type RequestId,
  SOL_MINT,
} from "../../../domain/primitives/ids.ts";

type Account = {
  readonly owner: Principal;
  readonly held: Map<Mint, bigint>;
  readonly reserved: Map<OrderId, ReadonlyMap<Mint, bigint>>;
  readonly requests: Map<RequestId, string>;
};

export function createFakeLedger() {
  const accounts = new Map<AccountId, Account>();
  const add = (account: Account, mint: Mint, amount: bigint): void => {
    account.held.set(mint, (account.held.get(mint) ?? 0n) + amount);
  };
  const reservedOf = (account: Account, mint: Mint): bigint =>
    [...account.reserved.values()].reduce((sum, lines) => sum + (lines.get(mint) ?? 0n), 0n);
  const balances = (id: AccountId): readonly Balance[] | undefined => {
    const account = accounts.get(id);
    if (!account) return undefined;
    return [...account.held].map(([mint, held]) => {
      const reserved = reservedOf(account, mint);
      return { mint, available: held - reserved, reserved };
    });
  };
  const refused = (reason: "ACCOUNT_EXISTS" | "ACCOUNT_NOT_FOUND" | "REQUEST_ID_REUSED") =>
    ({ kind: "refused", refusal: { reason, message: `account: ${reason}` } }) as const;

  const change = (account: Account, command: AccountCommand): void => {
    const credit = ({ mint, amount }: Funds) => add(account, mint, amount);
    if (command.type === "Open") for (const funds of command.initialFunds) credit(funds);
    if (command.type === "Deposit") credit(command.funds);
    if (command.type === "Withdraw") add(account, command.funds.mint, -command.funds.amount);
  };

  return {
    balances,
    ownerOf: (id: AccountId): Principal | undefined => accounts.get(id)?.owner,
    available: (id: AccountId, mint: Mint): bigint =>
      balances(id)?.find((balance) => balance.mint === mint)?.available ?? 0n,
    perform: (
      id: AccountId,
      command: AccountCommand,
      context: { readonly principal: Principal; readonly requestId: RequestId },
    ): AccountResult => {
      const body = JSON.stringify(command, (_, value: unknown) =>
        typeof value === "bigint" ? value.toString() : value,
      );
      const account = accounts.get(id);
      const before = account?.requests.get(context.requestId);
      if (before !== undefined && before !== body) return refused("REQUEST_ID_REUSED");
      if (before === undefined) {
        if (command.type === "Open" && account) return refused("ACCOUNT_EXISTS");
        if (command.type !== "Open" && !account) return refused("ACCOUNT_NOT_FOUND");
        const target: Account = account ?? {
          owner: context.principal,
          held: new Map(),
          reserved: new Map(),
          requests: new Map(),
        };
        accounts.set(id, target);
        target.requests.set(context.requestId, body);
        change(target, command);
      }
      return { kind: "account", account: id, balances: balances(id) ?? [] };
    },
    /** `order` is the state after the whole append. */
    apply: (event: OrderEvent, order: OrderState): void => {
      const account = accounts.get(order.request.account);
      if (!account) return;
      if (event.type === "FundsReserved") {
        account.reserved.set(order.orderId, totalsOf(event.data.lines));
      }
      if (isTerminal(order)) account.reserved.delete(order.orderId);
      if (event.type !== "OrderFilled") return;
      const { amountIn, amountOut, fees } = event.data;
      add(account, inputMintOf(order.request), -BigInt(amountIn));
      add(account, outputMintOf(order.request), BigInt(amountOut));
      const lamports =
        BigInt(fees.baseFeeLamports) + BigInt(fees.priorityFeeLamports) + BigInt(fees.tipLamports);
      add(account, SOL_MINT, -lamports);
    },
  };
}
