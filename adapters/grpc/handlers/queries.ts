/** Reads from the views: the history of orders. */
import { accountIdSchema, mintSchema } from "../../../domain/order/request.ts";
import type { HistoryFilter } from "../../../domain/ports/read-model.ts";
import { type CanonicalObject, canonicalJson } from "../../../domain/primitives/canonical-json.ts";
import type { AccountId, Principal } from "../../../domain/primitives/ids.ts";
import type {
  GetTradeHistoryRequest,
  GetTradeHistoryResponse,
} from "../../../proto/generated/orderstream/v1/trade_execution.ts";
import type { Context } from "../context.ts";
import { type Failed, invalid } from "../errors.ts";
import { MODES, STATUSES, wordOf } from "../mapping/enums.ts";
import { historyEntryOf, orderRowOf } from "../mapping/history.ts";
import { field, type Parsed, valid, wrong } from "../mapping/parsed.ts";
import { timeUsOf } from "../mapping/time.ts";
import type { UnaryHandler } from "../methods.ts";
import { accountNotFound, viewsReached } from "./shared.ts";

const DEFAULT_PAGE = 100;
const MAX_PAGE = 1_000;
/** Hex digits of the filters' hash in a page token. */
const QUERY_DIGITS = 16;

type Query = {
  readonly filter: Omit<HistoryFilter, "limit" | "after">;
  readonly pageSize: number;
  readonly after: HistoryFilter["after"];
  /** Names the filters inside page tokens. */
  readonly name: string;
};

export const getTradeHistory =
  (context: Context): UnaryHandler<GetTradeHistoryRequest, GetTradeHistoryResponse> =>
  async (request, caller) => {
    const query = queryOf(request, context);
    if (!query.ok) return invalid(query.violations);
    const { filter, pageSize, after, name } = query.value;
    const foreign = foreignAccount(filter.account, caller.principal, context);
    if (foreign) return foreign;
    const behind = await viewsReached(request.minPosition, caller, context);
    if (behind) return behind;
    // Taken before the read: the rows are at least as new.
    const position = context.positions.encode(context.views.position());
    const page = await context.readModel.history({
      ...{ ...filter, limit: pageSize },
      ...(after && { after }),
    });
    return {
      kind: "ok",
      message: {
        trades: page.rows.map((values) => historyEntryOf(orderRowOf(values))),
        nextPageToken: page.next ? context.positions.encodePage(page.next, name) : "",
        position,
      },
    };
  };

/** proto3 strings and enums that are empty filter nothing. */
function queryOf(request: GetTradeHistoryRequest, { positions, hasher }: Context): Parsed<Query> {
  const account = optional("account", accountIdSchema, request.account);
  const mint = optional("mint", mintSchema, request.mint);
  const mode = wordOf("mode", MODES, request.mode);
  const status = wordOf("status", STATUSES, request.status);
  const fromUs = timeUsOf("from", request.from);
  const toUs = timeUsOf("to", request.to);
  const pageSize: Parsed<number> =
    request.pageSize > MAX_PAGE
      ? wrong("page_size", `is ${request.pageSize}; at most ${MAX_PAGE} rows fit on a page`)
      : valid(request.pageSize || DEFAULT_PAGE);
  const filter = {
    ...(account.ok && account.value !== undefined && { account: account.value }),
    ...(mint.ok && mint.value !== undefined && { mint: mint.value }),
    ...(mode.ok && mode.value !== undefined && { mode: mode.value }),
    ...(status.ok && status.value !== undefined && { status: status.value }),
    ...(fromUs.ok && fromUs.value !== undefined && { fromUs: fromUs.value }),
    ...(toUs.ok && toUs.value !== undefined && { toUs: toUs.value }),
  };
  const query: CanonicalObject = filter;
  const name = hasher.sha256(canonicalJson(query)).slice(0, QUERY_DIGITS);
  const after = positions.decodePage("page_token", request.pageToken, name);
  const parts = [account, mint, mode, status, fromUs, toUs, pageSize, after];
  const violations = parts.flatMap((part) => (part.ok ? [] : part.violations));
  const { fromUs: from, toUs: to } = filter;
  if (from !== undefined && to !== undefined && from >= to) {
    violations.push({ field: "from", description: "must be before to" });
  }
  if (violations.length > 0 || !pageSize.ok || !after.ok) return { ok: false, violations };
  return valid({ filter, pageSize: pageSize.value, after: after.value, name });
}

function optional<T>(
  name: string,
  schema: Parameters<typeof field<T>>[1],
  value: string,
): Parsed<T | undefined> {
  return value === "" ? valid(undefined) : field(name, schema, value);
}

/** An account of another principal does not exist for this one. */
function foreignAccount(
  account: AccountId | undefined,
  principal: Principal,
  { engine }: Context,
): Failed | undefined {
  if (account === undefined) return undefined;
  const owner = engine.ownerOf(account);
  return owner !== undefined && owner !== principal ? accountNotFound(account) : undefined;
}
