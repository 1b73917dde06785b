/** A paper account as its own events tell it. Its balances are the ledger's, which folds orders too. */
import type { RecordedEvent } from "../codec/codec.ts";
import type { AccountId, Hash, Principal, RequestId } from "../primitives/ids.ts";
import type { AccountEvent } from "./events.ts";

export type AccountState = {
  readonly account: AccountId;
  readonly owner: Principal;
  readonly open: boolean;
  /** Fingerprint of every command that it has obeyed. */
  readonly requests: ReadonlyMap<RequestId, Hash>;
  readonly revision: number;
  readonly hash: Hash;
};

export function evolveAccount(
  state: AccountState | undefined,
  { event, revision, hash, stream }: RecordedEvent<AccountEvent>,
): AccountState {
  const { requestId, fingerprint } = event.data;
  if (event.type === "AccountOpened") {
    if (state) throw new Error(`${stream}: opened twice`);
    const { account, owner } = event.data;
    const requests = new Map([[requestId, fingerprint]]);
    return { account, owner, open: true, requests, revision, hash };
  }
  if (!state) throw new Error(`${stream}: begins with ${event.type}`);
  const requests = new Map(state.requests).set(requestId, fingerprint);
  switch (event.type) {
    case "FundsDeposited":
    case "FundsWithdrawn":
      return { ...state, requests, revision, hash };
    case "AccountClosed":
      return { ...state, open: false, requests, revision, hash };
  }
}
