/**
 * One POST over node:http(s) with a time limit that covers everything from the wait for a socket to the last byte. fetch does the same
 * for two and a half times the CPU.
 */
import http from "node:http";
import https from "node:https";
import { codeOf, type Endpoint, failureText, isUnsent } from "./endpoint.ts";

export type HttpAnswer = {
  readonly kind: "answer";
  readonly status: number;
  readonly text: string;
  /** The first of that name, in lower case. */
  header(name: string): string | undefined;
};

export type HttpFailure = {
  readonly kind: "broken";
  readonly class: "timeout" | "unreachable" | "malformed";
  readonly message: string;
  /** Nothing of the request can have reached anybody. */
  readonly isUnsent: boolean;
  /** An idle connection turned out to be closed when it was used again. */
  readonly isStale: boolean;
};

export type HttpRequest = {
  readonly path: string;
  readonly body: string;
  /** Not over a connection that was open before. */
  readonly isFresh: boolean;
};

export type HttpClient = {
  /** Never rejects. */
  post(request: HttpRequest): Promise<HttpAnswer | HttpFailure>;
  /** Breaks what is under way, and closes all connections. */
  close(): void;
};

export type HttpClientOptions = {
  readonly endpoint: Endpoint;
  readonly timeoutMs: number;
  readonly maxBodyBytes: number;
};

const MAX_SOCKETS = 64;
/** As many: under load, connections that are closed between two bursts would be opened again right away. */
const MAX_IDLE_SOCKETS = MAX_SOCKETS;
const MAX_UNDER_WAY = 1_024;

const broken = (
  kind: HttpFailure["class"],
  message: string,
  facts: Partial<HttpFailure> = {},
): HttpFailure => ({
  ...{ kind: "broken", class: kind, message, isUnsent: false, isStale: false, ...facts },
});

export function createHttpClient(options: HttpClientOptions): HttpClient {
  const { endpoint } = options;
  const transport = endpoint.isEncrypted ? https : http;
  const pool = { keepAlive: true, maxSockets: MAX_SOCKETS, maxFreeSockets: MAX_IDLE_SOCKETS };
  const agent = new transport.Agent(pool);
  const underWay = new Set<http.ClientRequest>();
  let closed = false;

  function open({ path, body, isFresh }: HttpRequest): http.ClientRequest {
    return transport.request({
      host: endpoint.hostname,
      port: endpoint.port,
      method: "POST",
      path,
      agent: isFresh ? false : agent,
      headers: {
        ...endpoint.headers,
        "content-type": "application/json",
        "content-length": Buffer.byteLength(body),
      },
    });
  }

  function exchange(wanted: HttpRequest): Promise<HttpAnswer | HttpFailure> {
    return new Promise((resolve) => {
      const request = open(wanted);
      underWay.add(request);
      let settled = false;
      const settle = (outcome: HttpAnswer | HttpFailure): void => {
        if (settled) return;
        settled = true;
        clearTimeout(timer);
        underWay.delete(request);
        if (outcome.kind === "broken") request.destroy();
        resolve(outcome);
      };
      const timer = setTimeout(() => {
        settle(broken("timeout", `no answer in ${options.timeoutMs} ms`));
      }, options.timeoutMs);
      let hasAnswer = false;
      request.on("error", (error) => {
        if (closed) settle(broken("unreachable", "the node's connections are closed"));
        else if (hasAnswer) settle(broken("malformed", "the answer broke off"));
        else settle(brokenBy(error, request.reusedSocket));
      });
      request.on("response", (response) => {
        hasAnswer = true;
        read(response, options.maxBodyBytes, settle);
      });
      request.end(wanted.body);
    });
  }

  return {
    async post(request) {
      if (closed) return broken("unreachable", "the node's connections are closed");
      if (underWay.size >= MAX_UNDER_WAY) {
        return broken("unreachable", `${MAX_UNDER_WAY} calls are under way`, { isUnsent: true });
      }
      try {
        return await exchange(request);
      } catch {
        return broken("unreachable", "the request could not be made", { isUnsent: true });
      }
    },
    close() {
      closed = true;
      for (const request of underWay) request.destroy(new Error("closed"));
      agent.destroy();
    },
  };
}

function brokenBy(error: Error, isReused: boolean): HttpFailure {
  const kind = codeOf(error).startsWith("HPE_") ? "malformed" : "unreachable";
  return broken(kind, failureText(error), {
    isUnsent: isUnsent(error),
    isStale: isReused && /^(ECONNRESET|EPIPE)$/.test(codeOf(error)),
  });
}

function read(
  response: http.IncomingMessage,
  limit: number,
  settle: (outcome: HttpAnswer | HttpFailure) => void,
): void {
  const chunks: Buffer[] = [];
  let size = 0;
  response.on("data", (chunk: Buffer) => {
    size += chunk.length;
    if (size > limit) settle(broken("malformed", `the answer has more than ${limit} bytes`));
    else chunks.push(chunk);
  });
  response.on("error", () => settle(broken("malformed", "the answer broke off")));
  response.on("end", () => {
    const [only] = chunks;
    const body = chunks.length === 1 && only ? only : Buffer.concat(chunks);
    const { statusCode: status = 0, headers } = response;
    const header = (name: string): string | undefined => {
      const value = headers[name];
      return Array.isArray(value) ? value[0] : value;
    };
    settle({ kind: "answer", status, text: body.toString("utf8"), header });
  });
}
