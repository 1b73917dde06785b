/** Symbols and decimal amounts for people, mints and smallest units for programs. */
import type { Token } from "../../domain/order/policy.ts";
import { formatAmount, parseAmount } from "../../domain/primitives/amount.ts";
import { SOL_MINT } from "../../domain/primitives/ids.ts";
import { nearest } from "../config/keys.ts";
import { usageError } from "./exit-codes.ts";

export type TokenTable = {
  /** By symbol in any case, or by mint. Throws a CliError for a token that is not configured. */
  readonly find: (name: string) => Token;
  readonly symbol: (mint: string) => string;
  /** `1.5 SOL`; smallest units and the mint where the token is not configured. */
  readonly show: (mint: string, units: bigint) => string;
  /** The number alone. */
  readonly number: (mint: string, units: bigint) => string;
};

export function tokenTable(tokens: readonly Token[]): TokenTable {
  const byMint = new Map<string, Token>(tokens.map((token) => [token.mint, token]));
  const bySymbol = new Map(tokens.map((token) => [token.symbol.toUpperCase(), token]));
  const symbol = (mint: string): string => byMint.get(mint)?.symbol ?? mint;
  const number = (mint: string, units: bigint): string => {
    const token = byMint.get(mint);
    return token ? formatAmount(units, token.decimals) : units.toString();
  };
  return {
    symbol,
    number,
    find: (name) => {
      const token = byMint.get(name) ?? bySymbol.get(name.toUpperCase());
      if (token) return token;
      const near = nearest(
        name,
        tokens.map((one) => one.symbol),
      );
      const hint = near === undefined ? "" : `; did you mean ${near}?`;
      throw usageError(`${JSON.stringify(name)} is not among the configured tokens${hint}`);
    },
    show: (mint, units) =>
      byMint.has(mint)
        ? `${number(mint, units)} ${symbol(mint)}`
        : `${units} smallest units of ${mint}`,
  };
}

export const showLamports = (lamports: bigint): string => `${formatAmount(lamports, 9)} SOL`;

/** `1.5` of a token as smallest units. Throws a CliError. */
export function unitsOf(text: string, token: Token): bigint {
  const units = parseAmount(text, token.decimals);
  if (units !== undefined && units > 0n) return units;
  throw usageError(
    `${JSON.stringify(text)} is no amount of ${token.symbol}: write a number greater than 0 ` +
      `with at most ${token.decimals} decimals, such as 1.5`,
  );
}

/** `2%`, `0.5%` or `200bps` as basis points. Throws a CliError. */
export function bpsOf(text: string, option: string): number {
  const match = /^(\d{1,5})(?:\.(\d{1,2})0*)?\s?(%|bps)$/i.exec(text.trim());
  const [, whole = "", fraction = "", unit = ""] = match ?? [];
  const isPercent = unit === "%";
  const bps = isPercent ? Number(whole) * 100 + Number(fraction.padEnd(2, "0")) : Number(whole);
  if (match && bps <= 10_000 && (isPercent || fraction === "")) return bps;
  throw usageError(
    `${option} ${JSON.stringify(text)} must be a percentage such as 2% or basis points such as ` +
      "200bps, at most 100% and in whole basis points",
  );
}

export const showBps = (bps: number): string => `${formatAmount(BigInt(bps), 2)} %`;

/** The mint of fees. */
export const FEE_MINT: string = SOL_MINT;
