/** Plain HTTP for probes, metrics and programs that compare states. Loopback only, GET only. */
import {
  createServer,
  type IncomingMessage,
  type Server as NodeServer,
  type ServerResponse,
} from "node:http";
import type { EngineStatus } from "../../domain/application/engine.types.ts";

export type StateReport = {
  readonly logId: string;
  /** Of the log's file: copies of a log share its id. */
  readonly storeId: string;
  /** HOST:PORT that the same engine serves gRPC at. */
  readonly grpc: string;
  /** Decimal digits of the log's position that the report is about; empty while the log is empty. */
  readonly position: string;
  readonly ledgerHash: string;
  readonly openOrders: readonly {
    readonly orderId: string;
    readonly revision: number;
    readonly stateHash: string;
  }[];
};

export type HttpDependencies = {
  readonly status: () => Pick<EngineStatus, "accepting" | "reason">;
  /** Lines for people behind the word of /readyz. */
  readonly details?: () => readonly string[];
  /** The engine's state at one position. */
  readonly state: () => StateReport | Promise<StateReport>;
  /** All figures in a text format, and which. */
  readonly metrics: () => Promise<{ readonly type: string; readonly body: string }>;
  readonly log: (message: string, error: unknown) => void;
};

export type HttpServer = {
  /** Binds `HOST:PORT` on loopback and answers the actual one. Rejects with a sentence for the user. */
  readonly listen: (hostPort: string) => Promise<string>;
  readonly close: () => Promise<void>;
};

type Reply = {
  readonly status: number;
  readonly type: string;
  readonly body: string;
  readonly allow?: string;
};

const PATHS: ReadonlySet<string> = new Set(["/livez", "/readyz", "/state", "/metrics"]);

const LOOPBACK = /^(127(?:\.\d{1,3}){3}|\[::1\]|localhost):(\d{1,5})$/;

const LIMITS = {
  headerBytes: 8 * 1024,
  connections: 64,
  requestTimeoutMs: 5_000,
  keepAliveMs: 5_000,
} as const;

export function createHttpServer(dependencies: HttpDependencies): HttpServer {
  const server = createServer(
    {
      maxHeaderSize: LIMITS.headerBytes,
      requestTimeout: LIMITS.requestTimeoutMs,
      headersTimeout: LIMITS.requestTimeoutMs,
      keepAliveTimeout: LIMITS.keepAliveMs,
    },
    (request, response) => void respond(request, response, dependencies),
  );
  server.maxConnections = LIMITS.connections;
  return {
    listen: (hostPort) => listen(server, hostPort),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function listen(server: NodeServer, hostPort: string): Promise<string> {
  const match = LOOPBACK.exec(hostPort);
  const [, host = "", digits = ""] = match ?? [];
  const port = Number(digits);
  if (!match || port > 65_535) {
    throw new Error(`${JSON.stringify(hostPort)} is no loopback HOST:PORT such as 127.0.0.1:8080`);
  }
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const fail = (error: NodeJS.ErrnoException): void => {
    const cause =
      error.code === "EADDRINUSE"
        ? "another program uses that port. Stop it, or choose another port (0 picks a free one)"
        : error.message;
    reject(new Error(`HTTP cannot listen on ${hostPort}: ${cause}`));
  };
  server.once("error", fail);
  server.listen(port, host.replace(/[[\]]/g, ""), resolve);
  await promise;
  server.off("error", fail);
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("HTTP has no port");
  return `${host}:${address.port}`;
}

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  dependencies: HttpDependencies,
): Promise<void> {
  request.resume();
  const reply = await answer(request, dependencies).catch((error: unknown): Reply => {
    dependencies.log(`HTTP ${request.url} failed`, error);
    return json(500, { error: "internal error; the engine's log says more" });
  });
  const headers = { "content-type": reply.type, "cache-control": "no-store" };
  response.writeHead(reply.status, reply.allow ? { ...headers, allow: reply.allow } : headers);
  response.end(reply.body);
}

async function answer(request: IncomingMessage, dependencies: HttpDependencies): Promise<Reply> {
  const path = (request.url ?? "").split("?", 1)[0];
  if (path === undefined || !PATHS.has(path)) {
    return json(404, { error: `there is ${[...PATHS].join(", ")}` });
  }
  if (request.method !== "GET") {
    return { ...json(405, { error: "only GET is answered" }), allow: "GET" };
  }
  if (path === "/livez") return text(200, "ok");
  if (path === "/state") return json(200, await dependencies.state());
  if (path === "/metrics") return { status: 200, ...(await dependencies.metrics()) };
  const { accepting, reason } = dependencies.status();
  const word = accepting ? "ok" : reason || "not accepting orders";
  return text(accepting ? 200 : 503, [word, ...(dependencies.details?.() ?? [])].join("\n"));
}

const text = (status: number, body: string): Reply => ({
  status,
  type: "text/plain; charset=utf-8",
  body: `${body}\n`,
});

const json = (status: number, body: object): Reply => ({
  status,
  type: "application/json",
  body: `${JSON.stringify(body)}\n`,
});
