/** Which handler answers which RPC. */
import type {
  MethodDefinition,
  ServiceDefinition,
  UntypedServiceImplementation,
} from "@grpc/grpc-js";
import * as v1 from "../../proto/generated/orderstream/v1/trade_execution.ts";
import * as frozen from "../../proto/generated/trade_executor/trade_executor.ts";
import type { Context } from "./context.ts";
import * as accounts from "./handlers/accounts.ts";
import { cancelTrade } from "./handlers/cancel.ts";
import { getEquityCurve } from "./handlers/equity.ts";
import { executeTradeRequest, getExecutorStatus } from "./handlers/executor.ts";
import { healthCheck } from "./handlers/health.ts";
import { getOrder, streamExecutionStatus } from "./handlers/orders.ts";
import { getPositions } from "./handlers/positions.ts";
import { getTradeHistory } from "./handlers/queries.ts";
import { rebuildViews } from "./handlers/rebuild.ts";
import { replayEvents } from "./handlers/replay.ts";
import { resolveOutcome } from "./handlers/resolve.ts";
import { getSafetyStatus, haltTrading, resumeTrading } from "./handlers/safety.ts";
import { executeTrade } from "./handlers/trades.ts";
import { streamTradeUpdates } from "./handlers/updates.ts";
import {
  type Calls,
  type StreamHandler,
  type StreamSlots,
  serverStream,
  strictMethod,
  type UnaryHandler,
  unary,
} from "./methods.ts";
import type { Decoder } from "./strict-decode.ts";

export const SERVICE_NAMES = [
  "orderstream.v1.TradeExecutionService",
  "trade_executor.TradeExecutor",
] as const;

export type Service = {
  readonly definition: ServiceDefinition;
  readonly implementation: UntypedServiceImplementation;
};

type Rpc = {
  readonly definition: ServiceDefinition[string];
  readonly handle: UntypedServiceImplementation[string];
};

type Deps = { readonly context: Context; readonly calls: Calls };
export type Slots = Readonly<Record<"status" | "updates" | "replay", StreamSlots>>;

export function createServices(deps: Deps, slots: Slots): readonly Service[] {
  return [tradeExecutionService(deps, slots), executorService(deps)];
}

function tradeExecutionService(deps: Deps, slots: Slots): Service {
  const { context } = deps;
  const rpc = v1.TradeExecutionServiceService;
  const one = answers(deps);
  const many = streams(deps);
  return service({
    executeTrade: one(rpc.executeTrade, v1.TradeRequest, executeTrade(context)),
    getOrder: one(rpc.getOrder, v1.GetOrderRequest, getOrder(context)),
    getTradeHistory: one(rpc.getTradeHistory, v1.GetTradeHistoryRequest, getTradeHistory(context)),
    getPositions: one(rpc.getPositions, v1.GetPositionsRequest, getPositions(context)),
    getEquityCurve: one(rpc.getEquityCurve, v1.GetEquityCurveRequest, getEquityCurve(context)),
    cancelTrade: one(rpc.cancelTrade, v1.CancelTradeRequest, cancelTrade(context)),
    openPaperAccount: one(
      rpc.openPaperAccount,
      v1.OpenPaperAccountRequest,
      accounts.openPaperAccount(context),
    ),
    depositPaperFunds: one(
      rpc.depositPaperFunds,
      v1.DepositPaperFundsRequest,
      accounts.depositPaperFunds(context),
    ),
    withdrawPaperFunds: one(
      rpc.withdrawPaperFunds,
      v1.WithdrawPaperFundsRequest,
      accounts.withdrawPaperFunds(context),
    ),
    closePaperAccount: one(
      rpc.closePaperAccount,
      v1.ClosePaperAccountRequest,
      accounts.closePaperAccount(context),
    ),
    resolveOutcome: one(rpc.resolveOutcome, v1.ResolveOutcomeRequest, resolveOutcome(context)),
    haltTrading: one(rpc.haltTrading, v1.HaltTradingRequest, haltTrading(context)),
    resumeTrading: one(rpc.resumeTrading, v1.ResumeTradingRequest, resumeTrading(context)),
    getSafetyStatus: one(rpc.getSafetyStatus, v1.GetSafetyStatusRequest, getSafetyStatus(context)),
    healthCheck: one(rpc.healthCheck, v1.HealthCheckRequest, healthCheck(context)),
    streamExecutionStatus: many(slots.status)(
      rpc.streamExecutionStatus,
      v1.StreamExecutionStatusRequest,
      streamExecutionStatus(context),
    ),
    streamTradeUpdates: many(slots.updates)(
      rpc.streamTradeUpdates,
      v1.StreamTradeUpdatesRequest,
      streamTradeUpdates(context),
    ),
    rebuildViews: many(slots.replay)(
      rpc.rebuildViews,
      v1.RebuildViewsRequest,
      rebuildViews(context),
    ),
    replayEvents: many(slots.replay)(
      rpc.replayEvents,
      v1.ReplayEventsRequest,
      replayEvents(context),
    ),
  } satisfies Record<keyof typeof rpc, Rpc>);
}

function executorService(deps: Deps): Service {
  const rpc = frozen.TradeExecutorService;
  const one = answers(deps);
  return service({
    executeTradeRequest: one(
      rpc.executeTradeRequest,
      frozen.TradeRequest,
      executeTradeRequest(deps.context),
    ),
    getExecutorStatus: one(rpc.getExecutorStatus, frozen.Empty, getExecutorStatus(deps.context)),
  } satisfies Record<keyof typeof rpc, Rpc>);
}

/** Ties a method, its message and its handler together: the compiler sees when they do not fit. */
const answers =
  (deps: Deps) =>
  <Request extends object, Response>(
    method: MethodDefinition<Request, Response>,
    message: Decoder<Request>,
    handler: UnaryHandler<Request, Response>,
  ): Rpc => ({ definition: strictMethod(method, message), handle: unary(handler, deps) });

const streams =
  (deps: Deps) =>
  (slots: StreamSlots) =>
  <Request extends object, Response>(
    method: MethodDefinition<Request, Response>,
    message: Decoder<Request>,
    handler: StreamHandler<Request, Response>,
  ): Rpc => ({
    definition: strictMethod(method, message),
    handle: serverStream(handler, slots, deps),
  });

function service(rpcs: Readonly<Record<string, Rpc>>): Service {
  const definition: Record<string, Rpc["definition"]> = {};
  const implementation: UntypedServiceImplementation = {};
  for (const [name, rpc] of Object.entries(rpcs)) {
    definition[name] = rpc.definition;
    implementation[name] = rpc.handle;
  }
  return { definition, implementation };
}
