/** Open live orders of the log whose account the configuration does not name any more. */
import type { OrderState } from "../../order/state.ts";
import type { AccountId } from "../../primitives/ids.ts";

/** One sentence for each such account, with how many orders wait for it. Signed orders are followed all the same. */
export function missingAccounts(
  open: readonly OrderState[],
  accounts: { readonly has: (account: AccountId) => boolean } | undefined,
): readonly string[] {
  const waiting = open.filter(
    ({ request: { mode, account } }) => mode === "LIVE" && !accounts?.has(account),
  );
  const byAccount = Map.groupBy(waiting, ({ request }) => request.account);
  return [...byAccount].map(([account, orders]) => {
    const count = orders.length === 1 ? "1 open order" : `${orders.length} open orders`;
    const missing = `the live account ${account} is not among the configured live accounts`;
    return `${missing}: nothing is signed for its ${count} until it is there again`;
  });
}
