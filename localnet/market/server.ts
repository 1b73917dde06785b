/**
 * A quote server on loopback that speaks Jupiter's Swap API v1: `GET /swap/v1/quote`. Beside it
 * `POST /control` switches faults and fixes prices, and `GET /control/stats` counts what was
 * served.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { z } from "zod";
import { TOKENS, tokenByMint, tokenBySymbol } from "../tokens.ts";
import { readRecording } from "./candles.ts";
import { createFaultyAnswers, type Fault, faultSchema, sendJson } from "./faults.ts";
import { formatUsd, parseFixed } from "./fixed-point.ts";
import { createPrices, type Prices } from "./prices.ts";
import { answerQuote, refusal } from "./quote.ts";

const HOST = "127.0.0.1";
const MAX_CONTROL_BYTES = 64 * 1024;
const MAX_CONNECTIONS = 4_096;
/** Longer than the usual minute of clients and balancers, so that the client closes first. */
const KEEP_ALIVE_MS = 65_000;

export type MarketOptions = {
  /** 0, the default, takes a free one. */
  readonly port?: number;
  /** Of the generated prices; default 1. */
  readonly seed?: number;
  /** Market time per real time; default 1. */
  readonly speed?: number;
  /** CSV of recorded one-minute candles, and the symbol that it drives (default SOL). */
  readonly file?: string;
  readonly symbol?: string;
  /** A clock in milliseconds that does not go backwards; default the process's monotonic one. */
  readonly nowMs?: () => number;
};

export type MarketStats = {
  readonly quotes: number;
  readonly refusals: number;
  readonly faults: number;
  /** Connections accepted since the start. */
  readonly connections: number;
};

export type Market = {
  /** `http://127.0.0.1:<port>`. */
  readonly url: string;
  /** The base of Jupiter's API, `<url>/swap/v1`. */
  readonly swapUrl: string;
  /** Replaces the fault of the coming quotes; undefined clears it. */
  setFault(fault: Fault | undefined): void;
  /**
   * Fixes a price in US dollars, by symbol or mint; undefined lets it move again. Throws if
   * unknown.
   */
  setPrice(token: string, price: string | undefined): void;
  stats(): MarketStats;
  close(): Promise<void>;
};

const controlSchema = z.strictObject({
  fault: faultSchema.nullable().optional(),
  price: z
    .strictObject({ token: z.string().max(64), price: z.string().max(32).nullable() })
    .optional(),
});

/** Rejects with a sentence for people: unreadable file, unknown symbol, port in use. */
export async function startMarket(options: MarketOptions = {}): Promise<Market> {
  const prices = await openPrices(options);
  const answers = createFaultyAnswers();
  let quotes = 0;
  let refusals = 0;
  let connections = 0;

  const market = {
    setFault: answers.set,
    setPrice: (token: string, price: string | undefined) => setPrice(prices, token, price),
    stats: () => ({ quotes, refusals, faults: answers.met(), connections }),
  };

  function handle(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? "/", `http://${HOST}`);
    const route = `${request.method} ${url.pathname}`;
    if (route === "GET /swap/v1/quote") {
      quotes += 1;
      const answer = answerQuote(prices.now(), url.searchParams);
      if (answer.status !== 200) refusals += 1;
      answers.send(response, answer);
    } else if (route === "GET /control/stats") {
      sendJson(response, { status: 200, body: { ...market.stats(), prices: listPrices(prices) } });
    } else if (route === "POST /control") {
      readBody(request, (text) => sendJson(response, control(market, text)));
    } else {
      sendJson(response, { status: 404, body: { error: "Not found" } });
    }
  }

  const server = createServer((request, response) => {
    try {
      handle(request, response);
    } catch {
      sendJson(response, refusal("INVALID_REQUEST", "The request cannot be read"));
    }
  });
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  server.maxConnections = MAX_CONNECTIONS;
  server.on("connection", () => {
    connections += 1;
  });
  const url = await listen(server, options.port ?? 0);
  return {
    ...market,
    url,
    swapUrl: `${url}/swap/v1`,
    close: () =>
      new Promise((resolve) => {
        answers.close();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function openPrices(options: MarketOptions): Promise<Prices> {
  const { seed = 1, speed = 1, nowMs = () => performance.now() } = options;
  if (!(speed > 0) || speed > 1_000_000) throw new Error("speed must be above 0, to 1000000");
  const base = { seed, speed, nowMs };
  if (options.file === undefined) return createPrices(base);
  const token = tokenBySymbol(options.symbol ?? "SOL");
  if (!token) {
    const known = TOKENS.map(({ symbol }) => symbol).join(", ");
    throw new Error(`unknown symbol ${options.symbol}; known are ${known}`);
  }
  const recording = await readRecording(options.file);
  return createPrices({ ...base, recorded: { symbol: token.symbol, recording } });
}

function listen(server: Server, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, HOST, () => {
      server.off("error", reject);
      const address = server.address();
      const bound = typeof address === "object" && address ? address.port : port;
      resolve(`http://${HOST}:${bound}`);
    });
  });
}

/** Calls back with the whole body, or closes the connection when it is too large. */
function readBody(request: IncomingMessage, done: (text: string) => void): void {
  const chunks: Buffer[] = [];
  let size = 0;
  request.on("data", (chunk: Buffer) => {
    size += chunk.length;
    if (size > MAX_CONTROL_BYTES) request.destroy();
    else chunks.push(chunk);
  });
  request.on("end", () => done(Buffer.concat(chunks).toString("utf8")));
}

function control(market: Pick<Market, "setFault" | "setPrice">, text: string) {
  try {
    const command = controlSchema.parse(JSON.parse(text));
    if (command.price) market.setPrice(command.price.token, command.price.price ?? undefined);
    if (command.fault !== undefined) market.setFault(command.fault ?? undefined);
    return { status: 200, body: { ok: true } };
  } catch (error) {
    const message = error instanceof z.ZodError ? z.prettifyError(error) : String(error);
    return refusal("INVALID_REQUEST", message);
  }
}

function setPrice(prices: Prices, name: string, price: string | undefined): void {
  const token = tokenBySymbol(name) ?? tokenByMint(name);
  if (!token) throw new Error(`unknown token ${name}`);
  const value = price === undefined ? undefined : parseFixed(price);
  if (value === 0n || (price !== undefined && value === undefined)) {
    throw new Error(`not a price: ${price}`);
  }
  prices.override(token, value);
}

function listPrices(prices: Prices): { readonly [symbol: string]: string } {
  const now = prices.now();
  return Object.fromEntries(TOKENS.map((token) => [token.symbol, formatUsd(now.priceOf(token))]));
}
