/**
 * Questions over gRPC to an engine with many stored orders and nothing else to do: one call at a
 * time by a grpc-js client in another process, from the call to the decoded answer. Every kind of
 * question is asked `calls` times in each round, in turns over the accounts where one is named; a
 * round's p50 and p99 are taken, and the spread is over the rounds. Pages have 100 orders. "far
 * back": the page that a token names behind half of all orders (at most MAX_DEPTH). "rare status":
 * one order in a hundred. The floor is HealthCheck: the same client, server and wire without a
 * question.
 */
import type { ServiceError } from "@grpc/grpc-js";
import { timestampOf } from "../../adapters/grpc/mapping/time.ts";
import {
  GetPositionsRequest,
  type GetPositionsResponse,
  GetTradeHistoryRequest,
  type GetTradeHistoryResponse,
  HealthCheckRequest,
  OrderStatus,
  type TradeExecutionServiceClient,
} from "../../proto/generated/orderstream/v1/trade_execution.ts";
import type { StoredLogs } from "./big-log.ts";
import { type FigureRow, quantile, type Spread, shown, spreadOf } from "./figures.ts";
import { withRig } from "./rig.ts";
import { ACCOUNTS_PER_MAKER, accountOf } from "./stored-orders.ts";

export type QueryFigures = {
  readonly orders: number;
  readonly calls: number;
  /** How many orders stand before the far page. */
  readonly depth: number;
  readonly kinds: Readonly<Record<string, { readonly p50Ms: Spread; readonly p99Ms: Spread }>>;
};

export type QueryOptions = {
  readonly folder: string;
  readonly pairs: number;
  readonly orders: number;
  /** Of each kind in a round. */
  readonly calls: number;
};

type Ask = (index: number) => Promise<unknown>;

const PAGE = 100;
const LARGE_PAGE = 1_000;
const MAX_DEPTH = 500_000;
const FLOOR = "HealthCheck";
const JUP = "JUPyiwrYJFskUPiHa7hkeR8VUtAeFoSYbKedZNsDvCN";
const DAY_MS = 86_400_000;

export async function benchQueries(logs: StoredLogs, options: QueryOptions): Promise<QueryFigures> {
  const { orders, calls, pairs } = options;
  const { data } = await logs.withViews(orders);
  return withRig(options.folder, async (rig) => {
    const { client, settled } = await rig.engine("engine", { cacheTtlMs: 2_000, data });
    await settled();
    const far = await farToken(client, Math.min(MAX_DEPTH, Math.floor(orders / 2)));
    const kinds = Object.entries(questions(client, far.token));
    const rounds = new Map<string, { p50Ms: number; p99Ms: number }[]>();
    // The first round is not counted: statements are prepared, pages are in memory afterwards.
    for (let pair = -1; pair < pairs; pair++) {
      for (const [kind, ask] of kinds) {
        const round = await timesOf(ask, calls);
        if (pair >= 0) rounds.set(kind, [...(rounds.get(kind) ?? []), round]);
      }
    }
    return {
      ...{ orders, calls, depth: far.depth },
      kinds: Object.fromEntries(
        [...rounds].map(([kind, all]) => [
          kind,
          {
            p50Ms: spreadOf(all.map(({ p50Ms }) => p50Ms)),
            p99Ms: spreadOf(all.map(({ p99Ms }) => p99Ms)),
          },
        ]),
      ),
    };
  });
}

async function timesOf(ask: Ask, calls: number): Promise<{ p50Ms: number; p99Ms: number }> {
  const times = new Float64Array(calls);
  for (let index = 0; index < calls; index++) {
    const startMs = performance.now();
    await ask(index);
    times[index] = performance.now() - startMs;
  }
  times.sort();
  return { p50Ms: quantile(times, 0.5), p99Ms: quantile(times, 0.99) };
}

function questions(client: TradeExecutionServiceClient, farToken: string): Record<string, Ask> {
  const account = (index: number): string => accountOf(0, index % ACCOUNTS_PER_MAKER);
  const page =
    (filter: (index: number) => Partial<GetTradeHistoryRequest>, wanted = 1): Ask =>
    async (index) => {
      const { trades } = await history(client, { pageSize: PAGE, ...filter(index) });
      if (trades.length < wanted) throw new Error(`a page with ${trades.length} orders only`);
    };
  const positions =
    (asOfUs: number | undefined): Ask =>
    async (index) => {
      const request = {
        account: account(index),
        ...(asOfUs !== undefined && { asOf: timestampOf(asOfUs) }),
      };
      const answer = await unary<GetPositionsRequest, GetPositionsResponse>(
        client.getPositions.bind(client),
        GetPositionsRequest.fromPartial(request),
      );
      if (answer.positions.length === 0) throw new Error("an account without positions");
    };
  return {
    [FLOOR]: () => unary(client.healthCheck.bind(client), HealthCheckRequest.create()),
    "history, newest": page(() => ({})),
    "history of an account": page((index) => ({ account: account(index) })),
    "history, usual status": page(() => ({ status: OrderStatus.ORDER_STATUS_FILLED })),
    "history, rare status": page(() => ({ status: OrderStatus.ORDER_STATUS_FAILED })),
    "history of a mint": page(() => ({ mint: JUP })),
    "history, account and rare status": page(
      (index) => ({ account: account(index), status: OrderStatus.ORDER_STATUS_REJECTED }),
      0,
    ),
    "history, far back": page(() => ({ pageToken: farToken })),
    "positions now": positions(undefined),
    "positions as of 15 days ago": positions((Date.now() - 15 * DAY_MS) * 1_000),
  };
}

/** Pages on until so many orders are behind, or nearly all. */
async function farToken(
  client: TradeExecutionServiceClient,
  depth: number,
): Promise<{ readonly token: string; readonly depth: number }> {
  let passed = 0;
  let token = "";
  while (passed < depth) {
    const pageSize = Math.min(LARGE_PAGE, depth - passed);
    const { trades, nextPageToken } = await history(client, { pageSize, pageToken: token });
    if (nextPageToken === "") break;
    passed += trades.length;
    token = nextPageToken;
  }
  return { token, depth: passed };
}

const history = (
  client: TradeExecutionServiceClient,
  request: Partial<GetTradeHistoryRequest>,
): Promise<GetTradeHistoryResponse> =>
  unary(client.getTradeHistory.bind(client), GetTradeHistoryRequest.fromPartial(request));

const unary = <Q, R>(
  method: (request: Q, callback: (error: ServiceError | null, response: R) => void) => unknown,
  request: Q,
): Promise<R> =>
  new Promise((resolve, reject) => {
    method(request, (error, response) => (error ? reject(error) : resolve(response)));
  });

export const queryRows = ({ kinds, depth }: QueryFigures): FigureRow[] => [
  ...Object.entries(kinds).flatMap(([kind, { p50Ms, p99Ms }]): FigureRow[] => {
    const name = kind === FLOOR ? `floor: ${kind}` : kind;
    return [
      [`${name}, p50 ms`, shown(p50Ms), kind === FLOOR ? "" : "≤ 20"],
      ["  p99 ms", shown(p99Ms)],
    ];
  }),
  ["orders before the page far back", String(depth)],
];
