/** Calls to a running engine over gRPC. Every failure comes out as a CliError with a sentence. */
import {
  Client,
  type ClientReadableStream,
  credentials,
  Metadata,
  type ServiceError,
} from "@grpc/grpc-js";
import { type Address, formatAddress } from "../config/address.ts";
import { rpcError } from "./rpc-error.ts";

/** What the generated service definition says of a method. */
type Method<Request, Response> = {
  readonly path: string;
  readonly requestSerialize: (value: Request) => Buffer;
  readonly responseDeserialize: (value: Buffer) => Response;
};

export type CallOptions = {
  /** Milliseconds until the call is given up; Infinity: never. */
  readonly timeoutMs: number;
  /** Ends a stream early; it then throws. */
  readonly signal?: AbortSignal;
  /** The engine has begun to answer a stream. */
  readonly onBegin?: () => void;
  /** A write whose connection breaks may be recorded all the same. */
  readonly isWrite?: boolean;
};

export type EngineClient = {
  readonly call: <Request, Response>(
    method: Method<Request, Response>,
    request: Request,
    options: CallOptions,
  ) => Promise<Response>;
  readonly stream: <Request, Response>(
    method: Method<Request, Response>,
    request: Request,
    options: CallOptions,
  ) => AsyncGenerator<Response>;
};

const OPTIONS = {
  // A proxy of the environment is for the internet, not for an engine on this machine.
  "grpc.enable_http_proxy": 0,
  "grpc.max_receive_message_length": 16 * 1024 * 1024,
};

export const READ_TIMEOUT_MS = 10_000;

/** Opens a connection for as long as `use` runs. */
export async function withEngine<T>(
  address: Address,
  use: (engine: EngineClient) => Promise<T>,
): Promise<T> {
  const target = formatAddress(address);
  const client = new Client(target, credentials.createInsecure(), OPTIONS);
  try {
    return await use(overClient(client, target));
  } finally {
    client.close();
  }
}

const deadlineOf = (timeoutMs: number): { readonly deadline?: Date } =>
  timeoutMs === Number.POSITIVE_INFINITY ? {} : { deadline: new Date(Date.now() + timeoutMs) };

function overClient(client: Client, target: string): EngineClient {
  return {
    call: (method, request, { timeoutMs, isWrite = false }) =>
      new Promise((resolve, reject) => {
        client.makeUnaryRequest(
          method.path,
          method.requestSerialize,
          method.responseDeserialize,
          request,
          new Metadata(),
          deadlineOf(timeoutMs),
          (error, response) => {
            if (error) reject(rpcError(error, { target, isWrite }));
            else if (response === undefined) reject(new Error(`${method.path} answered nothing`));
            else resolve(response);
          },
        );
      }),
    async *stream(method, request, { timeoutMs, signal, onBegin }) {
      const call = client.makeServerStreamRequest(
        method.path,
        method.requestSerialize,
        method.responseDeserialize,
        request,
        deadlineOf(timeoutMs),
      );
      if (onBegin) call.once("metadata", onBegin);
      const cancel = (): void => call.cancel();
      signal?.addEventListener("abort", cancel);
      if (signal?.aborted) cancel();
      try {
        yield* messagesOf(call);
      } catch (error) {
        throw isServiceError(error) ? rpcError(error, { target, isWrite: false }) : error;
      } finally {
        signal?.removeEventListener("abort", cancel);
        call.cancel();
      }
    },
  };
}

async function* messagesOf<T>(call: ClientReadableStream<T>): AsyncGenerator<T> {
  // After an early end the cancellation is reported as an error that nobody waits for.
  call.on("error", () => undefined);
  for await (const message of call) yield message;
}

const isServiceError = (error: unknown): error is ServiceError =>
  error instanceof Error && "code" in error && "metadata" in error;
