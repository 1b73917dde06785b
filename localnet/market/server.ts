/**
 * A server on loopback that speaks Jupiter's Swap API v1: `GET /swap/v1/quote`, and attached to a
 * chain `POST /swap/v1/swap` and `/swap-instructions`. Beside it `POST /control` switches faults
 * and fixes prices, and `GET /control/stats` counts what was served.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { close, HOST, KEEP_ALIVE_MS, listen } from "../loopback-server.ts";
import { TOKENS, tokenByMint, tokenBySymbol } from "../tokens.ts";
import { readRecording } from "./candles.ts";
import type { MarketChain } from "./chain-pools.ts";
import { attached, type Controlled, control } from "./control.ts";
import type { Drain } from "./drains.ts";
import { createFaultyAnswers, type Fault, type FaultyAnswers, sendJson } from "./faults.ts";
import { formatUsd, parseFixed } from "./fixed-point.ts";
import { createPrices, type Prices } from "./prices.ts";
import { answerQuote, refusal } from "./quote.ts";
import { createRateLimiter, type RateLimit, type RateLimiter } from "./rate-limit.ts";
import { readBody } from "./request-body.ts";
import type { SwapSide, SwapSideOptions } from "./swap-side.ts";

const MAX_CONNECTIONS = 4_096;
/** Length of a Solana slot. */
const DEFAULT_FOLLOW_MS = 400;

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
  /** The chain that swaps are for; its pools are then what is quoted. */
  readonly chain?: MarketChain;
  /** How often the pools on the chain follow the prices; default 400, 0 only when told to. */
  readonly followMs?: number;
};

export type MarketStats = {
  readonly quotes: number;
  /** Answers of `/swap` and `/swap-instructions`. */
  readonly swaps: number;
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
  /** Makes coming swaps take from whoever signs them; undefined clears it. */
  setDrain(drain: Drain | undefined): void;
  /** Over all endpoints of the API; undefined lifts it. */
  setRateLimit(limit: RateLimit | undefined): void;
  /** Writes the prices of the moment into the pools on the chain, if there is one. */
  followPrices(): void;
  stats(): MarketStats;
  close(): Promise<void>;
};

/** Rejects with a sentence for people: unreadable file, unknown symbol, port in use. */
export async function startMarket(options: MarketOptions = {}): Promise<Market> {
  const prices = await openPrices(options);
  const answers = createFaultyAnswers();
  const limiter = createRateLimiter();
  const counts = { quotes: 0, swaps: 0, refusals: 0, connections: 0 };
  const side = await swapSide(options, { prices, answers, counts });

  const market = {
    setFault: answers.set,
    setDrain: (drain: Drain | undefined) => attached(side).setDrain(drain),
    setRateLimit: limiter.set,
    followPrices: () => void side?.follow(),
    setPrice(token: string, price: string | undefined) {
      setPrice(prices, token, price);
      side?.follow();
    },
    stats: () => ({ ...counts, faults: answers.met() }),
  };

  const handle = createHandler({ side, prices, answers, limiter, counts, market });
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
    counts.connections += 1;
  });
  const port = await listen(server, options.port ?? 0).catch((error: unknown) => {
    side?.close();
    throw error;
  });
  const url = `http://${HOST}:${port}`;
  return {
    ...market,
    url,
    swapUrl: `${url}/swap/v1`,
    close() {
      side?.close();
      answers.close();
      return close(server);
    },
  };
}

type Handling = {
  readonly side: SwapSide | undefined;
  readonly prices: Prices;
  readonly answers: FaultyAnswers;
  readonly limiter: RateLimiter;
  readonly counts: { quotes: number; refusals: number };
  readonly market: Controlled & Pick<Market, "stats">;
};

function createHandler({ side, prices, answers, limiter, counts, market }: Handling) {
  function quote(query: URLSearchParams, response: ServerResponse): void {
    counts.quotes += 1;
    const answer = answerQuote((side ?? prices).now(), query, side?.reservesOf);
    if (answer.status !== 200) counts.refusals += 1;
    answers.send(response, answer);
  }

  return (request: IncomingMessage, response: ServerResponse): void => {
    const url = new URL(request.url ?? "/", `http://${HOST}`);
    const route = `${request.method} ${url.pathname}`;
    if (url.pathname.startsWith("/swap/") && !admitted(limiter.take(), response)) {
      request.resume();
    } else if (route === "GET /swap/v1/quote") {
      quote(url.searchParams, response);
    } else if (side && route === "POST /swap/v1/swap") {
      side.serve("swap", request, response);
    } else if (side && route === "POST /swap/v1/swap-instructions") {
      side.serve("swap-instructions", request, response);
    } else if (route === "GET /control/stats") {
      sendJson(response, { status: 200, body: { ...market.stats(), prices: listPrices(prices) } });
    } else if (route === "POST /control") {
      readBody(request, (text) => sendJson(response, control(market, side, text)));
    } else {
      request.resume();
      sendJson(response, { status: 404, body: { error: "Not found" } });
    }
  };
}

async function swapSide(
  { chain, followMs = DEFAULT_FOLLOW_MS }: MarketOptions,
  rest: Omit<SwapSideOptions, "chain" | "followMs">,
): Promise<SwapSide | undefined> {
  if (!chain) return undefined;
  const { openSwapSide } = await import("./swap-side.ts");
  return openSwapSide({ chain, followMs, ...rest });
}

/** Sets the headers of the limit; over it, answers 429. */
function admitted(taken: ReturnType<RateLimiter["take"]>, response: ServerResponse): boolean {
  for (const [name, value] of Object.entries(taken.headers)) response.setHeader(name, value);
  if (taken.allowed) return true;
  sendJson(response, { status: 429, body: { code: 429, message: "Rate limit exceeded" } });
  return false;
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
