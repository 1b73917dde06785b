/**
 * JSON-RPC 2.0 over HTTP, thin: one call is one POST. Everything that is no result is a failure of one of the port's classes; no
 * message holds a credential. It tries nothing again but a repeatable call whose idle connection had been closed by the other side.
 */
import { z } from "zod";
import type { Clock } from "../../domain/ports/clock.ts";
import { parseExactJson } from "../../domain/primitives/exact-json.ts";
import { createEndpoint } from "./endpoint.ts";
import { createHttpClient, type HttpAnswer, type HttpFailure } from "./http-exchange.ts";
import {
  classOfError,
  classOfStatus,
  type RpcErrorBody,
  type RpcFailure,
  retryAfterMs,
} from "./rpc-failures.ts";

export type RpcOutcome =
  | {
      readonly kind: "result";
      /** Not looked at yet. Integers beyond 2^53 - 1 are strings of digits. */
      readonly result: unknown;
      header(name: string): string | undefined;
    }
  | RpcFailure;

export type RpcCall = {
  readonly method: string;
  readonly params: readonly unknown[];
  /** Asking twice does no harm. */
  readonly isRepeatable: boolean;
  /** Appended to the URL's path, e.g. `/api/v1/transactions?bundleOnly=true`. */
  readonly path?: string;
};

export type JsonRpc = {
  /** Scheme, host and port. */
  readonly name: string;
  /** Host and port: what makes two addresses one server. */
  readonly peer: string;
  /** Never rejects. */
  call(call: RpcCall): Promise<RpcOutcome>;
  /** Ends the calls under way; every later one fails. */
  close(): void;
};

export type JsonRpcOptions = {
  /** http or https; credentials may stand before the host, in the path or in the query. */
  readonly url: string;
  /** Sent with every call, e.g. an API key; never shown. */
  readonly headers?: { readonly [name: string]: string };
  /** Longest wait for one answer, its last byte included. */
  readonly timeoutMs: number;
  /** Default 4 MiB. */
  readonly maxBodyBytes?: number;
  readonly clock: Clock;
};

const MAX_BODY_BYTES = 4 * 1024 * 1024;

const errorSchema = z.object({
  code: z.int(),
  message: z.string().catch(""),
  data: z.unknown().optional(),
});

type Body =
  | { readonly kind: "result"; readonly result: unknown }
  | { readonly kind: "error"; readonly error: RpcErrorBody }
  | { readonly kind: "malformed"; readonly message: string };

/** Throws, without repeating the URL, where it is none. */
export function createJsonRpc(options: JsonRpcOptions): JsonRpc {
  const { timeoutMs, maxBodyBytes = MAX_BODY_BYTES, clock } = options;
  const endpoint = createEndpoint(options.url, options.headers);
  const client = createHttpClient({ endpoint, timeoutMs, maxBodyBytes });
  let lastId = 0;

  function outcomeOf(answer: HttpAnswer | HttpFailure, id: number): RpcOutcome {
    if (answer.kind === "broken") {
      const { class: kind, message, isUnsent } = answer;
      return { kind: "failed", class: kind, message, isUnsent };
    }
    const status = classOfStatus(answer.status);
    const body = readBody(answer.text, id);
    if (status === undefined && body.kind === "malformed") {
      return { kind: "failed", class: "malformed", message: body.message };
    }
    if (status === undefined && body.kind === "result") {
      return { kind: "result", result: body.result, header: answer.header };
    }
    return refusal(answer, status, body.kind === "error" ? body.error : undefined);
  }

  function refusal(
    { status, header }: HttpAnswer,
    byStatus: RpcFailure["class"] | undefined,
    error: RpcErrorBody | undefined,
  ): RpcFailure {
    const byError = error ? classOfError(error) : "refused";
    const words = [
      ...(byStatus === undefined ? [] : [`HTTP ${status}`]),
      ...(error ? [`error ${error.code}: ${endpoint.presentable(error.message)}`] : []),
    ];
    return {
      kind: "failed",
      // What a status leaves open, the body may tell.
      class: byStatus === undefined || byStatus === "refused" ? byError : byStatus,
      message: words.join(", "),
      retryAfterMs: retryAfterMs(header("retry-after"), clock.nowUs() / 1_000),
      ...(error ? { error } : {}),
    };
  }

  return {
    name: endpoint.name,
    peer: endpoint.peer,
    async call({ method, params, isRepeatable, path = "" }) {
      lastId += 1;
      const id = lastId;
      const request = {
        path: endpoint.pathWith(path),
        body: JSON.stringify({ jsonrpc: "2.0", id, method, params }),
      };
      const answer = await client.post({ ...request, isFresh: false });
      const isStale = answer.kind === "broken" && answer.isStale;
      if (!isStale || !isRepeatable) return outcomeOf(answer, id);
      return outcomeOf(await client.post({ ...request, isFresh: true }), id);
    },
    close: client.close,
  };
}

/** Never throws. Of several answers at once, or one to another request, nothing is believed. */
function readBody(text: string, id: number): Body {
  let json: unknown;
  try {
    json = parseExactJson(text);
  } catch {
    return { kind: "malformed", message: "the answer is not JSON" };
  }
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    return { kind: "malformed", message: "the answer is no JSON-RPC object" };
  }
  const answered = Reflect.get(json, "id");
  if ("error" in json && json.error !== undefined && json.error !== null) {
    const error = errorSchema.safeParse(json.error);
    // What a server could not read has no id.
    if (error.success && (answered === id || answered === null || answered === undefined)) {
      return { kind: "error", error: error.data };
    }
    return { kind: "malformed", message: "the answer's error has no code, or another id" };
  }
  if (answered !== id) return { kind: "malformed", message: "answer to another request: id" };
  if (!("result" in json)) {
    return { kind: "malformed", message: "the answer has neither result nor error" };
  }
  return { kind: "result", result: json.result };
}
