/**
 * Rules between keys of the configuration, and the symbols in it turned into mints and smallest
 * units.
 */
import type { Token } from "../../domain/order/policy.ts";
import { parseAmount } from "../../domain/primitives/amount.ts";
import { type Mint, SOL_MINT } from "../../domain/primitives/ids.ts";
import { formatAddress } from "./address.ts";
import type { RawConfig } from "./schema.ts";

/** `message` continues a sentence that begins with the key. */
export type ConfigProblem = { readonly path: readonly PropertyKey[]; readonly message: string };

export type FirstFunds = { readonly mint: Mint; readonly amount: bigint };
export type Resolved = {
  readonly blockedPairs: readonly string[];
  /** Smallest units. */
  readonly firstFunds: readonly FirstFunds[];
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
    blockedPairs: config.blockedPairs.map((pair, index) => {
      const [base, quote, ...rest] = pair.split("/").map((name) => find(config.tokens, name));
      if (base && quote && rest.length === 0) return `${base.mint}/${quote.mint}`;
      report(["blockedPairs", index], `must be BASE/QUOTE of configured tokens, not ${pair}`);
      return pair;
    }),
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

type Report = (path: readonly PropertyKey[], message: string) => void;

/** By symbol in any case, or by mint. */
const find = (tokens: readonly Token[], name: string): Token | undefined =>
  tokens.find(({ symbol, mint }) => mint === name || symbol.toUpperCase() === name.toUpperCase());

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
  const { limits, defaults, retry, grpc, http, jupiter } = config;
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
