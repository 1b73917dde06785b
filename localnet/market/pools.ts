/**
 * Constant-product pools whose reserves are derived from the prices of the moment: the middle price
 * is the market's, the size of an order costs impact, and a quote moves nothing. All arithmetic is
 * exact, in smallest units.
 */
import { createHash } from "node:crypto";
import { encodeAddress } from "../chain/base58.ts";
import { type Token, tokenBySymbol } from "../tokens.ts";
import { formatQuotient, USD } from "./fixed-point.ts";
import type { PriceSnapshot } from "./prices.ts";

const BPS = 10_000n;
const U64_MAX = 2n ** 64n - 1n;
/** Two hops go through one of these. */
const HUBS = ["USDC", "SOL"];

export type Pool = {
  readonly tokens: readonly [Token, Token];
  /** Whole US dollars on each side. */
  readonly depthUsd: bigint;
  readonly feeBps: bigint;
  /** Base58 address, made from the pair. */
  readonly address: string;
};

export type Leg = {
  readonly pool: Pool;
  readonly input: Token;
  readonly output: Token;
  readonly inAmount: bigint;
  readonly outAmount: bigint;
};

export type Route = {
  readonly legs: readonly Leg[];
  readonly outAmount: bigint;
  /** Fraction of the output lost to the size of the order, fees apart: "0.0012" is 12 bps. */
  readonly priceImpact: string;
};

/** Deep enough that 1,000 dollars move no pair of the usual tokens by 5 bps, over two legs too. */
export const POOLS: readonly Pool[] = [
  pool("SOL/USDC", 50_000_000n, 4n),
  pool("SOL/USDT", 20_000_000n, 5n),
  pool("USDC/USDT", 80_000_000n, 1n),
  pool("JUP/USDC", 8_000_000n, 20n),
  pool("JUP/SOL", 6_000_000n, 25n),
  pool("BONK/SOL", 6_000_000n, 25n),
  pool("BONK/USDC", 4_000_000n, 30n),
  pool("WIF/SOL", 5_000_000n, 25n),
  pool("WIF/USDC", 3_000_000n, 30n),
  pool("RAY/SOL", 8_000_000n, 20n),
  pool("RAY/USDC", 5_000_000n, 25n),
  pool("ORCA/SOL", 4_000_000n, 25n),
  pool("ORCA/USDC", 4_000_000n, 25n),
  pool("PYTH/SOL", 4_000_000n, 25n),
  pool("PYTH/USDC", 4_000_000n, 25n),
  pool("WETH/SOL", 10_000_000n, 5n),
  pool("WETH/USDC", 15_000_000n, 5n),
  pool("JitoSOL/SOL", 40_000_000n, 1n),
  pool("JitoSOL/USDC", 5_000_000n, 10n),
  pool("mSOL/SOL", 20_000_000n, 2n),
  pool("PYUSD/USDC", 10_000_000n, 1n),
  pool("BERN/SOL", 10_000_000n, 30n),
];

const pools = new Map(
  POOLS.flatMap((entry) => {
    const [a, b] = entry.tokens;
    return [
      [`${a.symbol}/${b.symbol}`, entry],
      [`${b.symbol}/${a.symbol}`, entry],
    ];
  }),
);

export type RouteRequest = {
  readonly input: Token;
  readonly output: Token;
  /** Smallest units of the input, greater than 0. */
  readonly amount: bigint;
  readonly directOnly: boolean;
};

/** Smallest units on each side of a pool, in the order of its tokens. */
export type Reserves = readonly [bigint, bigint];
export type ReservesOf = (pool: Pool) => Reserves;

/** Reserves by the prices of the moment. */
export const reservesBy =
  (prices: PriceSnapshot): ReservesOf =>
  (at) => [reserve(prices, at, at.tokens[0]), reserve(prices, at, at.tokens[1])];

/**
 * The route with the largest output; undefined if there is none, or it gives nothing or more than
 * u64. Reserves follow the prices, unless somebody else has them.
 */
export function bestRoute(
  prices: PriceSnapshot,
  request: RouteRequest,
  reservesOf: ReservesOf = reservesBy(prices),
): Route | undefined {
  const { input, output } = request;
  const paths = [[input, output]];
  for (const hub of request.directOnly ? [] : HUBS.map(tokenBySymbol)) {
    if (hub && hub !== input && hub !== output) paths.push([input, hub, output]);
  }
  let best: Route | undefined;
  for (const path of paths) {
    const route = along(reservesOf, path, request.amount);
    if (route && route.outAmount > (best?.outAmount ?? 0n)) best = route;
  }
  return best && best.outAmount <= U64_MAX ? best : undefined;
}

function along(reservesOf: ReservesOf, path: readonly Token[], amount: bigint): Route | undefined {
  const legs: Leg[] = [];
  let running = amount;
  // The share of the middle price that is left after impact, as one exact ratio over all legs.
  let kept = { numerator: 1n, denominator: 1n };
  for (const [index, output] of path.entries()) {
    const input = path[index - 1];
    if (!input) continue;
    const found = pools.get(`${input.symbol}/${output.symbol}`);
    if (!found) return undefined;
    const [a, b] = reservesOf(found);
    const reserves = found.tokens[0] === input ? { in: a, out: b } : { in: b, out: a };
    const received = afterTransfer(input, running);
    const outAmount = afterTransfer(output, swapOut(reserves, received, found.feeBps));
    legs.push({ pool: found, input, output, inAmount: running, outAmount });
    kept = {
      numerator: kept.numerator * reserves.in * BPS,
      denominator: kept.denominator * (reserves.in * BPS + received * (BPS - found.feeBps)),
    };
    running = outAmount;
  }
  const lost = kept.denominator - kept.numerator;
  return { legs, outAmount: running, priceImpact: formatQuotient(lost, kept.denominator, 28) };
}

/** What arrives of a transfer: Token-2022 takes its fee off, rounded up. */
export function afterTransfer(token: Token, amount: bigint): bigint {
  const feeBps = BigInt(token.token2022?.transferFeeBps ?? 0);
  return amount - (amount * feeBps + BPS - 1n) / BPS;
}

/**
 * What a constant-product pool gives for `amount`: floor(Rout × x / (Rin + x)) with x = amount × (1
 * - fee). More in never gives less out, and never a better price.
 */
export function swapOut(
  reserves: { readonly in: bigint; readonly out: bigint },
  amount: bigint,
  feeBps: bigint,
): bigint {
  const effective = amount * (BPS - feeBps);
  return (reserves.out * effective) / (reserves.in * BPS + effective);
}

/** Smallest units of one side: the depth in US dollars at the price of the moment, at least 1. */
export function reserve(prices: PriceSnapshot, at: Pool, token: Token): bigint {
  const units = (at.depthUsd * USD * 10n ** BigInt(token.decimals)) / prices.priceOf(token);
  return units > 0n ? units : 1n;
}

const byAddress = new Map(POOLS.map((entry) => [entry.address, entry]));

export const poolByAddress = (address: string): Pool | undefined => byAddress.get(address);

function pool(pair: string, depthUsd: bigint, feeBps: bigint): Pool {
  const [a, b] = pair.split("/").map(tokenBySymbol);
  if (!a || !b) throw new Error(`no such pair: ${pair}`);
  const digest = createHash("sha256").update(`localnet pool ${pair}`).digest();
  return { tokens: [a, b], depthUsd, feeBps, address: encodeAddress(digest) };
}
