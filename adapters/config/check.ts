/**
 * Rules between keys of the configuration, and the symbols in it turned into mints and smallest
 * units.
 */
import type { Token } from "../../domain/order/policy.ts";
import { parseAmount } from "../../domain/primitives/amount.ts";
import { type Mint, SOL_MINT } from "../../domain/primitives/ids.ts";
import { formatAddress } from "./address.ts";
import { type ResolvedLive, resolveLive } from "./check-live.ts";
import { type ConfigProblem, findToken as find, type Report } from "./report.ts";
import type { RawConfig } from "./schema.ts";

export type FirstFunds = { readonly mint: Mint; readonly amount: bigint };
export type Resolved = {
  readonly blockedPairs: readonly string[];
  /** Smallest units. */
  readonly firstFunds: readonly FirstFunds[];
  /** Mints that count as one US dollar a token. */
  readonly usdMints: readonly Mint[];
  /** Whole US dollars by `baseMint/quoteMint`. */
  readonly depthUsdOf: ReadonlyMap<string, number>;
  readonly live: ResolvedLive;
};

export function resolve(config: RawConfig): Resolved & { readonly problems: ConfigProblem[] } {
  const problems: ConfigProblem[] = [];
  const report = (path: readonly PropertyKey[], message: string): void => {
    problems.push({ path, message });
  };
  checkTokens(config.tokens, report);
  checkNumbers(config, report);
  return {
    problems,
    usdMints: usdMintsOf(config, report),
    live: resolveLive(config, report),
    depthUsdOf: new Map(
      Object.entries(config.paper.squareRoot.depthUsdOf).map(([pair, depthUsd]) => {
        const path = ["paper", "squareRoot", "depthUsdOf", pair];
        return [pairOf(config.tokens, pair, { path, report }), depthUsd];
      }),
    ),
    blockedPairs: config.blockedPairs.map((pair, index) =>
      pairOf(config.tokens, pair, { path: ["blockedPairs", index], report }),
    ),
    firstFunds: Object.entries(config.firstAccount?.funds ?? {}).flatMap(([name, whole]) => {
      const path = ["firstAccount", "funds", name];
      const token = find(config.tokens, name);
      const amount = token && parseAmount(whole, token.decimals);
      if (!token) report(path, "is not among the configured tokens");
      else if (amount === undefined) report(path, `must have at most ${token.decimals} decimals`);
      return token && amount !== undefined ? [{ mint: token.mint, amount }] : [];
    }),
  };
}

/** `BASE/QUOTE` by symbol or mint as two mints; reported and left as it is where it is no such pair. */
function pairOf(
  tokens: readonly Token[],
  pair: string,
  { path, report }: { readonly path: readonly PropertyKey[]; readonly report: Report },
): string {
  const [base, quote, ...rest] = pair.split("/").map((name) => find(tokens, name));
  if (base && quote && rest.length === 0) return `${base.mint}/${quote.mint}`;
  report(path, `must be BASE/QUOTE of configured tokens, not ${pair}`);
  return pair;
}

/** USDC and USDT of mainnet, as far as they are configured tokens. */
const USD_MINTS: readonly string[] = [
  "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v",
  "Es9vMFrzaCERmJfrF4H2FYD4KCoNkY11McCe8BenwNYB",
];

function usdMintsOf({ paper, tokens }: RawConfig, report: Report): readonly Mint[] {
  const given = paper.usdTokens;
  const before = new Set<Mint>();
  return (given ?? USD_MINTS).flatMap((name, index) => {
    const token = find(tokens, name);
    if (token && before.has(token.mint)) {
      report(["paper", "usdTokens", index], `is there twice: ${name}`);
    }
    if (token) before.add(token.mint);
    if (!token && given) report(["paper", "usdTokens", index], `is no configured token: ${name}`);
    return token ? [token.mint] : [];
  });
}

function checkTokens(tokens: readonly Token[], report: Report): void {
  tokens.forEach(({ symbol, mint }, index) => {
    const before = tokens.slice(0, index);
    if (before.some((other) => other.mint === mint)) {
      report(["tokens", index, "mint"], `is there twice: ${mint}`);
    }
    if (before.some((other) => other.symbol.toUpperCase() === symbol.toUpperCase())) {
      report(["tokens", index, "symbol"], `is there twice: ${symbol}`);
    }
  });
  const sol = tokens.find(({ mint }) => mint === SOL_MINT);
  if (sol?.decimals !== 9)
    report(["tokens"], `must have SOL (${SOL_MINT}, 9 decimals): it pays fees`);
}

function checkNumbers(config: RawConfig, report: Report): void {
  const { limits, defaults, retry, grpc, http, jupiter, cache } = config;
  if (defaults.slippageToleranceBps >= limits.slippageToleranceBelowBps) {
    const limit = `limits.slippageToleranceBelowBps, ${limits.slippageToleranceBelowBps}`;
    report(["defaults", "slippageToleranceBps"], `must be below ${limit}`);
  }
  for (const [urgency, fee] of Object.entries(defaults.priorityFeeLamports)) {
    if (fee < limits.priorityFeeBelowLamports) continue;
    const limit = `limits.priorityFeeBelowLamports, ${limits.priorityFeeBelowLamports}`;
    report(["defaults", "priorityFeeLamports", urgency], `must be below ${limit}`);
  }
  if (limits.maxOpenPerAccount > limits.maxOpenOrders) {
    const limit = `limits.maxOpenOrders, ${limits.maxOpenOrders}`;
    report(["limits", "maxOpenPerAccount"], `must not be above ${limit}`);
  }
  if (cache.staleMs > 0 && cache.staleMs <= cache.ttlMs) {
    report(["cache", "staleMs"], `must be 0 or above cache.ttlMs, ${cache.ttlMs}`);
  }
  if (cache.whenStale === "mark" && cache.staleMs === 0) {
    report(["cache", "staleMs"], 'must be above cache.ttlMs where cache.whenStale is "mark"');
  }
  if (retry.baseDelayMs > retry.maxDelayMs) {
    report(["retry", "baseDelayMs"], `must not be above retry.maxDelayMs, ${retry.maxDelayMs}`);
  }
  if (grpc.port !== 0 && formatAddress(grpc) === formatAddress(http)) {
    report(["http"], `must differ from grpc, ${formatAddress(grpc)}`);
  }
  if (jupiter.apiKey !== undefined && jupiter.apiKeyFile !== undefined) {
    report(["jupiter", "apiKeyFile"], "must not be given beside ORDERSTREAM_JUPITER_API_KEY");
  }
}
