/** The service of the proto over real gRPC, with answers from a test. What is not answered is UNIMPLEMENTED. */
import {
  status as Code,
  type handleServerStreamingCall,
  type handleUnaryCall,
  Metadata,
  Server,
  ServerCredentials,
} from "@grpc/grpc-js";
import type { Any } from "../../proto/generated/google/protobuf/any.ts";
import {
  BadRequest,
  ErrorInfo,
  RetryInfo,
} from "../../proto/generated/google/rpc/error_details.ts";
import { Status } from "../../proto/generated/google/rpc/status.ts";
import {
  TradeExecutionServiceService as Service,
  TradeResult,
} from "../../proto/generated/orderstream/v1/trade_execution.ts";

type Name = keyof typeof Service;
type Request<N extends Name> = ReturnType<(typeof Service)[N]["requestDeserialize"]>;
type Response<N extends Name> = ReturnType<(typeof Service)[N]["responseDeserialize"]>;

/** Thrown by an answer: the status that the caller gets. */
export class Refusal extends Error {
  readonly code: Code;
  readonly parts: readonly Any[];

  constructor(code: Code, message: string, parts: readonly Any[] = []) {
    super(message);
    this.code = code;
    this.parts = parts;
  }
}

const any = (type: string, bytes: Uint8Array): Any => ({
  typeUrl: `type.googleapis.com/${type}`,
  value: Buffer.from(bytes),
});

export const info = (reason: string, metadata: Record<string, string>): Any =>
  any(
    "google.rpc.ErrorInfo",
    ErrorInfo.encode({ reason, domain: "orderstream", metadata }).finish(),
  );

export const badRequest = (field: string, description: string): Any => {
  const fieldViolations = [{ field, description, reason: "INVALID" }];
  return any("google.rpc.BadRequest", BadRequest.encode({ fieldViolations }).finish());
};

export const retryIn = (seconds: bigint): Any =>
  any(
    "google.rpc.RetryInfo",
    RetryInfo.encode({ retryDelay: { seconds, nanos: 500_000_000 } }).finish(),
  );

export const resultPart = (result: TradeResult): Any =>
  any("orderstream.v1.TradeResult", TradeResult.encode(result).finish());

/** One message for unary methods, a list for streams. May throw a Refusal. */
export type Answers = {
  readonly [N in Name]?: (request: Request<N>) => Response<N> | readonly Response<N>[];
};

export type FakeEngine = {
  readonly address: string;
  /** Every request in order, with its method. */
  readonly requests: { readonly method: string; readonly request: unknown }[];
  readonly stop: () => void;
};

const failureOf = (error: unknown) => {
  if (!(error instanceof Refusal)) throw error;
  const { code, message, parts: details } = error;
  const metadata = new Metadata();
  const bytes = Status.encode({ code, message, details: [...details] }).finish();
  metadata.set("grpc-status-details-bin", Buffer.from(bytes));
  return { code, details: message, ...(details.length > 0 ? { metadata } : {}) };
};

export async function startFakeEngine(answers: Answers): Promise<FakeEngine> {
  const requests: FakeEngine["requests"] = [];
  const server = new Server();
  const answer = (method: string, request: unknown): unknown => {
    requests.push({ method, request });
    const given: unknown = answers[method as Name];
    if (typeof given !== "function") throw new Refusal(Code.UNIMPLEMENTED, `no ${method} here`);
    return given(request);
  };
  const unary =
    (method: string): handleUnaryCall<unknown, unknown> =>
    (call, callback) => {
      try {
        callback(null, answer(method, call.request));
      } catch (error) {
        callback(failureOf(error));
      }
    };
  const stream =
    (method: string): handleServerStreamingCall<unknown, unknown> =>
    (call) => {
      try {
        const messages = answer(method, call.request);
        for (const message of Array.isArray(messages) ? messages : []) call.write(message);
        call.end();
      } catch (error) {
        call.emit("error", failureOf(error));
      }
    };
  const handlers = Object.entries(Service).map(([method, { responseStream }]) => [
    method,
    responseStream ? stream(method) : unary(method),
  ]);
  server.addService(Service, Object.fromEntries(handlers));
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  return { address: `127.0.0.1:${port}`, requests, stop: () => server.forceShutdown() };
}
