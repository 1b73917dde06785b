/**
 * US dollar prices of the local market over time: generated from a seed, or driven by a recording
 * for one token. A price is a pure function of (seed, time), so the same seed gives the same
 * market, at any speed and in any order.
 */
import { type Token, tokenBySymbol } from "../tokens.ts";
import type { Recording } from "./candles.ts";
import { parseFixed, USD } from "./fixed-point.ts";

/** Prices of generated tokens change once in this time. */
export const STEP_MS = 1_000;
/** Length of a Solana slot. */
const SLOT_MS = 400;
const FIRST_SLOT = 400_000_000;

export type PriceOptions = {
  readonly seed: number;
  /** Market milliseconds per millisecond of the clock; greater than 0. */
  readonly speed: number;
  /**
   * Any clock in milliseconds that does not go backwards; market time starts at its first reading.
   */
  readonly nowMs: () => number;
  /** The recording and the symbol that it drives. */
  readonly recorded?: { readonly symbol: string; readonly recording: Recording };
};

/** The whole market at one instant. */
export type PriceSnapshot = {
  /** The slot that the market is at; a number, because Jupiter sends one. */
  readonly slot: number;
  /** 10^-12 US dollars per whole token. */
  priceOf(token: Token): bigint;
};

export type Prices = {
  now(): PriceSnapshot;
  /** Fixes a price in 10^-12 US dollars; undefined lets it move again. */
  override(token: Token, price: bigint | undefined): void;
};

export function createPrices(options: PriceOptions): Prices {
  const startMs = options.nowMs();
  const overrides = new Map<string, bigint>();

  function priceAt(token: Token, marketMs: number): bigint {
    const fixed = overrides.get(token.symbol);
    if (fixed !== undefined) return fixed;
    const { recorded } = options;
    if (recorded?.symbol === token.symbol) return recorded.recording.priceAt(marketMs);
    const leader = token.follows && tokenBySymbol(token.follows.symbol);
    if (token.follows && leader) {
      return atLeastOne((priceAt(leader, marketMs) * decimal(token.follows.ratio)) / USD);
    }
    return generatedPrice(token, options.seed, Math.floor(marketMs / STEP_MS));
  }

  return {
    now() {
      const marketMs = Math.max(0, Math.floor((options.nowMs() - startMs) * options.speed));
      return {
        slot: FIRST_SLOT + Math.floor(marketMs / SLOT_MS),
        priceOf: (token) => priceAt(token, marketMs),
      };
    },
    override(token, price) {
      if (price === undefined) overrides.delete(token.symbol);
      else overrides.set(token.symbol, atLeastOne(price));
    },
  };
}

/**
 * Periods in steps and sizes in millionths of the layers that add up to the movement: 38,500 in
 * all.
 */
const LAYERS = [
  { period: 4, size: 500 },
  { period: 32, size: 2_000 },
  { period: 256, size: 6_000 },
  { period: 2_048, size: 10_000 },
  { period: 16_384, size: 20_000 },
] as const;

/**
 * The price at one step: a sum of layers of smoothed noise around the anchor, at most 3.85 % ×
 * movement away from it. Unlike a walk that adds up, it needs no past: any step costs the same.
 */
export function generatedPrice(token: Token, seed: number, step: number): bigint {
  let millionths = 0;
  for (const { period, size } of LAYERS) {
    const index = Math.floor(step / period);
    const from = noise(seed, token.symbol, period, index);
    const to = noise(seed, token.symbol, period, index + 1);
    const between = from + Math.trunc(((to - from) * (step - index * period)) / period);
    millionths += Math.trunc((between * size) / 1_000_000);
  }
  const moved = Math.trunc((millionths * token.movement) / 1_000);
  return atLeastOne((decimal(token.anchorUsd) * BigInt(1_000_000 + moved)) / 1_000_000n);
}

/**
 * An integer from -1,000,000 to 1,000,000 that depends on every argument: FNV-1a with a final mix.
 */
function noise(seed: number, symbol: string, ...place: readonly [period: number, index: number]) {
  let hash = 0x811c9dc5;
  for (const character of `${seed}/${symbol}/${place.join("/")}`) {
    hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (((hash ^ (hash >>> 16)) >>> 0) % 2_000_001) - 1_000_000;
}

const atLeastOne = (price: bigint): bigint => (price > 0n ? price : 1n);

function decimal(text: string): bigint {
  const value = parseFixed(text);
  if (value === undefined) throw new Error(`not a decimal number: ${text}`);
  return value;
}
