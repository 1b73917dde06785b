/**
 * What the engine does when nothing else is configured. Written in the form of the configuration
 * file, so that it reads as an example of one. Token sizes and first funds are whole tokens; names
 * that end in Lamports count lamports.
 */
import { DEFAULT_MEV, type MevOptions, type Saturation } from "../../domain/pricing/mev-options.ts";
import { BREAKER_LIMITS } from "../../domain/safety/breaker.ts";

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
  // Token-2022; the second one takes a fee of each transfer, so that live orders need it allowed by name.
  token("PYUSD", "2b1kV6DkPAnxd5ixfnxCpjxmKwqjjaYmCZfHsFu24GXo", 6, ["0.01", "1000000"]),
  token("BERN", "CKfatsPMUf8SkiURsDXs7eK6GWb4Jsd6UDbs7twMCWxo", 5, ["1", "500000000"]),
];

/** The MEV model's own defaults. The first class begins at nothing, which the file does not say. */
function mevInTheFile({ classes, protection }: MevOptions) {
  const { fromUsd: _, ...LOW } = classes.LOW;
  const { priorityFee, tip, routePpm } = protection;
  return {
    classes: { ...classes, LOW },
    protection: { priorityFee: inTheFile(priorityFee), tip: inTheFile(tip), routePpm },
  };
}

const inTheFile = ({ maximumPpm, halfLamports }: Saturation) => ({
  maximumPpm,
  halfLamports: String(halfLamports),
});

/** Every trade has the outcome that the market and the models give it. */
const OUTCOMES = { successRateBps: 10_000, seed: "" };

/** 400 ms a block, final after 31 more: as on mainnet. */
const LOCALNET = {
  ...{ rpcPort: 0, controlPort: 0, jitoPort: 0 },
  ...{ nodes: 2, blockTimeMs: 400, finalLag: 31 },
};

const LIVE_LIMITS = {
  ...{ slippageToleranceBps: 1_000, priceBandBps: 1_000, maxOrdersPerMinute: 60 },
  ...{ maxExposure: {}, allowedExtensions: {}, feeCapLamports: "10000" },
  ...{ confirmationTimeoutMs: 30_000, rebroadcastMs: 2_000, graceMs: 30_000 },
  acceptSingleNode: false,
};

export const DEFAULTS = {
  data: "./.orderstream",
  grpc: "127.0.0.1:50051",
  http: "127.0.0.1:8080",
  market: { symbol: "SOL", seed: 1, speed: 1, port: 0 },
  // None: the local market. Nothing leaves this machine unless a URL is configured.
  jupiter: {
    ...{ baseUrls: [], timeoutMs: 2_000, platformFeeBps: 0, dexes: [], excludeDexes: [] },
    ...{ restrictIntermediateTokens: true, skipUserAccountsRpcCalls: true },
  },
  localnet: LOCALNET,
  rpc: { urls: [], wsUrls: [], timeoutMs: 2_000 },
  jito: {},
  privateSenders: [],
  signer: { feeAccounts: [] },
  liveLimits: LIVE_LIMITS,
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
    mev: mevInTheFile(DEFAULT_MEV),
    outcomes: OUTCOMES,
  },
  retry: { attempts: 3, baseDelayMs: 100, maxDelayMs: 30_000 },
  safety: BREAKER_LIMITS,
  executor: { mode: "PAPER", account: "paper" },
  firstAccount: { name: "paper", funds: { SOL: "100", USDC: "10000" } },
} as const;
