/** Rules between the keys of live trading, and what they are turned into: mints, smallest units, limits of the signer. */
import { NATIVE_MINT } from "../../domain/chain/addresses.ts";
import { PRIORITY_FEE_RULES } from "../../domain/pricing/priority-fee.ts";
import { parseAmount } from "../../domain/primitives/amount.ts";
import { type AccountId, type Mint, SOL_MINT } from "../../domain/primitives/ids.ts";
import type { Amounts, SignerLimits } from "../signer/limits.ts";
import { type ResolvedNetwork, resolveNetwork } from "./check-network.ts";
import { findToken, type Report } from "./report.ts";
import type { RawConfig } from "./schema.ts";

const SOL_DECIMALS = 9;
/** The live account of a localnet where none is configured. */
export const LOCAL_ACCOUNT = "live" as AccountId;

export type ResolvedLive = ResolvedNetwork & {
  readonly maxExposure: ReadonlyMap<Mint, bigint>;
  readonly allowedExtensions: ReadonlyMap<Mint, readonly string[]>;
  readonly slotsPerAccount: number;
  readonly signerLimits: SignerLimits;
};

type SignerDefaults = {
  readonly transaction: string;
  readonly day: string;
  readonly tokens: TokenLimits;
  readonly otherMints: SignerLimits["otherMints"];
};

/** Where nothing is configured, whole tokens: money of a localnet is worth nothing, any other goes little by little. */
const SIGNER_DEFAULTS: Readonly<Record<"localnet" | "elsewhere", SignerDefaults>> = {
  localnet: { transaction: "10000", day: "1000000", tokens: {}, otherMints: "allow" },
  elsewhere: {
    transaction: "0.1",
    day: "1",
    tokens: { USDC: { perTransaction: "20", perDay: "200" } },
    otherMints: "refuse",
  },
};

export function resolveLive(config: RawConfig, report: Report): ResolvedLive {
  const network = resolveNetwork(config, report);
  if (network.isLive) checkLimits(config, report);
  checkAccounts(config, network, report);
  const { maxExposure, allowedExtensions, slotsPerAccount } = config.liveLimits;
  const units = unitsIn(config, report);
  return {
    ...network,
    maxExposure: new Map(
      Object.entries(maxExposure).flatMap(([name, whole]) => {
        const found = units(name, ["liveLimits", "maxExposure", name])(whole, []);
        return found ? [[found.mint, found.amount] as const] : [];
      }),
    ),
    allowedExtensions: new Map(
      Object.entries(allowedExtensions).flatMap(([name, names]) => {
        const token = findToken(config.tokens, name);
        if (token) return [[token.mint, names] as const];
        report(["liveLimits", "allowedExtensions", name], "is not among the configured tokens");
        return [];
      }),
    ),
    slotsPerAccount: slotsPerAccount ?? (network.network === "localnet" ? 3 : 1),
    signerLimits: signerLimitsOf(config, network, report),
  };
}

/** Whole tokens by the name of the token: smallest units, or undefined where that was reported. */
const unitsIn =
  ({ tokens }: RawConfig, report: Report) =>
  (name: string, path: readonly string[]) => {
    const token = findToken(tokens, name);
    if (!token) report(path, "is not among the configured tokens");
    return (whole: string, inner: readonly string[]) => {
      if (!token) return undefined;
      const amount = parseAmount(whole, token.decimals);
      if (amount !== undefined) return { mint: token.mint, amount };
      report([...path, ...inner], `must have at most ${token.decimals} decimals and fit in u64`);
      return undefined;
    };
  };

function checkAccounts(
  { accounts = [], firstAccount }: RawConfig,
  { network, isLive }: ResolvedNetwork,
  report: Report,
): void {
  accounts.forEach(({ name }, index) => {
    const path = ["accounts", index, "name"];
    if (accounts.slice(0, index).some((other) => other.name === name)) {
      report(path, `is there twice: ${name}`);
    }
    if (name === firstAccount?.name) {
      report(path, `must differ from firstAccount.name, ${name}: that is a paper account`);
    }
  });
  const usesDefault = network === "localnet" && isLive && accounts.length === 0;
  if (usesDefault && firstAccount?.name === LOCAL_ACCOUNT) {
    report(
      ["firstAccount", "name"],
      `must not be ${LOCAL_ACCOUNT}: that is the live account of the localnet`,
    );
  }
}

function checkLimits({ liveLimits, defaults, jupiter, signer }: RawConfig, report: Report): void {
  const least = PRIORITY_FEE_RULES.minimumWithTipLamports;
  if (liveLimits.feeCapLamports < least) {
    report(["liveLimits", "feeCapLamports"], `must be at least ${least}, the least with a tip`);
  }
  if (defaults.slippageToleranceBps > liveLimits.slippageToleranceBps) {
    const limit = `defaults.slippageToleranceBps, ${defaults.slippageToleranceBps}`;
    report(["liveLimits", "slippageToleranceBps"], `must not be below ${limit}`);
  }
  if (jupiter.platformFeeBps > 0 && signer.feeAccounts.length === 0) {
    const why = "the signer signs a platform fee to accounts that are named only";
    report(["signer", "feeAccounts"], `must not be empty with jupiter.platformFeeBps: ${why}`);
  }
}

function signerLimitsOf(
  config: RawConfig,
  { network }: ResolvedNetwork,
  report: Report,
): SignerLimits {
  const { signer, jupiter, liveLimits } = config;
  const fallback = SIGNER_DEFAULTS[network === "localnet" ? "localnet" : "elsewhere"];
  const sol = (key: "maxSolPerTransaction" | "maxSolPerDay", absent: string): bigint => {
    const amount = parseAmount(signer[key] ?? absent, SOL_DECIMALS);
    if (amount === undefined)
      report(["signer", key], "must have at most 9 decimals and fit in u64");
    return amount ?? 0n;
  };
  const lamports = {
    perTransaction: sol("maxSolPerTransaction", fallback.transaction),
    perDay: sol("maxSolPerDay", fallback.day),
  };
  checkOrder(lamports, ["signer", "maxSolPerDay"], report);
  return {
    lamports,
    maxFeeAndTipLamports: signer.maxFeeAndTipLamports ?? liveLimits.feeCapLamports,
    tokens: tokenLimitsOf(config, signer.tokens ?? knownOf(config, fallback.tokens), report),
    otherMints: signer.otherMints ?? fallback.otherMints,
    programs: undefined,
    platformFee:
      jupiter.platformFeeBps > 0
        ? { maxBps: jupiter.platformFeeBps, accounts: signer.feeAccounts }
        : undefined,
  };
}

type TokenLimits = Readonly<
  Record<string, { readonly perTransaction: string; readonly perDay: string }>
>;

/** The defaults name tokens that a list of one's own may not have. */
const knownOf = ({ tokens }: RawConfig, limits: TokenLimits): TokenLimits =>
  Object.fromEntries(Object.entries(limits).filter(([name]) => findToken(tokens, name)));

function tokenLimitsOf(
  config: RawConfig,
  limits: TokenLimits,
  report: Report,
): SignerLimits["tokens"] {
  const units = unitsIn(config, report);
  return Object.entries(limits).flatMap(([name, { perTransaction, perDay }]) => {
    const path = ["signer", "tokens", name];
    if (findToken(config.tokens, name)?.mint === SOL_MINT) {
      report(path, "is limited by signer.maxSolPerTransaction and signer.maxSolPerDay");
    }
    const of = units(name, path);
    const one = of(perTransaction, ["perTransaction"]);
    const day = of(perDay, ["perDay"]);
    if (!one || !day || one.mint === NATIVE_MINT) return [];
    const amounts = { perTransaction: one.amount, perDay: day.amount };
    checkOrder(amounts, [...path, "perDay"], report);
    return [{ mint: one.mint, ...amounts }];
  });
}

function checkOrder(
  { perTransaction, perDay }: Amounts,
  path: readonly string[],
  report: Report,
): void {
  if (perDay < perTransaction) report(path, "must not be below the limit of one transaction");
}
