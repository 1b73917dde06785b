/**
 * What keeps a new order out. Nothing is recorded: UNAVAILABLE and RESOURCE_EXHAUSTED say so. Once admitted, what an order has
 * to write is never refused.
 */
import type { TradeCommand } from "../../order/request.ts";
import type { Principal } from "../../primitives/ids.ts";
import type { Accounts } from "../accounts.ts";
import type { Refused } from "../engine.types.ts";
import type { Ledger } from "../ledger.ts";
import type { LiveVenue } from "../live/live-venue.ts";
import type { Safety } from "../safety/safety.ts";
import type { OpenOrders } from "./open-orders.ts";
import { refused } from "./refusals.ts";

export type AdmissionLimits = {
  readonly maxOpenOrders: number;
  readonly maxOpenPerAccount: number;
};

export type Admission = {
  /** Undefined: the order may begin. */
  readonly check: (command: TradeCommand, principal: Principal) => Refused | undefined;
  readonly beginDrain: () => void;
  /** Something is wrong that a restart has to mend; no order is admitted any more. */
  readonly fail: (reason: string) => void;
  /** Why no order is admitted; empty while they are. */
  readonly closedBecause: () => string;
};

export function createAdmission(
  parts: {
    readonly ledger: Ledger;
    readonly accounts: Accounts;
    readonly open: OpenOrders;
    readonly safety: Pick<Safety, "admission">;
    /** Undefined: there are no live orders. */
    readonly live: Pick<LiveVenue, "account"> | undefined;
  },
  limits: AdmissionLimits,
): Admission {
  const { ledger, accounts, open, safety, live } = parts;
  let draining = false;
  let fault = "";

  function accountRefusal(
    { mode, account }: TradeCommand,
    principal: Principal,
  ): Refused | undefined {
    if (mode === "PAPER") {
      if (ledger.ownerOf(account) === principal) return undefined;
      return refused("ACCOUNT_NOT_FOUND", `account ${account} does not exist; open it first`);
    }
    if (!live) {
      return refused("LIVE_NOT_CONFIGURED", "live execution is not configured; use mode PAPER");
    }
    if (live.account(account)?.owner === principal) return undefined;
    const message = `live account ${account} does not exist; name it under accounts in the configuration`;
    return refused("ACCOUNT_NOT_FOUND", message);
  }

  return {
    check: (command, principal) => {
      const { account } = command;
      if (fault !== "") return refused("STORE_UNAVAILABLE", fault);
      if (draining) return refused("DRAINING", "the engine is shutting down");
      const noAccount = accountRefusal(command, principal);
      if (noAccount) return noAccount;
      if (accounts.isClosing(account) && ledger.isOpen(account)) {
        return refused("ACCOUNT_IS_CLOSED", `account ${account} is being closed`);
      }
      if (open.size() >= limits.maxOpenOrders) {
        const message = `${limits.maxOpenOrders} orders are open, the most allowed`;
        return refused("TOO_MANY_OPEN_ORDERS", message);
      }
      if (open.ofAccount(account) >= limits.maxOpenPerAccount) {
        const message = `account ${account} has ${limits.maxOpenPerAccount} open orders, the most allowed`;
        return refused("TOO_MANY_OPEN_ORDERS", message);
      }
      // Last: a half-open breaker takes who is let in here for the one that tries.
      return safety.admission(command);
    },
    beginDrain: () => {
      draining = true;
    },
    fail: (reason) => {
      fault = reason;
    },
    closedBecause: () => (draining ? "draining" : fault),
  };
}
