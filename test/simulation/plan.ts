/**
 * What one run is like, drawn from its seed. Every run draws its own faults and their rates, many of them zero: a fault that
 * is always there hides what happens without it.
 */
import type { EngineConfig } from "../../domain/application/engine.ts";
import type { Policy, Token } from "../../domain/order/policy.ts";
import { U64_MAX } from "../../domain/primitives/amount.ts";
import { type Mint, SOL_MINT } from "../../domain/primitives/ids.ts";
import type { Random } from "./random.ts";
import { drawVenue, MODEL_NAMES } from "./venue-plan.ts";

export const SOL = SOL_MINT;
export const USDC = "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v" as Mint;
export const BONK = "DezXAZ8z7PnrnRJjz3wXBoRgixCa6xjnB7YaB1pPB263" as Mint;
/** A token without decimals. */
export const TICKET = "TicketNoDecimaLs111111111111111111111111111" as Mint;
export const UNSUPPORTED = "UnknownMint11111111111111111111111111111111" as Mint;

export type Span = { readonly fromUs: number; readonly toUs: number };

/** Rates of one append batch's fates, and of its answers. */
export type StoreFaults = {
  /** The hand-over throws. */
  readonly throws: number;
  /** Nothing is written, and the store says so; for some appends of a batch only. */
  readonly unavailable: number;
  readonly partly: number;
  /** No answer, nothing written. */
  readonly lostBefore: number;
  /** No answer; it is written some time later. */
  readonly lostLate: number;
  /** No answer, but it is written. */
  readonly lostAfter: number;
  readonly lateAnswer: number;
  /** The answer comes together with a later one. */
  readonly heldAnswer: number;
  /** The store takes nothing more until the process restarts. */
  readonly dies: number;
  /** Spans in which nothing is written. */
  readonly outages: readonly Span[];
};

export const NO_STORE_FAULTS: StoreFaults = {
  ...{ throws: 0, unavailable: 0, partly: 0, lostBefore: 0, lostLate: 0, lostAfter: 0 },
  ...{ lateAnswer: 0, heldAnswer: 0, dies: 0, outages: [] },
};

export type MarketFaults = {
  readonly fails: number;
  readonly slow: number;
  readonly hangs: number;
  readonly stale: number;
  readonly absurd: number;
  /** Largest move of a price between two quotes, basis points. */
  readonly moveBps: number;
  /** Time to live of the cache, milliseconds; 0: no cache. */
  readonly cacheMs: number;
  /** How long quotes are kept for when the market is away, milliseconds; 0: not at all. */
  readonly staleMs: number;
  readonly whenStale: "refuse" | "mark";
  /** Spans in which nobody answers. */
  readonly away: readonly Span[];
};

export type Plan = {
  readonly config: EngineConfig;
  readonly orders: number;
  /** Orders and withdrawals all want the same funds at the same time. */
  readonly crowded: boolean;
  /** Everybody sells SOL at the pair's price: all want the same quote. */
  readonly narrow: boolean;
  /** Virtual time in which clients begin things and faults happen. */
  readonly horizonUs: number;
  readonly store: StoreFaults;
  readonly storeLimits: { readonly batchEvents: number; readonly batchesInFlight: number };
  readonly market: MarketFaults;
  /** Chance of a crash at each pick of an engine item, and how many at most. */
  readonly crashRate: number;
  readonly crashes: number;
  readonly clockJumps: readonly { readonly atUs: number; readonly byUs: number }[];
  readonly drains: readonly { readonly atUs: number; readonly timeoutMs: number }[];
};

const HOUR_US = 3_600_000_000;

export function drawPlan(random: Random): Plan {
  const rate = (most: number): number =>
    random.chance(0.5) ? 0 : (random.between(1, 100) / 100) * most;
  const crowded = random.chance(0.25);
  const horizonUs = crowded
    ? random.pick([20_000, 500_000])
    : random.pick([500_000, 3_000_000, 15_000_000, 40_000_000]);
  const span = (longestUs: number): Span => {
    const fromUs = random.between(0, horizonUs);
    return { fromUs, toUs: fromUs + random.between(1_000, longestUs) };
  };
  const times = (most: number): number[] =>
    Array.from({ length: random.chance(0.6) ? 0 : random.between(1, most) }, () =>
      random.between(0, horizonUs),
    );
  const narrow = random.chance(0.25);
  const staleMs = random.pick([0, 3_000, 30_000, 120_000]);
  return {
    config: drawConfig(random, staleMs),
    orders: random.between(6, 20),
    crowded,
    narrow,
    horizonUs,
    store: random.chance(0.25)
      ? NO_STORE_FAULTS
      : {
          throws: rate(0.05),
          unavailable: rate(0.15),
          partly: rate(0.25),
          lostBefore: rate(0.15),
          lostLate: rate(0.15),
          lostAfter: rate(0.15),
          lateAnswer: rate(0.3),
          heldAnswer: rate(0.4),
          dies: rate(0.01),
          outages: times(2).map(() => span(random.pick([100_000, 2_000_000, 15_000_000]))),
        },
    storeLimits: {
      batchEvents: random.pick([1, 8, 64, 4_096]),
      batchesInFlight: random.pick([1, 2, 4]),
    },
    market: {
      fails: narrow ? 0.4 : rate(0.6),
      slow: rate(0.3),
      hangs: rate(0.1),
      stale: rate(0.1),
      absurd: rate(0.25),
      moveBps: random.pick([0, 20, 200, 2_000]),
      cacheMs: random.pick([0, 50, 2_000]),
      staleMs,
      whenStale: random.pick(["mark", "mark", "refuse"] as const),
      away: times(2).map(() => span(random.pick([300_000, 2_000_000, 15_000_000]))),
    },
    crashRate: rate(0.03),
    crashes: random.between(0, 4),
    clockJumps: times(2).map((atUs) => ({
      atUs,
      byUs: random.pick([HOUR_US, -HOUR_US, 30_000_000, -30_000_000, -1_000]),
    })),
    drains: random.chance(0.15)
      ? [{ atUs: random.between(0, horizonUs), timeoutMs: random.pick([0, 50, 5_000]) }]
      : [],
  };
}

/** The plan of a run without any fault, for the scenario that is crashed at every point. */
export function calmPlan(random: Random): Plan {
  const plan = drawPlan(random);
  return {
    ...plan,
    config: { ...plan.config, paperDelayMs: 30, paperSlotsPerAccount: 1, limits: WIDE },
    orders: 6,
    horizonUs: 1_000_000,
    crowded: false,
    narrow: false,
    store: NO_STORE_FAULTS,
    market: {
      ...{ fails: 0.3, slow: 0, hangs: 0, stale: 0, absurd: 0, moveBps: 0, cacheMs: 50 },
      ...{ staleMs: 0, whenStale: "refuse", away: [] },
    },
    crashRate: 0,
    crashes: 0,
    clockJumps: [],
    drains: [],
  };
}

const WIDE = { maxOpenOrders: 1_000, maxOpenPerAccount: 1_000 };

const token = (mint: Mint, symbol: string, decimals: number): [Mint, Token] => [
  mint,
  { mint, symbol, decimals, minAmount: 1n, maxAmount: U64_MAX },
];

const TOKENS: Policy["tokens"] = new Map([
  token(SOL, "SOL", 9),
  token(USDC, "USDC", 6),
  token(BONK, "BONK", 5),
  token(TICKET, "TICKET", 0),
]);

function drawConfig(random: Random, maxStaleQuoteAgeMs: number): EngineConfig {
  return {
    ...drawVenue(random, USDC),
    policy: {
      tokens: TOKENS,
      blockedPairs: new Set([`${BONK}/${TICKET}`]),
      slippageModels: new Set(MODEL_NAMES),
      slippageToleranceBelowBps: 5_000,
      priorityFeeBelowLamports: 1_000_000n,
      maxQuoteAgeMs: 10_000,
      maxStaleQuoteAgeMs,
    },
    retry: {
      attempts: random.pick([1, 2, 3, 3, 4]),
      baseDelayMs: random.pick([10, 100, 1_000]),
      maxDelayMs: 5_000,
    },
    defaults: {
      slippageToleranceBps: 200,
      slippageModel: random.pick(MODEL_NAMES),
      priorityFeeLamports: { LOW: 1_000n, NORMAL: 10_000n, HIGH: 50_000n, CRITICAL: 100_000n },
    },
    limits: random.chance(0.3)
      ? { maxOpenOrders: random.between(2, 10), maxOpenPerAccount: random.between(1, 6) }
      : WIDE,
    paperSlotsPerAccount: random.pick([undefined, undefined, 1, 2]),
  };
}
