/**
 * Money: bigint smallest units (lamports and the like), decimal strings at the edges. No float ever touches it.
 */
export const U64_MAX = 18_446_744_073_709_551_615n;
export const I64_MIN = -9_223_372_036_854_775_808n;
export const I64_MAX = 9_223_372_036_854_775_807n;
export const BPS = 10_000n;

/** An unsigned integer as it stands in events: no sign, no leading zero, at most as many digits as u64. */
export const AMOUNT_PATTERN = /^(0|[1-9][0-9]{0,19})$/;

/** Rounds towards zero; both arguments at least 0, the divisor greater. */
export const divFloor = (a: bigint, b: bigint): bigint => a / b;

/** Rounds up; both arguments at least 0, the divisor greater. */
export const divCeil = (a: bigint, b: bigint): bigint => (a + b - 1n) / b;

export const minOf = (a: bigint, b: bigint): bigint => (a < b ? a : b);
export const maxOf = (a: bigint, b: bigint): bigint => (a > b ? a : b);

/**
 * Whole tokens as people write them ("1.5") to smallest units.
 * Undefined where it is no plain decimal number, has more decimals than the mint, or is over u64.
 */
export function parseAmount(text: string, decimals: number): bigint | undefined {
  const match = /^(\d{1,20})(?:\.(\d{1,20}))?$/.exec(text);
  if (!match) return undefined;
  const fraction = (match[2] ?? "").replace(/0+$/, "");
  if (fraction.length > decimals) return undefined;
  const units = BigInt((match[1] ?? "0") + fraction.padEnd(decimals, "0"));
  return units > U64_MAX ? undefined : units;
}

/** Smallest units to whole tokens without trailing zeros: 1500000000 with 9 decimals is "1.5". Signs are kept. */
export function formatAmount(units: bigint, decimals: number): string {
  const sign = units < 0n ? "-" : "";
  const digits = (units < 0n ? -units : units).toString().padStart(decimals + 1, "0");
  const whole = digits.slice(0, digits.length - decimals);
  const fraction = digits.slice(digits.length - decimals).replace(/0+$/, "");
  return sign + whole + (fraction ? `.${fraction}` : "");
}
