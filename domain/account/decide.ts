/** The rules of a paper account: decideAccount(state, command) says what follows, or why nothing does. */
import type { FailureReason } from "../order/failures.ts";
import { U64_MAX } from "../primitives/amount.ts";
import type { AccountId, Hash, Mint, Principal, RequestId } from "../primitives/ids.ts";
import type { AccountEvent, FundsLine } from "./events.ts";
import type { AccountState } from "./state.ts";

/** Most deposits that may come with the opening. */
export const MAX_INITIAL_FUNDS = 64;

type Common = {
  readonly requestId: RequestId;
  readonly fingerprint: Hash;
  readonly account: AccountId;
  readonly principal: Principal;
  /** Free and total smallest units of a mint; orders' holds are taken off the free ones. */
  readonly balance: (mint: Mint) => { readonly available: bigint; readonly total: bigint };
  readonly isSupported: (mint: Mint) => boolean;
};

export type DecideAccountCommand = Common &
  (
    | { readonly type: "Open"; readonly initialFunds: readonly FundsLine[] }
    | { readonly type: "Deposit"; readonly funds: FundsLine }
    | { readonly type: "Withdraw"; readonly funds: FundsLine }
    | { readonly type: "Close"; readonly openOrders: number }
  );

export type AccountDecision =
  | { readonly kind: "event"; readonly event: AccountEvent }
  /** The same command was obeyed before. */
  | { readonly kind: "repeated" }
  | { readonly kind: "refused"; readonly reason: FailureReason; readonly message: string };

const refuse = (reason: FailureReason, message: string): AccountDecision => ({
  kind: "refused",
  reason,
  message,
});

export function decideAccount(
  state: AccountState | undefined,
  command: DecideAccountCommand,
): AccountDecision {
  const { account, requestId, fingerprint } = command;
  const owned = state !== undefined && state.owner === command.principal;
  const known = owned ? state.requests.get(requestId) : undefined;
  if (known !== undefined) {
    return known === fingerprint
      ? { kind: "repeated" }
      : refuse("REQUEST_ID_REUSED", `request_id ${requestId} was used for another command`);
  }
  if (command.type === "Open") {
    return state ? refuse("ACCOUNT_EXISTS", `account ${account} exists already`) : open(command);
  }
  if (!owned) return refuse("ACCOUNT_NOT_FOUND", `account ${account} does not exist`);
  if (!state.open) return refuse("ACCOUNT_IS_CLOSED", `account ${account} is closed`);
  switch (command.type) {
    case "Deposit":
      return deposit(command);
    case "Withdraw":
      return withdraw(command);
    case "Close":
      return close(command);
  }
}

type Command<T> = Extract<DecideAccountCommand, { readonly type: T }>;

function open(command: Command<"Open">): AccountDecision {
  const { account, requestId, fingerprint, principal, initialFunds } = command;
  const seen = new Set<Mint>();
  for (const { mint } of initialFunds) {
    const wrong = unsupported(command, mint);
    if (wrong) return wrong;
    if (seen.has(mint)) return refuse("INVALID_REQUEST", `initial_funds name ${mint} twice`);
    seen.add(mint);
  }
  const data = {
    requestId,
    fingerprint,
    account,
    owner: principal,
    initialFunds: [...initialFunds],
  };
  return { kind: "event", event: { type: "AccountOpened", data } };
}

function deposit(command: Command<"Deposit">): AccountDecision {
  const { requestId, fingerprint, funds } = command;
  const wrong = unsupported(command, funds.mint);
  if (wrong) return wrong;
  const { total } = command.balance(funds.mint);
  if (total + BigInt(funds.amount) > U64_MAX) {
    return refuse(
      "BALANCE_TOO_LARGE",
      `the balance of ${total} and the deposit of ${funds.amount} together are over u64`,
    );
  }
  return {
    kind: "event",
    event: { type: "FundsDeposited", data: { requestId, fingerprint, funds } },
  };
}

function withdraw(command: Command<"Withdraw">): AccountDecision {
  const { requestId, fingerprint, funds } = command;
  const wrong = unsupported(command, funds.mint);
  if (wrong) return wrong;
  const { available } = command.balance(funds.mint);
  if (BigInt(funds.amount) > available) {
    return refuse(
      "FUNDS_NOT_AVAILABLE",
      `the account has ${available} smallest units of ${funds.mint} available, not ${funds.amount}`,
    );
  }
  return {
    kind: "event",
    event: { type: "FundsWithdrawn", data: { requestId, fingerprint, funds } },
  };
}

function close({ requestId, fingerprint, account, openOrders }: Command<"Close">): AccountDecision {
  if (openOrders > 0) {
    return refuse("ACCOUNT_HAS_OPEN_ORDERS", `account ${account} has ${openOrders} open orders`);
  }
  return { kind: "event", event: { type: "AccountClosed", data: { requestId, fingerprint } } };
}

function unsupported({ isSupported }: Common, mint: Mint): AccountDecision | undefined {
  if (isSupported(mint)) return undefined;
  return refuse("FUNDS_MINT_NOT_SUPPORTED", `mint ${mint} is not among the configured tokens`);
}
