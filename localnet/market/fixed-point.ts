/**
 * Exact decimals for the local market: bigint counts of 10^-12 US dollars, and plain decimal
 * strings. No floats.
 */
export const USD_DECIMALS = 12;
/** One US dollar. */
export const USD = 10n ** BigInt(USD_DECIMALS);

/**
 * "150.25" as a count of 10^-12; undefined unless it is a plain decimal number of at most 12
 * decimals.
 */
export function parseFixed(text: string): bigint | undefined {
  const match = /^(\d{1,15})(?:\.(\d{1,12}))?$/.exec(text);
  if (!match) return undefined;
  return BigInt((match[1] ?? "0") + (match[2] ?? "").padEnd(USD_DECIMALS, "0"));
}

/**
 * numerator / denominator as a plain decimal string, cut off after `decimals`, without trailing
 * zeros.
 */
export function formatQuotient(numerator: bigint, denominator: bigint, decimals: number): string {
  const scaled = (numerator * 10n ** BigInt(decimals)) / denominator;
  const digits = scaled.toString().padStart(decimals + 1, "0");
  const fraction = digits.slice(digits.length - decimals).replace(/0+$/, "");
  const whole = digits.slice(0, digits.length - decimals);
  return fraction === "" ? whole : `${whole}.${fraction}`;
}

export const formatUsd = (amount: bigint): string => formatQuotient(amount, USD, USD_DECIMALS);
