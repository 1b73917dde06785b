/** Paper accounts: open, deposit, withdraw, close. All idempotent by request id. */
import { z } from "zod";
import type { AccountCommand, Funds } from "../../../domain/application/engine.types.ts";
import {
  accountIdSchema,
  amountSchema,
  mintSchema,
  newAccountIdSchema,
  requestIdSchema,
} from "../../../domain/order/request.ts";
import { U64_MAX } from "../../../domain/primitives/amount.ts";
import type {
  Balance,
  ClosePaperAccountRequest,
  DepositPaperFundsRequest,
  OpenPaperAccountRequest,
  Funds as WireFunds,
} from "../../../proto/generated/orderstream/v1/trade_execution.ts";
import type { Context } from "../context.ts";
import { type Answer, invalid, refused, unknownOutcome } from "../errors.ts";
import { field, type Parsed, valid, violationsOf, wrong } from "../mapping/parsed.ts";
import { balancesOf } from "../mapping/result.ts";
import type { Caller, UnaryHandler } from "../methods.ts";
import { endPosition } from "./shared.ts";

const MAX_INITIAL_FUNDS = 64;

/** All four answers have this form. */
type AccountAnswer = {
  readonly account: string;
  readonly balances: Balance[];
  readonly position: string;
};

const fundsSchema = z.object({
  mint: mintSchema,
  amount: amountSchema,
  cost: z.bigint().min(0n).max(U64_MAX).optional(),
});

export const openPaperAccount =
  (context: Context): UnaryHandler<OpenPaperAccountRequest, AccountAnswer> =>
  (request, caller) => {
    const funds = initialFundsOf(request.initialFunds);
    const command: Parsed<AccountCommand> = funds.ok
      ? valid({ type: "Open", initialFunds: funds.value })
      : funds;
    return perform({ request, command, caller }, context);
  };

export const depositPaperFunds =
  (context: Context): UnaryHandler<DepositPaperFundsRequest, AccountAnswer> =>
  (request, caller) => {
    const command = withFunds("Deposit", request.funds);
    return perform({ request, command, caller }, context);
  };

export const withdrawPaperFunds =
  (context: Context): UnaryHandler<DepositPaperFundsRequest, AccountAnswer> =>
  (request, caller) => {
    const command =
      request.funds?.cost === undefined ? withFunds("Withdraw", request.funds) : COST_WITHDRAWN;
    return perform({ request, command, caller }, context);
  };

/** A cost that is ignored would look as if it had been counted. */
const COST_WITHDRAWN = wrong(
  "funds.cost",
  "must be absent: what is withdrawn leaves at the position's own average cost",
);

export const closePaperAccount =
  (context: Context): UnaryHandler<ClosePaperAccountRequest, AccountAnswer> =>
  (request, caller) =>
    perform({ request, command: valid({ type: "Close" }), caller }, context);

function initialFundsOf(lines: readonly WireFunds[]): Parsed<readonly Funds[]> {
  if (lines.length > MAX_INITIAL_FUNDS) {
    return wrong("initial_funds", `has ${lines.length} entries; at most ${MAX_INITIAL_FUNDS}`);
  }
  const funds = field("initial_funds", z.array(fundsSchema), lines);
  if (!funds.ok) return funds;
  const seen = new Set<string>();
  for (const [index, { mint }] of funds.value.entries()) {
    if (seen.has(mint)) return wrong(`initial_funds[${index}].mint`, "is given twice");
    seen.add(mint);
  }
  return funds;
}

function withFunds(
  type: "Deposit" | "Withdraw",
  line: WireFunds | undefined,
): Parsed<AccountCommand> {
  if (!line) return wrong("funds", "must be given");
  const result = fundsSchema.safeParse(line);
  if (!result.success) return { ok: false, violations: violationsOf(result.error.issues, "funds") };
  return valid({ type, funds: result.data });
}

type Call = {
  readonly request: { readonly requestId: string; readonly account: string };
  readonly command: Parsed<AccountCommand>;
  readonly caller: Caller;
};

async function perform(
  { request, command, caller }: Call,
  context: Context,
): Promise<Answer<AccountAnswer>> {
  const requestId = field("request_id", requestIdSchema, request.requestId);
  const isNew = command.ok && command.value.type === "Open";
  const account = field("account", isNew ? newAccountIdSchema : accountIdSchema, request.account);
  if (!requestId.ok || !account.ok || !command.ok) {
    const parts = [requestId, account, command];
    return invalid(parts.flatMap((part) => (part.ok ? [] : part.violations)));
  }
  const result = await context.engine.account(account.value, command.value, {
    principal: caller.principal,
    requestId: requestId.value,
  });
  if (result.kind === "refused") return refused(result.refusal);
  if (result.kind === "unknown") return unknownOutcome(result);
  return {
    kind: "ok",
    message: {
      account: result.account,
      balances: balancesOf(result.balances),
      position: endPosition(context),
    },
  };
}
