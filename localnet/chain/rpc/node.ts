/**
 * One RPC node: HTTP and WebSocket on its own port, and WebSocket on the next port too, where
 * web3.js looks for it unless it is told otherwise.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { type RawData, type WebSocket, WebSocketServer } from "ws";
import { z } from "zod";
import {
  close,
  HOST,
  KEEP_ALIVE_MS,
  listen,
  readBody,
  sendJson,
  sendText,
} from "../../loopback-server.ts";
import type { LocalChain } from "../local-chain.types.ts";
import { RPC } from "./answers.ts";
import { createDispatcher, type Dispatched, requestId } from "./dispatch.ts";
import { createNodeFaults, type NodeFault } from "./faults.ts";
import { createSubscriptions, type Subscriptions } from "./subscriptions.ts";
import { createNodeView, HONEST, type NodeSettings } from "./view.ts";

const MAX_BODY_BYTES = 256 * 1024;
const MAX_CONNECTIONS = 4_096;
const MAX_WEB_SOCKETS = 256;
/** Tries for a port whose neighbour is free too. */
const PORT_TRIES = 50;

export type NodeSettingsChange = {
  readonly [K in keyof NodeSettings]?: NodeSettings[K] | undefined;
};

export type NodeStats = {
  readonly calls: { readonly [method: string]: number };
  readonly faults: number;
  readonly webSockets: number;
  readonly subscriptions: number;
};

export type RpcNode = {
  readonly url: string;
  /** On the same port. */
  readonly wsUrl: string;
  /** On the port after it, where web3.js looks by itself. */
  readonly derivedWsUrl: string;
  settings(): NodeSettings;
  /** Changes some settings; the rest stays. */
  configure(change: NodeSettingsChange): void;
  /** Replaces all faults. */
  setFaults(faults: readonly NodeFault[]): void;
  stats(): NodeStats;
  close(): Promise<void>;
};

export type NodeOptions = {
  readonly chain: LocalChain;
  /** Counted from 0; rules about sends may name it. */
  readonly index: number;
  /** 0, the default, takes a free one whose neighbour is free too. */
  readonly port?: number;
  readonly nowMs?: () => number;
};

/** Rejects with a sentence if the port or the one after it is in use. */
export async function startNode(options: NodeOptions): Promise<RpcNode> {
  const { chain, index, nowMs = () => performance.now() } = options;
  const settings: NodeSettings = { ...HONEST };
  const view = createNodeView(chain, index, settings);
  const faults = createNodeFaults(nowMs);
  const dispatcher = createDispatcher(view, faults);
  const subscriptions = createSubscriptions(view);
  const delayed = new Set<NodeJS.Timeout>();

  function handle(request: IncomingMessage, response: ServerResponse): void {
    if (request.method !== "POST") {
      sendText(response, 405, { text: "Used HTTP Method is not allowed. POST is required\n" });
      return;
    }
    readBody(request, MAX_BODY_BYTES, (text) => {
      if (text === undefined) {
        response.setHeader("connection", "close");
        sendText(response, 413, { text: `Request over ${MAX_BODY_BYTES} bytes\n` });
        return;
      }
      const dispatched = dispatcher.answer(text);
      const delayMs = dispatched.fault?.delayMs ?? 0;
      if (delayMs === 0) {
        respond(response, dispatched);
        return;
      }
      const timer = setTimeout(() => {
        delayed.delete(timer);
        respond(response, dispatched);
      }, delayMs);
      delayed.add(timer);
    });
  }

  const sockets = new WebSocketServer({ noServer: true, maxPayload: MAX_BODY_BYTES });
  sockets.on("connection", (socket) => serveSocket(socket, subscriptions));
  const upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (sockets.clients.size >= MAX_WEB_SOCKETS) return socket.destroy();
    return sockets.handleUpgrade(request, socket, head, (opened) => {
      sockets.emit("connection", opened, request);
    });
  };
  const make = () => {
    const server = createServer(handle);
    server.keepAliveTimeout = KEEP_ALIVE_MS;
    server.maxConnections = MAX_CONNECTIONS;
    server.on("upgrade", upgrade);
    server.on("connection", (socket) => {
      if (settings.down) socket.destroy();
    });
    return server;
  };
  const { servers, port } = await listenOnPair(make, options.port ?? 0);
  const stopBlocks = chain.onBlock(() => subscriptions.notify("block"));
  const stopTransactions = chain.onTransaction(() => subscriptions.notify("transaction"));

  function cutAll(): void {
    for (const server of servers) server.closeAllConnections();
    for (const socket of sockets.clients) socket.terminate();
  }

  return {
    url: `http://${HOST}:${port}`,
    wsUrl: `ws://${HOST}:${port}`,
    derivedWsUrl: `ws://${HOST}:${port + 1}`,
    settings: () => ({ ...settings }),
    configure(change) {
      const set = Object.entries(change).filter(([, value]) => value !== undefined);
      Object.assign(settings, Object.fromEntries(set));
      if (settings.down) cutAll();
    },
    setFaults: faults.set,
    stats: () => ({
      calls: dispatcher.calls(),
      faults: faults.met(),
      webSockets: sockets.clients.size,
      subscriptions: subscriptions.count(),
    }),
    async close() {
      stopBlocks();
      stopTransactions();
      for (const timer of delayed) clearTimeout(timer);
      cutAll();
      await Promise.all(servers.map(close));
    },
  };
}

/** Two servers on two ports, one after the other. */
async function listenOnPair(make: () => Server, wanted: number) {
  for (let tries = wanted === 0 ? PORT_TRIES : 1; tries > 0; tries -= 1) {
    const first = make();
    const port = await listen(first, wanted);
    const second = make();
    try {
      await listen(second, port + 1);
      return { servers: [first, second], port };
    } catch (error) {
      await close(first);
      if (tries === 1) throw error;
    }
  }
  throw new Error("no two free ports, one after the other");
}

function respond(response: ServerResponse, { body, fault }: Dispatched): void {
  if (fault?.hang) return;
  if (fault?.reset) {
    response.destroy();
  } else if (fault?.status !== undefined) {
    if (fault.retryAfterS !== undefined) response.setHeader("retry-after", fault.retryAfterS);
    sendText(response, fault.status, { text: `switched-on fault ${fault.status}` });
  } else if (fault?.garbage) {
    sendText(response, 200, { text: "<html>this is no answer", type: "text/html" });
  } else if (fault?.truncated) {
    const text = Buffer.from(JSON.stringify(body) ?? "null");
    response.writeHead(200, { "content-type": "application/json", "content-length": text.length });
    response.write(text.subarray(0, text.length / 2), () => response.destroy());
  } else {
    sendJson(response, 200, body);
  }
}

const socketRequest = z.object({
  jsonrpc: z.literal("2.0"),
  id: requestId.default(null),
  method: z.string().max(64),
  params: z.unknown().optional(),
});

function serveSocket(socket: WebSocket, subscriptions: Subscriptions): void {
  socket.on("error", () => socket.terminate());
  socket.on("close", () => subscriptions.forget(socket));
  socket.on("message", (data: RawData) => {
    const answer = answerSocket(String(data), socket, subscriptions);
    if (answer !== undefined) socket.send(JSON.stringify(answer));
  });
}

function answerSocket(text: string, socket: WebSocket, subscriptions: Subscriptions) {
  const error = (id: unknown, code: number, message: string) => ({
    ...{ jsonrpc: "2.0", error: { code, message }, id },
  });
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return error(null, RPC.parseError, "Parse error");
  }
  const parsed = socketRequest.safeParse(json);
  if (!parsed.success) return error(null, RPC.invalidRequest, "Invalid request");
  const { id, method, params } = parsed.data;
  // web3.js keeps the connection alive with it.
  if (method === "ping") return { jsonrpc: "2.0", result: null, id };
  if (method.endsWith("Unsubscribe")) {
    const given = Array.isArray(params) ? params[0] : undefined;
    if (subscriptions.unsubscribe(socket, given)) return { jsonrpc: "2.0", result: true, id };
    return error(id, RPC.invalidParams, "Invalid subscription id.");
  }
  const result = subscriptions.subscribe(socket, method, params);
  if (typeof result === "number") return { jsonrpc: "2.0", result, id };
  const code = result === "Method not found" ? RPC.methodNotFound : RPC.invalidParams;
  return error(id, code, result);
}
