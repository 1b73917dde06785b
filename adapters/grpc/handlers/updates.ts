/** StreamTradeUpdates: every order of the caller as it changes. */
import { watchOrders } from "../../../domain/application/orders/watch-orders.ts";
import { accountIdSchema } from "../../../domain/order/request.ts";
import type { AccountId, Principal } from "../../../domain/primitives/ids.ts";
import type {
  StreamTradeUpdatesRequest,
  TradeUpdate,
} from "../../../proto/generated/orderstream/v1/trade_execution.ts";
import type { Context } from "../context.ts";
import { type Failed, invalid, refused } from "../errors.ts";
import { field, type Parsed, valid } from "../mapping/parsed.ts";
import { tradeUpdateOf } from "../mapping/updates.ts";
import type { StreamHandler } from "../methods.ts";

/** The headers of the answer say that it began: whatever is stored after them is sent. */
export const streamTradeUpdates =
  (context: Context): StreamHandler<StreamTradeUpdatesRequest, TradeUpdate> =>
  async (request, { principal }, sink) => {
    const account: Parsed<AccountId | undefined> =
      request.account === ""
        ? valid(undefined)
        : field("account", accountIdSchema, request.account);
    if (!account.ok) return invalid(account.violations);
    const foreign = foreignAccount(account.value, principal, context);
    if (foreign) return foreign;
    const filter = {
      wanted: (order: { readonly principal: Principal; readonly request: Account }): boolean =>
        order.principal === principal &&
        (account.value === undefined || order.request.account === account.value),
      onBegin: sink.begin,
    };
    for await (const update of watchOrders(context, filter, sink.signal)) {
      if (!(await sink.send(tradeUpdateOf(update, context)))) return undefined;
    }
    // Nobody asked it to end, so the log did.
    return sink.signal.aborted ? undefined : closing();
  };

type Account = { readonly account: AccountId };

/** An account of another principal does not exist for this one; one to come may be waited for. */
function foreignAccount(
  account: AccountId | undefined,
  principal: Principal,
  { engine }: Context,
): Failed | undefined {
  const owner = account === undefined ? undefined : engine.ownerOf(account);
  if (owner === undefined || owner === principal) return undefined;
  return refused({ reason: "ACCOUNT_NOT_FOUND", message: `there is no account ${account}` });
}

const closing = (): Failed =>
  refused({ reason: "DRAINING", message: "the log is closed; come back when the engine is" });
