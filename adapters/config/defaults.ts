/**
 * What the engine does when nothing else is configured. Written in the form of the configuration
 * file, so that it reads as an example of one. Token sizes and first funds are whole tokens; names
 * that end in Lamports count lamports.
 */

type TokenEntry = {
  readonly symbol: string;
  readonly mint: string;
  readonly decimals: number;
  readonly minAmount: string;
  readonly maxAmount: string;
};

const token = (
  symbol: string,
  mint: string,
  decimals: number,
  [minAmount, maxAmount]: readonly [string, string],
): TokenEntry => ({ symbol, mint, decimals, minAmount, maxAmount });

/**
 * Addresses and decimals of Solana mainnet. The bounds are worth about 0.01 and 1,000,000 US
 * dollars.
 */
const TOKENS: readonly TokenEntry[] = [
  token("SOL", "So11111111111111111111111111111111111111112", 9, ["0.0001", "10000"]),
  token("USDC", "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v", 6, ["0.01", "1000000"]),
  token("USDT", "Es9vMFrzaCERmJfrF4H2FYD4KCoNkY11McCe8BenwNYB", 6, ["0.01", "1000000"]),
  token("JUP", "JUPyiwrYJFskUPiHa7hkeR8VUtAeFoSYbKedZNsDvCN", 6, ["0.01", "2000000"]),
  token("BONK", "DezXAZ8z7PnrnRJjz3wXBoRgixCa6xjnB7YaB1pPB263", 5, ["100", "50000000000"]),
  token("WIF", "EKpQGSJtjMFqKZ9KQanSqYXRcF8fBopzLHYxdM65zcjm", 6, ["0.01", "1000000"]),
  token("RAY", "4k3Dyjzvzp8eMZWUXbBCjEvwSkkk59S5iCNLY3QrkX6R", 6, ["0.01", "500000"]),
  token("ORCA", "orcaEKTdK7LKz57vaAYr9QeNsVEPfiu6QeMU1kektZE", 6, ["0.01", "500000"]),
  token("PYTH", "HZ1JovNiVvGrGNiiYvEozEVgZ58xaU3RKwX8eACQBCt3", 6, ["0.1", "7000000"]),
  token("WETH", "7vfCXTUXx5WJV5JADk17DUJ4ksgau7utNKj4b963voxs", 8, ["0.00001", "500"]),
  token("JitoSOL", "J1toso1uCk3RLmjorhTtrVwY9HJ7X8V9yYac6Y7kGCPn", 9, ["0.0001", "10000"]),
  token("mSOL", "mSoLzYCxHdYgdzU16g5QSh3i5K3z3KZK7ytfqcJm7So", 9, ["0.0001", "10000"]),
];

const figures = (probabilityPpm: number, impactPpm: number, wantedProtectionPpm: number) => ({
  ...{ probabilityPpm, impactPpm, wantedProtectionPpm },
});

/** The same as the MEV model's own defaults, where their sources stand. */
const MEV = {
  classes: {
    LOW: figures(5_000, 3_000, 100_000),
    MEDIUM: { fromUsd: 1_000, ...figures(20_000, 5_000, 300_000) },
    HIGH: { fromUsd: 10_000, ...figures(80_000, 10_000, 600_000) },
    CRITICAL: { fromUsd: 100_000, ...figures(200_000, 20_000, 800_000) },
  },
  protection: {
    priorityFee: { maximumPpm: 200_000, halfLamports: "100000" },
    tip: { maximumPpm: 600_000, halfLamports: "100000" },
    routePpm: 700_000,
  },
};

/** Every trade has the outcome that the market and the models give it. */
const OUTCOMES = { successRateBps: 10_000, seed: "" };

export const DEFAULTS = {
  data: "./.orderstream",
  grpc: "127.0.0.1:50051",
  http: "127.0.0.1:8080",
  market: { symbol: "SOL", seed: 1, speed: 1, port: 0 },
  // None: the local market. Nothing leaves this machine unless a URL is configured.
  jupiter: { baseUrls: [], timeoutMs: 2_000 },
  cache: { ttlMs: 2_000, staleMs: 0, whenStale: "refuse" },
  tokens: TOKENS,
  blockedPairs: [],
  limits: {
    slippageToleranceBelowBps: 5_000,
    priorityFeeBelowLamports: "1000000",
    maxQuoteAgeMs: 5_000,
    maxOpenOrders: 10_000,
    maxOpenPerAccount: 5_000,
  },
  defaults: {
    slippageToleranceBps: 200,
    slippageModel: "fixed",
    priorityFeeLamports: { LOW: "1000", NORMAL: "2500", HIGH: "5000", CRITICAL: "10000" },
  },
  paper: {
    slippageBps: 50,
    delayMs: 0,
    baseFeeLamports: "5000",
    // SOL moves by about 80 % a year, 142 ppm in √second; two slots of 400 ms; half of a spread of 10 bps.
    volatility: { defaultPpm: 150, latencyMs: 800, floorBps: 5 },
    // Assumptions, to be replaced by what is found for the pairs that are traded.
    squareRoot: { impactBpsAtDepth: 100, depthUsd: 5_000_000, depthUsdOf: {} },
    routeImpact: { sharePercent: 50, floorBps: 10 },
    mev: MEV,
    outcomes: OUTCOMES,
  },
  retry: { attempts: 3, baseDelayMs: 100, maxDelayMs: 30_000 },
  executor: { mode: "PAPER", account: "paper" },
  firstAccount: { name: "paper", funds: { SOL: "100", USDC: "10000" } },
} as const;
