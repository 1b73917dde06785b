/** A real server on loopback with real clients, over the fake engine. */
import {
  Client,
  credentials,
  type Metadata,
  type ServiceError,
  type status as Status,
} from "@grpc/grpc-js";
import type { GrpcLimits, PrincipalOf } from "../../../adapters/grpc/context.ts";
import { createGrpcServer } from "../../../adapters/grpc/server.ts";
import type { Mark } from "../../../domain/pricing/valuation.ts";
import { type AccountId, type Mint, SOL_MINT } from "../../../domain/primitives/ids.ts";
import {
  BadRequest,
  ErrorInfo,
  RetryInfo,
} from "../../../proto/generated/google/rpc/error_details.ts";
import { Status as RpcStatus } from "../../../proto/generated/google/rpc/status.ts";
import {
  TradeAction,
  TradeExecutionServiceClient,
  TradeRequest,
  TradeResult,
  TradingMode,
} from "../../../proto/generated/orderstream/v1/trade_execution.ts";
import {
  TradeResult as ExecutorResult,
  TradeExecutorClient,
} from "../../../proto/generated/trade_executor/trade_executor.ts";
import { createFakeEngine } from "./fake-engine.ts";
import { createFakeViews } from "./fake-views.ts";
import { LOG_ID, SOL, START_US, TOKENS, USDC, USDC_MINT } from "./world.ts";

export const MAIN = "main" as AccountId;

export type Harness = Awaited<ReturnType<typeof startHarness>>;

export async function startHarness(limits: Partial<GrpcLimits> = {}, principalOf?: PrincipalOf) {
  const fake = createFakeEngine();
  const views = createFakeViews(fake);
  const market = {
    /** What marks there are now, and what was asked. */
    marks: new Map<Mint, Mark>(),
    asked: [] as { readonly mints: readonly Mint[]; readonly waitMs: number }[],
    nowUs: START_US,
  };
  const logged: { readonly message: string; readonly error: unknown }[] = [];
  const server = createGrpcServer({
    engine: fake.engine,
    readModel: views.readModel,
    views: views.views,
    store: fake.store,
    codec: fake.codec,
    hasher: fake.hasher,
    logId: LOG_ID,
    tokens: TOKENS,
    costMint: USDC_MINT,
    marks: async (mints, waitMs) => {
      market.asked.push({ mints, waitMs });
      return new Map([...market.marks].filter(([mint]) => mints.includes(mint)));
    },
    clock: { nowUs: () => market.nowUs },
    executor: { mode: "PAPER", account: MAIN },
    version: "1.2.3",
    log: (message, error) => logged.push({ message, error }),
    limits,
    ...(principalOf && { principalOf }),
  });
  const address = await server.listen("127.0.0.1:0");
  const insecure = credentials.createInsecure();
  const client = new TradeExecutionServiceClient(address, insecure);
  const executor = new TradeExecutorClient(address, insecure);
  const raw = new Client(address, insecure);
  await ask(client.openPaperAccount.bind(client), {
    requestId: "open-main",
    account: MAIN,
    initialFunds: [
      { mint: SOL_MINT, amount: 100n * SOL, cost: undefined },
      { mint: USDC_MINT, amount: 10_000n * USDC, cost: undefined },
    ],
  });
  return {
    fake,
    views,
    market,
    server,
    address,
    client,
    executor,
    raw,
    logged,
    stop: async () => {
      for (const one of [client, executor, raw]) one.close();
      server.close();
      await fake.store.close();
    },
  };
}

/** Sell 1 SOL for USDC. */
export const sellRequest = (
  requestId: string,
  changes: Partial<TradeRequest> = {},
): TradeRequest => ({
  ...TradeRequest.fromPartial({}),
  requestId,
  mode: TradingMode.TRADING_MODE_PAPER,
  account: MAIN,
  sourceService: "strategy-7",
  action: TradeAction.TRADE_ACTION_SELL,
  baseMint: SOL_MINT,
  quoteMint: USDC_MINT,
  amount: SOL,
  ...changes,
});

type Method<Request, Response> = (
  request: Request,
  callback: (error: ServiceError | null, response: Response) => void,
) => unknown;

/** A unary call as a promise; rejects with the ServiceError. */
export const ask = <Request, Response>(
  method: Method<Request, Response>,
  request: Request,
): Promise<Response> =>
  new Promise((resolve, reject) => {
    method(request, (error, response) => (error ? reject(error) : resolve(response)));
  });

/** What a call that must fail failed with, details decoded. */
export async function failure(call: Promise<unknown>): Promise<Failure> {
  try {
    await call;
  } catch (error) {
    return failureOf(error);
  }
  throw new Error("the call was expected to fail");
}

export type Failure = {
  readonly code: Status;
  readonly message: string;
  readonly info: ErrorInfo | undefined;
  readonly fields: readonly string[];
  readonly descriptions: readonly string[];
  readonly retry: RetryInfo | undefined;
  readonly result: TradeResult | undefined;
  readonly executorResult: ExecutorResult | undefined;
};

const isServiceError = (error: unknown): error is ServiceError =>
  error instanceof Error && "code" in error && "metadata" in error;

export function failureOf(error: unknown): Failure {
  if (!isServiceError(error)) throw error;
  const details = detailsOf(error.metadata);
  const find = <T>(name: string, decode: (bytes: Buffer) => T): T | undefined => {
    const any = details.find(({ typeUrl }) => typeUrl === `type.googleapis.com/${name}`);
    return any && decode(any.value);
  };
  const violations =
    find("google.rpc.BadRequest", (bytes) => BadRequest.decode(bytes))?.fieldViolations ?? [];
  return {
    code: error.code,
    message: error.details,
    info: find("google.rpc.ErrorInfo", (bytes) => ErrorInfo.decode(bytes)),
    fields: violations.map(({ field }) => field),
    descriptions: violations.map(({ description }) => description),
    retry: find("google.rpc.RetryInfo", (bytes) => RetryInfo.decode(bytes)),
    result: find("orderstream.v1.TradeResult", (bytes) => TradeResult.decode(bytes)),
    executorResult: find("trade_executor.TradeResult", (bytes) => ExecutorResult.decode(bytes)),
  };
}

function detailsOf(metadata: Metadata): RpcStatus["details"] {
  const [bytes] = metadata.get("grpc-status-details-bin");
  return bytes instanceof Buffer ? RpcStatus.decode(bytes).details : [];
}

/** Sends these bytes as a request. */
export const askRaw = (harness: Harness, path: string, bytes: Uint8Array): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    const pass = (value: Buffer): Buffer => value;
    harness.raw.makeUnaryRequest(path, pass, pass, Buffer.from(bytes), (error, response) =>
      error ? reject(error) : resolve(response ?? Buffer.alloc(0)),
    );
  });
