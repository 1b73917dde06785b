/**
 * Exact prices. A ratio counts smallest units of the quote mint per smallest unit of the base mint; people write whole
 * quote tokens per whole base token. This file is the only place that converts between the two.
 */
export type Ratio = { readonly numerator: bigint; readonly denominator: bigint };

/** Decimal price as on the edges: "150.25"; up to 20 digits before and 18 after the point, greater than zero. */
const DECIMAL_PRICE = /^(\d{1,20})(?:\.(\d{1,18}))?$/;

/** Greater than zero and of the form of DECIMAL_PRICE. */
export function isDecimalPrice(text: string): boolean {
  return DECIMAL_PRICE.test(text) && /[1-9]/.test(text);
}

/** The one way to write a price: "0150.250" is "150.25". */
export function plainPrice(price: string): string {
  const [whole = "", fraction = ""] = price.split(".");
  const digits = fraction.replace(/0+$/, "");
  return (whole.replace(/^0+(?=\d)/, "") || "0") + (digits ? `.${digits}` : "");
}

/**
 * Whole quote tokens per whole base token to smallest units per smallest unit:
 * price × 10^quoteDecimals / 10^baseDecimals. Throws unless `isDecimalPrice`.
 */
export function ratioFromPrice(price: string, baseDecimals: number, quoteDecimals: number): Ratio {
  const match = DECIMAL_PRICE.exec(price);
  if (!match || !isDecimalPrice(price)) throw new Error(`not a price: ${price}`);
  const fraction = match[2] ?? "";
  return {
    numerator: BigInt((match[1] ?? "0") + fraction) * 10n ** BigInt(quoteDecimals),
    denominator: 10n ** BigInt(fraction.length + baseDecimals),
  };
}

/** The inverse, rounded half even to `digits` significant digits, without exponent or trailing zeros. */
export function priceFromRatio(
  ratio: Ratio,
  decimals: { readonly base: number; readonly quote: number },
  digits = 18,
): string {
  const numerator = ratio.numerator * 10n ** BigInt(decimals.base);
  const denominator = ratio.denominator * 10n ** BigInt(decimals.quote);
  return decimalString({ numerator, denominator }, digits);
}

/** A non-negative ratio as a plain decimal number, rounded half even to `digits` significant digits. */
export function decimalString(ratio: Ratio, digits: number): string {
  const { numerator, denominator } = ratio;
  if (numerator === 0n) return "0";
  let scale = digits - magnitude(numerator, denominator);
  let units = roundHalfEven(scaled(numerator, scale), scaled(denominator, -scale));
  if (units.toString().length > digits) {
    // 9.99… was rounded up to one digit more.
    scale -= 1;
    units = roundHalfEven(scaled(numerator, scale), scaled(denominator, -scale));
  }
  return placePoint(units, scale);
}

/** Digits before the point of the quotient; 0 or less for 0.…, counted by the first significant digit. */
function magnitude(numerator: bigint, denominator: bigint): number {
  const guess = numerator.toString().length - denominator.toString().length;
  return scaled(numerator, -guess) >= scaled(denominator, guess) ? guess + 1 : guess;
}

/** value × 10^power where power is positive; the value itself otherwise. */
const scaled = (value: bigint, power: number): bigint =>
  power > 0 ? value * 10n ** BigInt(power) : value;

function roundHalfEven(numerator: bigint, denominator: bigint): bigint {
  const quotient = numerator / denominator;
  const twice = (numerator % denominator) * 2n;
  if (twice > denominator || (twice === denominator && quotient % 2n === 1n)) return quotient + 1n;
  return quotient;
}

function placePoint(units: bigint, scale: number): string {
  if (scale <= 0) return (units * 10n ** BigInt(-scale)).toString();
  const text = units.toString().padStart(scale + 1, "0");
  const fraction = text.slice(text.length - scale).replace(/0+$/, "");
  const whole = text.slice(0, text.length - scale);
  return fraction ? `${whole}.${fraction}` : whole;
}

/** A decimal fraction such as a price impact ("0.0012", perhaps with sign or exponent) as a ratio; undefined if it is none. */
export function ratioFromFraction(text: string): Ratio | undefined {
  const match = /^(-?)(\d{1,20})(?:\.(\d{1,60}))?(?:[eE]([+-]?\d{1,3}))?$/.exec(text);
  if (!match) return undefined;
  const fraction = match[3] ?? "";
  const exponent = Number(match[4] ?? "0") - fraction.length;
  const digits = BigInt((match[2] ?? "0") + fraction);
  const signed = match[1] === "-" ? -digits : digits;
  return exponent >= 0
    ? { numerator: signed * 10n ** BigInt(exponent), denominator: 1n }
    : { numerator: signed, denominator: 10n ** BigInt(-exponent) };
}
