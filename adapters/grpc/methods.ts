/**
 * From a handler that answers values to what grpc-js wants: decoding errors, exceptions, cancellation, back-pressure and the
 * counting of calls are here, once.
 */
import { once } from "node:events";
import {
  type handleServerStreamingCall,
  type handleUnaryCall,
  Metadata,
  type MethodDefinition,
  type ServerWritableStream,
} from "@grpc/grpc-js";
import type { Principal } from "../../domain/primitives/ids.ts";
import type { Context } from "./context.ts";
import { type Answer, type Failed, internal, invalid, refused } from "./errors.ts";
import { type Decoded, type Decoder, strictDecode } from "./strict-decode.ts";
import { remainingMs, waitMsOf } from "./wait.ts";

/** What a handler knows of its call. */
export type Caller = {
  readonly principal: Principal;
  /** Milliseconds until the handler has to answer, a margin before the deadline. */
  readonly waitMs: number;
};

export type UnaryHandler<Request, Response> = (
  request: Request,
  caller: Caller,
) => Promise<Answer<Response>> | Answer<Response>;

export type Sink<Response> = {
  /** Aborts when the caller is gone or the server stops. */
  readonly signal: AbortSignal;
  /** Sends the headers before there is a message. */
  readonly begin: () => void;
  /** Resolves when the next message may be sent; false: nobody takes it any more. */
  readonly send: (message: Response) => Promise<boolean>;
};

/** Undefined: the stream ended well. */
export type StreamHandler<Request, Response> = (
  request: Request,
  caller: Caller,
  sink: Sink<Response>,
) => Promise<Failed | undefined>;

/** Calls under way. */
export type Calls = {
  readonly begin: () => void;
  readonly end: () => void;
  /** Resolves when no call is under way. */
  readonly idle: () => Promise<void>;
};

export function createCalls(): Calls {
  let active = 0;
  let waiting: (() => void)[] = [];
  return {
    begin: () => {
      active += 1;
    },
    end: () => {
      active -= 1;
      if (active > 0) return;
      for (const wake of waiting) wake();
      waiting = [];
    },
    idle: () =>
      active === 0 ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve)),
  };
}

/** Places for streams of one kind: full is RESOURCE_EXHAUSTED. */
export type StreamSlots = { readonly open: Set<AbortController>; readonly max: number };

/** The reason that `stop` aborts a stream with. */
const STOPPING = "stopping";

export function stopStreams({ open }: StreamSlots): void {
  for (const controller of open) controller.abort(STOPPING);
}

/** The same method with a request that says whether it could be read. */
export function strictMethod<Request extends object, Response>(
  method: MethodDefinition<Request, Response>,
  decoder: Decoder<Request>,
): MethodDefinition<Decoded<Request>, Response> {
  return {
    ...method,
    // Only clients serialise requests, and they have the generated definition.
    requestSerialize: () => Buffer.alloc(0),
    requestDeserialize: (bytes) => strictDecode(bytes, decoder),
  };
}

type Deps = { readonly context: Context; readonly calls: Calls };

type Incoming = {
  readonly metadata: Metadata;
  getPeer(): string;
  getDeadline(): Date | number;
};

const callerOf = (call: Incoming, { limits, principalOf }: Context): Caller => ({
  principal: principalOf(call),
  waitMs: waitMsOf(remainingMs(call.getDeadline(), Date.now()), limits),
});

export function unary<Request, Response>(
  handler: UnaryHandler<Request, Response>,
  { context, calls }: Deps,
): handleUnaryCall<Decoded<Request>, Response> {
  const answer = async (
    call: Incoming & { readonly request: Decoded<Request>; getPath(): string },
  ) => {
    try {
      if (!call.request.ok) return invalid([call.request.violation]);
      return await handler(call.request.message, callerOf(call, context));
    } catch (error) {
      context.log(`${call.getPath()} failed`, error);
      return internal();
    }
  };
  return (call, callback) => {
    calls.begin();
    void answer(call)
      .then((result) => {
        if (result.kind === "ok") callback(null, result.message);
        else callback(result.status);
      })
      .finally(calls.end);
  };
}

export function serverStream<Request, Response>(
  handler: StreamHandler<Request, Response>,
  slots: StreamSlots,
  { context, calls }: Deps,
): handleServerStreamingCall<Decoded<Request>, Response> {
  type Call = ServerWritableStream<Decoded<Request>, Response>;
  const serve = async (call: Call, controller: AbortController): Promise<Failed | undefined> => {
    try {
      if (!call.request.ok) return invalid([call.request.violation]);
      if (slots.open.size >= slots.max) return tooMany(slots.max);
      slots.open.add(controller);
      const { signal } = controller;
      const sink = {
        signal,
        begin: () => call.sendMetadata(new Metadata()),
        send: (message: Response) => send(call, message, signal),
      };
      const failed = await handler(call.request.message, callerOf(call, context), sink);
      return signal.reason === STOPPING ? draining() : failed;
    } catch (error) {
      if (controller.signal.aborted) return undefined;
      context.log(`${call.getPath()} failed`, error);
      return internal();
    } finally {
      slots.open.delete(controller);
    }
  };
  return (call) => {
    calls.begin();
    const controller = new AbortController();
    call.on("cancelled", () => controller.abort("cancelled"));
    void serve(call, controller)
      .then((failed) => {
        if (call.cancelled) return;
        // grpc-js takes an error event as the status to end with.
        if (failed) call.emit("error", failed.status);
        else call.end();
      })
      .finally(calls.end);
  };
}

async function send<Response>(
  call: ServerWritableStream<unknown, Response>,
  message: Response,
  signal: AbortSignal,
): Promise<boolean> {
  if (signal.aborted || call.cancelled) return false;
  if (call.write(message)) return true;
  try {
    await once(call, "drain", { signal });
    return true;
  } catch {
    return false;
  }
}

const tooMany = (max: number): Failed =>
  refused({
    reason: "TOO_MANY_WATCHERS",
    message: `${max} streams of this kind are open; close one, or come back later`,
  });

const draining = (): Failed =>
  refused({ reason: "DRAINING", message: "the engine is stopping; resume when it is back" });
