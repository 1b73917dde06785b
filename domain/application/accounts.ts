/** Account commands: one at a time for each account, each one event, idempotent by request id. */
import { type AccountDecision, decideAccount } from "../account/decide.ts";
import type { AccountEvent, FundsLine } from "../account/events.ts";
import { type AccountState, evolveAccount } from "../account/state.ts";
import type { Codec, RecordedEvent } from "../codec/codec.ts";
import type { EventStore, Position } from "../ports/event-store.ts";
import type { Hasher } from "../ports/hasher.ts";
import { type Canonical, canonicalJson } from "../primitives/canonical-json.ts";
import {
  type AccountId,
  accountStream,
  type Mint,
  type Principal,
  type RequestId,
} from "../primitives/ids.ts";
import type { AccountCommand, AccountResult, Funds } from "./engine.types.ts";
import { type Ledger, withdrawalKey } from "./ledger.ts";
import type { Recorder } from "./log/recorder.ts";
import { type Sealer, type Tip, tipOf } from "./log/sealer.ts";
import { readEvents } from "./orders/load-order.ts";

export type AccountPorts = {
  readonly store: EventStore;
  readonly codec: Codec;
  readonly hasher: Hasher;
  readonly recorder: Recorder;
  readonly sealer: Sealer;
  readonly ledger: Ledger;
  readonly isSupported: (mint: Mint) => boolean;
  readonly openOrders: (account: AccountId) => number;
  /** The name belongs to a live account of the configuration. */
  readonly isLive: (account: AccountId) => boolean;
  readonly onStored: (position: Position) => void;
};

type Context = { readonly principal: Principal; readonly requestId: RequestId };

export type Accounts = {
  readonly handle: (
    account: AccountId,
    command: AccountCommand,
    context: Context,
  ) => Promise<AccountResult>;
  /** An account being closed takes no new orders any more. */
  readonly isClosing: (account: AccountId) => boolean;
};

export function createAccounts(ports: AccountPorts): Accounts {
  const { ledger } = ports;
  /** The tail of each account's queue of commands. */
  const queues = new Map<AccountId, Promise<unknown>>();
  const closing = new Set<AccountId>();

  const done = (account: AccountId): AccountResult => ({
    kind: "account",
    account,
    balances: ledger.balances(account) ?? [],
  });

  async function load(account: AccountId): Promise<{ state: AccountState | undefined; tip: Tip }> {
    let state: AccountState | undefined;
    let tip: Tip;
    for await (const recorded of readEvents(ports, accountStream(account))) {
      state = evolveAccount(state, recorded as RecordedEvent as RecordedEvent<AccountEvent>);
      tip = tipOf(recorded);
    }
    return { state, tip };
  }

  async function obey(
    account: AccountId,
    command: AccountCommand,
    context: Context,
  ): Promise<AccountResult> {
    const { state, tip } = await load(account);
    const decision = decide(account, command, { state, context });
    if (decision.kind === "repeated") return done(account);
    if (decision.kind === "refused") return { kind: "refused", refusal: decision };
    const { event } = decision;
    // Debit early: what is withdrawn is nobody's any more before the append.
    const key = withdrawalKey(context.requestId);
    if (event.type === "FundsWithdrawn") {
      const { mint, amount } = event.data.funds;
      ledger.hold(account, key, new Map([[mint, BigInt(amount)]]));
    }
    if (event.type === "AccountClosed") closing.add(account);
    const stream = accountStream(account);
    const { encoded, recorded } = ports.sealer.seal({ stream, tip }, event, {
      actor: context.principal,
      correlationId: account,
    });
    const expected = tip?.revision ?? "no-stream";
    const outcome = await ports.recorder.record({ stream, expected, events: [encoded] }, false);
    if (outcome.kind === "stored") {
      ledger.apply(recorded, undefined);
      ports.onStored(outcome.position);
      return done(account);
    }
    ledger.release(account, key);
    closing.delete(account);
    const reason =
      outcome.kind === "conflict" ? "another writer changed the account" : outcome.reason;
    return { kind: "refused", refusal: { reason: "STORE_UNAVAILABLE", message: reason } };
  }

  function decide(
    account: AccountId,
    command: AccountCommand,
    { state, context }: { readonly state: AccountState | undefined; readonly context: Context },
  ): AccountDecision {
    const body = withFunds(command);
    const common = {
      ...context,
      account,
      fingerprint: ports.hasher.sha256(canonicalJson(body as Canonical)),
      isSupported: ports.isSupported,
      balance: (mint: Mint) => ({
        available: ledger.available(account, mint),
        total: ledger.total(account, mint),
      }),
    };
    return body.type === "Close"
      ? decideAccount(state, { ...common, ...body, openOrders: ports.openOrders(account) })
      : decideAccount(state, { ...common, ...body });
  }

  return {
    handle: (account, command, context) => {
      if (ports.isLive(account)) {
        const message = `account ${account} is a live account: its funds are those of its wallet`;
        return Promise.resolve({ kind: "refused", refusal: { reason: "ACCOUNT_EXISTS", message } });
      }
      const before = queues.get(account) ?? Promise.resolve();
      const result = before.then(() => obey(account, command, context));
      const tail = result.catch(() => undefined);
      queues.set(account, tail);
      void tail.then(() => {
        if (queues.get(account) === tail) queues.delete(account);
      });
      return result;
    },
    isClosing: (account) => closing.has(account),
  };
}

const lineOf = ({ mint, amount, cost }: Funds): FundsLine => ({
  mint,
  amount: amount.toString(),
  ...(cost === undefined ? {} : { cost: cost.toString() }),
});

type PlainCommand =
  | { readonly type: "Open"; readonly initialFunds: readonly FundsLine[] }
  | { readonly type: "Deposit" | "Withdraw"; readonly funds: FundsLine }
  | { readonly type: "Close" };

/** The command as plain data, as its fingerprint and events want it. */
function withFunds(command: AccountCommand): PlainCommand {
  switch (command.type) {
    case "Open":
      return { type: "Open", initialFunds: command.initialFunds.map(lineOf) };
    case "Deposit":
    case "Withdraw":
      return { type: command.type, funds: lineOf(command.funds) };
    case "Close":
      return command;
  }
}
