/**
 * A stand-in for Jito's block engine on loopback: JSON-RPC at `/api/v1/transactions` and
 * `/api/v1/bundles`, and `POST /control` for faults. Source: docs.jito.wtf/lowlatencytxnsend.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { z } from "zod";
import { close, HOST, KEEP_ALIVE_MS, listen } from "../loopback-server.ts";
import { createRateLimiter, type RateLimit, rateLimitSchema } from "../market/rate-limit.ts";
import { readBody } from "../market/request-body.ts";
import type { JitoChain } from "./bundles.ts";
import { createEngine, failure, type Outcome, type RpcRequest, requestSchema } from "./engine.ts";
import { createFaults, type JitoFault, jitoFaultSchema } from "./faults.ts";

const INVALID_REQUEST = -32_600;
const RATE_LIMITED = -32_097;
const SERVER_ERROR = -32_000;

export type JitoOptions = {
  /** 0, the default, takes a free one. */
  readonly port?: number;
  readonly chain: JitoChain;
  /** Of all clients together; default none. Jito's own is one to five requests a second. */
  readonly rateLimit?: RateLimit;
};

export type JitoStats = {
  readonly transactions: number;
  readonly bundles: number;
  readonly refusals: number;
  readonly faults: number;
};

export type Jito = {
  /** `http://127.0.0.1:<port>`. */
  readonly url: string;
  setFault(fault: JitoFault | undefined): void;
  setRateLimit(limit: RateLimit | undefined): void;
  stats(): JitoStats;
  close(): Promise<void>;
};

const controlSchema = z.strictObject({
  fault: jitoFaultSchema.nullable().optional(),
  rateLimit: rateLimitSchema.nullable().optional(),
});

/** Rejects if the port is in use. */
export async function startJito(options: JitoOptions): Promise<Jito> {
  const limiter = createRateLimiter();
  limiter.set(options.rateLimit);
  const counts = { transactions: 0, bundles: 0, refusals: 0, faults: 0 };
  const faults = createFaults();
  const engine = createEngine(options.chain, counts);

  const jito = {
    setFault: faults.set,
    setRateLimit: limiter.set,
    stats: () => ({ ...counts, faults: faults.met() }),
  };

  function run(request: RpcRequest, url: URL, fault: JitoFault | undefined): Outcome {
    if (fault?.status !== undefined) return failure(SERVER_ERROR, "switched-on fault");
    const outcome = engine(request, { query: url.searchParams, drop: fault?.drop ?? false });
    if (outcome.kind === "error") counts.refusals += 1;
    return outcome;
  }

  function rpc(url: URL, text: string, response: ServerResponse): void {
    const request = parseRequest(text);
    const answer = (status: number, outcome: Outcome) =>
      sendRpc(response, status, request?.id ?? null, outcome);
    if (!request) {
      answer(400, failure(INVALID_REQUEST, "Invalid request"));
    } else if (!limiter.take().allowed) {
      answer(429, failure(RATE_LIMITED, "Rate limit exceeded"));
    } else {
      const fault = request.method.startsWith("send") ? faults.take() : undefined;
      const outcome = run(request, url, fault);
      if (fault?.reset) response.destroy();
      else if (!fault?.hang)
        answer(outcome.kind === "error" ? (fault?.status ?? 400) : 200, outcome);
    }
  }

  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "/", `http://${HOST}`);
    if (request.method === "POST" && url.pathname.startsWith("/api/v1/")) {
      readBody(request, (text) => rpc(url, text, response));
    } else if (request.method === "POST" && url.pathname === "/control") {
      readBody(request, (text) => control(jito, text, response));
    } else if (request.method === "GET" && url.pathname === "/control/stats") {
      sendBody(response, 200, jito.stats());
    } else {
      discard(request, response);
    }
  });
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  const port = await listen(server, options.port ?? 0);
  return {
    ...jito,
    url: `http://${HOST}:${port}`,
    close: () => close(server),
  };
}

function parseRequest(text: string): RpcRequest | undefined {
  try {
    return requestSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function sendRpc(
  response: ServerResponse,
  status: number,
  id: RpcRequest["id"],
  outcome: Outcome,
): void {
  if (outcome.kind === "result") {
    if (outcome.bundleId !== undefined) response.setHeader("x-bundle-id", outcome.bundleId);
    sendBody(response, status, { jsonrpc: "2.0", result: outcome.result, id });
  } else {
    const { code, message } = outcome;
    sendBody(response, status, { jsonrpc: "2.0", error: { code, message }, id });
  }
}

function sendBody(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}

function control(
  jito: Pick<Jito, "setFault" | "setRateLimit">,
  text: string,
  response: ServerResponse,
): void {
  try {
    const command = controlSchema.parse(JSON.parse(text));
    if (command.fault !== undefined) jito.setFault(command.fault ?? undefined);
    if (command.rateLimit !== undefined) jito.setRateLimit(command.rateLimit ?? undefined);
    sendBody(response, 200, { ok: true });
  } catch (error) {
    const message = error instanceof z.ZodError ? z.prettifyError(error) : String(error);
    sendBody(response, 400, { error: message });
  }
}

function discard(request: IncomingMessage, response: ServerResponse): void {
  request.resume();
  sendBody(response, 404, { error: "Not found" });
}
